// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Payout} from "./Payout.sol";
import {Phase, Phases} from "./Phase.sol";
import {MAX_SEATS} from "./Rounds.sol";
import {Failure, IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {Fault} from "./interfaces/IOperatorStaking.sol";
import {Seat} from "./interfaces/IRounds.sol";

/// @title Seating
/// @notice The seats of a job from draw to reveal: who takes them, and what becomes of those that were silent or withheld.
abstract contract Seating is Payout {
    /// @dev Waits for the hash of another block.
    function _rearm(uint256 jobId, Job storage stored) internal {
        stored.readyBlock = _seededBlock();

        emit IJobMarket.Rearmed(jobId, stored.readyBlock);
    }

    /// @dev Seats those drawn where nobody has committed.
    function _fill(uint256 jobId, Job storage stored, address[] memory drawn) internal {
        Seat[MAX_SEATS] storage row = _seats[jobId];
        Phase phase = Phases.load(stored);
        uint256 n = phase.n();
        uint256 next;
        for (uint256 i; i < n && next < drawn.length; ++i) {
            Seat storage seat = row[i];
            if (seat.commitment != 0) continue;
            if (seat.operator != address(0)) _replaced[jobId].push(seat.operator);
            (seat.operator, seat.released) = (drawn[next], false);
            phase = phase.mark(i, drawn[next++]);
        }
        phase.save(stored);
    }

    /// @dev Commits are closed with those that are there, or the job fails where they are too few.
    function _goOn(uint256 jobId, Job storage stored) internal {
        if (stored.committed < stored.k) {
            _fail(jobId, stored, Failure.TooFewCommits);
            return;
        }

        Phase phase = _commitsClosed(Phases.load(stored));
        phase.save(stored);

        emit IJobMarket.CommitsClosed(jobId, phase.readyBlock(), phase.deadline());
    }

    /// @dev Fines the silent, and has their seats drawn anew where that was not done twice.
    function _expireCommits(uint256 jobId, Job storage stored) internal {
        address[] memory silent = _markIdle(_seats[jobId], stored.n, false);
        uint256 lock = stored.lock;
        if (_mayRedraw(stored)) {
            ++stored.redraws;
            stored.status = Status.Open;
            stored.readyBlock = _seededBlock();
            stored.deadline = _after(_openWindow);

            emit IJobMarket.Reopened(jobId, silent, stored.readyBlock, stored.deadline);
        } else {
            _goOn(jobId, stored);
        }

        _fine(jobId, silent, lock, Fault.Silent);
    }

    /// @dev Closes reveals whose time ran out, and fines who withheld.
    function _expireReveals(uint256 jobId, Job storage stored) internal {
        _checkTimeOut(stored.deadline);
        address[] memory withheld = _markIdle(_seats[jobId], stored.n, true);

        Phase phase = _revealsClosed(Phases.load(stored));
        phase.save(stored);

        emit IJobMarket.RevealsClosed(jobId, phase.readyBlock());

        _fine(jobId, withheld, stored.lock, Fault.Withheld);
    }

    function _fine(uint256 jobId, address[] memory operators, uint256 lock, Fault fault) private {
        for (uint256 i; i < operators.length; ++i) {
            // slither-disable-next-line unused-return: what a fine takes is burned
            _staking.slash(jobId, operators[i], lock, fault);
        }
    }
}
