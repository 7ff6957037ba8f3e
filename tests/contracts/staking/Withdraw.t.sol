// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Fault, IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {StakingTest} from "./StakingTest.sol";

/// withdraw
/// ├── nothing is unbonding: reverts
/// ├── before its time: reverts
/// └── from its time on: pays what is left of it
contract WithdrawTest is StakingTest {
    function setUp() public override {
        super.setUp();
        _addOperators(1, MINIMUM_STAKE);
    }

    function test_PaysFromItsTimeOnAndNotBefore() public {
        uint256 unbondAt = vm.getBlockTimestamp() + UNBOND_PERIOD;
        vm.startPrank(operators[0]);
        staking.requestUnbond(MINIMUM_STAKE);

        vm.warp(unbondAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.StillUnbonding.selector, unbondAt));
        staking.withdraw();
        vm.warp(unbondAt);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Withdrawn(operators[0], MINIMUM_STAKE);
        staking.withdraw();
        vm.assertEq(usd.balanceOf(operators[0]), MINIMUM_STAKE);

        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NothingUnbonding.selector, operators[0]));
        staking.withdraw();
    }

    function test_PaysWhatASlashLeft() public {
        _mine(1);
        _draw("seed", 1, LOCK);
        vm.prank(operators[0]);
        staking.requestUnbond(MINIMUM_STAKE - LOCK);
        _pass(UNBOND_PERIOD);
        // The lock is all that is not unbonding: nothing of the unbonding is needed.
        _slash(operators[0], LOCK, Fault.Wrong);
        vm.prank(operators[0]);
        staking.withdraw();
        vm.assertEq(usd.balanceOf(operators[0]), MINIMUM_STAKE - LOCK);
        vm.assertEq(usd.balanceOf(address(staking)), 0);
    }
}
