// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token that one day answers nobody any more, not even what a balance is.
contract BrokenToken is ERC20("Broken", "BRK") {
    error Broken();

    bool public broken;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function breakDown() external {
        broken = true;
    }

    function balanceOf(address account) public view override returns (uint256) {
        require(!broken, Broken());
        return super.balanceOf(account);
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!broken, Broken());
        super._update(from, to, amount);
    }
}
