// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Fault, IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {IPanel, PanelState, PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {PanelTest} from "./PanelTest.sol";

// expire(panelId)
// ├── when it is decided: it reverts with WrongPanelStatus
// ├── before the deadline: it reverts with DeadlineNotPassed
// ├── of a panel that nobody drew: it is decided without a verdict
// ├── of commits: the silent are fined
// │   ├── when more than half have committed: commits are closed
// │   └── otherwise it is decided without a verdict
// └── of reveals: who withheld is fined, and it is decided by those that are there
contract PanelExpireTest is PanelTest {
    function test_APanelThatNobodyDrewDecidesNothing() public {
        _runOutPanel(panelId);
        vm.expectEmit(address(panel));
        emit IPanel.Decided(panelId, jobId, OutcomeKind.None, 0, 0);
        vm.prank(eve);
        panel.expire(panelId);
        _checkPanel(panelId, PanelStatus.Decided);
    }

    function test_TheSilentAreFinedAndTheOthersGoOn() public {
        _convened(jobId);
        for (uint256 i; i < 4; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _runOutPanel(panelId);
        vm.expectEmit(address(panel));
        emit IPanel.PanelCommitsClosed(panelId, vm.getBlockNumber() + 2, vm.getBlockTimestamp() + 60);
        for (uint256 i = 4; i < 7; ++i) {
            vm.expectEmit(address(staking));
            emit IOperatorStaking.Slashed(_panelist(panelId, i), jobId, Fault.Silent, LOCK, LOCK / 20);
        }
        panel.expire(panelId);
        vm.assertTrue(panel.seats(panelId)[6].released);

        _mine(2);
        for (uint256 i; i < 4; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, TRUTH);
        }
        vm.assertEq(panel.panel(panelId).votes, 4);
        jobs.resolve(jobId);
        vm.assertEq(_stakeOf(_panelist(panelId, 5)), MINIMUM_STAKE - LOCK / 20);
        vm.assertEq(_owed(_panelist(panelId, 5)), 0);
        _checkClosed(jobId);
    }

    function test_ThreeOfSevenCannotDecide() public {
        _convened(jobId);
        for (uint256 i; i < 3; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _runOutPanel(panelId);
        vm.expectEmit(address(panel));
        emit IPanel.Decided(panelId, jobId, OutcomeKind.None, 0, 0);
        panel.expire(panelId);
        vm.assertEq(staking.operator(_panelist(panelId, 0)).locked, LOCK);
        vm.assertEq(staking.operator(_panelist(panelId, 3)).locked, 0);
        jobs.resolve(jobId);
        vm.assertEq(_stakeOf(_panelist(panelId, 0)), MINIMUM_STAKE);
        _checkClosed(jobId);
    }

    function test_WhoWithheldIsFinedAndTheOthersDecide() public {
        _sealed();
        for (uint256 i; i < 4; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _runOutPanel(panelId);
        for (uint256 i = 4; i < 7; ++i) {
            vm.expectEmit(address(staking));
            emit IOperatorStaking.Slashed(_panelist(panelId, i), jobId, Fault.Withheld, LOCK, LOCK / 5);
        }
        panel.expire(panelId);
        PanelState memory decided = panel.panel(panelId);
        vm.assertEq(decided.votes, 4);
        vm.assertEq(decided.outcomeHash, _hash(OutcomeKind.Result, TRUTH));
        jobs.resolve(jobId);
        vm.assertEq(_stakeOf(_panelist(panelId, 4)), MINIMUM_STAKE - LOCK / 5);
        _checkClosed(jobId);
    }

    function test_ThreeRevealsOfSevenDecideNothing() public {
        _sealed();
        for (uint256 i; i < 3; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _runOutPanel(panelId);
        panel.expire(panelId);
        vm.assertEq(panel.panel(panelId).votes, 0);
        vm.assertEq(panel.panel(panelId).outcomeHash, 0);
        jobs.resolve(jobId);
        vm.assertEq(_owed(_panelist(panelId, 0)), MINIMUM_FEE / 3);
        vm.assertEq(_owed(_panelist(panelId, 3)), 0);
        _checkClosed(jobId);
    }

    function test_RefusesInTimeAndAfter() public {
        uint256 deadline = panel.panel(panelId).deadline;
        bytes memory early =
            abi.encodeWithSelector(IRounds.DeadlineNotPassed.selector, vm.getBlockTimestamp(), deadline);
        vm.expectRevert(early);
        panel.expire(panelId);
        _found(jobId, 0);
        _pass(1 days);
        _refusePanelStatus();
        panel.expire(panelId);
    }
}
