// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, Job, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// commit(jobId, commitment)
// ├── when the job is not assigned: it reverts with WrongStatus
// ├── when its time is over: it reverts with TooLate
// ├── before the assignment is confirmed: it reverts with TooEarly
// ├── when the commitment is zero: it reverts with EmptyCommitment
// ├── when the sender has no seat: it reverts with NotAssignee
// ├── when the sender has committed: it reverts with AlreadyCommitted
// └── otherwise it is kept; the last one closes the phase
contract CommitTest is JobTest {
    function test_KeepsTheCommitment() public {
        uint256 jobId = _assigned();
        address operator = _seat(jobId, 1).operator;
        vm.expectEmit(address(jobs));
        emit IJobMarket.Committed(jobId, operator, "commitment");
        vm.prank(operator);
        jobs.commit(jobId, "commitment");
        vm.assertEq(_seat(jobId, 1).commitment, "commitment");
        vm.assertEq(jobs.job(jobId).committed, 1);
        _checkStatus(jobId, Status.Assigned);
    }

    function test_TheLastCommitClosesThePhase() public {
        uint256 jobId = _assigned();
        for (uint256 i; i < 2; ++i) {
            _commit(jobId, i, OutcomeKind.Result, TRUTH);
        }
        address last = _seat(jobId, 2).operator;
        vm.expectEmit(address(jobs));
        emit IJobMarket.Committed(jobId, last, "last");
        vm.expectEmit(address(jobs));
        emit IJobMarket.CommitsClosed(jobId, vm.getBlockNumber() + 2, vm.getBlockTimestamp() + 60);
        vm.prank(last);
        jobs.commit(jobId, "last");

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Committed));
        vm.assertEq(job.readyBlock, vm.getBlockNumber() + 2);
        vm.assertEq(job.deadline, vm.getBlockTimestamp() + 60);
    }

    function test_RefusesWhoIsNotSeated() public {
        uint256 jobId = _assigned();
        _refuse(jobId, eve, "c", abi.encodeWithSelector(IRounds.NotAssignee.selector, jobId, eve));
        for (uint256 i; i < 5; ++i) {
            address operator = operators[i];
            if (staking.operator(operator).locked != 0) continue;
            _refuse(jobId, operator, "c", abi.encodeWithSelector(IRounds.NotAssignee.selector, jobId, operator));
        }
    }

    function test_RefusesASecondOrAnEmptyCommitment() public {
        uint256 jobId = _assigned();
        address operator = _seat(jobId, 0).operator;
        _refuse(jobId, operator, 0, abi.encodeWithSelector(IRounds.EmptyCommitment.selector));
        vm.prank(operator);
        jobs.commit(jobId, "first");
        _refuse(jobId, operator, "second", abi.encodeWithSelector(IRounds.AlreadyCommitted.selector, jobId, operator));
    }

    function test_RefusesBeforeTheAssignmentIsConfirmed() public {
        uint256 jobId = _posted();
        _mine(3);
        jobs.assign(jobId);
        _mine(1);
        uint256 readyBlock = vm.getBlockNumber() + 1;
        _refuse(
            jobId,
            _seat(jobId, 0).operator,
            "c",
            abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 1, readyBlock)
        );
    }

    function test_TheLastSecondIsInTimeAndTheNextIsNot() public {
        uint256 jobId = _assigned();
        uint256 deadline = jobs.job(jobId).deadline;
        vm.warp(deadline);
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        vm.warp(deadline + 1);
        _refuse(
            jobId,
            _seat(jobId, 1).operator,
            "c",
            abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline)
        );
    }

    function test_RefusesInAnyOtherStatus() public {
        uint256 open = _posted();
        _refuse(open, operators[0], "c", abi.encodeWithSelector(IJobMarket.WrongStatus.selector, open, Status.Open));
        uint256 closed = _committed();
        _refuse(
            closed, operators[0], "c", abi.encodeWithSelector(IJobMarket.WrongStatus.selector, closed, Status.Committed)
        );
    }

    function _refuse(uint256 jobId, address operator, bytes32 commitment, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        jobs.commit(jobId, commitment);
    }
}
