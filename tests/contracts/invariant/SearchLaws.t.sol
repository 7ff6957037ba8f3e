// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {Score} from "../../../contracts/Score.sol";
import {SearchMarket} from "../../../contracts/SearchMarket.sol";
import {WindowRegistry} from "../../../contracts/WindowRegistry.sol";
import {Candidate, CandidateStatus, Search, SearchStatus} from "../../../contracts/interfaces/ISearchMarket.sol";
import {Recording, RecordingRules, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {VM, Vm} from "../base/Vm.sol";
import {SearchWorld} from "./SearchWorld.sol";

/// @notice The laws of searches and windows that hold whatever anyone does, one function each.
contract SearchLawsTest {
    Vm internal constant vm = VM;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    SearchWorld internal world;
    MockUSD internal usd;
    RevenueLedger internal ledger;
    SearchMarket internal searches;
    WindowRegistry internal windows;

    function setUp() public {
        world = new SearchWorld();
        world.setUp();
        (usd, ledger, searches, windows) = world.parts();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](11);
        bytes4[10] memory verbs = [
            world.pass.selector,
            world.post.selector,
            world.commit.selector,
            world.tell.selector,
            world.reveal.selector,
            world.score.selector,
            world.walk.selector,
            world.end.selector,
            world.poke.selector,
            world.claim.selector
        ];
        // A search needs many steps: what takes it through them comes more often.
        for (uint256 i; i < 11; ++i) {
            selectors[i] = i < 10 ? verbs[i] : world.walk.selector;
        }
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(world), selectors: selectors});
    }

    /// @dev Nothing is held but what is not decided: rewards, bonds of candidates, bonds of recorders.
    function invariant_WhatIsHeldIsUndecided() public view {
        vm.assertEq(ledger.held(address(usd)), world.undecided() + world.bonds(), "held = undecided + bonds");
    }

    function invariant_WhatCameInIsHeldOrCameOut() public view {
        uint256 out = world.owed() + world.claimed();
        vm.assertEq(out + ledger.held(address(usd)), world.paidIn(), "in = out + held");
        vm.assertEq(usd.balanceOf(address(ledger)), ledger.total(address(usd)), "balance = total");
    }

    function invariant_StatusMovesOnlyAlongTheTables() public view {
        vm.assertEq(world.strayMoves(), 0);
    }

    /// @dev The best has the highest score, and of the equal ones the lowest number.
    function invariant_TheBestIsTheBest() public view {
        for (uint256 id = 1; id <= searches.searchCount(); ++id) {
            Search memory search = searches.search(id);
            uint256 best;
            (uint256 revealed, uint256 scored) = (0, 0);
            for (uint256 i = 1; i <= search.committed; ++i) {
                Candidate memory each = searches.candidate(id, i);
                if (each.status == CandidateStatus.Revealed) ++revealed;
                if (each.status != CandidateStatus.Scored) continue;
                ++scored;
                if (best == 0 || Score.isAbove(each.score, searches.candidate(id, best).score)) best = i;
            }
            vm.assertEq(search.best, best, "the first of the highest");
            vm.assertEq(search.scored, scored);
            vm.assertEq(search.revealed, revealed + scored);
        }
    }

    /// @dev No candidate of a search is younger than the data that it is scored on.
    function invariant_NothingIsRecordedBeforeCommitsClose() public view {
        for (uint256 id = 1; id <= searches.searchCount(); ++id) {
            Search memory search = searches.search(id);
            (WindowStatus status,, uint256 recordedAt) = windows.windowOf(search.windowKey);
            if (status != WindowStatus.Recorded) continue;
            vm.assertGe(recordedAt, search.windowEnd);
            vm.assertTrue(search.windowEnd > search.commitBy);
        }
    }

    /// @dev What is recorded was revealed by k, and a recorder ties one lock to each window that is not closed.
    function invariant_RecordersSayWhatIsRecordedAndTieTheirBonds() public view {
        RecordingRules memory rules = windows.rules();
        uint256[3] memory open;
        for (uint256 i; i < world.keyCount(); ++i) {
            bytes32 key = world.keys(i);
            (WindowStatus status, bytes32 digest,) = windows.windowOf(key);
            Recording[] memory said = windows.recordings(key);
            uint256 equal;
            for (uint256 j; j < said.length; ++j) {
                if (said[j].cidDigest == digest) ++equal;
            }
            if (status == WindowStatus.Recorded) vm.assertGe(equal, rules.k);
            else vm.assertEq(digest, bytes32(0));
            vm.assertLe(said.length, rules.n);
            for (uint256 j; j < 3; ++j) {
                if (!world.closed(key) && _isAmong(said, world.recorderAt(j))) ++open[j];
            }
        }
        for (uint256 j; j < 3; ++j) {
            vm.assertEq(windows.recorder(world.recorderAt(j)).locked, open[j] * rules.lock, "a lock a window");
        }
    }

    /// @dev That the laws mean something: a walk by the same handlers comes through every state.
    function test_EveryStateIsReached() public {
        world.allow(40);
        for (uint256 i; i < 80; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(i)));
            if (i % 2 == 0) world.post(seed, uint96(seed >> 16), uint96(seed >> 64));
            world.walk(seed >> 32, seed);
            if (i % 4 == 0) world.poke(seed, seed >> 8, seed >> 16);
            if (i % 9 == 0) world.claim(seed);
        }
        for (uint256 i; i < 60; ++i) {
            world.pass(39);
        }
        for (uint256 i; i < searches.searchCount(); ++i) {
            world.end(i);
        }
        for (uint256 status = uint256(SearchStatus.Open); status <= uint256(SearchStatus.Failed); ++status) {
            vm.assertGe(world.reached(SearchStatus(status)), 1);
        }
        for (uint256 status = 1; status <= uint256(WindowStatus.Failed); ++status) {
            vm.assertGe(world.reachedByWindows(WindowStatus(status)), 1);
        }
        vm.assertEq(world.undecided(), 0);
        invariant_WhatIsHeldIsUndecided();
        invariant_WhatCameInIsHeldOrCameOut();
        invariant_StatusMovesOnlyAlongTheTables();
        invariant_TheBestIsTheBest();
    }

    function _isAmong(Recording[] memory said, address account) private pure returns (bool) {
        for (uint256 i; i < said.length; ++i) {
            if (said[i].recorder == account) return true;
        }
        return false;
    }
}
