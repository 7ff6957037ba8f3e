// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IOperatorStaking} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {StakingTest} from "./StakingTest.sol";

/// drawAndLock
/// ├── from others than JobMarket and Panel: reverts
/// ├── a seed block that is not yet known, or too old: reverts
/// ├── passes over who has too little free, who is excluded, and who is below the minimum
/// ├── fewer are eligible than asked for: those there are
/// └── stake that moves after the seed block: moves no draw
/// unlock
/// ├── from others than JobMarket and Panel: reverts
/// └── frees what was locked
contract DrawAndLockTest is StakingTest {
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
            _checkOperator(drawn[i], MINIMUM_STAKE - LOCK, LOCK, 0);
        }
        vm.assertEq(staking.totalStake(), 5 * MINIMUM_STAKE);
        vm.assertEq(staking.candidateCount(), 5);

        vm.expectEmit(address(staking));
        emit IOperatorStaking.Unlocked(drawn[0], JOB, LOCK);
        _unlock(drawn[0], LOCK);
        _checkOperator(drawn[0], MINIMUM_STAKE, 0, 0);
    }

    function test_SkipsOperatorsWithTooLittleFree() public {
        address[] memory busy = _draw("seed", 3, MINIMUM_STAKE);
        address[] memory drawn = _draw("other", 3, 1);
        vm.assertEq(drawn.length, 2);
        for (uint256 i; i < 2; ++i) {
            vm.assertFalse(_isAmong(busy, drawn[i]));
        }
    }

    function test_GivesThoseThereAre() public {
        vm.assertEq(_draw("seed", 7, LOCK).length, 5);
        vm.assertEq(_draw("seed", 7, MINIMUM_STAKE).length, 0);
        vm.assertEq(_draw("seed", 0, LOCK).length, 0);
    }

    function testFuzz_PassesOverWhoIsExcluded(bytes32 seed, uint8 bits, uint8 count) public {
        address[] memory excluded = new address[](6);
        uint256 allowed;
        for (uint256 i; i < 5; ++i) {
            if (bits >> i & 1 == 1) excluded[i] = operators[i];
            else ++allowed;
        }
        excluded[5] = eve;
        address[] memory drawn = _draw(seed, count % 8, LOCK, excluded);
        vm.assertEq(drawn.length, allowed < count % 8 ? allowed : count % 8);
        for (uint256 i; i < drawn.length; ++i) {
            vm.assertFalse(_isAmong(excluded, drawn[i]));
            _checkOperator(drawn[i], MINIMUM_STAKE - LOCK, LOCK, 0);
        }
        for (uint256 i; i < 5; ++i) {
            if (!_isAmong(drawn, operators[i])) _checkOperator(operators[i], MINIMUM_STAKE, 0, 0);
        }
    }

    /// @dev A panel of 7 beside a job of 7 seats whose silent ones were drawn anew twice, and an auditor.
    function test_FindsAPanelBesideAJobsManyParticipants() public {
        _addOperators(24, MINIMUM_STAKE);
        _mine(2);
        address[] memory excluded = new address[](22);
        for (uint256 i; i < 22; ++i) {
            excluded[i] = operators[i];
        }
        address[] memory drawn = _draw("seed", 7, LOCK, excluded);
        vm.assertEq(drawn.length, 7);
        for (uint256 i = 22; i < 29; ++i) {
            vm.assertTrue(_isAmong(drawn, operators[i]));
        }
    }

    function test_RefusesSeedsThatAreTooOldOrNotYetKnown() public {
        uint256 present = vm.getBlockNumber();
        vm.startPrank(jobsAt);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.SeedTooOld.selector, present));
        staking.drawAndLock(JOB, "seed", present, 1, LOCK, new address[](0));
        _mine(32);
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.SeedTooOld.selector, present));
        staking.drawAndLock(JOB, "seed", present, 1, LOCK, new address[](0));
        staking.drawAndLock(JOB, "seed", present + 1, 1, LOCK, new address[](0));
    }

    /// @dev Whoever knows the seed could otherwise try amounts offline until it sits on every seat.
    function testFuzz_WhatIsStakedAfterTheSeedMovesNoDraw(bytes32 seed, uint80 amount, uint8 gap) public {
        uint256 seedBlock = vm.getBlockNumber();
        _mine(1 + gap % 30);
        address[] memory expected = _peek(seed, 3, seedBlock);

        _fund(operators[0], uint256(amount) * 2);
        vm.prank(operators[0]);
        staking.stake(amount);
        vm.prank(operators[1]);
        staking.requestUnbond(1 + amount % (MINIMUM_STAKE - LOCK));
        _addOperators(4, MINIMUM_STAKE + amount % 1e9);
        vm.prank(operators[0]);
        staking.stake(amount);

        vm.assertEq(keccak256(abi.encode(_peek(seed, 3, seedBlock))), keccak256(abi.encode(expected)));
    }

    function test_JobMarketAndPanelMayAndNobodyElse() public {
        uint256 seedBlock = vm.getBlockNumber() - 1;
        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotJobs.selector, eve));
        vm.prank(eve);
        staking.drawAndLock(JOB, "seed", seedBlock, 1, 1, new address[](0));
        vm.prank(panelAt);
        address[] memory drawn = staking.drawAndLock(JOB, "seed", seedBlock, 1, 1, new address[](0));

        vm.expectRevert(abi.encodeWithSelector(IOperatorStaking.NotJobs.selector, eve));
        vm.prank(eve);
        staking.unlock(JOB, drawn[0], 1);
        vm.prank(panelAt);
        staking.unlock(JOB, drawn[0], 1);
        _checkOperator(drawn[0], MINIMUM_STAKE, 0, 0);
    }

    /// @dev Draws and puts everything back.
    function _peek(bytes32 seed, uint256 count, uint256 seedBlock) private returns (address[] memory drawn) {
        vm.prank(jobsAt);
        drawn = staking.drawAndLock(JOB, seed, seedBlock, count, LOCK, new address[](0));
        for (uint256 i; i < drawn.length; ++i) {
            _unlock(drawn[i], LOCK);
        }
    }
}
