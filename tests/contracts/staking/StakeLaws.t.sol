// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {VM, Vm} from "../base/Vm.sol";
import {Crowd} from "./Crowd.sol";

/// @notice The laws of stake, one function each.
contract StakeLawsTest {
    Vm internal constant vm = VM;
    address private constant BURN = 0x000000000000000000000000000000000000dEaD;

    Crowd private crowd;
    MockUSD private usd;
    RevenueLedger private ledger;
    OperatorStaking private staking;

    function setUp() public {
        crowd = new Crowd();
        crowd.setUp();
        (usd, ledger, staking) = crowd.parts();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Crowd.pass.selector;
        selectors[1] = Crowd.stake.selector;
        selectors[2] = Crowd.unbond.selector;
        selectors[3] = Crowd.withdraw.selector;
        selectors[4] = Crowd.draw.selector;
        selectors[5] = Crowd.unlock.selector;
        selectors[6] = Crowd.slash.selector;
        selectors[7] = Crowd.donate.selector;
        selectors[8] = Crowd.slash.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(crowd), selectors: selectors});
    }

    function invariant_FreeLockedAndUnbondingAreTheBalance() public view {
        uint256 sum;
        for (uint256 i; i < staking.operatorCount(); ++i) {
            Operator memory stored = staking.operator(staking.operatorAt(i));
            sum += uint256(stored.free) + stored.locked + stored.unbonding;
        }
        vm.assertEq(usd.balanceOf(address(staking)), sum + crowd.donated(), "free + locked + unbonding = balance");
        vm.assertEq(crowd.staked(), sum + crowd.withdrawn() + crowd.burned() + crowd.heldForJobs(), "in = out");
    }

    function invariant_WeightsAreStakes() public view {
        uint256 weights;
        uint256 candidates;
        for (uint256 i; i < staking.operatorCount(); ++i) {
            Operator memory stored = staking.operator(staking.operatorAt(i));
            uint256 staked = uint256(stored.free) + stored.locked;
            if (staked < staking.minimumStake()) continue;
            weights += staked;
            ++candidates;
        }
        vm.assertEq(staking.totalStake(), weights, "the tree weighs what is staked");
        vm.assertEq(staking.candidateCount(), candidates, "candidates have the minimum");
    }

    function invariant_OnlyLivingJobsLock() public view {
        for (uint256 i; i < staking.operatorCount(); ++i) {
            address account = staking.operatorAt(i);
            vm.assertEq(staking.operator(account).locked, crowd.lockedFor(account), "locked by living jobs alone");
        }
    }

    function invariant_SlashesTakeWhatTheRuleAllows() public view {
        vm.assertEq(crowd.strays(), 0);
        vm.assertEq(ledger.held(address(usd)), crowd.heldForJobs(), "what lies cost is held");
        vm.assertEq(ledger.claimable(BURN, address(usd)), crowd.burned(), "fines are burned");
    }
}
