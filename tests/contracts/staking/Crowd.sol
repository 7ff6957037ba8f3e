// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {MockUSD} from "../../../contracts/MockUSD.sol";
import {Fault, Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {StakingTest} from "./StakingTest.sol";

/// @notice Everything that operators and jobs may do to stake, in any order, and a book of what it must come to.
contract Crowd is StakingTest {
    struct Lock {
        address account;
        uint96 amount;
    }

    uint256 private constant MEMBERS = 6;

    Lock[] private _locks;
    uint256 public staked;
    uint256 public withdrawn;
    uint256 public burned;
    uint256 public heldForJobs;
    uint256 public donated;
    /// @dev Slashes that took another amount than the rule says, or touched another job's lock; stays zero.
    uint256 public strays;

    function setUp() public override {
        super.setUp();
        _addOperators(MEMBERS, MINIMUM_STAKE);
        staked = MEMBERS * MINIMUM_STAKE;
        for (uint256 i; i < MEMBERS; ++i) {
            _fund(operators[i], 1e18);
        }
        _mine(1);
    }

    function pass(uint8 blocks, bool long) external {
        _mine(1 + blocks % 40);
        if (long) _pass(UNBOND_PERIOD / 2);
    }

    function stake(uint256 who, uint40 amount) external {
        address account = _member(who);
        uint256 free = staking.operator(account).free;
        uint256 least = free < MINIMUM_STAKE ? MINIMUM_STAKE - free : 0;
        vm.prank(account);
        staking.stake(least + amount);
        staked += least + amount;
    }

    function unbond(uint256 who, uint256 amount) external {
        address account = _member(who);
        uint256 free = staking.operator(account).free;
        if (free == 0) return;
        vm.prank(account);
        staking.requestUnbond(1 + amount % free);
    }

    function withdraw(uint256 who) external {
        address account = _member(who);
        Operator memory stored = staking.operator(account);
        if (stored.unbonding == 0 || stored.unbondAt > vm.getBlockTimestamp()) return;
        vm.prank(account);
        staking.withdraw();
        withdrawn += stored.unbonding;
    }

    function draw(bytes32 seed, uint8 count, uint64 amount, uint256 excluded) external {
        address[] memory passedOver = new address[](1);
        passedOver[0] = _member(excluded);
        uint256 lock = amount % (2 * MINIMUM_STAKE);
        address[] memory drawn = _draw(seed, count % 8, lock, passedOver);
        for (uint256 i; i < drawn.length; ++i) {
            _locks.push(Lock({account: drawn[i], amount: uint96(lock)}));
        }
    }

    function unlock(uint256 which) external {
        if (_locks.length == 0) return;
        Lock memory ended = _end(which);
        _unlock(ended.account, ended.amount);
    }

    function slash(uint256 which, uint8 kind) external {
        if (_locks.length == 0) return;
        Lock memory ended = _end(which);
        Fault fault = Fault(kind % 4);
        Operator memory stored = staking.operator(ended.account);
        uint256 all = uint256(stored.free) + stored.locked + stored.unbonding;
        uint256 most = uint256(ended.amount) + stored.free + stored.unbonding;
        uint256 rule = fault == Fault.Silent ? uint256(ended.amount) * 5 / 100 : 0;
        if (fault == Fault.Withheld) rule = uint256(ended.amount) * 20 / 100;
        if (fault == Fault.Wrong) rule = all / 10 > ended.amount ? all / 10 : ended.amount;

        uint256 taken = _slash(ended.account, ended.amount, fault);

        Operator memory left = staking.operator(ended.account);
        if (taken != (rule < most ? rule : most)) ++strays;
        if (left.locked != stored.locked - ended.amount) ++strays;
        if (uint256(left.free) + left.locked + left.unbonding + taken != all) ++strays;
        if (left.unbonding != stored.unbonding && left.free != 0) ++strays;
        if (fault == Fault.Wrong) heldForJobs += taken;
        else burned += taken;
    }

    function donate(uint64 amount) external {
        usd.mint(address(staking), amount);
        donated += amount;
    }

    function lockedFor(address account) external view returns (uint256 sum) {
        for (uint256 i; i < _locks.length; ++i) {
            if (_locks[i].account == account) sum += _locks[i].amount;
        }
    }

    function parts() external view returns (MockUSD, RevenueLedger, OperatorStaking) {
        return (usd, ledger, staking);
    }

    function _end(uint256 which) private returns (Lock memory ended) {
        uint256 i = which % _locks.length;
        ended = _locks[i];
        _locks[i] = _locks[_locks.length - 1];
        _locks.pop();
    }

    function _member(uint256 who) private view returns (address) {
        return operators[who % MEMBERS];
    }
}
