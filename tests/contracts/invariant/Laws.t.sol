// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {IOperatorStaking, Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {VM, Vm} from "../base/Vm.sol";
import {World} from "./World.sol";

/// @notice The laws that hold whatever anyone does, one function each.
contract LawsTest {
    Vm internal constant vm = VM;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    World internal world;
    MockUSD internal usd;
    IRevenueLedger internal ledger;
    IOperatorStaking internal staking;

    function setUp() public {
        world = new World();
        world.setUp();
        (usd, ledger, staking) = world.parts();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](16);
        bytes4[11] memory verbs = [
            World.pass.selector,
            World.buy.selector,
            World.settle.selector,
            World.claim.selector,
            World.donate.selector,
            World.stake.selector,
            World.unbond.selector,
            World.post.selector,
            World.act.selector,
            World.walk.selector,
            World.poke.selector
        ];
        // Jobs need many steps: those that move them come more often.
        for (uint256 i; i < 16; ++i) {
            selectors[i] = i < 11 ? verbs[i] : verbs[[uint256(0), 7, 8, 8, 9][i - 11]];
        }
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(world), selectors: selectors});
    }

    function invariant_WhatIsOwedIsBookedAndCovered() public view {
        uint256 total = ledger.total(address(usd));
        vm.assertEq(world.owed(), total, "unsettled + claimable = total");
        vm.assertEq(
            usd.balanceOf(address(ledger)), total + world.escrow() + world.donated(), "balance = total + escrow"
        );
    }

    function invariant_StakeIsFreeLockedOrUnbonding() public view {
        uint256 sum;
        uint256 weights;
        for (uint256 i; i < staking.operatorCount(); ++i) {
            Operator memory stored = staking.operator(staking.operatorAt(i));
            uint256 staked = uint256(stored.free) + stored.locked;
            sum += staked + stored.unbonding;
            if (staked >= staking.minimumStake()) weights += staked;
            vm.assertEq(stored.locked, world.lockedByJobs(staking.operatorAt(i)), "locked by living jobs alone");
        }
        vm.assertEq(usd.balanceOf(address(staking)), sum + world.donated(), "free + locked + unbonding = balance");
        vm.assertEq(staking.totalStake(), weights, "the tree weighs what is staked");
    }

    function invariant_StatusMovesOnlyAlongTheTable() public view {
        vm.assertEq(world.strayMoves(), 0);
    }
}
