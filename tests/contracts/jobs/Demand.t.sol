// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Dag} from "../../../contracts/Dag.sol";
import {Failure, IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// demand(jobId, outcome, path, offsets)
// ├── when the job is not proposed: it reverts with WrongStatus
// ├── when the sender is not the requester: it reverts with NotRequester
// ├── when the challenge window is over: it reverts with TooLate
// ├── when the outcome is no Result: it reverts with NothingToDemand
// ├── after eight demands: it reverts with TooManyDemands
// ├── when the document is not the outcome's: it reverts with OutcomeMismatch
// ├── when it names no table: it reverts with NoTable
// ├── when the path does not lead there: it reverts with PathInvalid
// └── otherwise a deposit is taken and the block must be answered within the reveal window
// answer(jobId, data)
// ├── when nothing is demanded: it reverts with WrongStatus
// ├── when its time is over: it reverts with TooLate
// ├── when the data is not the block: it reverts with BlockMismatch
// └── otherwise whoever answers is paid the deposit, and the job is proposed for one more challenge window
// expire(jobId), of a demand that nobody answered: the job fails, and the requester has fee, deposit and price back
contract DemandTest is JobTest {
    bytes private constant CHUNK = "the bytes of a column";
    bytes private _root;
    bytes private _document;

    function setUp() public override {
        super.setUp();
        // A dag-pb node of one link to a raw block, and the document of a table with that root.
        _root = abi.encodePacked(hex"12260a2401551220", sha256(CHUNK));
        _document = abi.encodePacked(
            hex"a36372756e5820", bytes32("run"), hex"646b696e6466526573756c74657461626c655820", sha256(_root)
        );
    }

    function test_DemandsTheRoot() public {
        uint256 before = usd.balanceOf(rita);
        uint256 jobId = _told(_licensed(3, 2));
        uint256 deadline = vm.getBlockTimestamp() + 60;
        vm.expectEmit(address(jobs));
        emit IJobMarket.Demanded(jobId, sha256(_root), MINIMUM_FEE, deadline);
        _demandRoot(jobId);

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Demanded));
        vm.assertEq(job.demanded, sha256(_root));
        vm.assertEq(job.demands, 1);
        vm.assertEq(job.deadline, deadline);
        vm.assertEq(usd.balanceOf(rita), before - FEE - MINIMUM_FEE);
    }

    function test_DemandsABlockBelow() public {
        uint256 jobId = _told(_licensed(3, 2));
        _demandChunk(jobId);
        vm.assertEq(jobs.job(jobId).demanded, sha256(CHUNK));
    }

    function test_WhoeverAnswersIsPaidAndTheWindowBeginsAnew() public {
        uint256 jobId = _told(_licensed(3, 2));
        _demandChunk(jobId);
        _pass(60);
        uint256 deadline = vm.getBlockTimestamp() + 2;
        vm.expectEmit(address(jobs));
        emit IJobMarket.Answered(jobId, sha256(CHUNK), eve, CHUNK, deadline);
        vm.prank(eve);
        jobs.answer(jobId, CHUNK);

        _checkStatus(jobId, Status.Proposed);
        vm.assertEq(jobs.job(jobId).deadline, deadline);
        vm.assertEq(_owed(eve), MINIMUM_FEE);
        _runOut(jobId);
        jobs.finalize(jobId);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_BytesThatNobodyHasFailTheJob() public {
        uint256 jobId = _told(_single(3, 2));
        _demandChunk(jobId);
        _runOut(jobId);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.BytesWithheld, FEE, RUN_PRICE);
        vm.prank(ben);
        jobs.expire(jobId);
        vm.assertEq(_owed(rita), FEE + RUN_PRICE + MINIMUM_FEE);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), 0);
        }
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_AnAuditorIsNotPaidForBytesThatNobodyHas() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 1_000_000;
        uint256 jobId = _assigned(terms);
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, OutcomeKind.Result, _document);
        }
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, _document);
        }
        _mine(3);
        jobs.tally(jobId);
        _found(jobId, OutcomeKind.Result, _document);
        jobs.resolve(jobId);
        _demandRoot(jobId);
        _runOut(jobId);
        jobs.expire(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), 0);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_AtMostEightDemands() public {
        uint256 jobId = _told(_licensed(3, 2));
        for (uint256 i; i < 8; ++i) {
            _demandRoot(jobId);
            jobs.answer(jobId, _root);
        }
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooManyDemands.selector, jobId));
        _demandRoot(jobId);
    }

    function test_RefusesAllButTheRequesterInTime() public {
        uint256 jobId = _told(_licensed(3, 2));
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotRequester.selector, eve));
        vm.prank(eve);
        jobs.demand(jobId, _document, new bytes[](0), new uint256[](0));
        uint256 deadline = jobs.job(jobId).deadline;
        _runOut(jobId);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
        _demandRoot(jobId);
        jobs.finalize(jobId);
        _refuseStatus(jobId);
        _demandRoot(jobId);
    }

    function test_RefusesWhatIsNoTable() public {
        uint256 failed = _agreed(_licensed(3, 2), OutcomeKind.ModuleError, _document);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NothingToDemand.selector, failed));
        _demandRoot(failed);
        uint256 small = _proposed(_licensed(3, 2), 0);
        vm.expectRevert(abi.encodeWithSelector(Dag.NoTable.selector, TRUTH.length));
        vm.prank(rita);
        jobs.demand(small, TRUTH, new bytes[](0), new uint256[](0));
    }

    function test_RefusesAnotherDocumentOrPath() public {
        uint256 jobId = _told(_licensed(3, 2));
        bytes32 expected = jobs.job(jobId).outcomeHash;
        bytes32 actual = _hash(OutcomeKind.Result, TRUTH);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.OutcomeMismatch.selector, expected, actual));
        vm.prank(rita);
        jobs.demand(jobId, TRUTH, new bytes[](0), new uint256[](0));

        bytes[] memory path = new bytes[](1);
        path[0] = CHUNK;
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.PathInvalid.selector, 0));
        vm.prank(rita);
        jobs.demand(jobId, _document, path, _one(4));
        path[0] = _root;
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.PathInvalid.selector, 0));
        vm.prank(rita);
        jobs.demand(jobId, _document, path, _one(5));
    }

    function test_RefusesAnAnswerThatIsNoneOrLate() public {
        uint256 jobId = _told(_licensed(3, 2));
        _refuseStatus(jobId);
        jobs.answer(jobId, CHUNK);
        _demandChunk(jobId);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.BlockMismatch.selector, sha256(CHUNK), sha256(_root)));
        jobs.answer(jobId, _root);
        uint256 deadline = jobs.job(jobId).deadline;
        vm.expectRevert(abi.encodeWithSelector(IRounds.DeadlineNotPassed.selector, vm.getBlockTimestamp(), deadline));
        jobs.expire(jobId);
        _runOut(jobId);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
        jobs.answer(jobId, CHUNK);
    }

    function test_ADemandCannotBeChallenged() public {
        uint256 jobId = _told(_licensed(3, 2));
        _demandRoot(jobId);
        _refuseStatus(jobId);
        vm.prank(rita);
        jobs.challenge(jobId);
        _refuseStatus(jobId);
        jobs.finalize(jobId);
    }

    function _told(JobTerms memory terms) private returns (uint256 jobId) {
        return _agreed(terms, OutcomeKind.Result, _document);
    }

    function _demandRoot(uint256 jobId) private {
        vm.prank(rita);
        jobs.demand(jobId, _document, new bytes[](0), new uint256[](0));
    }

    function _demandChunk(uint256 jobId) private {
        bytes[] memory path = new bytes[](1);
        path[0] = _root;
        vm.prank(rita);
        jobs.demand(jobId, _document, path, _one(4));
    }
}
