// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, Job, JobTerms, Status} from "../../../../contracts/interfaces/IJobMarket.sol";
import {Operator} from "../../../../contracts/interfaces/IOperatorStaking.sol";
import {IRounds, OutcomeKind} from "../../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../../base/JobTest.sol";
import {Time} from "./Rounds.t.sol";

/// @notice Attacks on who runs a job, and when: to choose the operators, the auditor, the panel or the moment.
contract DrawsAttackTest is JobTest {
    Time private constant TIME = Time(address(vm));
    uint256 private constant COST = MINIMUM_STAKE / 10;

    function setUp() public override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        _fund(eve, 100e6);
    }

    /// @dev Whoever assigns, and in whichever block of the seed's life, draws the same; nor does stake that comes later help.
    function test_Attack_AssignerGrinding() public {
        uint256 jobId = _posted();
        _mine(3);
        uint256 present = TIME.snapshotState();
        jobs.assign(jobId);
        bytes32 drawn = keccak256(abi.encode(jobs.participants(jobId)));
        address[3] memory callers = [eve, operators[0], rita];
        for (uint256 i; i < 10; ++i) {
            TIME.revertToState(present);
            present = TIME.snapshotState();
            _mine(3 * i + 1);
            _fund(operators[i], 1000 * MINIMUM_STAKE);
            vm.prank(operators[i]);
            staking.stake(1000 * MINIMUM_STAKE);
            vm.prank(callers[i % 3]);
            jobs.assign(jobId);
            vm.assertEq(keccak256(abi.encode(jobs.participants(jobId))), drawn);
        }
    }

    /// @dev Who had a seat, was silent or audited is never on the panel, however often it is tried.
    function test_Attack_SameEntityOnJobAndPanel() public {
        for (uint256 round; round < 8; ++round) {
            JobTerms memory terms = _licensed(3, 2);
            terms.assurancePpm = 1_000_000;
            uint256 jobId = _revealed(terms, 0);
            _mine(3);
            jobs.tally(jobId);
            _found(jobId, 0);
            jobs.resolve(jobId);
            _challenge(jobId, eve);
            uint256 panelId = _convened(jobId);
            address[] memory excluded = jobs.participants(jobId);
            vm.assertEq(excluded.length, 4);
            for (uint256 i; i < panel.panel(panelId).size; ++i) {
                for (uint256 j; j < 4; ++j) {
                    vm.assertFalse(_panelist(panelId, i) == excluded[j]);
                }
            }
            _runOutPanel(panelId);
            panel.expire(panelId);
            jobs.resolve(jobId);
            _checkClosed(jobId);
            _restore();
        }
    }

    /// @dev Stake that is asked back the moment a job is posted can still be slashed when the slowest job is judged.
    function test_Attack_UnbondThenCheat() public {
        JobTerms memory terms = _licensed(3, 2);
        (terms.fuel, terms.fee) = (MAX_FUEL, 1e6);
        uint256 jobId = _post(terms);
        uint256 posted = vm.getBlockTimestamp();
        uint256 seedBlock = jobs.job(jobId).readyBlock - 2;
        vm.roll(seedBlock);
        // All are drawn by what they had, and all take out what is free.
        _last(jobId, 3);
        jobs.assign(jobId);
        address liar = _seat(jobId, 0).operator;
        for (uint256 i; i < 3; ++i) {
            address operator = _seat(jobId, i).operator;
            vm.prank(operator);
            staking.requestUnbond(MINIMUM_STAKE - 10e6);
        }
        for (uint256 redraw; redraw < 2; ++redraw) {
            vm.warp(jobs.job(jobId).deadline);
            vm.roll(vm.getBlockNumber() + 3);
            if (redraw == 0) _commitAs(jobId, liar, LIE);
            _runOut(jobId);
            jobs.expire(jobId);
            _last(jobId, 3);
            jobs.assign(jobId);
        }
        vm.warp(jobs.job(jobId).deadline);
        vm.roll(vm.getBlockNumber() + 3);
        for (uint256 i = 1; i < 3; ++i) {
            _commitAs(jobId, _seat(jobId, i).operator, LIE);
        }
        _last(jobId, 3);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, LIE);
        }
        jobs.tally(jobId);
        _last(jobId, 0);
        uint256 panelId = _challenge(jobId, eve);
        _lastOfPanel(panelId);
        panel.assign(panelId);
        _lastOfPanel(panelId);
        uint256 size = panel.panel(panelId).size;
        for (uint256 i; i < size; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _lastOfPanel(panelId);
        for (uint256 i; i < size; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, TRUTH);
        }

        vm.assertLe(vm.getBlockTimestamp() - posted, UNBOND_PERIOD / 2);
        jobs.resolve(jobId);
        Operator memory left = staking.operator(liar);
        vm.assertEq(left.free, 0);
        vm.assertEq(left.locked, 0);
        vm.assertEq(left.unbonding, MINIMUM_STAKE - COST);
        _checkClosed(jobId);
    }

    /// @dev In its last second a proposal can be challenged and not be paid, in the next it is the other way round.
    function test_Attack_LastSecondChallenge() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        uint256 deadline = jobs.job(jobId).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IRounds.DeadlineNotPassed.selector, deadline, deadline));
        jobs.finalize(jobId);
        _challenge(jobId, eve);
        // The panel has all of its time; a challenge out of spite costs the bond.
        vm.assertEq(panel.panel(1).deadline, deadline + 120);
        _found(jobId, 0);
        jobs.resolve(jobId);
        vm.assertEq(usd.balanceOf(eve) + _owed(eve), 100e6 - FEE);
        vm.assertEq(_owed(_seat(jobId, 2).operator), FEE / 3);
        _checkClosed(jobId);
    }

    /// @dev Liars who see that the lot falls on their job would have to keep everybody from a tally for 256 blocks to have
    /// another one drawn; one call by anyone is enough.
    function test_Attack_ReArmedAuditLottery() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 500_000;
        uint256 jobId;
        do {
            jobId = _revealed(terms, 0);
        } while (_drawnLater(jobId) != Status.Audited);
        Job memory waiting = jobs.job(jobId);
        uint256 present = TIME.snapshotState();
        for (uint256 i; i < 8; ++i) {
            TIME.revertToState(present);
            present = TIME.snapshotState();
            vm.roll(waiting.readyBlock + 36 * i);
            vm.prank(i % 2 == 0 ? eve : rita);
            jobs.tally(jobId);
            _checkStatus(jobId, Status.Audited);
        }
        TIME.revertToState(present);
        vm.roll(waiting.readyBlock + 255);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Rearmed(jobId, vm.getBlockNumber() + 3);
        jobs.tally(jobId);
    }

    /// @dev What a tally in the first block of the lot would make of the job.
    function _drawnLater(uint256 jobId) private returns (Status drawn) {
        uint256 present = TIME.snapshotState();
        vm.roll(jobs.job(jobId).readyBlock);
        jobs.tally(jobId);
        drawn = jobs.job(jobId).status;
        TIME.revertToState(present);
    }

    /// @dev The last second of the present phase, `blocks` later.
    function _last(uint256 jobId, uint256 blocks) private {
        vm.warp(jobs.job(jobId).deadline);
        vm.roll(vm.getBlockNumber() + blocks);
    }

    function _lastOfPanel(uint256 panelId) private {
        vm.warp(panel.panel(panelId).deadline);
        vm.roll(vm.getBlockNumber() + 3);
    }

    function _commitAs(uint256 jobId, address operator, bytes memory outcome) private {
        bytes32 commitment = jobs.commitmentOf(jobId, operator, _hash(OutcomeKind.Result, outcome), SALT);
        vm.prank(operator);
        jobs.commit(jobId, commitment);
    }

    /// @dev Brings all operators back to the least stake.
    function _restore() private {
        for (uint256 i; i < operators.length; ++i) {
            uint256 missing = MINIMUM_STAKE - _stakeOf(operators[i]);
            if (missing == 0) continue;
            _fund(operators[i], missing);
            vm.prank(operators[i]);
            staking.stake(missing);
        }
    }
}
