// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISearchMarket, SearchFailure, SearchStatus} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// expire(searchId)
// ├── when it is open, revealing, or ended: it reverts with WrongSearchStatus
// ├── when a candidate is scored: it reverts with HasBest
// ├── when the window, or a score, may still come: it reverts with DeadlineNotPassed
// └── otherwise the requester is owed the reward
//     ├── at once where nobody committed, where the window failed, and where nobody revealed
//     └── the bonds of those not revealed are burned, unless there was no window
contract ExpireTest is SearchTest {
    function test_WithoutCandidatesAtOnce() public {
        uint256 searchId = _posted();
        _refuseStatus(searchId, SearchStatus.Open);
        vm.warp(START + 1);
        _expire(searchId, SearchFailure.NoCandidate, 0);
        _checkClosed(searchId);
    }

    function test_WithoutCandidatesAlsoOnceTheWindowIsRecorded() public {
        uint256 searchId = _posted();
        _record();
        _checkSearch(searchId, SearchStatus.Scoring);
        _expire(searchId, SearchFailure.NoCandidate, 0);
        _checkClosed(searchId);
    }

    function test_WithoutAWindowOnceThereCannotBeOne() public {
        uint256 searchId = _committed();
        uint256 last = END + COMMIT + REVEAL;
        vm.warp(last);
        vm.assertEq(searches.search(searchId).deadline, last);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.DeadlineNotPassed.selector, last, last));
        searches.expire(searchId);
        vm.warp(last + 1);
        _expire(searchId, SearchFailure.NoWindow, 0);
        vm.assertEq(_owed(rita), REWARD);
        vm.assertEq(_held(), 3 * BOND);
    }

    /// @dev In the last second a window may be recorded, and the search goes on.
    function test_AWindowOfTheLastSecondCounts() public {
        uint256 searchId = _committed();
        vm.warp(END);
        _commitWindow(0, DIGEST);
        _commitWindow(1, DIGEST);
        vm.warp(END + COMMIT + REVEAL);
        _revealWindow(0, DIGEST);
        _revealWindow(1, DIGEST);
        _pass(1);
        _checkSearch(searchId, SearchStatus.Revealing);
        _refuseStatus(searchId, SearchStatus.Revealing);
    }

    function test_WithAFailedWindowAtOnce() public {
        uint256 searchId = _committed();
        _committed(DIGEST, LIE, keccak256("a third thing"));
        _revealWindow(0, DIGEST);
        _revealWindow(1, LIE);
        _revealWindow(2, keccak256("a third thing"));
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.DeadlineNotPassed.selector, END, END + COMMIT + REVEAL));
        searches.expire(searchId);
        windows.closeWindow(key);
        _expire(searchId, SearchFailure.NoWindow, 0);
    }

    function test_WithoutARevealTheBondsBurn() public {
        uint256 searchId = _recorded();
        _refuseStatus(searchId, SearchStatus.Revealing);
        _runOut(searchId);
        _expire(searchId, SearchFailure.NoCandidate, 3 * BOND);
        vm.assertEq(_owed(rita), REWARD);
        vm.assertEq(_owed(BURN), 3 * BOND);
        _checkClosed(searchId);
    }

    function test_WithoutAScoreOnceThereCannotBeOne() public {
        uint256 searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _runOut(searchId);
        uint256 deadline = searches.search(searchId).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.DeadlineNotPassed.selector, deadline, deadline));
        searches.expire(searchId);
        vm.warp(deadline + 1);
        _expire(searchId, SearchFailure.NoScore, 2 * BOND);
        vm.assertEq(_owed(ada), BOND);
        _checkClosed(searchId);
        _refuseStatus(searchId, SearchStatus.Failed);
    }

    function test_RefusesWhereACandidateIsScored() public {
        uint256 searchId = _revealed();
        _score(searchId, 1, ONE, HALF);
        bytes memory reason = abi.encodeWithSelector(ISearchMarket.HasBest.selector, searchId, 1);
        vm.expectRevert(reason);
        searches.expire(searchId);
        _runOut(searchId);
        vm.expectRevert(reason);
        searches.expire(searchId);
        searches.finalize(searchId);
    }

    function _expire(uint256 searchId, SearchFailure reason, uint256 burned) private {
        vm.expectEmit(address(searches));
        emit ISearchMarket.SearchFailed(searchId, reason, REWARD, burned);
        vm.prank(eve);
        searches.expire(searchId);
        _checkSearch(searchId, SearchStatus.Failed);
    }

    function _refuseStatus(uint256 searchId, SearchStatus status) private {
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, status));
        searches.expire(searchId);
    }
}
