// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IWindowRegistry, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {WindowTest} from "./WindowTest.sol";

// closeWindow(key)
// ├── when commits are not closed, or nobody committed: it reverts with WrongWindowStatus
// ├── when some have not revealed and may still: it reverts with DeadlineNotPassed
// ├── when it is closed: it reverts with AlreadyClosed
// └── otherwise
//     ├── where a window was recorded, who said otherwise or nothing loses the lock, and nobody else
//     └── where none was, nobody does
contract CloseWindowTest is WindowTest {
    function test_FreesThoseThatAgree() public {
        _record();
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowClosed(key, WindowStatus.Recorded, DIGEST, 0);
        vm.prank(eve);
        windows.closeWindow(key);
        for (uint256 i; i < N; ++i) {
            _checkBond(i, 2 * LOCK, 0);
        }
        _checkStatus(WindowStatus.Recorded);
        vm.assertEq(ledger.held(address(usd)), N * 2 * LOCK);
    }

    function test_BurnsTheLockOfWhoDeviates() public {
        _committed(DIGEST, LIE, DIGEST);
        _revealWindow(0, DIGEST);
        _revealWindow(1, LIE);
        _revealWindow(2, DIGEST);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowClosed(key, WindowStatus.Recorded, DIGEST, LOCK);
        windows.closeWindow(key);
        _checkBond(0, 2 * LOCK, 0);
        _checkBond(1, LOCK, 0);
        vm.assertEq(_owed(BURN), LOCK);
        vm.assertEq(ledger.held(address(usd)), (N * 2 - 1) * LOCK);
    }

    function test_BurnsTheLockOfWhoOnlyCommits() public {
        _committed(DIGEST, DIGEST, DIGEST);
        _revealWindow(0, DIGEST);
        _revealWindow(2, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.DeadlineNotPassed.selector, uint256(END), END + REVEAL));
        windows.closeWindow(key);
        _pass(REVEAL + 1);
        windows.closeWindow(key);
        _checkBond(1, LOCK, 0);
        vm.assertEq(_owed(BURN), LOCK);
    }

    function test_WhereNothingWasRecordedNobodyLoses() public {
        _committed(DIGEST, LIE, keccak256("a third thing"));
        _revealWindow(0, DIGEST);
        _revealWindow(1, LIE);
        _pass(REVEAL + 1);
        _checkStatus(WindowStatus.Failed);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowClosed(key, WindowStatus.Failed, 0, 0);
        windows.closeWindow(key);
        for (uint256 i; i < N; ++i) {
            _checkBond(i, 2 * LOCK, 0);
        }
        vm.assertEq(_owed(BURN), 0);
        _checkStatus(WindowStatus.Failed);
    }

    /// @dev Once all have said what they say, there is nothing to wait for.
    function test_AMissedQuorumFailsAtOnce() public {
        _committed(DIGEST, LIE, keccak256("a third thing"));
        _revealWindow(0, DIGEST);
        _revealWindow(1, LIE);
        _revealWindow(2, keccak256("a third thing"));
        _checkStatus(WindowStatus.Revealing);
        windows.closeWindow(key);
        _checkStatus(WindowStatus.Failed);
    }

    function test_OneRecorderAloneRecordsNothing() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        _pass(COMMIT + 1);
        _revealWindow(0, DIGEST);
        windows.closeWindow(key);
        _checkStatus(WindowStatus.Failed);
        _checkBond(0, 2 * LOCK, 0);
    }

    function test_RefusesTooEarlyAndTwice() public {
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WrongWindowStatus.selector, key, WindowStatus.None));
        windows.closeWindow(key);
        vm.warp(END);
        _commitWindow(0, DIGEST);
        vm.expectRevert(
            abi.encodeWithSelector(IWindowRegistry.WrongWindowStatus.selector, key, WindowStatus.Committing)
        );
        windows.closeWindow(key);
        _commitWindow(1, DIGEST);
        _commitWindow(2, DIGEST);
        _pass(REVEAL + 1);
        windows.closeWindow(key);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.AlreadyClosed.selector, key));
        windows.closeWindow(key);
    }

    /// @dev Whatever three recorders say, and whether they say it: two equal ones decide, and only who is not one of them
    /// pays.
    function testFuzz_OnlyWhoDeviatesPays(uint8[3] memory words, bool[3] memory silent) public {
        bytes32[3] memory said;
        for (uint256 i; i < 3; ++i) {
            said[i] = bytes32(uint256(1 + words[i] % 3));
        }
        _committed(said[0], said[1], said[2]);
        for (uint256 i; i < 3; ++i) {
            if (!silent[i]) _revealWindow(i, said[i]);
        }
        _pass(REVEAL + 1);
        windows.closeWindow(key);
        (WindowStatus status, bytes32 digest,) = windows.windowOf(key);
        uint256 burned;
        for (uint256 i; i < 3; ++i) {
            bool agrees = !silent[i] && said[i] == digest;
            bool pays = status == WindowStatus.Recorded && !agrees;
            _checkBond(i, pays ? LOCK : 2 * LOCK, 0);
            if (pays) burned += LOCK;
        }
        vm.assertLe(burned, LOCK);
        vm.assertEq(_owed(BURN), burned);
        vm.assertEq(ledger.held(address(usd)), N * 2 * LOCK - burned);
    }
}
