// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Fault, IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {IPanel, PanelState} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// tally(jobId)
// ├── when reveals run: it reverts with DeadlineNotPassed
// ├── when reveals' time ran out: it closes them, slashes who withheld, and goes on where there is no lot to wait for
// ├── in any other state than revealed: it reverts with WrongStatus
// ├── when no outcome has k votes
// │   ├── and a panel could be found: it is called
// │   └── otherwise the job fails, and who revealed has the base fee
// ├── when k seats could not get the inputs: the job fails, and who revealed has the base fee
// ├── when the job is not assured: the outcome is proposed
// └── when it is assured
//     ├── before the lot's block: it reverts with TooEarly
//     ├── when that block's hash is gone: it waits for another
//     ├── when the lot falls on the job: an auditor is called
//     └── otherwise the outcome is proposed
contract TallyTest is JobTest {
    uint256 private constant BASE = MINIMUM_FEE / 3;

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

    function test_NoQuorumCallsAPanel() public {
        _addOperators(1, MINIMUM_STAKE);
        uint256 jobId = _revealed(_single(3, 2), 6);
        vm.expectEmit(address(panel));
        emit IPanel.Called(1, jobId, false, vm.getBlockNumber() + 3, vm.getBlockTimestamp() + 120);
        vm.expectEmit(address(jobs));
        emit IJobMarket.QuorumMissed(jobId, 1);
        jobs.tally(jobId);

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.NoQuorum));
        vm.assertEq(job.panelId, 1);
        vm.assertEq(job.deadline, 0);
        vm.assertEq(job.outcomeHash, 0);
        PanelState memory called = panel.panel(1);
        vm.assertEq(called.jobId, jobId);
        vm.assertEq(called.lock, job.lock);
        vm.assertEq(called.fuel, FUEL);
    }

    function test_ATwoToOneSplitIsNoQuorumWhereThreeMustAgree() public {
        _addOperators(1, MINIMUM_STAKE);
        uint256 jobId = _proposed(_licensed(3, 3), 1);
        _checkStatus(jobId, Status.NoQuorum);
    }

    function test_NoQuorumFailsWhereNoPanelCouldSit() public {
        uint256 jobId = _revealed(_single(3, 2), 6);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewEligible, FEE - 3 * BASE, RUN_PRICE);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE - 3 * BASE + RUN_PRICE);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), BASE);
        }
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_WhoLostItsStakeIsNotCountedTwice() public {
        // Of seven operators one was silent and fell below the least stake: three of them can still sit.
        _addOperators(2, MINIMUM_STAKE);
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, _said(7, 0));
        _commit(jobId, 1, OutcomeKind.Result, _said(7, 1));
        _runOut(jobId);
        jobs.expire(jobId);
        _mine(3);
        jobs.assign(jobId);
        _mine(2);
        _commit(jobId, 2, OutcomeKind.Result, _said(7, 2));
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, _said(7, i));
        }
        vm.assertEq(staking.candidateCount(), 6);
        vm.assertEq(jobs.participants(jobId).length, 4);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.NoQuorum);
    }

    function test_InputsThatKSeatsCouldNotGetFailTheJob() public {
        uint256 jobId = _assigned(_single(3, 2));
        _commit(jobId, 0, OutcomeKind.InputUnavailable, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _commit(jobId, 2, OutcomeKind.InputUnavailable, TRUTH);
        _mine(2);
        _reveal(jobId, 0, OutcomeKind.InputUnavailable, TRUTH);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.InputUnavailable, TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.InputsUnavailable, FEE - 3 * BASE, RUN_PRICE);
        jobs.tally(jobId);
        vm.assertEq(_owed(_seat(jobId, 1).operator), BASE);
        vm.assertEq(_owed(_seat(jobId, 2).operator), BASE);
        _checkClosed(jobId);
        _checkUnslashed();
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
        vm.assertEq(jobs.job(jobId).outcomeHash, 0);
        _checkStatus(jobId, Status.Failed);
    }

    function test_ClosesRevealsWhoseTimeRanOut() public {
        uint256 jobId = _committed();
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        uint256 deadline = jobs.job(jobId).deadline;
        vm.expectRevert(abi.encodeWithSelector(IRounds.DeadlineNotPassed.selector, vm.getBlockTimestamp(), deadline));
        jobs.tally(jobId);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.RevealsClosed(jobId, 0);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Proposed);
        vm.assertTrue(_seat(jobId, 1).released);
    }

    function test_WhoWithheldIsSlashedAFifthOfTheLock() public {
        uint256 jobId = _committed();
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        address withheld = _seat(jobId, 1).operator;
        _runOut(jobId);
        uint256 lock = FEE * LOCK_MULTIPLE;
        vm.expectEmit(address(staking));
        emit IOperatorStaking.Slashed(withheld, jobId, Fault.Withheld, lock, lock / 5);
        jobs.tally(jobId);
        vm.assertEq(_stakeOf(withheld), MINIMUM_STAKE - lock / 5);
        vm.assertEq(_owed(BURN), lock / 5);
        _runOut(jobId);
        jobs.finalize(jobId);
        _checkClosed(jobId);
        vm.assertEq(_owed(withheld), 0);
    }

    function test_NobodyRevealed() public {
        uint256 jobId = _committed();
        _runOut(jobId);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE);
        vm.assertEq(_owed(BURN), 3 * (FEE * LOCK_MULTIPLE / 5));
        _checkClosed(jobId);
    }

    function test_AnAssuredJobWaitsForItsLot() public {
        uint256 jobId = _assured(500_000);
        uint256 readyBlock = jobs.job(jobId).readyBlock;
        vm.assertEq(readyBlock, vm.getBlockNumber() + 3);
        _mine(2);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 1, readyBlock));
        jobs.tally(jobId);
        _mine(1);
        jobs.tally(jobId);
        vm.assertTrue(jobs.job(jobId).status != Status.Revealed);
    }

    function test_AnAssuredJobWhoseRevealsRanOutWaitsToo() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 1_000_000;
        uint256 jobId = _committed(terms, 0);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.RevealsClosed(jobId, vm.getBlockNumber() + 3);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Revealed);
        _mine(3);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Audited);
    }

    function test_AnAuditCallsOneOperator() public {
        uint256 jobId = _assured(1_000_000);
        _mine(3);
        vm.expectEmit(address(panel));
        emit IPanel.Called(1, jobId, true, vm.getBlockNumber() + 3, vm.getBlockTimestamp() + 120);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Audited(jobId, 1);
        jobs.tally(jobId);
        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Audited));
        vm.assertEq(job.panelId, 1);
        vm.assertEq(job.outcomeHash, 0);
    }

    function test_ALotWhoseBlockIsForgottenIsDrawnAnew() public {
        uint256 jobId = _assured(1_000_000);
        _mine(258);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Rearmed(jobId, vm.getBlockNumber() + 3);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Revealed);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, vm.getBlockNumber(), vm.getBlockNumber() + 3));
        jobs.tally(jobId);
        _mine(3);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Audited);
    }

    function test_TheLastBlockOfALotCounts() public {
        uint256 jobId = _assured(1_000_000);
        _mine(257);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Audited);
    }

    function test_TheLotFallsAsOftenAsWasPaidFor() public {
        uint256 audits;
        for (uint256 i; i < 64; ++i) {
            JobTerms memory terms = _licensed(1, 1);
            terms.assurancePpm = 250_000;
            uint256 jobId = _revealed(terms, 0);
            _mine(3);
            jobs.tally(jobId);
            if (jobs.job(jobId).status == Status.Audited) ++audits;
        }
        // Sixteen are expected; more than four deviations beside that is one in sixteen thousand.
        vm.assertGe(audits, 3);
        vm.assertLe(audits, 30);
    }

    /// @dev A job that all seats have revealed alike, assured with that probability.
    function _assured(uint32 ppm) private returns (uint256 jobId) {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = ppm;
        return _revealed(terms, 0);
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
