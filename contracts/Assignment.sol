// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Assignment
/// @notice A tree of weights that distinct leaves are drawn from, each as likely as its weight, by the weights as they
/// were in the block whose hash is the seed. What changes later moves no draw: a staker who knows the seed gains nothing
/// by staking a little more before the draw is made.
/// @dev A binary sum tree. A node is written when it is a left child or the root; a right child is what is left of its
/// parent. Each node keeps its present value, the one before its last change, and older ones for as long as a seed lives.
library Assignment {
    /// @notice Blocks after which a seed can no longer be drawn with.
    uint256 internal constant SEED_LIFETIME = 32;
    /// @dev Most leaves that one draw looks at, those that were turned down included.
    uint256 private constant MAX_DRAWN = 64;

    /// @dev `before` is the value until the first change in block `changedAt`.
    struct Node {
        uint64 changedAt;
        uint96 before;
        uint96 present;
    }

    struct Past {
        uint64 changedAt;
        uint96 before;
    }

    /// @dev `weighted` counts the leaves that have weight.
    struct Tree {
        uint64 size;
        uint64 depth;
        uint64 weighted;
        mapping(uint256 key => Node) nodes;
        mapping(uint256 key => Past[SEED_LIFETIME]) pasts;
    }

    /// @dev A draw under way, in memory alone. The leaves drawn are kept as spans of the line of weights, by start.
    struct Draw {
        bytes32 seed;
        uint256 seedBlock;
        uint256 total;
        uint256 remaining;
        uint256 count;
        uint256[MAX_DRAWN] starts;
        uint256[MAX_DRAWN] weights;
    }

    /// @notice Adds a leaf of no weight.
    function append(Tree storage tree) internal returns (uint256 index) {
        index = tree.size++;
        uint64 depth = tree.depth;
        if (index != 2 ** depth) return index;

        // The leaf needs a higher root, whose past is that of the root below.
        tree.depth = depth + 1;
        tree.nodes[_key(depth + 1, 0)] = tree.nodes[_key(depth, 0)];
        for (uint256 i; i < SEED_LIFETIME; ++i) {
            Past memory past = tree.pasts[_key(depth, 0)][i];
            if (past.changedAt + SEED_LIFETIME > block.number) tree.pasts[_key(depth + 1, 0)][i] = past;
        }
    }

    /// @notice Changes the weight of a leaf from `from`, which it must be, to `to`.
    function change(Tree storage tree, uint256 index, uint256 from, uint256 to) internal {
        if (from == to) return;
        if (from == 0) ++tree.weighted;
        else if (to == 0) --tree.weighted;
        uint256 depth = tree.depth;
        for (uint256 level; level <= depth; ++level) {
            uint256 place = index >> level;
            if (place & 1 == 1) continue;
            uint256 key = _key(level, place);
            _write(tree, key, tree.nodes[key].present + to - from);
        }
    }

    /// @notice Sum of all weights.
    function total(Tree storage tree) internal view returns (uint256) {
        return tree.nodes[_key(tree.depth, 0)].present;
    }

    /// @notice Whether a seed may still be drawn with.
    function isLive(uint256 seedBlock) internal view returns (bool) {
        return seedBlock < block.number && block.number - seedBlock < SEED_LIFETIME;
    }

    /// @notice Begins a draw by the weights at the end of `seedBlock`, which must be live.
    function begin(Tree storage tree, bytes32 seed, uint256 seedBlock) internal view returns (Draw memory draw) {
        draw.seed = seed;
        draw.seedBlock = seedBlock;
        draw.total = _valueAt(tree, _key(tree.depth, 0), seedBlock);
        draw.remaining = draw.total;
    }

    /// @notice Draws a leaf that was not drawn before; none is found when no weight is left.
    function next(Tree storage tree, Draw memory draw) internal view returns (bool found, uint256 index) {
        if (draw.remaining == 0 || draw.count == MAX_DRAWN) return (false, 0);

        // A point on the line of weights, with the spans of those already drawn cut out of it.
        uint256 point = uint256(keccak256(abi.encode(draw.seed, draw.count))) % draw.remaining;
        uint256 rank;
        while (rank < draw.count && point >= draw.starts[rank]) {
            point += draw.weights[rank++];
        }

        uint256 start;
        uint256 weight = draw.total;
        for (uint256 level = tree.depth; level > 0; --level) {
            uint256 left = _valueAt(tree, _key(level - 1, index * 2), draw.seedBlock);
            bool goesLeft = point < start + left;
            index = goesLeft ? index * 2 : index * 2 + 1;
            start = goesLeft ? start : start + left;
            weight = goesLeft ? left : weight - left;
        }

        for (uint256 i = draw.count; i > rank; --i) {
            draw.starts[i] = draw.starts[i - 1];
            draw.weights[i] = draw.weights[i - 1];
        }
        draw.starts[rank] = start;
        draw.weights[rank] = weight;
        draw.remaining -= weight;
        ++draw.count;
        return (true, index);
    }

    function _write(Tree storage tree, uint256 key, uint256 value) private {
        Node memory node = tree.nodes[key];
        if (node.changedAt != block.number) {
            // A live seed may be older than the last change: what was before that one is kept too.
            if (node.changedAt + SEED_LIFETIME > block.number) {
                tree.pasts[key][node.changedAt % SEED_LIFETIME] = Past(node.changedAt, node.before);
            }
            node.before = node.present;
            node.changedAt = SafeCast.toUint64(block.number);
        }
        node.present = SafeCast.toUint96(value);
        tree.nodes[key] = node;
    }

    /// @dev A node's value at the end of `seedBlock`: what was before its first change after that block.
    function _valueAt(Tree storage tree, uint256 key, uint256 seedBlock) private view returns (uint256) {
        Node memory node = tree.nodes[key];
        if (node.changedAt <= seedBlock) return node.present;
        for (uint256 number = seedBlock + 1; number < node.changedAt; ++number) {
            Past memory past = tree.pasts[key][number % SEED_LIFETIME];
            if (past.changedAt == number) return past.before;
        }
        return node.before;
    }

    function _key(uint256 level, uint256 place) private pure returns (uint256) {
        return (level << 64) | place;
    }
}
