// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IRounds, OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// assign(jobId)
// ├── when the job is not open: it reverts with WrongStatus
// ├── when its time is over: it reverts with TooLate
// ├── before the seed is confirmed: it reverts with TooEarly
// ├── when the seed is too old: it waits for another block
// ├── of a new job
// │   ├── when fewer than n are eligible: it reverts with TooFewEligible and stays open
// │   └── otherwise n distinct operators are seated and their stake is locked
// └── of a job whose silent seats are drawn anew
//     ├── those who committed keep their seats, nobody sits twice, and who was silent is passed over
//     ├── when nobody is left and k have committed: commits are closed
//     ├── when nobody is left and fewer have: the job fails
//     ├── when those found do not suffice for k: the job fails and they go free
//     └── when some seats find nobody: it goes on with the others
contract AssignTest is JobTest {
    function test_SeatsDistinctOperatorsAndLocksTheirStake() public {
        uint256 jobId = _posted();
        _mine(3);
        vm.prank(eve);
        jobs.assign(jobId);

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Assigned));
        vm.assertEq(job.readyBlock, vm.getBlockNumber() + 2);
        vm.assertEq(job.deadline, vm.getBlockTimestamp() + 60 + FUEL / 500_000_000);
        Seat[] memory seats = jobs.seats(jobId);
        vm.assertEq(seats.length, 3);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(staking.operator(seats[i].operator).locked, FEE * LOCK_MULTIPLE);
            vm.assertFalse(seats[i].operator == seats[(i + 1) % 3].operator);
        }
    }

    function test_RefusesBeforeTheSeedIsConfirmed() public {
        uint256 jobId = _posted();
        uint256 readyBlock = vm.getBlockNumber() + 3;
        _mine(2);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 1, readyBlock));
        jobs.assign(jobId);
    }

    function test_ArmsAnewWhenTheSeedIsTooOld() public {
        uint256 jobId = _posted();
        _mine(33);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Rearmed(jobId, vm.getBlockNumber() + 3);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Open);
        _mine(2);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, vm.getBlockNumber(), vm.getBlockNumber() + 1));
        jobs.assign(jobId);
        _mine(1);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Assigned);
    }

    function test_TheLastBlockOfASeedAssigns() public {
        uint256 jobId = _posted();
        _mine(32);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Assigned);
    }

    function test_RefusesWhenItsTimeIsOver() public {
        uint256 jobId = _posted();
        _mine(3);
        _runOut(jobId);
        uint256 deadline = jobs.job(jobId).deadline;
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
        jobs.assign(jobId);
    }

    function test_RefusesTwice() public {
        uint256 jobId = _assigned();
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Assigned));
        jobs.assign(jobId);
    }

    function test_TooFewOperatorsLeaveTheJobOpen() public {
        uint256 jobId = _post(_licensed(7, 4));
        _mine(3);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooFewEligible.selector, 5, 7));
        jobs.assign(jobId);
        _addOperators(2, MINIMUM_STAKE);
        _mine(30);
        jobs.assign(jobId);
        _mine(3);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Assigned);
    }

    function test_JobsOfOneBlockAreDrawnApart() public {
        uint256 equal;
        for (uint256 i; i < 8; ++i) {
            uint256 first = _posted();
            uint256 second = _posted();
            _mine(3);
            jobs.assign(first);
            jobs.assign(second);
            if (_seat(first, 0).operator == _seat(second, 0).operator) ++equal;
        }
        vm.assertLe(equal, 7);
    }

    function testFuzz_TheCommitWindowGrowsWithTheFuel(uint64 fuel) public {
        fuel = 1 + fuel % MAX_FUEL;
        JobTerms memory terms = _licensed(3, 2);
        terms.fuel = fuel;
        terms.fee = uint96(jobs.minimumFee(fuel));
        uint256 jobId = _post(terms);
        _mine(3);
        jobs.assign(jobId);
        vm.assertEq(jobs.job(jobId).deadline, vm.getBlockTimestamp() + 60 + fuel / 500_000_000);
    }

    function test_SilentSeatsAreDrawnAnewAndTheOthersStay() public {
        uint256 jobId = _reopened(1);
        address kept = _seat(jobId, 0).operator;
        (address first, address second) = (_seat(jobId, 1).operator, _seat(jobId, 2).operator);
        _mine(3);
        jobs.assign(jobId);

        _checkStatus(jobId, Status.Assigned);
        vm.assertEq(_seat(jobId, 0).operator, kept);
        for (uint256 i = 1; i < 3; ++i) {
            Seat memory seat = _seat(jobId, i);
            vm.assertFalse(seat.operator == kept || seat.operator == first || seat.operator == second);
            vm.assertFalse(seat.released);
            vm.assertEq(staking.operator(seat.operator).locked, FEE * LOCK_MULTIPLE);
        }
        address[] memory part = jobs.participants(jobId);
        vm.assertEq(part.length, 5);
        vm.assertEq(part[3], first);
        vm.assertEq(part[4], second);
        vm.assertEq(staking.operator(first).locked, 0);
    }

    function test_ARedrawHasASeedOfItsOwn() public {
        uint256 jobId = _reopened(1);
        uint256 readyBlock = vm.getBlockNumber() + 3;
        vm.assertEq(jobs.job(jobId).readyBlock, readyBlock);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 3, readyBlock));
        jobs.assign(jobId);
        _mine(40);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Rearmed(jobId, vm.getBlockNumber() + 3);
        jobs.assign(jobId);
    }

    function test_WithNobodyLeftItGoesOnWithKCommits() public {
        _leave(3);
        uint256 jobId = _reopened(2);
        _mine(3);
        vm.expectEmit(address(jobs));
        emit IJobMarket.CommitsClosed(jobId, vm.getBlockNumber() + 2, vm.getBlockTimestamp() + 60);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Committed);
        vm.assertTrue(_seat(jobId, 2).released);
        _mine(2);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Proposed);
    }

    function test_WithNobodyLeftAndTooFewCommitsItFails() public {
        _leave(3);
        uint256 jobId = _reopened(1);
        _mine(3);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewCommits, FEE, 0);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
        vm.assertEq(_owed(rita), FEE);
    }

    function test_WhereThoseFoundDoNotSufficeItFailsAndTheyGoFree() public {
        _leave(4);
        JobTerms memory terms = _licensed(3, 3);
        uint256 jobId = _assigned(terms);
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _mine(3);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewCommits, FEE, 0);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
    }

    function test_ASeatThatFindsNobodyStaysEmpty() public {
        _leave(4);
        uint256 jobId = _reopened(1);
        _mine(3);
        jobs.assign(jobId);
        _checkStatus(jobId, Status.Assigned);
        vm.assertFalse(_seat(jobId, 1).released);
        vm.assertTrue(_seat(jobId, 2).released);
        vm.assertEq(jobs.participants(jobId).length, 4);
        _mine(2);
        address gone = _seat(jobId, 2).operator;
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotAssignee.selector, jobId, gone));
        vm.prank(gone);
        jobs.commit(jobId, "late");
        // All who may commit have: the phase is over.
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _checkStatus(jobId, Status.Committed);
    }

    /// @dev A job of which `committed` seats have committed, and the others were silent.
    function _reopened(uint256 committed) private returns (uint256 jobId) {
        jobId = _assigned();
        for (uint256 i; i < committed; ++i) {
            _commit(jobId, i, OutcomeKind.Result, TRUTH);
        }
        _runOut(jobId);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Open);
    }

    /// @dev All but `count` operators take their stake away.
    function _leave(uint256 count) private {
        for (uint256 i = count; i < operators.length; ++i) {
            vm.prank(operators[i]);
            staking.requestUnbond(MINIMUM_STAKE);
        }
        _mine(1);
    }
}
