// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IWindowRegistry, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {WindowTest} from "./WindowTest.sol";

// listRecorder(account, listed)
// ├── when the sender is not the owner: it reverts with AccessManagedUnauthorized
// ├── when it is on the list, or not on it, already: it reverts with AlreadyListed or NotListed
// ├── when the list is full: it reverts with ListFull
// └── otherwise
//     ├── on the list it may commit
//     └── off it commits no more, but reveals and withdraws what is its own
contract ListRecorderTest is WindowTest {
    function test_OnlyTheOwnerLists() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve));
        vm.prank(eve);
        windows.listRecorder(eve, true);
    }

    function test_RefusesWhatIsSoAlready() public {
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.AlreadyListed.selector, recorders[0]));
        windows.listRecorder(recorders[0], true);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.NotListed.selector, eve));
        windows.listRecorder(eve, false);
    }

    function test_TheListHoldsAsManyAsMayCommit() public {
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.ListFull.selector, N));
        windows.listRecorder(eve, true);

        vm.expectEmit(address(windows));
        emit IWindowRegistry.RecorderListed(recorders[2], false);
        windows.listRecorder(recorders[2], false);
        windows.listRecorder(eve, true);
        vm.assertEq(windows.recorderCount(), N);
        vm.assertTrue(windows.recorder(eve).listed);
        vm.assertFalse(windows.recorder(recorders[2]).listed);
    }

    function test_WhoIsTakenOffKeepsItsBondAndItsSay() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        _commitWindow(1, DIGEST);
        windows.listRecorder(recorders[0], false);
        windows.listRecorder(recorders[2], false);

        bytes32 commitment = windows.recordingOf(key, recorders[2], DIGEST, SALT);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.NotListed.selector, recorders[2]));
        vm.prank(recorders[2]);
        windows.commitWindow(_window(), commitment);

        _pass(COMMIT + 1);
        _revealWindow(0, DIGEST);
        _revealWindow(1, DIGEST);
        _checkStatus(WindowStatus.Recorded);
        windows.closeWindow(key);
        vm.prank(recorders[0]);
        windows.withdraw(2 * LOCK);
        vm.assertEq(_owed(recorders[0]), 2 * LOCK);
    }
}
