// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, Job, JobTerms, Seat, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {JobTest} from "../base/JobTest.sol";

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
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooEarly.selector, readyBlock - 1, readyBlock));
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
        vm.expectRevert(
            abi.encodeWithSelector(IJobMarket.TooEarly.selector, vm.getBlockNumber(), vm.getBlockNumber() + 1)
        );
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
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooLate.selector, deadline + 1, deadline));
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
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.TooFewEligible.selector, 5, 7));
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
        fuel = 1 + fuel % 1e13;
        JobTerms memory terms = _licensed(3, 2);
        terms.fuel = fuel;
        uint256 jobId = _post(terms);
        _mine(3);
        jobs.assign(jobId);
        vm.assertEq(jobs.job(jobId).deadline, vm.getBlockTimestamp() + 60 + fuel / 500_000_000);
    }
}
