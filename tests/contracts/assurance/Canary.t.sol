// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAssurancePool} from "../../../contracts/interfaces/IAssurancePool.sol";
import {Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {AssuranceTest} from "./AssuranceTest.sol";

/// commitCanary
/// ├── a commitment that was made: reverts
/// └── else: holds from the next job on
/// openCanary
/// ├── from another than the job's requester: reverts
/// ├── a commitment to something else: reverts
/// ├── a job that was posted before the commitment: reverts
/// ├── opened already: reverts
/// ├── proposed with another outcome: disputed without a bond
/// ├── final with this outcome
/// │   ├── too few assured jobs since the last: reverts
/// │   └── else: paid back the jobFee, as far as gifts and the deposits since the last time reach
/// └── anywhere else: reverts
contract CanaryTest is AssuranceTest {
    function test_AnyoneCommitsOnce() public {
        bytes32 commitment = pool.canaryOf(rita, SPEC, TRUTH, SALT);
        vm.assertEq(commitment, keccak256(abi.encode(block.chainid, address(pool), rita, SPEC, TRUTH, SALT)));
        jobs.set(ada, SPEC, FEE);
        vm.expectEmit(address(pool));
        emit IAssurancePool.CanaryCommitted(commitment, eve, 2);
        vm.prank(eve);
        pool.commitCanary(commitment);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryTaken.selector, commitment));
        pool.commitCanary(commitment);
    }

    function test_AWrongAnswerIsDisputedWithoutABond() public {
        (bytes32 commitment, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Proposed, LIE);
        vm.expectEmit(address(pool));
        emit IAssurancePool.CanaryOpened(jobId, commitment, rita, false, 0);
        _open(jobId);
        vm.assertEq(jobs.disputedJob(), jobId);
        vm.assertEq(jobs.disputedBy(), rita);
        _refuseAgain(commitment, jobId);
    }

    function test_ARightAnswerIsPaidBack() public {
        _give(FEE);
        for (uint256 i; i < INTERVAL; ++i) {
            _deposit(FEE);
        }
        (bytes32 commitment, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Final, TRUTH);
        vm.expectEmit(address(pool));
        emit IAssurancePool.CanaryOpened(jobId, commitment, rita, true, FEE);
        _open(jobId);
        vm.assertEq(_owed(rita), FEE);
        vm.assertEq(pool.balance(), INTERVAL * FEE);
        vm.assertEq(pool.assuredJobs(), 0);
        _refuseAgain(commitment, jobId);
    }

    function test_OnlyOncePerInterval() public {
        (, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Final, TRUTH);
        _deposit(1);
        _deposit(1);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryNotYet.selector, 2, INTERVAL));
        _open(jobId);
        _deposit(1);
        _open(jobId);
    }

    /// @dev Otherwise whoever sits on some seats would post jobs to themselves at the pool's expense.
    function test_NeverPaysBackMoreThanAssuredJobsDeposited() public {
        _give(100 * FEE);
        for (uint256 i; i < INTERVAL; ++i) {
            _deposit(7);
        }
        (, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Final, TRUTH);
        _open(jobId);
        vm.assertEq(_owed(rita), INTERVAL * 7);
    }

    /// @dev What requesters paid for their audits is not spent on canaries.
    function test_NeverPaysBackOutOfDeposits() public {
        _give(5);
        for (uint256 i; i < INTERVAL; ++i) {
            _deposit(FEE);
        }
        (, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Final, TRUTH);
        _open(jobId);
        vm.assertEq(_owed(rita), 5);
        vm.assertEq(pool.balance(), INTERVAL * FEE);
    }

    function test_PaysBackNothingWhereNothingWasGiven() public {
        for (uint256 i; i < INTERVAL; ++i) {
            _deposit(FEE);
        }
        (, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Final, TRUTH);
        _open(jobId);
        vm.assertEq(_owed(rita), 0);
    }

    /// @dev Otherwise anyone could commit to a wrong answer for a spec they expect, and call panels for nothing.
    function test_RefusesAllButTheRequester() public {
        (, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Proposed, LIE);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.NotRequester.selector, eve));
        vm.prank(eve);
        pool.openCanary(jobId, TRUTH, SALT);
    }

    function test_RefusesWhatWasNotCommittedTo() public {
        (, uint256 jobId) = _canary();
        jobs.end(jobId, Status.Proposed, TRUTH);
        bytes32 other = pool.canaryOf(rita, SPEC, LIE, SALT);
        vm.startPrank(rita);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryUnknown.selector, other));
        pool.openCanary(jobId, LIE, SALT);
        other = pool.canaryOf(rita, SPEC, TRUTH, "other salt");
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryUnknown.selector, other));
        pool.openCanary(jobId, TRUTH, "other salt");
    }

    function test_RefusesAJobThatWasThereBefore() public {
        uint256 early = jobs.set(rita, SPEC, FEE);
        _canary();
        jobs.end(early, Status.Proposed, LIE);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryTooLate.selector, early, early + 1));
        _open(early);
    }

    function test_RefusesWhereNothingCanBeSaid() public {
        (, uint256 jobId) = _canary();
        for (uint8 status = uint8(Status.Open); status <= uint8(Status.Failed); ++status) {
            if (Status(status) != Status.Proposed) _refuseIn(jobId, Status(status), LIE);
            if (Status(status) != Status.Final) _refuseIn(jobId, Status(status), TRUTH);
        }
    }

    function _refuseIn(uint256 jobId, Status status, bytes32 outcomeHash) private {
        jobs.end(jobId, status, outcomeHash);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryNotOpen.selector, jobId));
        _open(jobId);
    }

    function _refuseAgain(bytes32 commitment, uint256 jobId) private {
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryOpen.selector, commitment));
        _open(jobId);
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.CanaryTaken.selector, commitment));
        pool.commitCanary(commitment);
    }
}
