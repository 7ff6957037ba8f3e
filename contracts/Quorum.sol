// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Seat} from "./interfaces/IJobMarket.sol";

/// @dev Most seats of a job.
uint256 constant MAX_SEATS = 7;

/// @title Quorum
/// @notice Counts what the seats of a job revealed, and shares its fee among those that agree.
library Quorum {
    /// @notice The outcome that most seats share, as the first seat that revealed it; no votes where none revealed.
    /// @dev An outcome hash covers its kind: equal hashes are of equal kinds.
    function leader(Seat[MAX_SEATS] storage seats, uint256 n) internal view returns (uint256 first, uint256 votes) {
        for (uint256 i; i < n; ++i) {
            bytes32 outcomeHash = seats[i].outcomeHash;
            if (outcomeHash == 0) continue;
            uint256 equal = 1;
            for (uint256 j = i + 1; j < n; ++j) {
                if (seats[j].outcomeHash == outcomeHash) ++equal;
            }
            if (equal > votes) (first, votes) = (i, equal);
        }
    }

    /// @notice The operators that revealed `outcomeHash`, by seat, and their equal shares of the fee; the first of them
    /// takes the remainder. At least one seat revealed it.
    function shares(Seat[MAX_SEATS] storage seats, uint256 n, bytes32 outcomeHash, uint256 fee)
        internal
        view
        returns (address[] memory operators, uint256[] memory amounts)
    {
        address[] memory agreed = new address[](n);
        uint256 count;
        for (uint256 i; i < n; ++i) {
            if (seats[i].outcomeHash == outcomeHash) agreed[count++] = seats[i].operator;
        }
        operators = new address[](count);
        amounts = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            operators[i] = agreed[i];
            amounts[i] = fee / count;
        }
        amounts[0] += fee % count;
    }
}
