// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IJobMarket, Job, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

// challenge(jobId)
// ├── when the job is not proposed: it reverts with WrongStatus
// ├── when the challenge window is over: it reverts with TooLate
// ├── when no panel could sit: it reverts with TooFewEligible
// ├── when the sender has not the bond: it reverts
// └── otherwise the bond is taken and a panel is called
// dispute(jobId, challenger)
// ├── when the sender is not the pool: it reverts with NotPool
// └── otherwise it is the same without a bond
contract ChallengeTest is JobTest {
    function setUp() public override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        _fund(eve, 100e6);
    }

    function test_TakesTheBondAndCallsAPanel() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        uint256 lock = FEE * LOCK_MULTIPLE;
        vm.assertEq(jobs.bondOf(jobId), FEE);
        vm.expectEmit(address(panel));
        emit IPanel.Called(1, jobId, false, vm.getBlockNumber() + 3, vm.getBlockTimestamp() + 120);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Disputed(jobId, 1, eve, FEE);
        vm.prank(eve);
        jobs.challenge(jobId);

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Disputed));
        vm.assertEq(job.challenger, eve);
        vm.assertEq(job.bond, FEE);
        vm.assertEq(job.panelId, 1);
        vm.assertEq(job.deadline, 0);
        vm.assertEq(job.outcomeHash, _hash(OutcomeKind.Result, TRUTH));
        vm.assertEq(usd.balanceOf(eve), 100e6 - FEE);
        vm.assertEq(panel.panel(1).lock, lock);
    }

    function test_TheLastSecondIsInTime() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        vm.warp(jobs.job(jobId).deadline);
        _challenge(jobId, eve);
        _checkStatus(jobId, Status.Disputed);
    }

    function test_RefusesWhenTheWindowIsOver() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        uint256 deadline = jobs.job(jobId).deadline;
        _runOut(jobId);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
        vm.prank(eve);
        jobs.challenge(jobId);
    }

    function test_RefusesWhatIsNotProposed() public {
        uint256[4] memory ids = [_posted(), _assigned(), _revealed(_licensed(3, 2), 0), _final(_licensed(3, 2), 0)];
        for (uint256 i; i < 4; ++i) {
            _refuseStatus(ids[i]);
            vm.prank(eve);
            jobs.challenge(ids[i]);
        }
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        _challenge(jobId, eve);
        _refuseStatus(jobId);
        vm.prank(eve);
        jobs.challenge(jobId);
    }

    function test_RefusesWhereNoPanelCouldSit() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        uint256 left;
        for (uint256 i; i < CROWD; ++i) {
            if (staking.operator(operators[i]).locked != 0 || left++ < 2) continue;
            vm.prank(operators[i]);
            staking.requestUnbond(1);
        }
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooFewEligible.selector, 2, 3));
        vm.prank(eve);
        jobs.challenge(jobId);
        // It is paid like a job that nobody minds.
        _runOut(jobId);
        jobs.finalize(jobId);
        _checkClosed(jobId);
    }

    function test_RefusesWhoHasNotTheBond() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        vm.startPrank(eve);
        usd.transfer(ada, 100e6 - FEE + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, eve, FEE - 1, FEE));
        jobs.challenge(jobId);
    }

    function test_DisputesWithoutABondForThePoolAlone() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.NotPool.selector, eve));
        vm.prank(eve);
        jobs.dispute(jobId, eve);

        vm.expectEmit(address(jobs));
        emit IJobMarket.Disputed(jobId, 1, eve, 0);
        vm.prank(address(pool));
        jobs.dispute(jobId, eve);
        vm.assertEq(jobs.job(jobId).challenger, eve);
        vm.assertEq(jobs.job(jobId).bond, 0);
    }

    function test_RefusesADisputeOutOfTurn() public {
        uint256 jobId = _posted();
        vm.startPrank(address(pool));
        _refuseStatus(jobId);
        jobs.dispute(jobId, eve);
    }
}
