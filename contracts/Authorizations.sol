// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";

import {Authorization, ILicenseMarket} from "./interfaces/ILicenseMarket.sol";
import {IWalletAuthorization} from "./interfaces/IWalletAuthorization.sol";

/// @title Authorizations
/// @notice Receives what a buyer has signed for, from tokens that ask wallets (ERC-1271) and from those that do not.
library Authorizations {
    uint256 private constant SIGNATURE_LENGTH = 65;

    /// @notice Moves what was authorized to this contract, or reverts.
    function receiveFrom(address token, Authorization calldata signed, bytes32 nonce) internal {
        address from = signed.from;
        try IWalletAuthorization(token)
            .receiveWithAuthorization(
                from, address(this), signed.value, signed.validAfter, signed.validBefore, nonce, signed.signature
            ) {
            return;
        } catch {
            require(signed.signature.length == SIGNATURE_LENGTH, ILicenseMarket.AuthorizationRefused(from));
        }
        bytes32 r = bytes32(signed.signature[:32]);
        bytes32 s = bytes32(signed.signature[32:64]);
        uint8 v = uint8(signed.signature[64]);
        try IERC3009(token)
            .receiveWithAuthorization(
                from, address(this), signed.value, signed.validAfter, signed.validBefore, nonce, v, r, s
            ) {}
        catch {
            revert ILicenseMarket.AuthorizationRefused(from);
        }
    }
}
