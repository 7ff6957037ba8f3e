// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IWindowRegistry, Recording, WindowKey, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {WindowTest} from "./WindowTest.sol";

// commitWindow(window, commitment)
// ├── when the commitment is empty: it reverts with EmptyCommitment
// ├── when the sender is not on the list: it reverts with NotListed
// ├── when less than a lock of its bond is free: it reverts with BondTooLow
// ├── when the window has no venue, no symbol, names that are too long, or no length: it reverts with WindowInvalid
// ├── when the window is not over: it reverts with WindowNotOver
// ├── when the time to commit is over: it reverts with TooLate
// ├── when the sender has committed already: it reverts with AlreadyCommitted
// ├── when n have committed: it reverts with WindowFull
// └── otherwise the lock is tied
//     ├── the first opens the window
//     └── the n-th opens the reveals
contract CommitWindowTest is WindowTest {
    function test_TheFirstOpensTheWindowAndTheLastItsReveals() public {
        _checkStatus(WindowStatus.None);
        vm.warp(END);
        bytes32 commitment = windows.recordingOf(key, recorders[0], DIGEST, SALT);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowOpened(key, _window(), END + COMMIT);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowCommitted(key, recorders[0], commitment);
        _commitWindow(0, DIGEST);
        _checkStatus(WindowStatus.Committing);
        _checkBond(0, LOCK, LOCK);

        _commitWindow(1, DIGEST);
        _pass(7);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowCommitsClosed(key, END + 7 + REVEAL);
        _commitWindow(2, DIGEST);
        _checkStatus(WindowStatus.Revealing);

        Recording[] memory said = windows.recordings(key);
        vm.assertEq(said.length, N);
        vm.assertEq(said[0].recorder, recorders[0]);
        vm.assertEq(said[0].commitment, commitment);
        vm.assertEq(said[0].cidDigest, bytes32(0));
    }

    function test_WithoutTheLastTheRevealsBeginWhenTimeIsUp() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        vm.warp(END + COMMIT);
        _commitWindow(1, DIGEST);
        _checkStatus(WindowStatus.Committing);
        _pass(1);
        _checkStatus(WindowStatus.Revealing);
    }

    function test_RefusesAnEmptyCommitment() public {
        vm.warp(END);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.EmptyCommitment.selector));
        vm.prank(recorders[0]);
        windows.commitWindow(_window(), 0);
    }

    function test_RefusesWhoIsNotListed() public {
        _deposit(eve, LOCK);
        vm.warp(END);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.NotListed.selector, eve));
        vm.prank(eve);
        windows.commitWindow(_window(), "commitment");
    }

    function test_RefusesWhoHasTooLittleToLose() public {
        vm.prank(recorders[0]);
        windows.withdraw(LOCK + 1);
        vm.warp(END);
        vm.expectRevert(
            abi.encodeWithSelector(IWindowRegistry.BondTooLow.selector, recorders[0], uint256(LOCK) - 1, uint256(LOCK))
        );
        vm.prank(recorders[0]);
        windows.commitWindow(_window(), "commitment");
    }

    function test_RefusesWindowsThatAreNone() public {
        WindowKey[5] memory wrong = [_window(), _window(), _window(), _window(), _window()];
        wrong[0].venue = "";
        wrong[1].symbol = "";
        wrong[2].venue = string(new bytes(65));
        wrong[3].symbol = string(new bytes(65));
        wrong[4].start = END;
        vm.warp(END);
        vm.startPrank(recorders[0]);
        for (uint256 i; i < 5; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WindowInvalid.selector));
            windows.commitWindow(wrong[i], "commitment");
        }
        wrong[2].venue = string(new bytes(64));
        windows.commitWindow(wrong[2], "commitment");
    }

    function test_NothingIsSaidOfAWindowBeforeItsEnd() public {
        vm.warp(END - 1);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WindowNotOver.selector, END - 1, uint256(END)));
        vm.prank(recorders[0]);
        windows.commitWindow(_window(), "commitment");

        WindowKey memory endless = _window();
        endless.end = type(uint64).max;
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WindowNotOver.selector, END - 1, type(uint64).max));
        vm.prank(recorders[0]);
        windows.commitWindow(endless, "commitment");
    }

    function test_RefusesWhatComesTooLate() public {
        bytes memory late = abi.encodeWithSelector(IWindowRegistry.TooLate.selector, END + COMMIT + 1, END + COMMIT);
        vm.warp(END + COMMIT + 1);
        vm.expectRevert(late);
        vm.prank(recorders[0]);
        windows.commitWindow(_window(), "commitment");
        _checkStatus(WindowStatus.None);

        vm.warp(END);
        _commitWindow(0, DIGEST);
        vm.warp(END + COMMIT + 1);
        vm.expectRevert(late);
        vm.prank(recorders[1]);
        windows.commitWindow(_window(), "commitment");
    }

    function test_RefusesTheSameRecorderTwice() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.AlreadyCommitted.selector, key, recorders[0]));
        vm.prank(recorders[0]);
        windows.commitWindow(_window(), "commitment");
    }

    /// @dev The owner who changes the list meanwhile cannot make more than n say something of one window.
    function test_RefusesMoreThanMaySayAnything() public {
        _committed(DIGEST, DIGEST, DIGEST);
        windows.listRecorder(recorders[0], false);
        windows.listRecorder(eve, true);
        _deposit(eve, LOCK);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WindowFull.selector, key));
        vm.prank(eve);
        windows.commitWindow(_window(), "commitment");
    }

    function test_ABondIsTiedOncePerWindow() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        WindowKey memory next = _window();
        next.symbol = "ETHUSDT";
        vm.startPrank(recorders[0]);
        windows.commitWindow(next, "commitment");
        _checkBond(0, 0, 2 * LOCK);
        next.symbol = "SOLUSDT";
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.BondTooLow.selector, recorders[0], 0, uint256(LOCK)));
        windows.commitWindow(next, "commitment");
    }
}
