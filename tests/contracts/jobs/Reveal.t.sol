// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, Job, OutcomeKind, Seat, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {JobTest} from "../base/JobTest.sol";

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
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 2, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _mine(2);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _checkStatus(jobId, Status.Revealed);
    }

    function test_ACopiedCommitmentCannotBeRevealed() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        address copier = _seat(jobId, 2).operator;
        bytes32 copied = _seat(jobId, 0).commitment;
        vm.prank(copier);
        jobs.commit(jobId, copied);
        _mine(2);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _refuseCommitment(jobId, copier, OutcomeKind.Result, TRUTH, SALT);
    }

    function test_ACommitmentHoldsForItsJobAlone() public {
        uint256 first = _assigned(_licensed(1, 1));
        uint256 second = _assigned(_licensed(1, 1));
        _commit(first, 0, OutcomeKind.Result, TRUTH);
        bytes32 replayed = _seat(first, 0).commitment;
        address operator = _seat(second, 0).operator;
        vm.prank(operator);
        jobs.commit(second, replayed);
        _mine(2);
        _refuseCommitment(second, operator, OutcomeKind.Result, TRUTH, SALT);
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
        _refuse(jobId, operator, abi.encodeWithSelector(IJobMarket.AlreadyRevealed.selector, jobId, operator));
        _refuse(jobId, eve, abi.encodeWithSelector(IJobMarket.NotAssignee.selector, jobId, eve));
        uint256 deadline = jobs.job(jobId).deadline;
        _runOut(jobId);
        address second = _seat(jobId, 1).operator;
        _refuse(jobId, second, abi.encodeWithSelector(IJobMarket.TooLate.selector, deadline + 1, deadline));
    }

    function test_RefusesBeforeTheCommitsAreConfirmed() public {
        uint256 jobId = _assigned();
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, OutcomeKind.Result, TRUTH);
        }
        _mine(1);
        uint256 present = vm.getBlockNumber();
        address operator = _seat(jobId, 0).operator;
        _refuse(jobId, operator, abi.encodeWithSelector(IJobMarket.TooEarly.selector, present, present + 1));
    }

    function test_RefusesWhileOthersMayStillCommit() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        address operator = _seat(jobId, 0).operator;
        _refuse(jobId, operator, abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Assigned));
    }

    function test_RefusesWhoDidNotCommit() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _mine(2);
        address silent = _seat(jobId, 2).operator;
        _refuse(jobId, silent, abi.encodeWithSelector(IJobMarket.NotCommitted.selector, jobId, silent));
    }

    function test_RefusesNoKindAndOutcomesOutOfBounds() public {
        uint256 jobId = _committed();
        vm.startPrank(_seat(jobId, 0).operator);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.KindInvalid.selector));
        jobs.reveal(jobId, OutcomeKind.None, TRUTH, SALT);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.OutcomeInvalid.selector, 0, 4096));
        jobs.reveal(jobId, OutcomeKind.Result, "", SALT);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.OutcomeInvalid.selector, 4097, 4096));
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
        OutcomeKind kind = OutcomeKind(1 + number % 3);
        OutcomeKind otherKind = OutcomeKind(1 + otherNumber % 3);
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
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.CommitmentMismatch.selector, expected, actual));
        vm.prank(operator);
        jobs.reveal(jobId, kind, outcome, salt);
    }
}
