// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IJobMarket, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// pause(), unpause()
// ├── when the sender has not the role: it reverts with AccessManagedUnauthorized
// └── otherwise no job is posted while it is paused, and those under way go on to their end
contract PauseTest is JobTest {
    function test_StopsNewJobsAlone() public {
        uint256 jobId = _posted();
        vm.expectEmit(address(jobs));
        emit IJobMarket.PausedSet(true);
        jobs.pause();
        vm.assertTrue(jobs.paused());
        JobTerms memory terms = _licensed(3, 2);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.IsPaused.selector));
        vm.prank(rita);
        jobs.post(terms, SPEC);

        _assign(jobId);
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.expire(jobId);
        _checkStatus(jobId, Status.Open);

        vm.expectEmit(address(jobs));
        emit IJobMarket.PausedSet(false);
        jobs.unpause();
        vm.assertFalse(jobs.paused());
        _posted();
    }

    function test_APausedMarketPaysAndRefunds() public {
        uint256 paid = _proposed(_licensed(3, 2), 0);
        uint256 refunded = _post(_single(3, 2));
        jobs.pause();
        _runOut(paid);
        jobs.finalize(paid);
        _runOut(refunded);
        jobs.expire(refunded);
        vm.assertEq(_owed(rita), FEE + RUN_PRICE);
        uint256 before = usd.balanceOf(rita);
        _claim(rita);
        vm.assertEq(usd.balanceOf(rita) - before, FEE + RUN_PRICE);
        _checkClosed(paid);
    }

    function test_RefusesAStranger() public {
        bytes memory refused = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve);
        vm.startPrank(eve);
        vm.expectRevert(refused);
        jobs.pause();
        vm.expectRevert(refused);
        jobs.unpause();
    }
}
