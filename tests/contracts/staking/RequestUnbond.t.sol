// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOperatorStaking, Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {StakingTest} from "./StakingTest.sol";

/// requestUnbond
/// ├── nothing, or more than is free: reverts
/// ├── while some is unbonding: adds, and the time begins anew
/// └── what remains is below the minimum: the operator is no longer drawn
contract RequestUnbondTest is StakingTest {
    function setUp() public override {
        super.setUp();
        _addOperators(2, MINIMUM_STAKE);
    }

    function test_MovesWhatIsFreeToUnbonding() public {
        uint256 unbondAt = vm.getBlockTimestamp() + UNBOND_PERIOD;
        vm.expectEmit(address(staking));
        emit IOperatorStaking.UnbondRequested(operators[0], MINIMUM_STAKE, unbondAt);
        vm.prank(operators[0]);
        staking.requestUnbond(MINIMUM_STAKE);
        _checkOperator(operators[0], 0, 0, MINIMUM_STAKE);
        vm.assertEq(staking.operator(operators[0]).unbondAt, unbondAt);
        vm.assertEq(staking.totalStake(), MINIMUM_STAKE);
        vm.assertEq(staking.candidateCount(), 1);
    }

    function test_ASecondRequestAddsAndStartsAnew() public {
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
        vm.prank(operators[0]);
        staking.requestUnbond(1);
        vm.assertEq(staking.totalStake(), MINIMUM_STAKE);
        vm.assertEq(staking.candidateCount(), 1);
        _mine(2);
        address[] memory drawn = _draw("seed", 2, 1);
        vm.assertEq(drawn.length, 1);
        vm.assertEq(drawn[0], operators[1]);
    }

    function test_RefusesToUnbondNothingOrMoreThanIsFree() public {
        _mine(1);
        _draw("seed", 2, LOCK);
        uint256 free = MINIMUM_STAKE - LOCK;
        vm.startPrank(operators[0]);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NothingToUnbond.selector));
        staking.requestUnbond(0);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotEnoughFree.selector, operators[0], free, free + 1));
        staking.requestUnbond(free + 1);
    }
}
