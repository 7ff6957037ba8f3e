// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Job, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {CandidateStatus, ISearchMarket, SearchStatus} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// score(searchId, candidateId, jobId, document)
// ├── when reveals are not over: it reverts with WrongSearchStatus
// ├── when the time to score is over: it reverts with TooLate
// ├── when there is no such candidate, or it is not revealed, or scored already: it reverts with UnknownCandidate or
// │   WrongCandidateStatus
// ├── when the job is not final, or no Result: it reverts with JobNotScored
// ├── when the job ran another spec: it reverts with SpecMismatch
// ├── when it ran another version, on less than the search's terms: it reverts with JobMismatch
// ├── when the document is not the job's outcome: it reverts with OutcomeMismatch
// ├── when the document is no score: it reverts with NoScore (see Score library's tests)
// └── otherwise the candidate has its score, and is the best where no other is as good and as early
contract ScoreTest is SearchTest {
    function test_KeepsTheScoreAndTheBest() public {
        uint256 searchId = _revealed();
        _tells(searchId, 2, TWO, QUARTER, true);
        vm.assertEq(searches.search(searchId).best, 2);
        _tells(searchId, 1, ONE, MINUS_ONE, false);
        vm.assertEq(searches.search(searchId).best, 2);
        _tells(searchId, 3, THREE, HALF, true);
        vm.assertEq(searches.search(searchId).best, 3);
        vm.assertEq(searches.search(searchId).scored, 3);
        vm.assertEq(searches.candidate(searchId, 1).score, MINUS_ONE);
        _checkCandidate(searchId, 1, CandidateStatus.Scored);
    }

    /// @dev Whichever of two equal scores is registered first.
    function test_OfEqualScoresTheEarliestCommitIsTheBest() public {
        uint256 searchId = _revealed();
        _score(searchId, 2, TWO, HALF);
        _score(searchId, 3, THREE, HALF);
        vm.assertEq(searches.search(searchId).best, 2);
        _score(searchId, 1, ONE, HALF);
        vm.assertEq(searches.search(searchId).best, 1);
    }

    function test_ZerosAreEqual() public {
        uint256 searchId = _revealed();
        _score(searchId, 2, TWO, 0);
        _score(searchId, 1, ONE, 1 << 63);
        vm.assertEq(searches.search(searchId).best, 1);
        _score(searchId, 3, THREE, 0);
        vm.assertEq(searches.search(searchId).best, 1);
        vm.assertEq(searches.candidate(searchId, 1).score, 0);
    }

    function test_RefusesBeforeRevealsAreOver() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _refuse(
            searchId,
            1,
            _jobOf(ONE, HALF),
            abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Revealing)
        );
        _runOut(searchId);
        _score(searchId, 1, ONE, HALF);
    }

    function test_TheLastSecondCountsAndTheNextDoesNot() public {
        uint256 searchId = _revealed();
        uint256 deadline = END + REVEAL_WINDOW + searches.scoreWindow(FUEL);
        vm.warp(deadline);
        _score(searchId, 1, ONE, HALF);
        vm.warp(deadline + 1);
        bytes memory reason = abi.encodeWithSelector(ISearchMarket.TooLate.selector, deadline + 1, deadline);
        _refuse(searchId, 2, _jobOf(TWO, HALF), reason);
    }

    function test_RefusesWhatIsNoCandidateOrNotRevealedOrScored() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _runOut(searchId);
        _refuse(
            searchId, 4, _jobOf(ONE, HALF), abi.encodeWithSelector(ISearchMarket.UnknownCandidate.selector, searchId, 4)
        );
        _refuse(searchId, 2, _jobOf(TWO, HALF), _wrongCandidate(searchId, 2, CandidateStatus.Committed));
        _score(searchId, 1, ONE, HALF);
        _refuse(searchId, 1, _jobOf(ONE, HALF), _wrongCandidate(searchId, 1, CandidateStatus.Scored));
    }

    function test_RefusesAJobThatIsNotFinalOrNoResult() public {
        uint256 searchId = _revealed();
        Job memory job = _jobOf(ONE, HALF);
        bytes memory reason;
        for (uint256 status; status <= uint256(Status.Failed); ++status) {
            if (Status(status) == Status.Final) continue;
            job.status = Status(status);
            reason = abi.encodeWithSelector(ISearchMarket.JobNotScored.selector, jobs.jobCount() + 1);
            _refuse(searchId, 1, job, reason);
        }
        job.status = Status.Final;
        job.kind = OutcomeKind.ModuleError;
        reason = abi.encodeWithSelector(ISearchMarket.JobNotScored.selector, jobs.jobCount() + 1);
        _refuse(searchId, 1, job, reason);
    }

    function test_RefusesAJobOfAnotherSpec() public {
        uint256 searchId = _revealed();
        bytes memory reason = abi.encodeWithSelector(
            ISearchMarket.SpecMismatch.selector, keccak256(_specOf(ONE)), keccak256(_specOf(TWO))
        );
        _refuse(searchId, 1, _jobOf(TWO, HALF), reason);
    }

    function test_RefusesAJobOnOtherTerms() public {
        uint256 searchId = _revealed();
        for (uint256 i; i < 6; ++i) {
            Job memory job = _jobOf(ONE, HALF);
            if (i == 0) ++job.version;
            if (i == 1) ++job.fuel;
            if (i == 2) job.n = 5;
            if (i == 3) job.k = 3;
            if (i == 4) --job.fee;
            if (i == 5) --job.assurancePpm;
            _refuse(searchId, 1, job, abi.encodeWithSelector(ISearchMarket.JobMismatch.selector, i + 1));
        }
        // More than is asked is as good.
        Job memory dearer = _jobOf(ONE, HALF);
        ++dearer.fee;
        ++dearer.assurancePpm;
        uint256 jobId = jobs.write(dearer);
        searches.score(searchId, 1, jobId, _document(HALF));
    }

    function test_RefusesAnotherDocument() public {
        uint256 searchId = _revealed();
        Job memory job = _jobOf(ONE, QUARTER);
        bytes32 forged = keccak256(abi.encodePacked(OutcomeKind.Result, _document(HALF)));
        _refuse(
            searchId, 1, job, abi.encodeWithSelector(ISearchMarket.OutcomeMismatch.selector, job.outcomeHash, forged)
        );
    }

    function test_RefusesAnOutcomeThatIsNoScore() public {
        uint256 searchId = _revealed();
        Job memory job = _jobOf(ONE, HALF);
        bytes memory document = "a table";
        job.outcomeHash = keccak256(abi.encodePacked(OutcomeKind.Result, document));
        uint256 jobId = jobs.write(job);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
        searches.score(searchId, 1, jobId, document);
    }

    function test_AnyoneMayScoreAnyone() public {
        uint256 searchId = _revealed();
        uint256 jobId = jobs.write(_jobOf(ONE, HALF));
        vm.prank(eve);
        searches.score(searchId, 1, jobId, _document(HALF));
        vm.assertEq(searches.search(searchId).best, 1);
    }

    function _tells(uint256 searchId, uint256 candidateId, bytes memory settings, uint64 bits, bool best) private {
        uint256 jobId = jobs.write(_jobOf(settings, bits));
        vm.expectEmit(address(searches));
        emit ISearchMarket.CandidateScored(searchId, candidateId, jobId, bits, best);
        searches.score(searchId, candidateId, jobId, _document(bits));
    }

    function _wrongCandidate(uint256 searchId, uint256 candidateId, CandidateStatus status)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(ISearchMarket.WrongCandidateStatus.selector, searchId, candidateId, status);
    }

    function _refuse(uint256 searchId, uint256 candidateId, Job memory job, bytes memory reason) private {
        uint256 jobId = jobs.write(job);
        vm.expectRevert(reason);
        searches.score(searchId, candidateId, jobId, _document(HALF));
    }
}
