// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {IOperatorStaking, Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {BaseTest} from "../base/BaseTest.sol";
import {FeeToken} from "../tokens/HostileTokens.sol";

contract StakeTest is BaseTest {
    function test_RegistersOnceAndThenChangesTheEndpoint() public {
        vm.expectEmit(address(staking));
        emit IOperatorStaking.OperatorRegistered(ada, "http://a");
        vm.prank(ada);
        staking.register("http://a");
        vm.prank(ada);
        staking.register("http://b");
        vm.prank(ben);
        staking.register("http://c");

        vm.assertEq(staking.operatorCount(), 2);
        vm.assertEq(staking.operatorAt(0), ada);
        vm.assertEq(staking.operatorAt(1), ben);
        vm.assertEq(staking.endpoint(ada), "http://b");
    }

    function test_AddsToTheFreeStake() public {
        _addOperators(1, MINIMUM_STAKE);
        _fund(operators[0], 5);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Staked(operators[0], 5, MINIMUM_STAKE + 5);
        vm.prank(operators[0]);
        staking.stake(5);
        vm.assertEq(staking.operator(operators[0]).free, MINIMUM_STAKE + 5);
        vm.assertEq(staking.totalStake(), MINIMUM_STAKE + 5);
        vm.assertEq(usd.balanceOf(address(staking)), MINIMUM_STAKE + 5);
        vm.assertEq(staking.token(), address(usd));
    }

    function test_RefusesLessThanTheMinimum() public {
        _fund(ada, MINIMUM_STAKE);
        vm.startPrank(ada);
        staking.register("");
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.StakeTooLow.selector, MINIMUM_STAKE - 1, MINIMUM_STAKE));
        staking.stake(MINIMUM_STAKE - 1);
    }

    function test_RefusesWhoIsNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotRegistered.selector, eve));
        vm.prank(eve);
        staking.stake(MINIMUM_STAKE);
    }

    function test_RefusesATokenThatKeepsAFee() public {
        FeeToken token = new FeeToken();
        OperatorStaking other = new OperatorStaking(IERC20(token), address(jobs), 100, UNBOND_PERIOD);
        token.mint(ada, 100);
        vm.startPrank(ada);
        token.approve(address(other), 100);
        other.register("");
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.ReceivedTooLittle.selector, 99, 100));
        other.stake(100);
    }

    function test_UnbondingIsPaidAfterItsTimeAndNotBefore() public {
        _addOperators(1, MINIMUM_STAKE);
        uint256 unbondAt = vm.getBlockTimestamp() + UNBOND_PERIOD;
        vm.startPrank(operators[0]);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.UnbondRequested(operators[0], MINIMUM_STAKE, unbondAt);
        staking.requestUnbond(MINIMUM_STAKE);
        vm.assertEq(staking.totalStake(), 0);

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

    function test_ASecondRequestAddsAndStartsAnew() public {
        _addOperators(1, MINIMUM_STAKE);
        vm.startPrank(operators[0]);
        staking.requestUnbond(100);
        _pass(UNBOND_PERIOD - 1);
        staking.requestUnbond(200);
        Operator memory operator = staking.operator(operators[0]);
        vm.assertEq(operator.unbonding, 300);
        vm.assertEq(operator.unbondAt, vm.getBlockTimestamp() + UNBOND_PERIOD);
        vm.assertEq(operator.free, MINIMUM_STAKE - 300);
    }

    function test_WhoFallsBelowTheMinimumIsNoLongerDrawn() public {
        _addOperators(2, MINIMUM_STAKE);
        vm.prank(operators[0]);
        staking.requestUnbond(1);
        vm.assertEq(staking.totalStake(), MINIMUM_STAKE);
    }

    function test_RefusesToUnbondNothingOrMoreThanIsFree() public {
        _addOperators(1, MINIMUM_STAKE);
        vm.startPrank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NothingToUnbond.selector));
        staking.requestUnbond(0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOperatorStaking.NotEnoughFree.selector, operators[0], MINIMUM_STAKE, MINIMUM_STAKE + 1
            )
        );
        staking.requestUnbond(MINIMUM_STAKE + 1);
    }

    function test_OnlyTheJobMarketLocksAndUnlocks() public {
        _addOperators(1, MINIMUM_STAKE);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotJobMarket.selector, eve));
        vm.prank(eve);
        staking.drawAndLock(1, 0, vm.getBlockNumber() - 1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotJobMarket.selector, eve));
        vm.prank(eve);
        staking.unlock(1, operators[0], 1);
    }
}
