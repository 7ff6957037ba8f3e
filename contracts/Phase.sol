// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Job, Status} from "./interfaces/IJobMarket.sol";

/// @dev The first word of a Job as it is stored, from the lowest bits up: status, kind, n, k, committed, revealed, redraws
/// and demands of 8 bits, assurancePpm of 32, deadline and readyBlock of 64. What every seat does reads it once and writes
/// it once. In the 28 bits above that a Job leaves free it keeps a mark for each seat, four bits of its operator's
/// address, so that an operator finds its seat without a look at most others.
type Phase is uint256;

using Phases for Phase global;

/// @title Phases
/// @notice Reads and changes a Job's first word.
library Phases {
    uint256 private constant ONE = 1;
    uint256 private constant BYTE = type(uint8).max;
    uint256 private constant HALF = type(uint64).max;
    uint256 private constant N_AT = 16;
    uint256 private constant COMMITTED_AT = 32;
    uint256 private constant REVEALED_AT = 40;
    uint256 private constant REDRAWS_AT = 48;
    uint256 private constant ASSURANCE_AT = 64;
    uint256 private constant DEADLINE_AT = 96;
    uint256 private constant READY_AT = 160;
    uint256 private constant MARKS_AT = 224;
    uint256 private constant MARK = 15;
    uint256 private constant MARK_BITS = 4;
    uint256 private constant MOVED = BYTE | HALF << DEADLINE_AT | HALF << READY_AT;

    function load(Job storage stored) internal view returns (Phase phase) {
        assembly ("memory-safe") {
            phase := sload(stored.slot)
        }
    }

    function save(Phase phase, Job storage stored) internal {
        assembly ("memory-safe") {
            sstore(stored.slot, phase)
        }
    }

    /// @notice The same in another status, with the times of that.
    function move(Phase phase, Status to, uint64 until, uint64 from) internal pure returns (Phase) {
        uint256 times = uint256(to) | uint256(until) << DEADLINE_AT | uint256(from) << READY_AT;
        return Phase.wrap(Phase.unwrap(phase) & ~MOVED | times);
    }

    /// @notice The same with one more seat committed.
    function addCommit(Phase phase) internal pure returns (Phase) {
        return Phase.wrap(Phase.unwrap(phase) + (ONE << COMMITTED_AT));
    }

    /// @notice The same with one more seat revealed.
    function addReveal(Phase phase) internal pure returns (Phase) {
        return Phase.wrap(Phase.unwrap(phase) + (ONE << REVEALED_AT));
    }

    /// @notice The same with the mark of a seat's operator.
    function mark(Phase phase, uint256 seat, address operator) internal pure returns (Phase) {
        uint256 place = MARKS_AT + MARK_BITS * seat;
        return Phase.wrap(Phase.unwrap(phase) & ~(MARK << place) | (uint160(operator) & MARK) << place);
    }

    /// @notice The seats that may be an operator's, as bits: those with its mark.
    function seatsLike(Phase phase, address operator) internal pure returns (uint256 seats) {
        uint256 marks = Phase.unwrap(phase) >> MARKS_AT;
        uint256 count = n(phase);
        for (uint256 i; i < count; ++i) {
            if ((marks >> MARK_BITS * i ^ uint160(operator)) & MARK == 0) seats |= ONE << i;
        }
    }

    function status(Phase phase) internal pure returns (Status) {
        return Status(Phase.unwrap(phase) & BYTE);
    }

    function n(Phase phase) internal pure returns (uint256) {
        return Phase.unwrap(phase) >> N_AT & BYTE;
    }

    function committed(Phase phase) internal pure returns (uint256) {
        return Phase.unwrap(phase) >> COMMITTED_AT & BYTE;
    }

    function revealed(Phase phase) internal pure returns (uint256) {
        return Phase.unwrap(phase) >> REVEALED_AT & BYTE;
    }

    function redraws(Phase phase) internal pure returns (uint256) {
        return Phase.unwrap(phase) >> REDRAWS_AT & BYTE;
    }

    function isAssured(Phase phase) internal pure returns (bool) {
        return Phase.unwrap(phase) >> ASSURANCE_AT & type(uint32).max != 0;
    }

    function deadline(Phase phase) internal pure returns (uint256) {
        return Phase.unwrap(phase) >> DEADLINE_AT & HALF;
    }

    function readyBlock(Phase phase) internal pure returns (uint256) {
        return Phase.unwrap(phase) >> READY_AT & HALF;
    }
}
