// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Panel} from "../../../contracts/Panel.sol";
import {IPanel, PanelState, PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind, Windows} from "../../../contracts/interfaces/IRounds.sol";
import {PanelTest} from "./PanelTest.sol";

// convene(jobId, audit, fuel, lock)
// ├── when the sender is not the JobMarket: it reverts with NotJobMarket
// └── otherwise a panel is called that can be drawn by the next block's hash
contract ConveneTest is PanelTest {
    function test_CallsAPanel() public {
        vm.expectEmit(address(panel));
        emit IPanel.Called(2, 7, true, vm.getBlockNumber() + 3, vm.getBlockTimestamp() + 120);
        vm.prank(address(jobs));
        vm.assertEq(panel.convene(7, true, 5, 6), 2);

        PanelState memory called = panel.panel(2);
        vm.assertEq(uint256(called.status), uint256(PanelStatus.Called));
        vm.assertEq(called.jobId, 7);
        vm.assertTrue(called.audit);
        vm.assertEq(called.fuel, 5);
        vm.assertEq(called.lock, 6);
        vm.assertEq(called.size, 0);
        vm.assertEq(uint256(called.kind), uint256(OutcomeKind.None));
        vm.assertEq(panel.seats(2).length, 0);
        vm.assertEq(panel.panelCount(), 2);
    }

    function test_RefusesAllButTheJobMarket() public {
        vm.expectRevert(abi.encodeWithSelector(IPanel.NotJobMarket.selector, eve));
        vm.prank(eve);
        panel.convene(1, false, 5, 6);
    }

    function test_RecordsOfUnknownPanelsAreRefused() public {
        bytes memory unknown = abi.encodeWithSelector(IPanel.UnknownPanel.selector, 9);
        vm.expectRevert(unknown);
        panel.panel(9);
        vm.expectRevert(unknown);
        panel.seats(9);
        vm.expectRevert(unknown);
        panel.assign(9);
        vm.expectRevert(unknown);
        panel.expire(9);
    }

    function test_RefusesADeploymentWithImpossibleWindows() public {
        vm.assertEq(keccak256(abi.encode(panel.windows())), keccak256(abi.encode(_windows())));
        Windows memory windows = _windows();
        windows.confirmations = 0;
        vm.expectRevert(abi.encodeWithSelector(IRounds.WindowsInvalid.selector));
        new Panel(jobs, staking, windows);
    }
}
