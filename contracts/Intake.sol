// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Intake
/// @notice Takes tokens in and says how many truly came, so that a token which keeps a fee can be refused.
library Intake {
    using SafeERC20 for IERC20;

    /// @notice Moves `amount` from the sender to `to`.
    /// @return received What `to` holds more than before; zero when it holds less.
    function take(IERC20 token, address to, uint256 amount) internal returns (uint256 received) {
        uint256 before = token.balanceOf(to);
        token.safeTransferFrom(msg.sender, to, amount);
        uint256 present = token.balanceOf(to);
        return present > before ? present - before : 0;
    }
}
