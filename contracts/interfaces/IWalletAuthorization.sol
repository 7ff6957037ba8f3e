// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title IWalletAuthorization
/// @notice The two verbs of ERC-3009 with the signature in one piece, as tokens have them that ask wallets (ERC-1271).
interface IWalletAuthorization {
    /// @notice Moves `value` as `from` signed for it. Anyone may call.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice The same, called by `to` alone.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
