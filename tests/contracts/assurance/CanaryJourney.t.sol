// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice Canaries from the commitment to their end, with the JobMarket and the panels as they are.
contract CanaryJourneyTest is JobTest {
    uint256 private constant GIFT = 10e6;

    function setUp() public override {
        super.setUp();
        _addOperators(6, MINIMUM_STAKE);
        _mine(1);
        _fund(cyd, GIFT);
        vm.prank(cyd);
        pool.fund(GIFT);
    }

    function test_ALieOfAllSeatsIsCaughtByACanaryWithoutABond() public {
        _commitCanary();
        uint256 jobId = _agreed(_licensed(3, 2), OutcomeKind.Result, LIE);
        uint256 before = usd.balanceOf(rita);
        _openCanary(jobId);
        vm.assertEq(usd.balanceOf(rita), before);
        _checkStatus(jobId, Status.Disputed);

        _found(jobId, OutcomeKind.Result, TRUTH);
        jobs.resolve(jobId);

        _checkStatus(jobId, Status.Final);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_stakeOf(_seat(jobId, i).operator), MINIMUM_STAKE - MINIMUM_STAKE / 10);
        }
        vm.assertGe(_owed(rita), FEE);
        _checkClosed(jobId);
    }

    function test_AFalseCanaryHasItsPanelPaidOutOfTheJobFee() public {
        _commitCanary();
        vm.prank(eve);
        pool.commitCanary(_commitment(LIE));
        uint256 jobId = _agreed(_licensed(3, 2), OutcomeKind.Result, TRUTH);
        vm.prank(rita);
        pool.openCanary(jobId, _hash(OutcomeKind.Result, LIE), SALT);
        _checkStatus(jobId, Status.Disputed);

        _found(jobId, OutcomeKind.Result, TRUTH);
        jobs.resolve(jobId);

        _checkStatus(jobId, Status.Final);
        uint256 panelId = jobs.job(jobId).panelId;
        uint256 size = panel.panel(panelId).size;
        vm.assertEq(_owed(_panelist(panelId, size - 1)), FEE / (3 + size));
        vm.assertEq(_owed(_seat(jobId, 2).operator), FEE / (3 + size));
        _checkUnslashed();
        _checkClosed(jobId);
    }

    function test_ACanaryThatWasAnsweredRightlyIsPaidBackOutOfTheGift() public {
        _commitCanary();
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 500_000;
        uint256 first = _assured(terms);
        for (uint256 i = 1; i < CANARY_INTERVAL; ++i) {
            _assured(terms);
        }
        vm.assertEq(pool.assuredJobs(), CANARY_INTERVAL);
        uint256 balance = pool.balance();
        uint256 owed = _owed(rita);

        _openCanary(first);

        vm.assertEq(_owed(rita) - owed, FEE);
        vm.assertEq(pool.balance(), balance - FEE);
        vm.assertEq(pool.assuredJobs(), 0);
        _checkClosed(first);
    }

    /// @dev An assured job from post to payment, with the audit where the lottery calls for one.
    function _assured(JobTerms memory terms) private returns (uint256 jobId) {
        jobId = _revealed(terms, 0);
        _mine(4);
        jobs.tally(jobId);
        if (jobs.job(jobId).status == Status.Audited) {
            _found(jobId, OutcomeKind.Result, TRUTH);
            jobs.resolve(jobId);
        }
        _runOut(jobId);
        jobs.finalize(jobId);
    }

    function _commitCanary() private {
        bytes32 commitment = _commitment(TRUTH);
        vm.prank(ben);
        pool.commitCanary(commitment);
    }

    function _openCanary(uint256 jobId) private {
        vm.prank(rita);
        pool.openCanary(jobId, _hash(OutcomeKind.Result, TRUTH), SALT);
    }

    function _commitment(bytes memory outcome) private view returns (bytes32) {
        return pool.canaryOf(rita, keccak256(SPEC), _hash(OutcomeKind.Result, outcome), SALT);
    }
}
