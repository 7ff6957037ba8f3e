// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Fault, IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {IRounds, OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// expire(jobId)
// ├── when no phase runs: it reverts with WrongStatus
// ├── before the deadline: it reverts with DeadlineNotPassed
// ├── of an open job that nobody assigned: it fails
// ├── of an open job whose silent seats were not drawn anew in time
// │   ├── when k have committed: commits are closed
// │   └── otherwise it fails
// ├── of an assigned job: the silent are slashed
// │   ├── and drawn anew, at most twice
// │   └── after that, with k commits, commits are closed; with fewer the job fails
// ├── of reveals: they are closed, and who withheld is slashed
// └── of a demand that nobody answered: the job fails, and the requester has all back (see Demand.t.sol)
contract ExpireTest is JobTest {
    uint256 private constant LOCK = uint256(FEE) * LOCK_MULTIPLE;

    function test_AJobNobodyAssignedIsRefunded() public {
        uint256 before = usd.balanceOf(rita);
        uint256 jobId = _post(_single(3, 2));
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.NotAssigned, FEE, RUN_PRICE);
        vm.prank(eve);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
        _claim(rita);
        vm.assertEq(usd.balanceOf(rita), before);
    }

    function test_TheSilentAreSlashedAndDrawnAnew() public {
        uint256 jobId = _assigned();
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        address[] memory silent = new address[](2);
        (silent[0], silent[1]) = (_seat(jobId, 0).operator, _seat(jobId, 2).operator);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Reopened(jobId, silent, vm.getBlockNumber() + 3, vm.getBlockTimestamp() + 120);
        for (uint256 i; i < 2; ++i) {
            vm.expectEmit(address(staking));
            emit IOperatorStaking.Slashed(silent[i], jobId, Fault.Silent, LOCK, LOCK / 20);
        }
        vm.prank(eve);
        jobs.expire(jobId);

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Open));
        vm.assertEq(job.redraws, 1);
        vm.assertEq(job.committed, 1);
        vm.assertEq(_stakeOf(silent[0]), MINIMUM_STAKE - LOCK / 20);
        vm.assertEq(staking.operator(silent[0]).locked, 0);
        vm.assertEq(staking.operator(_seat(jobId, 1).operator).locked, LOCK);
        vm.assertEq(_owed(BURN), 2 * (LOCK / 20));
    }

    function test_SeatsAreDrawnAnewAtMostTwice() public {
        _addOperators(4, MINIMUM_STAKE);
        uint256 jobId = _assigned(_single(3, 2));
        for (uint256 i; i < 2; ++i) {
            _runOut(jobId);
            jobs.expire(jobId);
            vm.assertEq(jobs.job(jobId).redraws, i + 1);
            _assign(jobId);
        }
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewCommits, FEE, RUN_PRICE);
        jobs.expire(jobId);

        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE + RUN_PRICE);
        vm.assertEq(_owed(BURN), 8 * (LOCK / 20));
        vm.assertEq(jobs.participants(jobId).length, 9);
        _checkClosed(jobId);
    }

    function test_AfterTheSecondRedrawItGoesOnWithKCommits() public {
        _addOperators(4, MINIMUM_STAKE);
        uint256 jobId = _assigned();
        _commit(jobId, 2, OutcomeKind.Result, TRUTH);
        for (uint256 i; i < 2; ++i) {
            _runOut(jobId);
            jobs.expire(jobId);
            _assign(jobId);
        }
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.CommitsClosed(jobId, vm.getBlockNumber() + 2, vm.getBlockTimestamp() + 60);
        jobs.expire(jobId);

        Seat[] memory seats = jobs.seats(jobId);
        vm.assertTrue(seats[0].released);
        vm.assertEq(staking.operator(seats[0].operator).locked, 0);
        _mine(2);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        jobs.tally(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        vm.assertEq(_owed(seats[0].operator), 0);
        vm.assertEq(_owed(seats[1].operator), 500_001);
        vm.assertEq(_owed(seats[2].operator), 500_000);
        _checkClosed(jobId);
    }

    function test_ARedrawThatNobodyMadeGoesOnWithKCommits() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _runOut(jobId);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Committed);
    }

    function test_ARedrawThatNobodyMadeFailsWithFewer() public {
        uint256 jobId = _assigned(_single(3, 2));
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewCommits, FEE, RUN_PRICE);
        jobs.expire(jobId);
        _checkClosed(jobId);
    }

    function test_RevealsWhoseTimeRanOutAreClosedAndWhoWithheldIsSlashed() public {
        uint256 jobId = _committed();
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        (address first, address last) = (_seat(jobId, 0).operator, _seat(jobId, 2).operator);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.RevealsClosed(jobId, 0);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Slashed(first, jobId, Fault.Withheld, LOCK, LOCK / 5);
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Slashed(last, jobId, Fault.Withheld, LOCK, LOCK / 5);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Revealed);
        vm.assertEq(_owed(BURN), 2 * (LOCK / 5));

        // Five operators less three seats leave no panel.
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(_seat(jobId, 1).operator), MINIMUM_FEE / 3);
        _checkClosed(jobId);
    }

    function test_AnAssuredJobArmsItsLotWhenRevealsRunOut() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 1;
        uint256 jobId = _committed(terms, 0);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.RevealsClosed(jobId, vm.getBlockNumber() + 3);
        jobs.expire(jobId);
    }

    function test_RefusesBeforeTheDeadlineOfEveryPhase() public {
        _refuseNow(_posted());
        _refuseNow(_assigned());
        _refuseNow(_committed());
    }

    function test_RefusesWhereNoPhaseRuns() public {
        uint256[3] memory ids =
            [_revealed(_licensed(1, 1), 0), _proposed(_licensed(1, 1), 0), _proposed(_licensed(1, 1), 0)];
        _mine(3);
        jobs.finalize(ids[2]);
        _pass(365 days);
        Status[3] memory statuses = [Status.Revealed, Status.Proposed, Status.Final];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, ids[i], statuses[i]));
            jobs.expire(ids[i]);
        }
    }

    function test_AFailedJobStaysFailed() public {
        uint256 jobId = _posted();
        _runOut(jobId);
        jobs.expire(jobId);
        bytes memory wrong = abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Failed);
        vm.expectRevert(wrong);
        jobs.expire(jobId);
        vm.expectRevert(wrong);
        jobs.assign(jobId);
        vm.expectRevert(wrong);
        jobs.tally(jobId);
        vm.expectRevert(wrong);
        jobs.finalize(jobId);
    }

    function _refuseNow(uint256 jobId) private {
        uint256 deadline = jobs.job(jobId).deadline;
        vm.expectRevert(abi.encodeWithSelector(IRounds.DeadlineNotPassed.selector, vm.getBlockTimestamp(), deadline));
        jobs.expire(jobId);
    }
}
