// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IRounds, OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// reveal(jobId, kind, outcome, salt)
// ├── when commits are not closed, or reveals are: it reverts with WrongStatus
// ├── when its time is over: it reverts with TooLate
// ├── before the commits are confirmed: it reverts with TooEarly
// ├── when no kind is named: it reverts with KindInvalid
// ├── when the outcome is empty or too long: it reverts with OutcomeInvalid
// ├── when the sender has no seat, or lost it by its silence: it reverts with NotAssignee
// ├── when the sender has revealed: it reverts with AlreadyRevealed
// ├── when it is not what was committed to: it reverts with CommitmentMismatch
// └── otherwise it is kept; the last one closes the phase, and arms the lot of an assured job
contract RevealTest is JobTest {
    function test_KeepsTheOutcomeAndClosesWithTheLast() public {
        uint256 jobId = _committed();
        address operator = _seat(jobId, 0).operator;
        bytes32 outcomeHash = _hash(OutcomeKind.Result, TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Revealed(jobId, operator, OutcomeKind.Result, outcomeHash, TRUTH);
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
        Seat memory seat = _seat(jobId, 0);
        vm.assertEq(seat.outcomeHash, outcomeHash);
        vm.assertEq(uint256(seat.kind), uint256(OutcomeKind.Result));
        _checkStatus(jobId, Status.Committed);

        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Revealed));
        vm.assertEq(job.revealed, 3);
        vm.assertEq(job.deadline, 0);
    }

    function test_ClosesWhenAllWhoCommittedHaveRevealed() public {
        uint256 jobId = _twoCommitted();
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _checkStatus(jobId, Status.Revealed);
    }

    function test_RefusesAWrongSaltKindOrOutcome() public {
        uint256 jobId = _committed();
        address operator = _seat(jobId, 0).operator;
        _refuseCommitment(jobId, operator, OutcomeKind.Result, TRUTH, "pepper");
        _refuseCommitment(jobId, operator, OutcomeKind.ModuleError, TRUTH, SALT);
        _refuseCommitment(jobId, operator, OutcomeKind.Result, LIE, SALT);
    }

    function test_RefusesTwiceEarlyLateAndStrangers() public {
        uint256 jobId = _committed();
        address operator = _seat(jobId, 0).operator;
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _refuse(jobId, operator, abi.encodeWithSelector(IRounds.AlreadyRevealed.selector, jobId, operator));
        _refuse(jobId, eve, abi.encodeWithSelector(IRounds.NotAssignee.selector, jobId, eve));
        uint256 deadline = jobs.job(jobId).deadline;
        _runOut(jobId);
        address second = _seat(jobId, 1).operator;
        _refuse(jobId, second, abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
    }

    function test_RefusesBeforeTheCommitsAreConfirmed() public {
        uint256 jobId = _assigned();
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, OutcomeKind.Result, TRUTH);
        }
        _mine(1);
        uint256 present = vm.getBlockNumber();
        address operator = _seat(jobId, 0).operator;
        _refuse(jobId, operator, abi.encodeWithSelector(IRounds.TooEarly.selector, present, present + 1));
    }

    function test_RefusesWhileOthersMayStillCommit() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        address operator = _seat(jobId, 0).operator;
        _refuse(jobId, operator, abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Assigned));
    }

    function test_RefusesWhoWasSilent() public {
        uint256 jobId = _twoCommitted();
        address silent = _seat(jobId, 1).operator;
        _refuse(jobId, silent, abi.encodeWithSelector(IRounds.NotAssignee.selector, jobId, silent));
    }

    function test_AnAssuredJobArmsItsLot() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 1;
        uint256 jobId = _committed(terms, 0);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        address last = _seat(jobId, 2).operator;
        vm.expectEmit(address(jobs));
        emit IJobMarket.Revealed(jobId, last, OutcomeKind.Result, _hash(OutcomeKind.Result, TRUTH), TRUTH);
        vm.expectEmit(address(jobs));
        emit IJobMarket.RevealsClosed(jobId, vm.getBlockNumber() + 3);
        vm.prank(last);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
        vm.assertEq(jobs.job(jobId).readyBlock, vm.getBlockNumber() + 3);
    }

    function test_RefusesNoKindAndOutcomesOutOfBounds() public {
        uint256 jobId = _committed();
        vm.startPrank(_seat(jobId, 0).operator);
        vm.expectRevert(abi.encodeWithSelector(IRounds.KindInvalid.selector));
        jobs.reveal(jobId, OutcomeKind.None, TRUTH, SALT);
        vm.expectRevert(abi.encodeWithSelector(IRounds.OutcomeInvalid.selector, 0, 4096));
        jobs.reveal(jobId, OutcomeKind.Result, "", SALT);
        vm.expectRevert(abi.encodeWithSelector(IRounds.OutcomeInvalid.selector, 4097, 4096));
        jobs.reveal(jobId, OutcomeKind.Result, new bytes(4097), SALT);
    }

    function testFuzz_OnlyThePreimageOpensACommitment(
        uint8 number,
        bytes32 outcome,
        bytes32 salt,
        uint8 otherNumber,
        bytes32 otherOutcome,
        bytes32 otherSalt
    ) public {
        OutcomeKind kind = OutcomeKind(1 + number % 4);
        OutcomeKind otherKind = OutcomeKind(1 + otherNumber % 4);
        uint256 jobId = _assigned(_licensed(1, 1));
        address operator = _seat(jobId, 0).operator;
        bytes32 commitment = jobs.commitmentOf(jobId, operator, _hash(kind, abi.encode(outcome)), salt);
        vm.prank(operator);
        jobs.commit(jobId, commitment);
        _mine(2);
        if (kind != otherKind || outcome != otherOutcome || salt != otherSalt) {
            _refuseCommitment(jobId, operator, otherKind, abi.encode(otherOutcome), otherSalt);
        }
        vm.prank(operator);
        jobs.reveal(jobId, kind, abi.encode(outcome), salt);
        _checkStatus(jobId, Status.Revealed);
    }

    /// @dev The seat between them was silent, and nobody could be drawn in its stead.
    function _twoCommitted() private returns (uint256 jobId) {
        jobId = _assigned();
        for (uint256 i; i < operators.length; ++i) {
            if (staking.operator(operators[i]).locked != 0) continue;
            vm.prank(operators[i]);
            staking.requestUnbond(MINIMUM_STAKE);
        }
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 2, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _mine(3);
        jobs.assign(jobId);
        _mine(2);
    }

    function _refuse(uint256 jobId, address operator, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
    }

    function _refuseCommitment(uint256 jobId, address operator, OutcomeKind kind, bytes memory outcome, bytes32 salt)
        private
    {
        bytes32 actual = jobs.commitmentOf(jobId, operator, _hash(kind, outcome), salt);
        bytes32 expected;
        for (uint256 i; i < jobs.job(jobId).n; ++i) {
            if (_seat(jobId, i).operator == operator) expected = _seat(jobId, i).commitment;
        }
        vm.expectRevert(abi.encodeWithSelector(IRounds.CommitmentMismatch.selector, expected, actual));
        vm.prank(operator);
        jobs.reveal(jobId, kind, outcome, salt);
    }
}
