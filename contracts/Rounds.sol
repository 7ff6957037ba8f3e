// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Assignment} from "./Assignment.sol";
import {Lists} from "./Lists.sol";
import {IRounds, OutcomeKind, Seat, Windows} from "./interfaces/IRounds.sol";

/// @dev Most seats of a job or a panel.
uint256 constant MAX_SEATS = 7;

/// @title Rounds
/// @notice What jobs and panels have in common: when acts may be done, and seats that commit, then reveal.
abstract contract Rounds is IRounds {
    using Lists for address[];

    uint256 internal constant MAX_OUTCOME = 4096;

    uint32 internal immutable _openWindow;
    uint32 internal immutable _commitWindow;
    uint32 internal immutable _revealWindow;
    uint32 internal immutable _challengeWindow;
    uint64 internal immutable _fuelPerSecond;
    uint32 internal immutable _confirmations;

    constructor(Windows memory windows_) {
        require(
            windows_.open != 0 && windows_.commit != 0 && windows_.reveal != 0 && windows_.fuelPerSecond != 0
                && windows_.confirmations != 0 && windows_.confirmations < Assignment.SEED_LIFETIME / 2,
            WindowsInvalid()
        );

        _openWindow = windows_.open;
        _commitWindow = windows_.commit;
        _revealWindow = windows_.reveal;
        _challengeWindow = windows_.challenge;
        _fuelPerSecond = windows_.fuelPerSecond;
        _confirmations = windows_.confirmations;
    }

    /// @inheritdoc IRounds
    function windows() external view returns (Windows memory) {
        return Windows({
            open: _openWindow,
            commit: _commitWindow,
            reveal: _revealWindow,
            challenge: _challengeWindow,
            fuelPerSecond: _fuelPerSecond,
            confirmations: _confirmations
        });
    }

    /// @inheritdoc IRounds
    function commitmentOf(uint256 id, address operator, bytes32 outcomeHash, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), id, operator, outcomeHash, salt));
    }

    /// @dev The sender's seat, one of the `likely` ones, commits.
    function _commitSeat(Seat[MAX_SEATS] storage row, uint256 likely, uint256 id, bytes32 commitment) internal {
        require(commitment != 0, EmptyCommitment());
        Seat storage seat = _seatOf(row, likely, id);
        require(seat.commitment == 0, AlreadyCommitted(id, msg.sender));

        seat.commitment = commitment;
    }

    /// @dev The sender's seat reveals what it committed to.
    function _revealSeat(
        Seat[MAX_SEATS] storage row,
        uint256 likely,
        uint256 id,
        OutcomeKind kind,
        bytes calldata outcome,
        bytes32 salt
    ) internal returns (bytes32 outcomeHash) {
        require(kind != OutcomeKind.None, KindInvalid());
        require(outcome.length != 0 && outcome.length <= MAX_OUTCOME, OutcomeInvalid(outcome.length, MAX_OUTCOME));
        Seat storage seat = _seatOf(row, likely, id);
        require(seat.outcomeHash == 0, AlreadyRevealed(id, msg.sender));
        outcomeHash = _hashOf(kind, outcome);
        bytes32 committed = seat.commitment;
        bytes32 commitment = commitmentOf(id, msg.sender, outcomeHash, salt);
        require(commitment == committed, CommitmentMismatch(committed, commitment));

        seat.kind = kind;
        seat.outcomeHash = outcomeHash;
    }

    /// @dev Marks the seats that did not do what was due, to commit or to reveal, as released; their locks end with a fine.
    function _markIdle(Seat[MAX_SEATS] storage row, uint256 n, bool reveals) internal returns (address[] memory idle) {
        idle = new address[](n);
        uint256 count;
        for (uint256 i; i < n; ++i) {
            Seat storage seat = row[i];
            if (seat.released || (reveals ? seat.outcomeHash : seat.commitment) != 0) continue;
            seat.released = true;
            idle[count++] = seat.operator;
        }
        idle.shorten(count);
    }

    /// @dev The seats as they are; none before they were drawn.
    function _load(Seat[MAX_SEATS] storage row, uint256 n) internal view returns (Seat[] memory seats_) {
        if (row[0].operator == address(0)) return seats_;
        seats_ = new Seat[](n);
        for (uint256 i; i < n; ++i) {
            seats_[i] = row[i];
        }
    }

    function _checkTime(uint256 deadline, uint256 readyBlock) internal view {
        require(block.timestamp <= deadline, TooLate(block.timestamp, deadline));
        require(block.number >= readyBlock, TooEarly(block.number, readyBlock));
    }

    function _checkTimeOut(uint256 deadline) internal view {
        require(block.timestamp > deadline, DeadlineNotPassed(block.timestamp, deadline));
    }

    function _after(uint256 time) internal view returns (uint64) {
        return SafeCast.toUint64(block.timestamp + time);
    }

    /// @dev Seconds to run and commit.
    function _runWindow(uint256 fuel) internal view returns (uint256) {
        return _commitWindow + fuel / _fuelPerSecond;
    }

    /// @dev First block of an act whose seed is the hash of the next block.
    function _seededBlock() internal view returns (uint64) {
        return SafeCast.toUint64(block.number + 1 + _confirmations);
    }

    /// @dev First block in which what happens now counts as settled.
    function _confirmedBlock() internal view returns (uint64) {
        return SafeCast.toUint64(block.number + _confirmations);
    }

    function _hashOf(OutcomeKind kind, bytes calldata outcome) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(kind, outcome));
    }

    /// @dev The sender's seat among those whose bit is set in `likely`; who was silent has lost its own.
    function _seatOf(Seat[MAX_SEATS] storage row, uint256 likely, uint256 id) private view returns (Seat storage) {
        for (uint256 i; i < MAX_SEATS; ++i) {
            if (likely >> i & 1 == 0) continue;
            Seat storage seat = row[i];
            if (seat.operator == msg.sender && !seat.released) return seat;
        }
        revert NotAssignee(id, msg.sender);
    }
}
