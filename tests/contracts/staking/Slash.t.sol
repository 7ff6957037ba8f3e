// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Fault, IOperatorStaking, Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {StakingTest} from "./StakingTest.sol";

/// slash
/// ├── from others than JobMarket and Panel: reverts
/// ├── silent: 5 % of the lock, burned; withheld: 20 %, burned; no fault: nothing
/// ├── wrong: the lock or 10 % of all stake, held for the JobMarket
/// │   ├── out of the lock, then what is free, then what is unbonding
/// │   └── never out of other jobs' locks, however much that leaves owing
/// ├── what is left of the lock is free
/// └── the weight follows; below the minimum there is none
contract SlashTest is StakingTest {
    address private olga;

    function setUp() public override {
        super.setUp();
        _addOperators(1, MINIMUM_STAKE);
        olga = operators[0];
        _mine(1);
    }

    function test_ASilentOperatorLosesFivePercentOfTheLock() public {
        _draw("seed", 1, LOCK);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Slashed(olga, JOB, Fault.Silent, LOCK, LOCK / 20);
        vm.assertEq(_slash(olga, LOCK, Fault.Silent), LOCK / 20);
        _checkOperator(olga, MINIMUM_STAKE - LOCK / 20, 0, 0);
        _checkBurned(LOCK / 20);
    }

    function test_AWithheldResultCostsTwentyPercentOfTheLock() public {
        _draw("seed", 1, LOCK);
        vm.assertEq(_slash(olga, LOCK, Fault.Withheld), LOCK / 5);
        _checkOperator(olga, MINIMUM_STAKE - LOCK / 5, 0, 0);
        _checkBurned(LOCK / 5);
    }

    function test_AWrongResultCostsTheLockAndIsHeld() public {
        _draw("seed", 1, LOCK);
        vm.assertEq(_slash(olga, LOCK, Fault.Wrong), LOCK);
        _checkOperator(olga, MINIMUM_STAKE - LOCK, 0, 0);
        vm.assertEq(ledger.held(address(usd)), LOCK);
        vm.assertEq(_owed(BURN), 0);
        vm.assertEq(usd.balanceOf(address(ledger)), LOCK);
        vm.assertEq(usd.balanceOf(address(staking)), MINIMUM_STAKE - LOCK);
        // Below the minimum: no weight.
        vm.assertEq(staking.totalStake(), 0);
        vm.assertEq(staking.candidateCount(), 0);
    }

    function test_OrTenPercentOfAllStakeWhereThatIsMore() public {
        _stakeMore(19 * MINIMUM_STAKE);
        _draw("seed", 1, LOCK);
        uint256 tenth = 2 * MINIMUM_STAKE;
        vm.assertEq(_slash(olga, LOCK, Fault.Wrong), tenth);
        _checkOperator(olga, 18 * MINIMUM_STAKE, 0, 0);
        vm.assertEq(staking.totalStake(), 18 * MINIMUM_STAKE);
        vm.assertEq(ledger.held(address(usd)), tenth);
    }

    function test_NoFaultCostsNothingAndFreesTheLock() public {
        _draw("seed", 1, LOCK);
        vm.assertEq(_slash(olga, LOCK, Fault.None), 0);
        _checkOperator(olga, MINIMUM_STAKE, 0, 0);
        vm.assertEq(usd.balanceOf(address(ledger)), 0);
    }

    /// @dev Whoever unbonds after cheating is slashed all the same.
    function test_UnbondingIsSlashedAfterWhatIsFree() public {
        _stakeMore(19 * MINIMUM_STAKE);
        _draw("seed", 1, LOCK);
        vm.prank(olga);
        staking.requestUnbond(20 * MINIMUM_STAKE - LOCK - 100);
        vm.assertEq(_slash(olga, LOCK, Fault.Wrong), 2 * MINIMUM_STAKE);
        _checkOperator(olga, 0, 0, 18 * MINIMUM_STAKE);
        // Also when its time has come, until it is withdrawn.
        _pass(UNBOND_PERIOD);
        vm.prank(olga);
        staking.withdraw();
        vm.assertEq(usd.balanceOf(olga), 18 * MINIMUM_STAKE);
        vm.assertEq(usd.balanceOf(address(staking)), 0);
    }

    function test_NeverTouchesOtherJobsLocks() public {
        _stakeMore(19 * MINIMUM_STAKE);
        _draw("seed", 1, 19 * MINIMUM_STAKE);
        _draw("other", 1, LOCK);
        vm.prank(olga);
        staking.requestUnbond(MINIMUM_STAKE - LOCK);
        // A tenth would be 2,000; 300 of the lock and 700 of the unbonding are all there is.
        vm.assertEq(_slash(olga, LOCK, Fault.Wrong), MINIMUM_STAKE);
        _checkOperator(olga, 0, 19 * MINIMUM_STAKE, 0);
        _unlock(olga, 19 * MINIMUM_STAKE);
        _checkOperator(olga, 19 * MINIMUM_STAKE, 0, 0);
    }

    /// @dev Two jobs prove the operator wrong, one after the other.
    function test_ConcurrentSlashesTakeFromWhatIsLeft() public {
        _draw("seed", 1, LOCK);
        _draw("other", 1, LOCK);
        vm.assertEq(_slash(olga, LOCK, Fault.Wrong), LOCK);
        vm.assertEq(_slash(olga, LOCK, Fault.Wrong), LOCK);
        _checkOperator(olga, MINIMUM_STAKE - 2 * LOCK, 0, 0);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _slash(olga, 1, Fault.Wrong);
    }

    function test_JobMarketAndPanelMayAndNobodyElse() public {
        _draw("seed", 1, LOCK);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotJobs.selector, eve));
        vm.prank(eve);
        staking.slash(JOB, olga, LOCK, Fault.Wrong);
        vm.prank(panelAt);
        vm.assertEq(staking.slash(JOB, olga, LOCK, Fault.Silent), LOCK / 20);
    }

    /// @dev A fine of 5 % of a lock below 20 base units is nothing.
    function test_ATinyLockCostsNothing() public {
        _draw("seed", 1, 19);
        vm.assertEq(_slash(olga, 19, Fault.Silent), 0);
        _checkOperator(olga, MINIMUM_STAKE, 0, 0);
    }

    function testFuzz_TakesWhatTheRuleSaysInItsOrder(
        uint80 more,
        uint80 lock,
        uint80 others,
        uint80 unbonding,
        uint8 which
    ) public {
        _stakeMore(more);
        uint256 all = MINIMUM_STAKE + more;
        lock = uint80(lock % (all + 1));
        others = uint80(others % (all - lock + 1));
        unbonding = uint80(unbonding % (all - lock - others + 1));
        _draw("seed", 1, lock);
        _draw("other", 1, others);
        if (unbonding != 0) {
            vm.prank(olga);
            staking.requestUnbond(unbonding);
        }
        uint256 free = all - lock - others - unbonding;
        Fault fault = Fault(which % 4);
        uint256 wanted = fault == Fault.Silent ? uint256(lock) * 5 / 100 : 0;
        if (fault == Fault.Withheld) wanted = uint256(lock) * 20 / 100;
        if (fault == Fault.Wrong) wanted = all / 10 > lock ? all / 10 : lock;
        uint256 expected = wanted < all - others ? wanted : all - others;

        vm.assertEq(_slash(olga, lock, fault), expected);

        uint256 fromUnbonding = expected > lock + free ? expected - lock - free : 0;
        _checkOperator(olga, lock + free - (expected - fromUnbonding), others, unbonding - fromUnbonding);
        Operator memory left = staking.operator(olga);
        uint256 staked = uint256(left.free) + left.locked;
        vm.assertEq(staking.totalStake(), staked < MINIMUM_STAKE ? 0 : staked);
        vm.assertEq(staking.candidateCount(), staked < MINIMUM_STAKE ? 0 : 1);
        vm.assertEq(usd.balanceOf(address(staking)), all - expected);
        vm.assertEq(ledger.held(address(usd)), fault == Fault.Wrong ? expected : 0);
        vm.assertEq(_owed(BURN), fault == Fault.Wrong ? 0 : expected);
    }

    function _stakeMore(uint256 amount) private {
        _fund(olga, amount);
        vm.prank(olga);
        staking.stake(amount);
        _mine(1);
    }

    function _checkBurned(uint256 amount) private view {
        vm.assertEq(_owed(BURN), amount);
        vm.assertEq(ledger.held(address(usd)), 0);
        vm.assertEq(ledger.total(address(usd)), amount);
        vm.assertEq(usd.balanceOf(address(ledger)), amount);
    }
}
