// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISearchMarket} from "./interfaces/ISearchMarket.sol";

/// @title Score
/// @notice Reads one float64 from an outcome's document, and orders such numbers.
library Score {
    /// @dev Deterministic CBOR of {"run": 32 bytes, "kind": "Result", "outputs": {"score": ["<f8", 8 bytes]}}, without the
    /// run and the number.
    bytes private constant HEAD = hex"a36372756e5820";
    bytes private constant MIDDLE = hex"646b696e6466526573756c74676f757470757473a16573636f726582633c663848";
    uint256 private constant RUN_AT = 7;
    uint256 private constant MIDDLE_AT = 39;
    uint256 private constant SCORE_AT = 72;
    uint256 private constant DOCUMENT_LENGTH = 80;

    uint256 private constant BYTES = 8;
    uint64 private constant SIGN = 1 << 63;
    uint64 private constant INFINITY = 0x7ff0000000000000;

    /// @notice The number's 64 bits, a zero always as the positive one. Reverts for every other document, and for NaN.
    function read(bytes calldata document) internal pure returns (uint64 bits) {
        require(document.length == DOCUMENT_LENGTH, ISearchMarket.NoScore());
        bytes calldata run = document[RUN_AT:MIDDLE_AT];
        bytes calldata number = document[SCORE_AT:];
        require(keccak256(document) == keccak256(bytes.concat(HEAD, run, MIDDLE, number)), ISearchMarket.NoScore());
        for (uint256 i = BYTES; i > 0; --i) {
            bits = bits << 8 | uint8(number[i - 1]);
        }
        require(bits & ~SIGN <= INFINITY, ISearchMarket.NoScore());
        if (bits == SIGN) bits = 0;
    }

    /// @notice Whether one number, neither NaN nor a negative zero, is greater than another.
    function isAbove(uint64 left, uint64 right) internal pure returns (bool) {
        return _rank(left) > _rank(right);
    }

    /// @dev Grows with the number: the bits of a positive one do, those of a negative one shrink.
    function _rank(uint64 bits) private pure returns (uint64) {
        return bits & SIGN == 0 ? bits | SIGN : ~bits;
    }
}
