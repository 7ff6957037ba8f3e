// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {MockUSD} from "../../../contracts/MockUSD.sol";

/// @notice Keeps one per cent of every transfer.
contract FeeToken is MockUSD {
    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0)) return super._update(from, to, amount);
        super._update(from, address(0xdead), amount / 100);
        super._update(from, to, amount - amount / 100);
    }
}

/// @notice Says that a transfer failed instead of reverting, and moves nothing.
contract FalseToken is MockUSD {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// @notice Says that a transfer went well and moves nothing.
contract LyingToken is MockUSD {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return true;
    }
}

/// @notice Refuses to pay to, or take from, accounts on a list.
contract ListingToken is MockUSD {
    mapping(address account => bool) public listed;

    error Listed(address account);

    function list(address account) external {
        listed[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!listed[from], Listed(from));
        require(!listed[to], Listed(to));
        super._update(from, to, amount);
    }
}

/// @notice Calls back into a contract in the middle of every transfer, once armed.
contract ReentrantToken is MockUSD {
    address private _target;
    bytes private _data;

    function arm(address target, bytes calldata data) external {
        _target = target;
        _data = data;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        address target = _target;
        if (target == address(0)) return;
        _target = address(0);
        (bool done, bytes memory answer) = target.call(_data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}

/// @notice Moves money but answers nothing, as the first tokens did.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Has two decimals: a sale's shares are a few units.
contract CoarseToken is ERC20 {
    constructor() ERC20("Coarse", "CRS") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 2;
    }
}

/// @notice Halves what everybody holds, as often as it likes.
contract RebasingToken is MockUSD {
    uint256 private _halvings;

    function halve() external {
        ++_halvings;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) >> _halvings;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount << _halvings);
    }
}
