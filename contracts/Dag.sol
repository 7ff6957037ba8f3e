// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket} from "./interfaces/IJobMarket.sol";

/// @title Dag
/// @notice Checks that a block belongs to a table whose root an outcome names, by the blocks that lead to it.
/// @dev Blocks are named by CIDv1 with SHA-256, as fusion.content writes them. A parent is a dag-pb node in canonical
/// form, which begins with its links: 0x12, the length of a PBLink, and the PBLink, which begins with the CID as
/// 0x0a 0x24 0x01 codec 0x12 0x20 digest. Links are followed from the first to the one at the offset, so that bytes which
/// only look like a link, in a name or in data, are none.
library Dag {
    /// @dev An outcome's document that names no table.
    error NoTable(uint256 length);

    /// @dev Deterministic CBOR of {"run": 32 bytes, "kind": "Result", "table": 32 bytes}, without the two digests.
    bytes private constant HEAD = hex"a36372756e5820";
    bytes private constant MIDDLE = hex"646b696e6466526573756c74657461626c655820";
    uint256 private constant RUN_AT = 7;
    uint256 private constant MIDDLE_AT = 39;
    uint256 private constant TABLE_AT = 59;
    uint256 private constant DOCUMENT_LENGTH = 91;

    uint8 private constant LINK_TAG = 0x12;
    uint256 private constant CID_LENGTH = 36;
    /// @dev A PBLink's hash field: tag, length, CID version, codec, hash function and its length; then the digest.
    uint256 private constant HASH_LENGTH = 38;
    uint256 private constant HASH_HEAD_LENGTH = 6;
    bytes32 private constant DAG_PB_HEAD = keccak256(hex"0a2401701220");
    bytes32 private constant RAW_HEAD = keccak256(hex"0a2401551220");

    /// @notice The digest of the table that an outcome's document names. Reverts for every other document.
    function digestOf(bytes calldata outcome) internal pure returns (bytes32 tableDigest) {
        require(outcome.length == DOCUMENT_LENGTH, NoTable(outcome.length));
        bytes calldata run = outcome[RUN_AT:MIDDLE_AT];
        tableDigest = bytes32(outcome[TABLE_AT:]);
        require(keccak256(outcome) == keccak256(bytes.concat(HEAD, run, MIDDLE, tableDigest)), NoTable(outcome.length));
    }

    /// @notice Follows a path of blocks from `root`; reverts with the step at which it is none.
    /// @param root Digest of a dag-pb block.
    /// @param path Blocks: the root's, and each that is linked from the one before.
    /// @param offsets Where in each block the CID of the next begins, and last that of the block asked for.
    /// @return digest Digest of the block asked for: of the root, where the path is empty.
    function walk(bytes32 root, bytes[] calldata path, uint256[] calldata offsets)
        internal
        pure
        returns (bytes32 digest)
    {
        require(path.length == offsets.length, IJobMarket.PathInvalid(path.length));
        digest = root;
        bytes32 head = DAG_PB_HEAD;
        for (uint256 i; i < path.length; ++i) {
            require(head == DAG_PB_HEAD && sha256(path[i]) == digest, IJobMarket.PathInvalid(i));
            (head, digest) = _linkAt(path[i], offsets[i]);
            require(head == DAG_PB_HEAD || head == RAW_HEAD, IJobMarket.PathInvalid(i));
        }
    }

    /// @dev Head and digest of the link whose CID begins at `offset`; zeros where none does.
    function _linkAt(bytes calldata node, uint256 offset) private pure returns (bytes32 head, bytes32 digest) {
        if (node.length < CID_LENGTH || offset > node.length - CID_LENGTH) return (0, 0);

        uint256 place;
        while (place < offset && uint8(node[place]) == LINK_TAG) {
            (uint256 length, uint256 start) = _varint(node, place + 1);
            if (length < HASH_LENGTH || length > node.length - start) return (0, 0);
            if (offset == start + HASH_LENGTH - CID_LENGTH) {
                bytes calldata field = node[start:start + HASH_LENGTH];
                return (keccak256(field[:HASH_HEAD_LENGTH]), bytes32(field[HASH_HEAD_LENGTH:]));
            }
            place = start + length;
        }
        return (0, 0);
    }

    /// @dev A number of at most two groups of seven bits, more than any link takes, and where it ends. What is longer, or
    /// not in its shortest form, is given as one that nothing can hold. The node goes on after it: a CID follows.
    function _varint(bytes calldata node, uint256 place) private pure returns (uint256 value, uint256 end) {
        uint256 low = uint8(node[place]);
        if (low < 0x80) return (low, place + 1);
        uint256 high = uint8(node[place + 1]);
        return high != 0 && high < 0x80 ? (low & 0x7f | high << 7, place + 2) : (type(uint256).max, place + 2);
    }
}
