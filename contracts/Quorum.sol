// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Lists} from "./Lists.sol";
import {Seat} from "./interfaces/IRounds.sol";

/// @title Quorum
/// @notice Counts what seats revealed.
library Quorum {
    using Lists for address[];

    /// @notice The outcome that most seats share, as the first seat that revealed it; no votes where none revealed.
    /// @dev An outcome hash covers its kind: equal hashes are of equal kinds.
    function leader(Seat[] memory seats) internal pure returns (uint256 first, uint256 votes) {
        for (uint256 i; i < seats.length; ++i) {
            bytes32 outcomeHash = seats[i].outcomeHash;
            if (outcomeHash == 0) continue;
            uint256 equal = 1;
            for (uint256 j = i + 1; j < seats.length; ++j) {
                if (seats[j].outcomeHash == outcomeHash) ++equal;
            }
            if (equal > votes) (first, votes) = (i, equal);
        }
    }

    /// @notice The operators that revealed `outcomeHash`, by seat.
    function agreed(Seat[] memory seats, bytes32 outcomeHash) internal pure returns (address[] memory operators) {
        operators = new address[](seats.length);
        uint256 count;
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i].outcomeHash == outcomeHash) operators[count++] = seats[i].operator;
        }
        operators.shorten(count);
    }

    /// @notice The operators that revealed anything, by seat.
    function revealed(Seat[] memory seats) internal pure returns (address[] memory operators) {
        operators = new address[](seats.length);
        uint256 count;
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i].outcomeHash != 0) operators[count++] = seats[i].operator;
        }
        operators.shorten(count);
    }
}
