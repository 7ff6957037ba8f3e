// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Lists
/// @notice Lists that were made as long as they could become, cut to what is in them.
library Lists {
    /// @notice Cuts a list to its first `length` entries, which is at most what it has.
    function shorten(address[] memory list, uint256 length) internal pure {
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    /// @notice The same of amounts.
    function shorten(uint256[] memory list, uint256 length) internal pure {
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }
}
