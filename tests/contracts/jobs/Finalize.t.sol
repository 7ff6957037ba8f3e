// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, JobTerms, OutcomeKind, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {JobTest} from "../base/JobTest.sol";

contract FinalizeTest is JobTest {
    function test_SharesTheFeeAndTheLowestSeatTakesTheRemainder() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.fee = 1_000_001;
        uint256 jobId = _proposed(terms, 0);
        _mine(3);
        address[] memory paid = new address[](3);
        for (uint256 i; i < 3; ++i) {
            paid[i] = _seat(jobId, i).operator;
        }
        vm.expectEmit(address(jobs));
        emit IJobMarket.Finalized(jobId, OutcomeKind.Result, _hash(OutcomeKind.Result, TRUTH), paid);
        vm.prank(eve);
        jobs.finalize(jobId);

        vm.assertEq(_owed(paid[0]), 333_335);
        vm.assertEq(_owed(paid[1]), 333_333);
        vm.assertEq(_owed(paid[2]), 333_333);
        _checkStatus(jobId, Status.Final);
        _checkClosed(jobId);
    }

    function test_ALiarIsNotPaid() public {
        uint256 jobId = _proposed(_licensed(3, 2), 1);
        _mine(3);
        jobs.finalize(jobId);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 0);
        vm.assertEq(_owed(_seat(jobId, 1).operator), 500_001);
        vm.assertEq(_owed(_seat(jobId, 2).operator), 500_000);
        _checkClosed(jobId);
    }

    function test_TheSilentAreNotPaid() public {
        uint256 jobId = _assigned();
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _commit(jobId, 2, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _mine(2);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        jobs.tally(jobId);
        _mine(3);
        jobs.finalize(jobId);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 0);
        vm.assertEq(_owed(_seat(jobId, 1).operator), 500_001);
        _checkClosed(jobId);
    }

    function test_ARoyaltyGoesToTheVersionOfAResult() public {
        uint256 before = ledger.received(version, address(usd));
        uint256 jobId = _proposed(_single(3, 2), 0);
        _mine(3);
        jobs.finalize(jobId);
        vm.assertEq(ledger.received(version, address(usd)) - before, RUN_PRICE - RUN_PRICE * FEE_BPS / 10_000);
        vm.assertEq(_owed(treasury), RUN_PRICE * FEE_BPS / 10_000);
        vm.assertEq(_owed(rita), 0);
        _checkClosed(jobId);
    }

    function test_ARoyaltyIsRefundedWhereNoResultCameOut() public {
        OutcomeKind[2] memory kinds = [OutcomeKind.ModuleError, OutcomeKind.LimitHit];
        uint256 before = ledger.received(version, address(usd));
        for (uint256 i; i < 2; ++i) {
            uint256 jobId = _assigned(_single(1, 1));
            _commit(jobId, 0, kinds[i], TRUTH);
            _mine(2);
            _reveal(jobId, 0, kinds[i], TRUTH);
            jobs.tally(jobId);
            _mine(3);
            jobs.finalize(jobId);
            vm.assertEq(_owed(rita), RUN_PRICE * (i + 1));
            vm.assertEq(uint256(jobs.job(jobId).kind), uint256(kinds[i]));
            _checkClosed(jobId);
        }
        vm.assertEq(ledger.received(version, address(usd)), before);
        vm.assertEq(_owed(treasury), 0);
    }

    function test_RefusesBeforeTheChallengeWindowIsOver() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        uint256 deadline = vm.getBlockTimestamp() + 2;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.DeadlineNotPassed.selector, deadline, deadline));
        jobs.finalize(jobId);
    }

    function test_RefusesTwiceAndOutOfTurn() public {
        uint256 jobId = _revealed(_licensed(3, 2), 0);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Revealed));
        jobs.finalize(jobId);
        jobs.tally(jobId);
        _mine(3);
        jobs.finalize(jobId);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Final));
        jobs.finalize(jobId);
    }

    function testFuzz_EveryUnitOfTheFeeIsPaid(uint96 fee, uint8 liars) public {
        JobTerms memory terms = _licensed(5, 3);
        terms.fee = uint96(MINIMUM_FEE + fee % (MINIMUM_STAKE / LOCK_MULTIPLE - MINIMUM_FEE));
        uint256 jobId = _revealed(terms, liars & 3);
        jobs.tally(jobId);
        _mine(3);
        jobs.finalize(jobId);
        uint256 sum;
        uint256 least = type(uint256).max;
        uint256 most;
        for (uint256 i; i < 5; ++i) {
            uint256 owed = _owed(_seat(jobId, i).operator);
            sum += owed;
            if (liars >> i & 1 == 1 && i < 2) {
                vm.assertEq(owed, 0);
                continue;
            }
            if (owed < least) least = owed;
            if (owed > most) most = owed;
        }
        vm.assertEq(sum, terms.fee);
        vm.assertLe(most - least, 4);
        _checkClosed(jobId);
    }
}
