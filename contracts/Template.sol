// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISearchMarket} from "./interfaces/ISearchMarket.sol";

/// @title Template
/// @notice A scoring job's spec without what is not known when a search is posted: the pieces of its bytes between which
/// the window's digest stands, and after which the candidate's settings follow.
/// @dev A spec is deterministic CBOR whose last key is `settings`: a candidate is the end of its bytes.
library Template {
    /// @dev What JobMarket takes.
    uint256 private constant MAX_SPEC = 4096;
    uint256 private constant MAX_PIECES = 17;
    uint256 private constant DIGEST_LENGTH = 32;

    /// @notice Reverts unless a digest and a candidate fit in.
    function check(bytes[] calldata template) internal pure {
        uint256 pieces = template.length;
        require(pieces > 1 && pieces <= MAX_PIECES, ISearchMarket.TemplateInvalid(pieces, 0));
        uint256 length = (pieces - 1) * DIGEST_LENGTH;
        for (uint256 i; i < pieces; ++i) {
            length += template[i].length;
        }
        require(length < MAX_SPEC, ISearchMarket.TemplateInvalid(pieces, length));
    }

    /// @notice keccak256 of the spec; reverts where no job could have it.
    function specHash(bytes[] calldata template, bytes32 cidDigest, bytes calldata settings)
        internal
        pure
        returns (bytes32)
    {
        bytes memory spec = template[0];
        for (uint256 i = 1; i < template.length; ++i) {
            spec = bytes.concat(spec, cidDigest, template[i]);
        }
        spec = bytes.concat(spec, settings);
        require(spec.length <= MAX_SPEC, ISearchMarket.SpecTooLong(spec.length, MAX_SPEC));
        return keccak256(spec);
    }
}
