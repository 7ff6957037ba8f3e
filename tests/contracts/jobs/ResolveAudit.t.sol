// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";

import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {ResolveTest} from "./ResolveTest.sol";

// resolve(jobId) of an audit
// ├── that found the same, or nothing: the outcome is proposed
// └── that found otherwise: a panel is called; where none could sit the job fails
contract ResolveAuditTest is ResolveTest {
    function test_Audit_ThatFindsTheSameProposesAndKeepsTheLock() public {
        uint256 jobId = _audited(_assured());
        _found(jobId, 0);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Proposed(
            jobId, OutcomeKind.Result, _hash(OutcomeKind.Result, TRUTH), 3, vm.getBlockTimestamp() + 2
        );
        jobs.resolve(jobId);
        address[] memory part = jobs.participants(jobId);
        vm.assertEq(part.length, 4);
        vm.assertEq(part[3], _panelist(1, 0));
        vm.assertEq(staking.operator(part[3]).locked, 10 * F);
    }

    function test_Audit_ThatFindsNothingProposes() public {
        uint256 jobId = _audited(_assured());
        _found(jobId, OutcomeKind.InputUnavailable, TRUTH);
        jobs.resolve(jobId);
        _checkStatus(jobId, Status.Proposed);
        _runOut(jobId);
        jobs.finalize(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), 0);
        vm.assertEq(pool.balance(), F / 4);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_Audit_ByASilentOperatorProposesAndFinesIt() public {
        uint256 jobId = _audited(_assured());
        uint256 panelId = _convened(jobId);
        _runOutPanel(panelId);
        panel.expire(panelId);
        jobs.resolve(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        vm.assertEq(_stakeOf(_panelist(panelId, 0)), MINIMUM_STAKE - uint256(F) / 2);
        vm.assertEq(_owed(BURN), uint256(F) / 2);
        vm.assertEq(_owed(_panelist(panelId, 0)), 0);
        _checkClosed(jobId);
    }

    function test_Audit_ThatNobodyMadeProposes() public {
        uint256 jobId = _audited(_assured());
        _runOutPanel(1);
        panel.expire(1);
        jobs.resolve(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        _checkClosed(jobId);
        vm.assertEq(jobs.participants(jobId).length, 3);
    }

    function test_Audit_ThatFindsOtherwiseCallsAPanel() public {
        uint256 jobId = _audited(_assured());
        _found(jobId, OutcomeKind.Result, LIE);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Disputed(jobId, 2, address(0), 0);
        jobs.resolve(jobId);
        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Disputed));
        vm.assertEq(job.panelId, 2);
        vm.assertEq(job.challenger, address(0));
    }

    function test_Audit_ThatWasRightIsPaidByThePoolAndThePanelBySlashedStake() public {
        JobTerms memory terms = _assured();
        uint256 jobId = _allSay(terms, LIE);
        _mine(3);
        jobs.tally(jobId);
        _found(jobId, OutcomeKind.Result, TRUTH);
        jobs.resolve(jobId);
        _found(jobId, OutcomeKind.Result, TRUTH);
        // F - A = 675,000, s = 225,000.
        uint256 burned = 3 * COST - 7 * 225_000 - F;
        vm.expectEmit(address(jobs));
        emit IJobMarket.Judged(jobId, 2, 3 * COST, 7 * 225_000, 0, F, burned);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), 225_000);
        vm.assertEq(_owed(_panelist(2, 6)), 225_000 + uint256(675_000) / 7);
        vm.assertEq(_owed(rita), F);
        vm.assertEq(_owed(BURN), burned);
        vm.assertEq(pool.balance(), 0);
        _checkClosed(jobId);
    }

    function test_Audit_ThatWasWrongIsSlashedAndPaysThePanel() public {
        uint256 jobId = _audited(_assured());
        _found(jobId, OutcomeKind.Result, LIE);
        jobs.resolve(jobId);
        _found(jobId, 0);
        jobs.resolve(jobId);
        vm.assertEq(_stakeOf(_panelist(1, 0)), MINIMUM_STAKE - COST);
        vm.assertEq(_owed(_panelist(1, 0)), 0);
        vm.assertEq(_owed(_panelist(2, 0)), 225_000);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 225_000);
        vm.assertEq(_owed(BURN), COST - 7 * 225_000 - F);
        vm.assertEq(pool.balance(), 225_000);
        _checkClosed(jobId);
    }

    function test_Audit_ThatFindsOtherwiseFailsTheJobWhereNoPanelCouldSit() public {
        uint256 jobId = _audited(_assured());
        _found(jobId, OutcomeKind.Result, LIE);
        _leaveBut(2);
        _fundPool(1e6);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Failed(jobId, Failure.TooFewEligible, F - 3 * BASE, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(1, 0)), BASE);
        vm.assertEq(pool.balance(), 1e6 - BASE);
        _checkClosed(jobId);
    }
}
