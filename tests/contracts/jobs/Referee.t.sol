// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Referee} from "../../../contracts/Referee.sol";
import {IJobMarket, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {JobTest} from "../base/JobTest.sol";

// The JobMarket is two contracts on one storage: called directly its referee knows no job, and moves no money.
contract RefereeTest is JobTest {
    function test_ARefereeByItselfKnowsNoJob() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        Referee referee = Referee(vm.computeCreateAddress(address(jobs), 1));
        bytes memory unknown = abi.encodeWithSelector(IJobMarket.UnknownJob.selector, jobId);
        _pass(1 days);
        vm.startPrank(rita);
        vm.expectRevert(unknown);
        referee.assign(jobId);
        vm.expectRevert(unknown);
        referee.tally(jobId);
        vm.expectRevert(unknown);
        referee.challenge(jobId);
        vm.expectRevert(unknown);
        referee.resolve(jobId);
        vm.expectRevert(unknown);
        referee.finalize(jobId);
        vm.expectRevert(unknown);
        referee.expire(jobId);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotPool.selector, rita));
        referee.dispute(jobId, rita);
        vm.stopPrank();
        vm.prank(address(pool));
        vm.expectRevert(unknown);
        referee.dispute(jobId, rita);
        _checkStatus(jobId, Status.Proposed);
    }
}
