// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AssurancePool} from "../../../contracts/AssurancePool.sol";
import {MockUSD} from "../../../contracts/MockUSD.sol";
import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {VM, Vm} from "../base/Vm.sol";
import {World} from "./World.sol";

/// @notice The laws that hold whatever anyone does, one function each.
contract JobLawsTest {
    Vm internal constant vm = VM;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    World internal world;
    MockUSD internal usd;
    RevenueLedger internal ledger;
    OperatorStaking internal staking;
    AssurancePool internal pool;

    function setUp() public {
        world = new World();
        world.setUp();
        (usd, ledger, staking, pool,,) = world.parts();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](16);
        bytes4[11] memory verbs = [
            world.pass.selector,
            world.buy.selector,
            world.settle.selector,
            world.claim.selector,
            world.donate.selector,
            world.stake.selector,
            world.unbond.selector,
            world.post.selector,
            world.act.selector,
            world.walk.selector,
            world.poke.selector
        ];
        // Jobs need many steps: those that move them come more often.
        for (uint256 i; i < 16; ++i) {
            selectors[i] = i < 11 ? verbs[i] : verbs[[uint256(7), 8, 9, 9, 9][i - 11]];
        }
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(world), selectors: selectors});
    }

    function invariant_WhatIsOwedOrHeldIsBookedAndCovered() public view {
        uint256 total = ledger.total(address(usd));
        vm.assertEq(world.owed() + ledger.held(address(usd)), total, "unsettled + claimable + held = total");
        vm.assertEq(usd.balanceOf(address(ledger)), total + world.donated(), "balance = total");
    }

    /// @dev Fees, prices, bonds and deposits that came in are held for a living job, or went out when it ended.
    function invariant_WhatJobsHoldIsTheirs() public view {
        vm.assertEq(ledger.held(address(usd)), world.escrow() + pool.balance(), "held = living jobs + pool");
    }

    function invariant_StakeIsFreeLockedOrUnbonding() public view {
        uint256 sum;
        uint256 weights;
        for (uint256 i; i < staking.operatorCount(); ++i) {
            Operator memory stored = staking.operator(staking.operatorAt(i));
            uint256 staked = uint256(stored.free) + stored.locked;
            sum += staked + stored.unbonding;
            if (staked >= staking.minimumStake()) weights += staked;
        }
        vm.assertEq(usd.balanceOf(address(staking)), sum + world.donated(), "free + locked + unbonding = balance");
        vm.assertEq(staking.totalStake(), weights, "the tree weighs what is staked");
        vm.assertLe(sum + world.withdrawn(), world.staked());
    }

    function invariant_OnlyLivingJobsLock() public view {
        for (uint256 i; i < staking.operatorCount(); ++i) {
            address account = staking.operatorAt(i);
            vm.assertEq(staking.operator(account).locked, world.lockedByJobs(account), "locked by living jobs alone");
        }
    }

    function invariant_StatusMovesOnlyAlongTheTable() public view {
        vm.assertEq(world.strayMoves(), 0);
    }

    function invariant_VerdictsSlashWhoWasWrongAndNoMoreThanTheRule() public view {
        vm.assertEq(world.straySlashes(), 0);
    }

    /// @dev That the laws mean something: a walk by the same handlers comes through every state.
    function test_EveryStateIsReached() public {
        for (uint256 i; i < 300; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(i)));
            if (i % 3 == 0) world.post(seed, seed >> 8, uint96(seed >> 16));
            world.walk(seed >> 32, seed, seed % 4 == 0);
            if (i % 10 == 0) world.pass(1, true);
            if (i % 10 == 5) world.stake(seed >> 64, uint80(seed));
        }
        for (uint256 status = uint256(Status.Open); status <= uint256(Status.Failed); ++status) {
            vm.assertGe(world.reached(Status(status)), 3);
        }
        invariant_WhatJobsHoldIsTheirs();
        invariant_OnlyLivingJobsLock();
        invariant_StatusMovesOnlyAlongTheTable();
        invariant_VerdictsSlashWhoWasWrongAndNoMoreThanTheRule();
    }
}
