// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {FeeToken, LyingToken} from "../tokens/HostileTokens.sol";
import {StakingTest} from "./StakingTest.sol";

/// stake
/// ├── not registered: reverts
/// ├── the free stake afterwards is below the minimum: reverts, also where the rest is locked
/// ├── a token that keeps a fee, or moves nothing: reverts
/// └── else: it is free and weighs
contract StakeTest is StakingTest {
    function test_AddsToTheFreeStake() public {
        _addOperators(1, MINIMUM_STAKE);
        _fund(operators[0], 5);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Staked(operators[0], 5, MINIMUM_STAKE + 5);
        vm.prank(operators[0]);
        staking.stake(5);
        _checkOperator(operators[0], MINIMUM_STAKE + 5, 0, 0);
        vm.assertEq(staking.totalStake(), MINIMUM_STAKE + 5);
        vm.assertEq(staking.candidateCount(), 1);
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

    function test_CountsWhatIsFreeAlone() public {
        _addOperators(1, MINIMUM_STAKE);
        _mine(1);
        _draw("seed", 1, LOCK);
        _fund(operators[0], LOCK);
        vm.startPrank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.StakeTooLow.selector, MINIMUM_STAKE - 1, MINIMUM_STAKE));
        staking.stake(LOCK - 1);
        staking.stake(LOCK);
        _checkOperator(operators[0], MINIMUM_STAKE, LOCK, 0);
        vm.assertEq(staking.totalStake(), MINIMUM_STAKE + LOCK);
    }

    function test_RefusesWhoIsNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotRegistered.selector, eve));
        vm.prank(eve);
        staking.stake(MINIMUM_STAKE);
    }

    function test_RefusesATokenThatKeepsAFee() public {
        FeeToken token = new FeeToken();
        OperatorStaking other = new OperatorStaking(IERC20(token), jobsAt, panelAt, ledger, 100, UNBOND_PERIOD);
        token.mint(ada, 100);
        vm.startPrank(ada);
        token.approve(address(other), 100);
        other.register("");
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.ReceivedTooLittle.selector, 99, 100));
        other.stake(100);
    }

    function test_RefusesATokenThatMovesNothing() public {
        LyingToken token = new LyingToken();
        OperatorStaking other = new OperatorStaking(IERC20(token), jobsAt, panelAt, ledger, 100, UNBOND_PERIOD);
        vm.startPrank(ada);
        other.register("");
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.ReceivedTooLittle.selector, 0, 100));
        other.stake(100);
    }
}
