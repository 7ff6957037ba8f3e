// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {Fault, Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice Operators with stake, and the steps of the JobMarket and the Panel, which are accounts without code here.
abstract contract StakingTest is SaleTest {
    uint256 internal constant MINIMUM_STAKE = 1000e6;
    uint256 internal constant UNBOND_PERIOD = 6300;
    uint256 internal constant LOCK = 300e6;
    uint256 internal constant JOB = 7;
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    OperatorStaking internal staking;
    address[] internal operators;

    function setUp() public virtual override {
        super.setUp();
        staking = new OperatorStaking(IERC20(usd), jobsAt, panelAt, ledger, MINIMUM_STAKE, UNBOND_PERIOD);
        vm.assertEq(address(staking), stakingAt);
    }

    function _addOperators(uint256 count, uint256 amount) internal {
        for (uint256 i; i < count; ++i) {
            address account = _actor(string.concat("operator", vm.toString(operators.length)));
            _fund(account, amount);
            vm.startPrank(account);
            staking.register("http://127.0.0.1:9000/ipfs");
            staking.stake(amount);
            vm.stopPrank();
            operators.push(account);
        }
    }

    /// @dev Draws by the block before.
    function _draw(bytes32 seed, uint256 count, uint256 amount, address[] memory excluded)
        internal
        returns (address[] memory)
    {
        uint256 seedBlock = vm.getBlockNumber() - 1;
        vm.prank(jobsAt);
        return staking.drawAndLock(JOB, seed, seedBlock, count, amount, excluded);
    }

    function _draw(bytes32 seed, uint256 count, uint256 amount) internal returns (address[] memory) {
        return _draw(seed, count, amount, new address[](0));
    }

    function _unlock(address account, uint256 amount) internal {
        vm.prank(jobsAt);
        staking.unlock(JOB, account, amount);
    }

    function _slash(address account, uint256 lock, Fault fault) internal returns (uint256 taken) {
        vm.prank(jobsAt);
        return staking.slash(JOB, account, lock, fault);
    }

    function _checkOperator(address account, uint256 free, uint256 locked, uint256 unbonding) internal view {
        Operator memory stored = staking.operator(account);
        vm.assertEq(stored.free, free, "free");
        vm.assertEq(stored.locked, locked, "locked");
        vm.assertEq(stored.unbonding, unbonding, "unbonding");
    }

    function _isAmong(address[] memory accounts, address account) internal pure returns (bool) {
        for (uint256 i; i < accounts.length; ++i) {
            if (accounts[i] == account) return true;
        }
        return false;
    }
}
