// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IWindowRegistry, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {WindowTest} from "./WindowTest.sol";

// revealWindow(key, cidDigest, salt)
// ├── when the digest is empty: it reverts with EmptyDigest
// ├── when commits are not closed, or nobody committed: it reverts with WrongWindowStatus
// ├── when the time to reveal is over: it reverts with TooLate
// ├── when the sender did not commit: it reverts with NotRecorder
// ├── when it has revealed already: it reverts with AlreadyRevealed
// ├── when it is not what it committed to: it reverts with CommitmentMismatch
// └── otherwise it is kept
//     ├── the k-th equal one records the window
//     └── what comes after that changes nothing of it
contract RevealWindowTest is WindowTest {
    function test_TheSecondEqualOneRecordsTheWindow() public {
        _committed(DIGEST, LIE, DIGEST);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowRevealed(key, recorders[0], DIGEST);
        _revealWindow(0, DIGEST);
        _revealWindow(1, LIE);
        _checkStatus(WindowStatus.Revealing);
        _pass(5);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.WindowRecorded(key, DIGEST);
        _revealWindow(2, DIGEST);

        (WindowStatus status, bytes32 digest, uint256 recordedAt) = windows.windowOf(key);
        vm.assertEq(uint256(status), uint256(WindowStatus.Recorded));
        vm.assertEq(digest, DIGEST);
        vm.assertEq(recordedAt, END + 5);
    }

    function test_WhatComesAfterChangesNothing() public {
        _committed(DIGEST, DIGEST, DIGEST);
        _revealWindow(0, DIGEST);
        _revealWindow(1, DIGEST);
        _pass(5);
        _revealWindow(2, DIGEST);
        (, bytes32 digest, uint256 recordedAt) = windows.windowOf(key);
        vm.assertEq(digest, DIGEST);
        vm.assertEq(recordedAt, END);
        vm.assertEq(windows.recordings(key)[2].cidDigest, DIGEST);
    }

    function test_TwoOfTwoCommitsAreEnough() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        _commitWindow(2, DIGEST);
        vm.warp(END + COMMIT + 1);
        _revealWindow(2, DIGEST);
        vm.warp(END + COMMIT + REVEAL);
        _revealWindow(0, DIGEST);
        _checkStatus(WindowStatus.Recorded);
        vm.warp(END + 365 days);
        _checkStatus(WindowStatus.Recorded);
    }

    function test_RefusesBeforeCommitsAreClosed() public {
        vm.prank(recorders[0]);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WrongWindowStatus.selector, key, WindowStatus.None));
        windows.revealWindow(key, DIGEST, SALT);
        vm.warp(END);
        _commitWindow(0, DIGEST);
        vm.expectRevert(
            abi.encodeWithSelector(IWindowRegistry.WrongWindowStatus.selector, key, WindowStatus.Committing)
        );
        vm.prank(recorders[0]);
        windows.revealWindow(key, DIGEST, SALT);
    }

    function test_RefusesWhatComesTooLate() public {
        _committed(DIGEST, DIGEST, DIGEST);
        _pass(REVEAL + 1);
        _checkStatus(WindowStatus.Failed);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.TooLate.selector, END + REVEAL + 1, END + REVEAL));
        vm.prank(recorders[0]);
        windows.revealWindow(key, DIGEST, SALT);
    }

    function test_RefusesWhoDidNotCommit() public {
        _committed(DIGEST, DIGEST, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.NotRecorder.selector, key, eve));
        vm.prank(eve);
        windows.revealWindow(key, DIGEST, SALT);
    }

    function test_RefusesAnEmptyDigestOrASecondOne() public {
        _committed(DIGEST, DIGEST, DIGEST);
        vm.startPrank(recorders[0]);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.EmptyDigest.selector));
        windows.revealWindow(key, 0, SALT);
        windows.revealWindow(key, DIGEST, SALT);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.AlreadyRevealed.selector, key, recorders[0]));
        windows.revealWindow(key, DIGEST, SALT);
    }

    function test_RefusesWhatWasNotCommittedTo() public {
        _committed(DIGEST, DIGEST, DIGEST);
        bytes32 expected = windows.recordingOf(key, recorders[0], DIGEST, SALT);
        bytes32 actual = windows.recordingOf(key, recorders[0], LIE, SALT);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.CommitmentMismatch.selector, expected, actual));
        vm.prank(recorders[0]);
        windows.revealWindow(key, LIE, SALT);
    }

    /// @dev A lazy recorder that commits to another's words cannot say them: they name who committed.
    function test_Attack_CopiedCommitment() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        bytes32 copied = windows.recordingOf(key, recorders[0], DIGEST, SALT);
        vm.prank(recorders[1]);
        windows.commitWindow(_window(), copied);
        _commitWindow(2, DIGEST);
        _revealWindow(0, DIGEST);
        bytes32 own = windows.recordingOf(key, recorders[1], DIGEST, SALT);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.CommitmentMismatch.selector, copied, own));
        vm.prank(recorders[1]);
        windows.revealWindow(key, DIGEST, SALT);
    }

    function testFuzz_ACommitmentNamesChainContractWindowAndRecorder(uint64 chain, bytes32 other, address who) public {
        bytes32 own = windows.recordingOf(key, recorders[0], DIGEST, SALT);
        vm.assume(other != key && who != recorders[0] && chain != 0 && chain != block.chainid);
        vm.assertTrue(own != windows.recordingOf(other, recorders[0], DIGEST, SALT));
        vm.assertTrue(own != windows.recordingOf(key, who, DIGEST, SALT));
        vm.chainId(chain);
        vm.assertTrue(own != windows.recordingOf(key, recorders[0], DIGEST, SALT));
    }
}
