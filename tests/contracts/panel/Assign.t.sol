// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {IPanel, PanelState, PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {PanelTest} from "./PanelTest.sol";

// assign(panelId)
// ├── when the panel is not called: it reverts with WrongPanelStatus
// ├── when its time is over: it reverts with TooLate
// ├── before the seed is confirmed: it reverts with TooEarly
// ├── when the seed is too old: it waits for another block, as long as it has time
// ├── of a panel
// │   ├── when fewer than three are eligible: it reverts with TooFewEligible, and may find more until its time is over
// │   └── otherwise three, five or seven who had no part in the job are seated; who is one too many goes free
// └── of an audit
//     ├── when nobody is eligible: it is decided without a verdict
//     └── otherwise one is seated
contract PanelAssignTest is PanelTest {
    function test_SeatsSevenWhoHadNoPart() public {
        _mine(3);
        vm.prank(eve);
        panel.assign(panelId);

        PanelState memory seated = panel.panel(panelId);
        vm.assertEq(uint256(seated.status), uint256(PanelStatus.Assigned));
        vm.assertEq(seated.size, 7);
        vm.assertEq(seated.readyBlock, vm.getBlockNumber() + 2);
        vm.assertEq(seated.deadline, vm.getBlockTimestamp() + 60 + FUEL / 500_000_000);
        for (uint256 i; i < 7; ++i) {
            address operator = _panelist(panelId, i);
            vm.assertEq(staking.operator(operator).locked, LOCK);
            for (uint256 j; j < 3; ++j) {
                vm.assertFalse(operator == _seat(jobId, j).operator);
            }
            for (uint256 j; j < i; ++j) {
                vm.assertFalse(operator == _panelist(panelId, j));
            }
        }
    }

    function testFuzz_SeatsAnOddNumberOfWhoeverIsLeft(uint8 left) public {
        left = 3 + left % 6;
        _leaveBut(left);
        _mine(3);
        panel.assign(panelId);
        uint256 size = left == 8 ? 7 : left - 1 + left % 2;
        vm.assertEq(panel.panel(panelId).size, size);
        vm.assertEq(panel.seats(panelId).length, size);
        uint256 locked;
        for (uint256 i; i < operators.length; ++i) {
            locked += staking.operator(operators[i]).locked;
        }
        vm.assertEq(locked, (3 + size) * LOCK);
        _checkPanel(panelId, PanelStatus.Assigned);
    }

    function testFuzz_TooFewEligibleMayBeMoreLater(uint8 left) public {
        left = left % 3;
        _leaveBut(left);
        _mine(3);
        _refuseTooFew(left);
        panel.assign(panelId);
        _checkPanel(panelId, PanelStatus.Called);
        for (uint256 i; i < operators.length; ++i) {
            if (staking.operator(operators[i]).locked != 0) continue;
            _fund(operators[i], 1);
            vm.prank(operators[i]);
            staking.stake(1);
        }
        _mine(33);
        panel.assign(panelId);
        _mine(3);
        panel.assign(panelId);
        vm.assertEq(panel.panel(panelId).size, 7);
    }

    function test_TooFewEligibleDecideNothingInTheEnd() public {
        _leaveBut(2);
        _mine(3);
        _refuseTooFew(2);
        panel.assign(panelId);
        _runOutPanel(panelId);
        panel.expire(panelId);
        vm.assertEq(panel.panel(panelId).votes, 0);
        jobs.resolve(jobId);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
    }

    function test_WhoHasNotTheLockFreeIsPassedOver() public {
        for (uint256 i; i < operators.length; ++i) {
            if (staking.operator(operators[i]).locked != 0) continue;
            vm.prank(operators[i]);
            staking.requestUnbond(MINIMUM_STAKE - LOCK + 1);
        }
        _mine(3);
        _refuseTooFew(0);
        panel.assign(panelId);
    }

    function test_AnAuditSeatsOne() public {
        vm.prank(address(jobs));
        uint256 audit = panel.convene(jobId, true, FUEL, 1e6);
        _mine(3);
        panel.assign(audit);
        Seat[] memory seats = panel.seats(audit);
        vm.assertEq(seats.length, 1);
        vm.assertEq(staking.operator(seats[0].operator).locked, 1e6);
    }

    function test_AnAuditWithNobodyDecidesNothing() public {
        vm.prank(address(jobs));
        uint256 audit = panel.convene(jobId, true, FUEL, 1e6);
        _leaveBut(0);
        _mine(3);
        panel.assign(audit);
        _checkPanel(audit, PanelStatus.Decided);
        vm.assertEq(panel.panel(audit).votes, 0);
    }

    function test_RefusesBeforeTheSeedIsConfirmed() public {
        uint256 readyBlock = panel.panel(panelId).readyBlock;
        vm.assertEq(readyBlock, vm.getBlockNumber() + 3);
        _mine(2);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, readyBlock - 1, readyBlock));
        panel.assign(panelId);
    }

    function test_ArmsAnewWhenTheSeedIsTooOld() public {
        uint256 deadline = panel.panel(panelId).deadline;
        _mine(33);
        vm.expectEmit(address(panel));
        emit IPanel.PanelRearmed(panelId, vm.getBlockNumber() + 3);
        panel.assign(panelId);
        vm.assertEq(panel.panel(panelId).deadline, deadline);
        _mine(3);
        panel.assign(panelId);
        _checkPanel(panelId, PanelStatus.Assigned);
    }

    function test_RefusesLateAndTwice() public {
        uint256 deadline = panel.panel(panelId).deadline;
        vm.warp(deadline);
        _mine(3);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 3, deadline));
        panel.assign(panelId);
        vm.warp(deadline);
        panel.assign(panelId);
        _refusePanelStatus();
        panel.assign(panelId);
    }

    function _refuseTooFew(uint256 found) private {
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.TooFewEligible.selector, found, 3));
    }
}
