// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPanel, PanelState, PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {PanelTest} from "./PanelTest.sol";

// commit(panelId, commitment)
// ├── when the panel is not assigned: it reverts with WrongPanelStatus
// ├── when its time is over: it reverts with TooLate
// ├── before the assignment is confirmed: it reverts with TooEarly
// ├── when the commitment is zero: it reverts with EmptyCommitment
// ├── when the sender has no seat: it reverts with NotAssignee
// ├── when the sender has committed: it reverts with AlreadyCommitted
// └── otherwise it is kept; the last one closes the phase
contract PanelCommitTest is PanelTest {
    function test_KeepsTheCommitmentAndTheLastClosesThePhase() public {
        _convened(jobId);
        for (uint256 i; i < 6; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        address last = _panelist(panelId, 6);
        vm.expectEmit(address(panel));
        emit IPanel.PanelCommitted(panelId, last, "last");
        vm.expectEmit(address(panel));
        emit IPanel.PanelCommitsClosed(panelId, vm.getBlockNumber() + 2, vm.getBlockTimestamp() + 60);
        vm.prank(last);
        panel.commit(panelId, "last");

        PanelState memory closed = panel.panel(panelId);
        vm.assertEq(uint256(closed.status), uint256(PanelStatus.Committed));
        vm.assertEq(closed.committed, 7);
        vm.assertEq(closed.readyBlock, vm.getBlockNumber() + 2);
        vm.assertEq(closed.deadline, vm.getBlockTimestamp() + 60);
        vm.assertEq(panel.seats(panelId)[6].commitment, "last");
    }

    function test_RefusesWhoHasNoSeat() public {
        _convened(jobId);
        address seated = _seat(jobId, 0).operator;
        _refuse(seated, "c", abi.encodeWithSelector(IRounds.NotAssignee.selector, panelId, seated));
        _refuse(eve, "c", abi.encodeWithSelector(IRounds.NotAssignee.selector, panelId, eve));
    }

    function test_RefusesTwiceAndNothing() public {
        _convened(jobId);
        address operator = _panelist(panelId, 0);
        _refuse(operator, 0, abi.encodeWithSelector(IRounds.EmptyCommitment.selector));
        vm.prank(operator);
        panel.commit(panelId, "first");
        _refuse(operator, "second", abi.encodeWithSelector(IRounds.AlreadyCommitted.selector, panelId, operator));
    }

    function test_RefusesEarlyLateAndOutOfTurn() public {
        _refusePanelStatus();
        panel.commit(panelId, "c");
        _mine(3);
        panel.assign(panelId);
        uint256 readyBlock = vm.getBlockNumber() + 2;
        address operator = _panelist(panelId, 0);
        _refuse(operator, "c", abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 2, readyBlock));
        _mine(2);
        uint256 deadline = panel.panel(panelId).deadline;
        vm.warp(deadline + 1);
        _refuse(operator, "c", abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
    }

    function _refuse(address operator, bytes32 commitment, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        panel.commit(panelId, commitment);
    }
}
