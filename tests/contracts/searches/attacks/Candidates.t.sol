// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Job} from "../../../../contracts/interfaces/IJobMarket.sol";
import {ISearchMarket, SearchFailure, SearchStatus} from "../../../../contracts/interfaces/ISearchMarket.sol";
import {IWindowRegistry} from "../../../../contracts/interfaces/IWindowRegistry.sol";
import {SearchTest} from "../SearchTest.sol";

/// @notice Attacks on who wins: to say what others found, to know the data before, to be paid for what was not scored.
contract CandidateAttackTest is SearchTest {
    function setUp() public override {
        super.setUp();
        _fund(eve, 10_000e6);
    }

    /// @dev Eve copies ada's commitment from the mempool, before or after it. She cannot reveal it, and it costs her bond.
    function test_Attack_CopiedCommitment() public {
        uint256 searchId = _posted();
        bytes32 copied = searches.commitmentOf(searchId, ada, ONE, SALT);
        vm.prank(eve);
        searches.commit(searchId, copied);
        _commit(searchId, ada, ONE);
        _record();
        _reveal(searchId, 2, ONE);
        bytes32 own = searches.commitmentOf(searchId, eve, ONE, SALT);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.CommitmentMismatch.selector, copied, own));
        vm.prank(eve);
        searches.reveal(searchId, 1, _template(), ONE, SALT);
        _runOut(searchId);
        _score(searchId, 2, ONE, HALF);
        searches.finalize(searchId);
        vm.assertEq(_owed(ada), REWARD + BOND);
        vm.assertEq(_owed(BURN), BOND);
        vm.assertEq(_held(), 0);
    }

    /// @dev A commitment of one search is none of another.
    function test_Attack_CommitmentReplayedInAnotherSearch() public {
        uint256 first = _posted();
        uint256 second = _posted();
        bytes32 commitment = searches.commitmentOf(first, ada, ONE, SALT);
        vm.prank(ada);
        searches.commit(second, commitment);
        _record();
        bytes32 wanted = searches.commitmentOf(second, ada, ONE, SALT);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.CommitmentMismatch.selector, commitment, wanted));
        vm.prank(ada);
        searches.reveal(second, 1, _template(), ONE, SALT);
    }

    /// @dev Two who found the same, each by itself, are both good; who committed first is paid.
    function test_EqualCandidatesAreBothGood() public {
        uint256 searchId = _posted();
        _commit(searchId, ben, ONE);
        _commit(searchId, ada, ONE);
        _record();
        _reveal(searchId, 2, ONE);
        _reveal(searchId, 1, ONE);
        vm.assertEq(searches.candidate(searchId, 1).specHash, searches.candidate(searchId, 2).specHash);
        _score(searchId, 2, ONE, HALF);
        _score(searchId, 1, ONE, HALF);
        searches.finalize(searchId);
        vm.assertEq(_owed(ben), REWARD + BOND);
        vm.assertEq(_owed(ada), BOND);
    }

    /// @dev A job says what its spec scores. It may be shown for every candidate of that spec, which moves no reward: they tie.
    /// For another candidate it says nothing.
    function test_Attack_ReplayedJob() public {
        uint256 searchId = _posted();
        _commit(searchId, ben, ONE);
        _commit(searchId, ada, ONE);
        _commit(searchId, eve, TWO);
        _record();
        _reveal(searchId, 1, ONE);
        _reveal(searchId, 2, ONE);
        _reveal(searchId, 3, TWO);
        uint256 jobId = _score(searchId, 2, ONE, HALF);
        searches.score(searchId, 1, jobId, _document(HALF));
        vm.assertEq(searches.search(searchId).best, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISearchMarket.SpecMismatch.selector, keccak256(_specOf(TWO)), keccak256(_specOf(ONE))
            )
        );
        searches.score(searchId, 3, jobId, _document(HALF));
    }

    /// @dev The window's content is not there while anyone may commit: recorders cannot say anything before its end, which is
    /// after its start, at which commits are closed at the latest.
    function testFuzz_Attack_WindowRecordedBeforeCommitsClose(uint64 time) public {
        uint256 searchId = _committed();
        time = uint64(vm.getBlockTimestamp()) + time % (END - uint64(vm.getBlockTimestamp()));
        vm.warp(time);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.WindowNotOver.selector, time, END));
        vm.prank(recorders[0]);
        windows.commitWindow(_window(), "commitment");
        if (time > START) {
            vm.expectRevert(
                abi.encodeWithSelector(ISearchMarket.WrongSearchStatus.selector, searchId, SearchStatus.Awaiting)
            );
        }
        vm.prank(ada);
        searches.commit(searchId, "commitment");
    }

    /// @dev Who looks at the window first and shows only what did well there loses the bond of everything else.
    function test_Attack_ManyTicketsAndOneIsShown() public {
        uint256 searchId = _posted();
        for (uint256 i; i < 40; ++i) {
            _commit(searchId, eve, abi.encode(i));
        }
        _record();
        _reveal(searchId, 17, abi.encode(16));
        _runOut(searchId);
        _score(searchId, 17, abi.encode(16), HALF);
        searches.finalize(searchId);
        vm.assertEq(_owed(BURN), 39 * BOND);
        vm.assertEq(usd.balanceOf(eve) + _owed(eve), 10_000e6 + REWARD - 39 * BOND);
    }

    /// @dev However many candidates a spoiler commits, nobody is kept out, no act of others costs more, and the end comes when
    /// it would have come: they are counted, never walked through.
    function test_Attack_ManyCandidates() public {
        uint256 searchId = _posted();
        _commit(searchId, ada, ONE);
        for (uint256 i; i < 300; ++i) {
            vm.prank(eve);
            searches.commit(searchId, bytes32(1 + i));
        }
        _commit(searchId, ben, TWO);
        _record();
        _reveal(searchId, 1, ONE);
        _reveal(searchId, 302, TWO);
        _runOut(searchId);
        _score(searchId, 1, ONE, HALF);
        _score(searchId, 302, TWO, QUARTER);
        searches.finalize(searchId);
        vm.assertLe(vm.lastCallGas().gasTotalUsed, 150_000);
        vm.assertEq(_owed(BURN), 300 * BOND);
        vm.assertEq(_owed(ada), REWARD + BOND);
        vm.assertEq(_held(), 0);
    }

    /// @dev A rival that reveals and is not scored holds the reward up, but not for ever, and anyone may score it.
    function test_Attack_RevealedAndNeverScored() public {
        uint256 searchId = _posted();
        _commit(searchId, ada, ONE);
        _commit(searchId, eve, TWO);
        _record();
        _reveal(searchId, 1, ONE);
        _reveal(searchId, 2, TWO);
        _score(searchId, 1, ONE, HALF);
        uint256 deadline = searches.search(searchId).deadline;
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.DeadlineNotPassed.selector, END, deadline));
        searches.finalize(searchId);
        _score(searchId, 2, TWO, QUARTER);
        searches.finalize(searchId);
        vm.assertEq(_owed(ada), REWARD + BOND);
    }

    /// @dev A scorer that gives no number scores nothing, whatever it is fed with.
    function test_Attack_NotANumber() public {
        uint256 searchId = _posted();
        _commit(searchId, eve, ONE);
        _record();
        _reveal(searchId, 1, ONE);
        uint64 nan = 0x7ff8000000000000;
        uint256 jobId = jobs.write(_jobOf(ONE, nan));
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
        searches.score(searchId, 1, jobId, _document(nan));
        _runOut(searchId);
        vm.expectEmit(address(searches));
        emit ISearchMarket.SearchFailed(searchId, SearchFailure.NoScore, REWARD, 0);
        searches.expire(searchId);
        vm.assertEq(_held(), 0);
    }

    /// @dev A job of one operator, or one that pays next to nothing, cannot stand for what the requester asked for.
    function test_Attack_CheapJobOfOnesOwn() public {
        uint256 searchId = _posted();
        _commit(searchId, eve, ONE);
        _record();
        _reveal(searchId, 1, ONE);
        Job memory own = _jobOf(ONE, HALF);
        (own.n, own.k, own.fee) = (1, 1, FEE);
        uint256 jobId = jobs.write(own);
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.JobMismatch.selector, jobId));
        searches.score(searchId, 1, jobId, _document(HALF));
    }
}
