// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {BaseTest} from "../base/BaseTest.sol";

contract DrawAndLockTest is BaseTest {
    uint256 internal constant LOCK = 300;

    function setUp() public override {
        super.setUp();
        _addOperators(5, MINIMUM_STAKE);
        _mine(1);
    }

    function test_LocksDistinctOperatorsAndUnlocksThem() public {
        address[] memory drawn = _draw("seed", 5, LOCK);
        for (uint256 i; i < 5; ++i) {
            for (uint256 j; j < i; ++j) {
                vm.assertFalse(drawn[i] == drawn[j]);
            }
            vm.assertEq(staking.operator(drawn[i]).free, MINIMUM_STAKE - LOCK);
            vm.assertEq(staking.operator(drawn[i]).locked, LOCK);
        }
        vm.assertEq(staking.totalStake(), 5 * MINIMUM_STAKE);

        vm.expectEmit(address(staking));
        emit IOperatorStaking.Unlocked(drawn[0], 1, LOCK);
        vm.prank(address(jobs));
        staking.unlock(1, drawn[0], LOCK);
        vm.assertEq(staking.operator(drawn[0]).free, MINIMUM_STAKE);
    }

    function test_SkipsOperatorsWithTooLittleFree() public {
        address[] memory busy = _draw("seed", 3, MINIMUM_STAKE);
        address[] memory drawn = _draw("other", 2, 1);
        for (uint256 i; i < 2; ++i) {
            for (uint256 j; j < 3; ++j) {
                vm.assertFalse(drawn[i] == busy[j]);
            }
        }
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.TooFewEligible.selector, 2, 3));
        this.draw("third", 3, 1, vm.getBlockNumber() - 1);
    }

    function test_RefusesMoreSeatsThanOperators() public {
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.TooFewEligible.selector, 5, 7));
        this.draw("seed", 7, LOCK, vm.getBlockNumber() - 1);
    }

    function test_RefusesSeedsThatAreTooOldOrNotYetKnown() public {
        uint256 present = vm.getBlockNumber();
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.SeedTooOld.selector, present));
        this.draw("seed", 1, LOCK, present);
        _mine(32);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.SeedTooOld.selector, present));
        this.draw("seed", 1, LOCK, present);
        this.draw("seed", 1, LOCK, present + 1);
    }

    /// @dev Whoever knows the seed could otherwise try amounts offline until it sits on every seat.
    function testFuzz_WhatIsStakedAfterTheSeedMovesNoDraw(bytes32 seed, uint80 amount, uint8 gap) public {
        uint256 seedBlock = vm.getBlockNumber();
        _mine(1 + gap % 30);
        address[] memory expected = this.peek(seed, 3, seedBlock);

        _fund(operators[0], uint256(amount) * 2);
        vm.prank(operators[0]);
        staking.stake(amount);
        vm.prank(operators[1]);
        staking.requestUnbond(1 + amount % (MINIMUM_STAKE - LOCK));
        _addOperators(4, MINIMUM_STAKE + amount % 1e9);
        vm.prank(operators[0]);
        staking.stake(amount);

        vm.assertEq(keccak256(abi.encode(this.peek(seed, 3, seedBlock))), keccak256(abi.encode(expected)));
    }

    function _draw(bytes32 seed, uint256 count, uint256 amount) private returns (address[] memory) {
        return this.draw(seed, count, amount, vm.getBlockNumber() - 1);
    }

    function draw(bytes32 seed, uint256 count, uint256 amount, uint256 seedBlock) external returns (address[] memory) {
        vm.prank(address(jobs));
        return staking.drawAndLock(1, seed, seedBlock, count, amount);
    }

    /// @dev Draws and puts everything back.
    function peek(bytes32 seed, uint256 count, uint256 seedBlock) external returns (address[] memory drawn) {
        drawn = this.draw(seed, count, LOCK, seedBlock);
        for (uint256 i; i < count; ++i) {
            vm.prank(address(jobs));
            staking.unlock(1, drawn[i], LOCK);
        }
    }
}
