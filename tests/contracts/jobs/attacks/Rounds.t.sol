// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Failure, IJobMarket, JobTerms, Status} from "../../../../contracts/interfaces/IJobMarket.sol";
import {PanelStatus} from "../../../../contracts/interfaces/IPanel.sol";
import {IRounds, OutcomeKind} from "../../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../../base/JobTest.sol";

/// @notice The cheatcodes that go back in time.
interface Time {
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool done);
}

/// @notice Attacks on commit and reveal: to be paid for what another has run, or to change one's mind.
contract RoundsAttackTest is JobTest {
    Time private constant TIME = Time(address(vm));
    uint256 private constant LOCK = uint256(FEE) * LOCK_MULTIPLE;

    function setUp() public override {
        super.setUp();
        _addOperators(CROWD - 5, MINIMUM_STAKE);
        _fund(eve, 100e6);
    }

    /// @dev Who copies what another committed to can never open it, and pays for having withheld.
    function test_Attack_CopiedCommit() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        address copier = _seat(jobId, 2).operator;
        bytes32 copied = _seat(jobId, 0).commitment;
        vm.prank(copier);
        jobs.commit(jobId, copied);
        _mine(2);
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        _refuseReveal(jobId, copier, copied);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.tally(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        vm.assertEq(_owed(copier), 0);
        vm.assertEq(_stakeOf(copier), MINIMUM_STAKE - LOCK / 5);
        _checkClosed(jobId);
    }

    /// @dev A seat cannot be filled, nor revealed, by anyone but its operator, whatever that one has published.
    function test_Attack_ReplayByAnotherOperator() public {
        uint256 jobId = _committed();
        address other = operators[0];
        for (uint256 i; staking.operator(other).locked != 0; ++i) {
            other = operators[i];
        }
        vm.expectRevert(abi.encodeWithSelector(IRounds.NotAssignee.selector, jobId, other));
        vm.prank(other);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
    }

    function test_Attack_ReplayInAnotherJob() public {
        (uint256 first, uint256 second, address both) = _twoJobsOfOneOperator();
        _commit(first, 0, OutcomeKind.Result, TRUTH);
        bytes32 replayed = _seat(first, 0).commitment;
        vm.prank(both);
        jobs.commit(second, replayed);
        _mine(2);
        _refuseReveal(second, both, replayed);
    }

    function test_Attack_ReplayInAPanel() public {
        uint256 jobId = _disagreed();
        uint256 panelId = _convened(jobId);
        vm.assertEq(jobId, panelId);
        address copier = _panelist(panelId, 0);
        bytes32 copied = _seat(jobId, 0).commitment;
        vm.prank(copier);
        panel.commit(panelId, copied);
        for (uint256 i = 1; i < 7; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, TRUTH);
        }
        _mine(2);
        bytes32 hash = _hash(OutcomeKind.Result, TRUTH);
        bytes32 needed = panel.commitmentOf(panelId, copier, hash, SALT);
        // Even of the same operator in a job of the same number it would be another.
        vm.assertFalse(needed == jobs.commitmentOf(jobId, copier, hash, SALT));
        vm.expectRevert(abi.encodeWithSelector(IRounds.CommitmentMismatch.selector, copied, needed));
        vm.prank(copier);
        panel.reveal(panelId, OutcomeKind.Result, TRUTH, SALT);
    }

    function test_Attack_EarlyReveal() public {
        uint256 jobId = _assigned();
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        address operator = _seat(jobId, 0).operator;
        _refuseStatus(jobId);
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        _commit(jobId, 2, OutcomeKind.Result, TRUTH);
        uint256 present = vm.getBlockNumber();
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, present, present + 2));
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
    }

    function test_Attack_LateReveal() public {
        uint256 jobId = _committed();
        uint256 deadline = jobs.job(jobId).deadline;
        address operator = _seat(jobId, 0).operator;
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooLate.selector, deadline + 1, deadline));
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
        jobs.expire(jobId);
        vm.assertEq(_stakeOf(operator), MINIMUM_STAKE - LOCK / 5);
    }

    function test_Attack_DoubleReveal() public {
        uint256 jobId = _committed();
        address operator = _seat(jobId, 0).operator;
        _reveal(jobId, 0, OutcomeKind.Result, TRUTH);
        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyRevealed.selector, jobId, operator));
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
        vm.assertEq(jobs.job(jobId).revealed, 1);
    }

    function test_Attack_WrongSalt() public {
        uint256 jobId = _committed();
        address operator = _seat(jobId, 0).operator;
        bytes32 actual = jobs.commitmentOf(jobId, operator, _hash(OutcomeKind.Result, TRUTH), "pepper");
        bytes32 expected = _seat(jobId, 0).commitment;
        vm.expectRevert(abi.encodeWithSelector(IRounds.CommitmentMismatch.selector, expected, actual));
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, "pepper");
    }

    /// @dev A commitment to more than may be revealed is one that cannot be opened.
    function test_Attack_OversizeResult() public {
        bytes memory large = new bytes(4097);
        uint256 jobId = _assigned();
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, OutcomeKind.Result, i == 0 ? large : TRUTH);
        }
        _mine(2);
        address operator = _seat(jobId, 0).operator;
        vm.expectRevert(abi.encodeWithSelector(IRounds.OutcomeInvalid.selector, 4097, 4096));
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, large, SALT);
        _reveal(jobId, 1, OutcomeKind.Result, TRUTH);
        _reveal(jobId, 2, OutcomeKind.Result, TRUTH);
        _runOut(jobId);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Proposed);
        vm.assertEq(_stakeOf(operator), MINIMUM_STAKE - LOCK / 5);
    }

    /// @dev Three times nobody answers: the requester has all back, nine operators pay for it.
    function test_Attack_AllSilent() public {
        uint256 jobId = _assigned(_single(3, 2));
        for (uint256 i; i < 3; ++i) {
            _runOut(jobId);
            if (i == 2) {
                vm.expectEmit(address(jobs));
                emit IJobMarket.Failed(jobId, Failure.TooFewCommits, FEE, RUN_PRICE);
            }
            jobs.expire(jobId);
            if (i < 2) _assign(jobId);
        }
        _checkStatus(jobId, Status.Failed);
        vm.assertEq(_owed(rita), FEE + RUN_PRICE);
        vm.assertEq(_owed(BURN), 9 * (LOCK / 20));
        _checkClosed(jobId);
    }

    /// @dev Two against two: nobody is right by being first.
    function test_Attack_Tie() public {
        JobTerms memory terms = _licensed(5, 3);
        uint256 jobId = _assigned(terms);
        bytes[5] memory said = [TRUTH, LIE, TRUTH, LIE, bytes("a third")];
        for (uint256 i; i < 5; ++i) {
            _commit(jobId, i, OutcomeKind.Result, said[i]);
        }
        _mine(2);
        for (uint256 i; i < 5; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, said[i]);
        }
        jobs.tally(jobId);
        _checkStatus(jobId, Status.NoQuorum);
        _found(jobId, 0);
        jobs.resolve(jobId);
        vm.assertEq(jobs.job(jobId).outcomeHash, _hash(OutcomeKind.Result, TRUTH));
        vm.assertTrue(_owed(_seat(jobId, 0).operator) != 0);
        vm.assertEq(_owed(_seat(jobId, 1).operator), 0);
        _checkClosed(jobId);
    }

    /// @dev A tie of a panel's six that revealed decides nothing either.
    function test_Attack_TieOfAPanel() public {
        uint256 jobId = _disagreed();
        uint256 panelId = _convened(jobId);
        for (uint256 i; i < 6; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, i < 3 ? TRUTH : LIE);
        }
        _runOutPanel(panelId);
        panel.expire(panelId);
        _mine(2);
        for (uint256 i; i < 6; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, i < 3 ? TRUTH : LIE);
        }
        _checkPanel(panelId, PanelStatus.Decided);
        vm.assertEq(panel.panel(panelId).votes, 0);
        jobs.resolve(jobId);
        _checkStatus(jobId, Status.Failed);
        _checkClosed(jobId);
    }

    /// @dev A reorganisation shorter than the confirmations takes back a commit, yet shows nobody's outcome: whoever commits
    /// anew has learnt nothing. The same of a draw: nobody has committed to a job that may be drawn anew.
    function test_Attack_ReorgAcrossCommitAndReveal() public {
        uint256 jobId = _posted();
        _mine(3);
        uint256 beforeDraw = TIME.snapshotState();
        jobs.assign(jobId);
        address drawn = _seat(jobId, 0).operator;
        _mine(1);
        uint256 present = vm.getBlockNumber();
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, present, present + 1));
        vm.prank(drawn);
        jobs.commit(jobId, "early");
        TIME.revertToState(beforeDraw);
        _checkStatus(jobId, Status.Open);

        jobs.assign(jobId);
        _mine(2);
        _commit(jobId, 0, OutcomeKind.Result, TRUTH);
        _commit(jobId, 1, OutcomeKind.Result, TRUTH);
        uint256 beforeLast = TIME.snapshotState();
        _commit(jobId, 2, OutcomeKind.Result, LIE);
        _mine(1);
        address honest = _seat(jobId, 0).operator;
        present = vm.getBlockNumber();
        vm.expectRevert(abi.encodeWithSelector(IRounds.TooEarly.selector, present, present + 1));
        vm.prank(honest);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
        // The last two blocks are gone: the commit may be another, and no reveal was seen.
        TIME.revertToState(beforeLast);
        vm.assertEq(_seat(jobId, 2).commitment, 0);
        _commit(jobId, 2, OutcomeKind.Result, TRUTH);
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, TRUTH);
        }
        _checkStatus(jobId, Status.Revealed);
    }

    /// @dev Operators that cannot get the inputs lose nothing, and who pretends to is not paid as for a result.
    function test_Attack_UnavailableInput() public {
        uint256 jobId = _assigned();
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, i == 0 ? OutcomeKind.InputUnavailable : OutcomeKind.Result, TRUTH);
        }
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, i == 0 ? OutcomeKind.InputUnavailable : OutcomeKind.Result, TRUTH);
        }
        jobs.tally(jobId);
        _challenge(jobId, eve);
        _found(jobId, 0);
        jobs.resolve(jobId);
        address without = _seat(jobId, 0).operator;
        vm.assertEq(_owed(without), 0);
        vm.assertEq(_stakeOf(without), MINIMUM_STAKE);
        vm.assertEq(_owed(_seat(jobId, 1).operator), FEE / 2 + FEE % 2);
        _checkClosed(jobId);
    }

    function _twoJobsOfOneOperator() private returns (uint256 first, uint256 second, address both) {
        first = _assigned(_licensed(1, 1));
        both = _seat(first, 0).operator;
        do {
            second = _assigned(_licensed(1, 1));
        } while (_seat(second, 0).operator != both);
        vm.assertLe(vm.getBlockTimestamp(), jobs.job(first).deadline);
    }

    function _refuseReveal(uint256 jobId, address operator, bytes32 expected) private {
        bytes32 actual = jobs.commitmentOf(jobId, operator, _hash(OutcomeKind.Result, TRUTH), SALT);
        vm.expectRevert(abi.encodeWithSelector(IRounds.CommitmentMismatch.selector, expected, actual));
        vm.prank(operator);
        jobs.reveal(jobId, OutcomeKind.Result, TRUTH, SALT);
    }
}
