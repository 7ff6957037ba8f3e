// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Assignment} from "../../../contracts/Assignment.sol";
import {VM, Vm} from "../base/Vm.sol";

/// @notice The tree against a plain list of weights, kept for every block.
contract AssignmentTest {
    using Assignment for Assignment.Tree;

    Vm internal constant vm = VM;

    Assignment.Tree private _tree;
    uint256[] private _weights;
    mapping(uint256 number => uint256[]) private _history;

    function setUp() public {
        vm.roll(1000);
    }

    function testFuzz_DrawsAsAPlainListWould(uint256[24] memory moves, bytes32 seed, uint256 age) public {
        for (uint256 i; i < moves.length; ++i) {
            if (i == 0 || moves[i] % 3 == 0) {
                vm.assertEq(_tree.append(), _weights.length);
                _weights.push(0);
            }
            uint256 index = (moves[i] >> 8) % _weights.length;
            uint256 weight = (moves[i] >> 16) % 5 == 0 ? 0 : uint88(moves[i] >> 32);
            _tree.change(index, _weights[index], weight);
            _weights[index] = weight;
            _history[vm.getBlockNumber()] = _weights;
            for (uint256 pass = (moves[i] >> 128) % 3; pass > 0; --pass) {
                vm.roll(vm.getBlockNumber() + 1);
                _history[vm.getBlockNumber()] = _weights;
            }
        }
        vm.roll(vm.getBlockNumber() + 1);
        vm.assertEq(_tree.total(), _sum(_weights));

        uint256 reach = vm.getBlockNumber() - 1000;
        uint256 seedBlock = vm.getBlockNumber() - 1 - age % (reach < 31 ? reach : 31);
        _check(seed, seedBlock, _history[seedBlock]);
    }

    function test_DrawsInProportionToTheWeights() public {
        uint256[3] memory weights = [uint256(10), 20, 70];
        for (uint256 i; i < 3; ++i) {
            _tree.append();
            _tree.change(i, 0, weights[i]);
        }
        vm.roll(1001);
        uint256[3] memory drawn;
        for (uint256 i; i < 2000; ++i) {
            Assignment.Draw memory draw = _tree.begin(bytes32(i), 1000);
            (, uint256 index) = _tree.next(draw);
            ++drawn[index];
        }
        // Four standard deviations about the expected 200, 400 and 1,400.
        for (uint256 i; i < 3; ++i) {
            vm.assertGe(drawn[i], weights[i] * 20 - 82);
            vm.assertLe(drawn[i], weights[i] * 20 + 82);
        }
    }

    function test_AnEmptyTreeHasNothingToDraw() public view {
        Assignment.Draw memory draw = _tree.begin("seed", 999);
        (bool found,) = _tree.next(draw);
        vm.assertFalse(found);
        vm.assertEq(_tree.total(), 0);
    }

    function test_LooksAtNoMoreThanSixtyFourLeaves() public {
        for (uint256 i; i < 70; ++i) {
            _tree.append();
            _tree.change(i, 0, 1);
        }
        vm.roll(1001);
        Assignment.Draw memory draw = _tree.begin("seed", 1000);
        for (uint256 i; i < 64; ++i) {
            (bool found,) = _tree.next(draw);
            vm.assertTrue(found);
        }
        (bool more,) = _tree.next(draw);
        vm.assertFalse(more);
    }

    /// @dev Draws until nothing is left, and follows along by walking the list.
    function _check(bytes32 seed, uint256 seedBlock, uint256[] memory weights) private view {
        Assignment.Draw memory draw = _tree.begin(seed, seedBlock);
        uint256 remaining = _sum(weights);
        for (uint256 count; remaining > 0; ++count) {
            uint256 point = uint256(keccak256(abi.encode(seed, count))) % remaining;
            uint256 expected;
            while (point >= weights[expected]) {
                point -= weights[expected++];
            }
            (bool found, uint256 index) = _tree.next(draw);
            vm.assertTrue(found);
            vm.assertEq(index, expected);
            remaining -= weights[expected];
            weights[expected] = 0;
        }
        (bool more,) = _tree.next(draw);
        vm.assertFalse(more);
    }

    function _sum(uint256[] memory weights) private pure returns (uint256 sum) {
        for (uint256 i; i < weights.length; ++i) {
            sum += weights[i];
        }
    }
}
