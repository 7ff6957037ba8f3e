// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, Job, OutcomeKind, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {JobTest} from "../base/JobTest.sol";

contract ExpireTest is JobTest {
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

    function test_TooFewCommitsFailAndRefund() public {
        uint256 jobId = _assigned(_single(3, 2));
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewCommits, FEE, RUN_PRICE);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE + RUN_PRICE);
        _checkClosed(jobId);
    }

    function test_EnoughCommitsOpenTheReveals() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.CommitsClosed(jobId, vm.getBlockNumber() + 2, vm.getBlockTimestamp() + 60);
        jobs.expire(jobId);
        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Committed));
        vm.assertEq(job.deadline, vm.getBlockTimestamp() + 60);
    }

    function test_RevealsWhoseTimeRanOutAreClosed() public {
        uint256 jobId = _committed();
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Revealed);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
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
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.DeadlineNotPassed.selector, vm.getBlockTimestamp(), deadline));
        jobs.expire(jobId);
    }
}
