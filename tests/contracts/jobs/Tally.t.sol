// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, Job, OutcomeKind, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {JobTest} from "../base/JobTest.sol";

contract TallyTest is JobTest {
    function test_ProposesWhatAllShare() public {
        uint256 jobId = _revealed(_licensed(3, 3), 0);
        bytes32 outcomeHash = _hash(OutcomeKind.Result, TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Proposed(jobId, OutcomeKind.Result, outcomeHash, 3, vm.getBlockTimestamp() + 2);
        vm.prank(eve);
        jobs.tally(jobId);
        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Proposed));
        vm.assertEq(uint256(job.kind), uint256(OutcomeKind.Result));
        vm.assertEq(job.outcomeHash, outcomeHash);
    }

    function test_OneLiarDoesNotHinderTwo() public {
        for (uint256 liar; liar < 3; ++liar) {
            uint256 jobId = _proposed(_licensed(3, 2), 1 << liar);
            vm.assertEq(jobs.job(jobId).outcomeHash, _hash(OutcomeKind.Result, TRUTH));
        }
    }

    function test_NoQuorumFailsAndRefunds() public {
        uint256 jobId = _revealed(_single(3, 2), 6);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.NoQuorum, FEE, RUN_PRICE);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE + RUN_PRICE);
        _checkClosed(jobId);
    }

    function test_ATwoToOneSplitFailsWhereThreeMustAgree() public {
        uint256 jobId = _revealed(_licensed(3, 3), 1);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE);
    }

    function test_EqualBytesOfUnequalKindsAreUnequalOutcomes() public {
        uint256 jobId = _assigned();
        OutcomeKind[3] memory kinds = [OutcomeKind.Result, OutcomeKind.ModuleError, OutcomeKind.LimitHit];
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, kinds[i], TRUTH);
        }
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, kinds[i], TRUTH);
        }
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
    }

    function test_ClosesRevealsWhoseTimeRanOut() public {
        uint256 jobId = _committed();
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        uint256 deadline = jobs.job(jobId).deadline;
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.DeadlineNotPassed.selector, vm.getBlockTimestamp(), deadline));
        jobs.tally(jobId);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.RevealsClosed(jobId);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Proposed);
    }

    function test_NobodyRevealedFails() public {
        uint256 jobId = _committed();
        _runOut(jobId);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE);
        _checkClosed(jobId);
    }

    function test_RefusesBeforeAndAfter() public {
        uint256 jobId = _assigned();
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Assigned));
        jobs.tally(jobId);
        jobId = _proposed(_licensed(3, 2), 0);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Proposed));
        jobs.tally(jobId);
    }

    /// @dev Whatever five seats say, exactly an outcome of at least k equal ones is proposed.
    function testFuzz_CountsAsAPlainCountWould(uint256 words, uint8 k) public {
        k = 3 + k % 3;
        uint256 jobId = _assigned(_licensed(5, k));
        uint256[4] memory votes;
        for (uint256 i; i < 5; ++i) {
            uint256 word = words >> (8 * i) & 3;
            ++votes[word];
            _commit(jobId, i, OutcomeKind.Result, abi.encode(word));
        }
        _mine(2);
        for (uint256 i; i < 5; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, abi.encode(words >> (8 * i) & 3));
        }
        jobs.tally(jobId);
        for (uint256 word; word < 4; ++word) {
            if (votes[word] < k) continue;
            vm.assertEq(jobs.job(jobId).outcomeHash, _hash(OutcomeKind.Result, abi.encode(word)));
            _checkStatus(jobId, Status.Proposed);
            return;
        }
        _checkStatus(jobId, Status.Failed);
    }
}
