// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPanel, PanelState, PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {PanelTest} from "./PanelTest.sol";

// reveal(panelId, kind, outcome, salt)
// ├── when commits are not closed: it reverts with WrongPanelStatus
// ├── when its time is over: it reverts with TooLate
// ├── before the commits are confirmed: it reverts with TooEarly
// ├── when no kind is named, the outcome is out of bounds, or the sender has no seat or revealed: it reverts
// ├── when it is not what was committed to: it reverts with CommitmentMismatch
// ├── otherwise it is kept
// └── the last one decides: by an outcome of more than half of all seats, else without a verdict
contract PanelRevealTest is PanelTest {
    function test_KeepsTheOutcomeAndTheLastDecides() public {
        _sealed();
        for (uint256 i; i < 6; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _checkPanel(panelId, PanelStatus.Committed);
        bytes32 outcomeHash = _hash(OutcomeKind.Result, TRUTH);
        address last = _panelist(panelId, 6);
        vm.expectEmit(address(panel));
        emit IPanel.PanelRevealed(panelId, last, OutcomeKind.Result, outcomeHash, TRUTH);
        vm.expectEmit(address(panel));
        emit IPanel.Decided(panelId, jobId, OutcomeKind.Result, outcomeHash, 7);
        vm.prank(last);
        panel.reveal(panelId, OutcomeKind.Result, TRUTH, SALT);

        PanelState memory decided = panel.panel(panelId);
        vm.assertEq(uint256(decided.status), uint256(PanelStatus.Decided));
        vm.assertEq(decided.votes, 7);
        vm.assertEq(decided.revealed, 7);
        vm.assertEq(decided.deadline, 0);
        vm.assertEq(decided.outcomeHash, outcomeHash);
        vm.assertEq(uint256(decided.kind), uint256(OutcomeKind.Result));
        Seat memory seat = panel.seats(panelId)[6];
        vm.assertEq(seat.outcomeHash, outcomeHash);
        vm.assertFalse(seat.released);
    }

    function testFuzz_DecidesByMoreThanHalfOfAllSeats(uint8 liars) public {
        liars = liars & 127;
        _found(jobId, liars);
        uint256 lies;
        for (uint256 i; i < 7; ++i) {
            lies += liars >> i & 1;
        }
        PanelState memory decided = panel.panel(panelId);
        vm.assertEq(decided.votes, lies < 4 ? 7 - lies : 0);
        vm.assertEq(decided.outcomeHash, lies < 4 ? _hash(OutcomeKind.Result, TRUTH) : bytes32(0));
        vm.assertEq(uint256(decided.kind), uint256(lies < 4 ? OutcomeKind.Result : OutcomeKind.None));
    }

    function test_RefusesWhatWasNotCommittedTo() public {
        _sealed();
        address operator = _panelist(panelId, 0);
        bytes32 expected = panel.commitmentOf(panelId, operator, _hash(OutcomeKind.Result, TRUTH), SALT);
        bytes32 actual = panel.commitmentOf(panelId, operator, _hash(OutcomeKind.Result, LIE), SALT);
        vm.expectRevert(abi.encodeWithSelector(IRounds.CommitmentMismatch.selector, expected, actual));
        vm.prank(operator);
        panel.reveal(panelId, OutcomeKind.Result, LIE, SALT);
    }

    function test_RefusesTwiceStrangersAndOutcomesOutOfBounds() public {
        _sealed();
        address operator = _panelist(panelId, 0);
        _refuse(operator, "", abi.encodeWithSelector(IRounds.OutcomeInvalid.selector, 0, 4096));
        _refuse(operator, new bytes(4097), abi.encodeWithSelector(IRounds.OutcomeInvalid.selector, 4097, 4096));
        _refuse(eve, TRUTH, abi.encodeWithSelector(IRounds.NotAssignee.selector, panelId, eve));
        vm.expectRevert(abi.encodeWithSelector(IRounds.KindInvalid.selector));
        vm.prank(operator);
        panel.reveal(panelId, OutcomeKind.None, TRUTH, SALT);
        _panelReveal(panelId, 0, OutcomeKind.Result, TRUTH);
        _refuse(operator, TRUTH, abi.encodeWithSelector(IRounds.AlreadyRevealed.selector, panelId, operator));
    }

    function test_RefusesEarlyLateAndOutOfTurn() public {
        _convened(jobId);
        _refusePanelStatus();
        panel.reveal(panelId, OutcomeKind.Result, TRUTH, SALT);
        for (uint256 i; i < 7; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        uint256 readyBlock = vm.getBlockNumber() + 2;
        address operator = _panelist(panelId, 0);
        _refuse(operator, TRUTH, abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 2, readyBlock));
        _mine(2);
        uint256 deadline = panel.panel(panelId).deadline;
        vm.warp(deadline + 1);
        _refuse(operator, TRUTH, abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
    }

    function _refuse(address operator, bytes memory outcome, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        panel.reveal(panelId, OutcomeKind.Result, outcome, SALT);
    }
}
