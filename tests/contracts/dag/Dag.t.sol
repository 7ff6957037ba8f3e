// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Dag} from "../../../contracts/Dag.sol";
import {IJobMarket} from "../../../contracts/interfaces/IJobMarket.sol";
import {VM, Vm} from "../base/Vm.sol";

/// @notice The cheatcodes that read a file.
interface Files {
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonBytesArray(string calldata json, string calldata key) external pure returns (bytes[] memory);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
}

/// @notice Blocks that fusion.content wrote; see blocks.py.
///
/// digestOf
/// ├── the document of a table: its digest
/// └── any other document, and that one with any byte changed, cut off or added: reverts
/// walk
/// ├── no path: the root
/// ├── a path of one, two and three blocks: the digest of the last link
/// ├── every offset of every block: a digest where the CID of a link begins, else a revert
/// └── reverts
///     ├── as many offsets as blocks are not there
///     ├── a block that is not the one linked, or has a byte changed
///     ├── a path that goes on below a raw block
///     ├── bytes in a name or in data that look like a link
///     └── a link that is cut off, of another CID, or longer than its block
contract DagTest {
    Vm internal constant vm = VM;
    Files private constant FILES = Files(address(VM));

    bytes internal constant CHILD = hex"4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a";

    bytes private _document;
    bytes[] private _others;
    bytes32 private _root;
    bytes[] private _nodes;
    uint256[] private _owners;
    uint256[] private _starts;
    bytes32[] private _digests;

    function setUp() public {
        string memory json = FILES.readFile("tests/contracts/dag/blocks.json");
        _document = FILES.parseJsonBytes(json, ".document");
        _others = FILES.parseJsonBytesArray(json, ".others");
        _root = FILES.parseJsonBytes32(json, ".root");
        _nodes = FILES.parseJsonBytesArray(json, ".nodes");
        _owners = FILES.parseJsonUintArray(json, ".owners");
        _starts = FILES.parseJsonUintArray(json, ".starts");
        _digests = FILES.parseJsonBytes32Array(json, ".digests");
    }

    // digestOf

    function test_ReadsTheTableOfADocument() public view {
        vm.assertEq(this.digestOf(_document), _root);
    }

    function test_RefusesDocumentsWithoutATable() public {
        for (uint256 i; i < _others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Dag.NoTable.selector, _others[i].length));
            this.digestOf(_others[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(Dag.NoTable.selector, 0));
        this.digestOf("");
    }

    function testFuzz_RefusesADocumentThatIsNotExactlyThat(uint256 place, bytes1 change) public {
        bytes memory document = _document;
        place = place % document.length;
        document[place] ^= change;
        bool isDigest = place >= 7 && place < 39 || place >= 59;
        if (!isDigest && change != 0) {
            vm.expectRevert(abi.encodeWithSelector(Dag.NoTable.selector, document.length));
        }
        this.digestOf(document);
    }

    function testFuzz_RefusesADocumentOfAnotherLength(bytes calldata tail) public {
        bytes memory longer = bytes.concat(_document, hex"00", tail);
        vm.expectRevert(abi.encodeWithSelector(Dag.NoTable.selector, longer.length));
        this.digestOf(longer);
    }

    // walk

    function test_AnEmptyPathNamesTheRoot() public view {
        vm.assertEq(this.walk(_root, new bytes[](0), new uint256[](0)), _root);
    }

    function test_FollowsEveryLinkOfARealTable() public view {
        for (uint256 i; i < _owners.length; ++i) {
            (bytes[] memory path, uint256[] memory offsets) = _pathTo(i);
            vm.assertEq(this.walk(_root, path, offsets), _digests[i]);
        }
    }

    function test_KnowsPathsOfThreeBlocks() public view {
        uint256 longest;
        for (uint256 i; i < _owners.length; ++i) {
            (bytes[] memory path,) = _pathTo(i);
            if (path.length > longest) longest = path.length;
        }
        vm.assertEq(longest, 3);
    }

    function testFuzz_OnlyWhereALinkBeginsIsALink(uint256 owner, uint256 offset) public {
        owner = owner % _nodes.length;
        bytes memory node = _nodes[owner];
        offset = offset % (node.length + 40);
        bytes32 expected;
        for (uint256 i; i < _owners.length; ++i) {
            if (_owners[i] == owner && _starts[i] == offset) expected = _digests[i];
        }

        bytes32 root = sha256(node);
        if (expected == 0) vm.expectRevert(abi.encodeWithSelector(IJobMarket.PathInvalid.selector, 0));
        bytes32 found = this.walk(root, _list(node), _list(offset));

        vm.assertEq(found, expected);
    }

    function test_EveryOffsetOfASmallNode() public {
        for (uint256 owner; owner < _nodes.length; ++owner) {
            if (_nodes[owner].length > 200) continue;
            for (uint256 offset; offset < _nodes[owner].length + 2; ++offset) {
                testFuzz_OnlyWhereALinkBeginsIsALink(owner, offset);
            }
        }
    }

    function testFuzz_RefusesAChangedBlock(uint256 link, uint256 step, uint256 place, bytes1 change) public {
        if (change == 0) change = 0x01;
        (bytes[] memory path, uint256[] memory offsets) = _pathTo(link % _owners.length);
        step = step % path.length;
        path[step][place % path[step].length] ^= change;
        _refuse(step, path, offsets);
    }

    function testFuzz_RandomBytesAreNoPath(bytes calldata node, uint256 offset) public {
        _refuse(0, node, offset);
    }

    function test_RefusesAnotherNumberOfOffsets() public {
        (bytes[] memory path,) = _pathTo(0);
        _refuse(path.length, path, new uint256[](path.length + 1));
    }

    function test_RefusesToGoOnBelowARawBlock() public {
        bytes memory leaf = _node(_link(0x70, "", 0), "");
        bytes memory parent = _node(bytes.concat(hex"122c0a2401551220", sha256(leaf), hex"12001800"), "");
        bytes[] memory path = new bytes[](2);
        (path[0], path[1]) = (parent, leaf);
        uint256[] memory offsets = new uint256[](2);
        (offsets[0], offsets[1]) = (4, 4);
        bytes32 root = sha256(parent);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.PathInvalid.selector, 1));
        this.walk(root, path, offsets);
    }

    function test_RefusesALinkInData() public {
        bytes memory fake = _link(0x70, "", 0);
        bytes memory node = _node("", fake);
        _refuse(0, node, node.length - fake.length + 4);
        node = _node(_link(0x55, "", 0), fake);
        _refuse(0, node, node.length - fake.length + 4);
        _refuse(0, fake, fake.length - 36);
    }

    function test_RefusesALinkInAName() public {
        bytes memory fake = bytes.concat(hex"0a2401701220", CHILD);
        bytes memory node = _node(_link(0x55, string(fake), 0), "");
        vm.assertEq(this.walk(sha256(node), _list(node), _list(4)), bytes32(CHILD));
        _refuse(0, node, 4 + 36 + 2 + 2);
    }

    function test_RefusesLinksThatDoNotBeginWithTheirHash() public {
        bytes memory link = bytes.concat(hex"122a1200", hex"0a2401701220", CHILD, hex"1800");
        _refuse(0, _node(link, ""), 6);
        _refuse(0, _node(link, ""), 4);
    }

    function test_RefusesOtherCids() public {
        bytes[6] memory heads = [
            bytes(hex"0a2401711220"), // dag-cbor
            hex"0a2402701220", // version 2
            hex"0a2401701320", // SHA-512
            hex"0a2401700020", // identity
            hex"0a2401701221", // another length
            hex"0a2301701220" // a field that ends before the digest
        ];
        for (uint256 i; i < heads.length; ++i) {
            _refuse(0, _node(bytes.concat(hex"122a", heads[i], CHILD, hex"12001800"), ""), 4);
        }
        bytes memory old = bytes.concat(hex"12280a221220", CHILD, hex"12001800");
        _refuse(0, _node(old, CHILD), 4);
    }

    function test_RefusesLengthsThatAreNot() public {
        bytes memory body = bytes.concat(hex"0a2401701220", CHILD, hex"12001800");
        vm.assertEq(body.length, 0x2a);
        // cut off, past the end of the block, not in the shortest form, of three groups
        _refuse(0, _node(bytes.concat(hex"1225", body), ""), 4);
        _refuse(0, bytes.concat(hex"122b", body), 4);
        _refuse(0, _node(bytes.concat(hex"12aa00", body), ""), 5);
        _refuse(0, _node(bytes.concat(hex"12aa8000", body), ""), 6);
        _refuse(0, bytes.concat(hex"12ff", body), 4);
        // an inner length that reaches over the next link
        _refuse(0, _node(bytes.concat(hex"1254", body, hex"122a", body), ""), 4 + 42 + 4);
    }

    function test_ALongNameTakesALengthOfTwoGroups() public view {
        bytes memory name = new bytes(200);
        bytes memory node = _node(bytes.concat(_link(0x70, string(name), 0), _link(0x55, "", 0)), "");
        vm.assertEq(this.walk(sha256(node), _list(node), _list(5)), bytes32(CHILD));
    }

    // Steps

    function digestOf(bytes calldata outcome) external pure returns (bytes32) {
        return Dag.digestOf(outcome);
    }

    function walk(bytes32 root, bytes[] calldata path, uint256[] calldata offsets) external pure returns (bytes32) {
        return Dag.walk(root, path, offsets);
    }

    function _refuse(uint256 step, bytes[] memory path, uint256[] memory offsets) private {
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.PathInvalid.selector, step));
        this.walk(_root, path, offsets);
    }

    function _refuse(uint256 step, bytes memory node, uint256 offset) private {
        bytes32 root = sha256(node);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.PathInvalid.selector, step));
        this.walk(root, _list(node), _list(offset));
    }

    /// @dev The blocks from the root to the owner of a link, found by going up.
    function _pathTo(uint256 link) private view returns (bytes[] memory path, uint256[] memory offsets) {
        uint256[8] memory links;
        uint256 depth;
        links[depth++] = link;
        while (sha256(_nodes[_owners[link]]) != _root) {
            bytes32 digest = sha256(_nodes[_owners[link]]);
            link = 0;
            while (_digests[link] != digest) ++link;
            links[depth++] = link;
        }
        path = new bytes[](depth);
        offsets = new uint256[](depth);
        for (uint256 i; i < depth; ++i) {
            path[i] = _nodes[_owners[links[depth - 1 - i]]];
            offsets[i] = _starts[links[depth - 1 - i]];
        }
    }

    function _link(bytes1 codec, string memory name, uint8 size) private pure returns (bytes memory) {
        bytes memory named = bytes.concat(hex"12", _varint(bytes(name).length), bytes(name));
        bytes memory body = bytes.concat(hex"0a2401", codec, hex"1220", CHILD, named, hex"18", bytes1(size));
        return bytes.concat(hex"12", _varint(body.length), body);
    }

    function _node(bytes memory links, bytes memory data) private pure returns (bytes memory) {
        return bytes.concat(links, hex"0a", _varint(data.length), data);
    }

    function _varint(uint256 value) private pure returns (bytes memory) {
        if (value < 0x80) return bytes.concat(bytes1(uint8(value)));
        return bytes.concat(bytes1(uint8(value & 0x7f | 0x80)), bytes1(uint8(value >> 7)));
    }

    function _list(bytes memory node) private pure returns (bytes[] memory list) {
        list = new bytes[](1);
        list[0] = node;
    }

    function _list(uint256 offset) private pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = offset;
    }
}
