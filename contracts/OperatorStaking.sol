// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Assignment} from "./Assignment.sol";
import {Lists} from "./Lists.sol";
import {Fault, IOperatorStaking, Operator} from "./interfaces/IOperatorStaking.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title OperatorStaking
contract OperatorStaking is IOperatorStaking, ReentrancyGuardTransient {
    using Assignment for Assignment.Tree;
    using Lists for address[];
    using SafeERC20 for IERC20;

    address private constant BURN = 0x000000000000000000000000000000000000dEaD;
    uint256 private constant MAX_URL = 256;
    uint256 private constant SILENT_PERCENT = 5;
    uint256 private constant WITHHELD_PERCENT = 20;
    /// @dev Of all the operator's stake, where that is more than the lock.
    uint256 private constant WRONG_PERCENT = 10;

    IERC20 private immutable _token;
    address private immutable _jobMarket;
    address private immutable _panel;
    IRevenueLedger private immutable _ledger;
    /// @inheritdoc IOperatorStaking
    uint256 public immutable minimumStake;
    /// @inheritdoc IOperatorStaking
    uint256 public immutable unbondPeriod;

    address[] private _accounts;
    Assignment.Tree private _weights;
    mapping(address account => Operator) private _operators;
    mapping(address account => string) private _endpoints;
    /// @dev Place in `_accounts` and among the leaves, plus one; zero for who is not registered.
    mapping(address account => uint256) private _places;

    modifier onlyJobs() {
        _checkJobs();
        _;
    }

    /// @param token_ What is staked, and what jobFees are paid in.
    /// @param jobMarket One of the two that may lock stake and slash it.
    /// @param panel The other.
    /// @param ledger Where the stake that was slashed goes.
    /// @param minimumStake_ Least stake of an operator that may be drawn, in base units.
    /// @param unbondPeriod_ Seconds from a request to a withdrawal.
    constructor(
        IERC20 token_,
        address jobMarket,
        address panel,
        IRevenueLedger ledger,
        uint256 minimumStake_,
        uint256 unbondPeriod_
    ) {
        _token = token_;
        _jobMarket = jobMarket;
        _panel = panel;
        _ledger = ledger;
        minimumStake = minimumStake_;
        unbondPeriod = unbondPeriod_;
    }

    /// @inheritdoc IOperatorStaking
    function register(string calldata url) external {
        uint256 length = bytes(url).length;
        require(length <= MAX_URL, UrlTooLong(length, MAX_URL));

        if (_places[msg.sender] == 0) {
            _accounts.push(msg.sender);
            _places[msg.sender] = _weights.append() + 1;
        }
        _endpoints[msg.sender] = url;

        emit OperatorRegistered(msg.sender, url);
    }

    /// @inheritdoc IOperatorStaking
    function stake(uint256 amount) external nonReentrant {
        require(_places[msg.sender] != 0, NotRegistered(msg.sender));
        Operator storage stored = _operators[msg.sender];
        uint256 free = stored.free + amount;
        require(free >= minimumStake, StakeTooLow(free, minimumStake));

        _change(msg.sender, stored, free, stored.locked);

        emit Staked(msg.sender, amount, free);

        uint256 balance = _token.balanceOf(address(this));
        _token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = _token.balanceOf(address(this)) - balance;
        require(received >= amount, ReceivedTooLittle(received, amount));
    }

    /// @inheritdoc IOperatorStaking
    function requestUnbond(uint256 amount) external {
        require(amount != 0, NothingToUnbond());
        Operator storage stored = _operators[msg.sender];
        uint256 free = stored.free;
        require(free >= amount, NotEnoughFree(msg.sender, free, amount));
        uint256 unbondAt = block.timestamp + unbondPeriod;

        _change(msg.sender, stored, free - amount, stored.locked);
        stored.unbonding = SafeCast.toUint96(stored.unbonding + amount);
        stored.unbondAt = SafeCast.toUint64(unbondAt);

        emit UnbondRequested(msg.sender, amount, unbondAt);
    }

    /// @inheritdoc IOperatorStaking
    function withdraw() external {
        Operator storage stored = _operators[msg.sender];
        uint256 amount = stored.unbonding;
        require(amount != 0, NothingUnbonding(msg.sender));
        require(block.timestamp >= stored.unbondAt, StillUnbonding(stored.unbondAt));

        stored.unbonding = 0;
        stored.unbondAt = 0;

        emit Withdrawn(msg.sender, amount);

        _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IOperatorStaking
    function drawAndLock(
        uint256 jobId,
        bytes32 seed,
        uint256 seedBlock,
        uint256 count,
        uint256 amount,
        address[] calldata excluded
    ) external onlyJobs returns (address[] memory operators) {
        require(Assignment.isLive(seedBlock), SeedTooOld(seedBlock));

        operators = new address[](count);
        uint256 found;
        Assignment.Draw memory draw = _weights.begin(seed, seedBlock);
        while (found < count) {
            (bool any, uint256 place) = _weights.next(draw);
            if (!any) break;
            address account = _accounts[place];
            if (_operators[account].free < amount || _isAmong(excluded, account)) continue;
            operators[found++] = account;
            _lock(jobId, account, amount);
        }
        operators.shorten(found);
    }

    /// @inheritdoc IOperatorStaking
    function unlock(uint256 jobId, address account, uint256 amount) external onlyJobs {
        Operator storage stored = _operators[account];

        stored.locked = SafeCast.toUint96(stored.locked - amount);
        stored.free = SafeCast.toUint96(stored.free + amount);

        emit Unlocked(account, jobId, amount);
    }

    /// @inheritdoc IOperatorStaking
    function slash(uint256 jobId, address account, uint256 lock, Fault fault)
        external
        onlyJobs
        returns (uint256 taken)
    {
        Operator storage stored = _operators[account];
        (uint256 free, uint256 locked, uint256 unbonding) = (stored.free, stored.locked, stored.unbonding);
        uint256 own = free + lock;
        taken = Math.min(_costOf(fault, lock, free + locked + unbonding), own + unbonding);
        uint256 fromOwn = Math.min(taken, own);

        _change(account, stored, own - fromOwn, locked - lock);
        if (taken > fromOwn) stored.unbonding = SafeCast.toUint96(unbonding + fromOwn - taken);

        emit Slashed(account, jobId, fault, lock, taken);

        if (taken == 0) return 0;
        _token.safeTransfer(address(_ledger), taken);
        _ledger.hold(address(_token), taken);
        if (fault != Fault.Wrong) _burn(taken);
    }

    /// @inheritdoc IOperatorStaking
    function operator(address account) external view returns (Operator memory) {
        return _operators[account];
    }

    /// @inheritdoc IOperatorStaking
    function endpoint(address account) external view returns (string memory) {
        return _endpoints[account];
    }

    /// @inheritdoc IOperatorStaking
    function operatorCount() external view returns (uint256) {
        return _accounts.length;
    }

    /// @inheritdoc IOperatorStaking
    function operatorAt(uint256 index) external view returns (address) {
        return _accounts[index];
    }

    /// @inheritdoc IOperatorStaking
    function candidateCount() external view returns (uint256) {
        return _weights.weighted;
    }

    /// @inheritdoc IOperatorStaking
    function totalStake() external view returns (uint256) {
        return _weights.total();
    }

    /// @inheritdoc IOperatorStaking
    function token() external view returns (address) {
        return address(_token);
    }

    function _checkJobs() private view {
        require(msg.sender == _jobMarket || msg.sender == _panel, NotJobs(msg.sender));
    }

    /// @dev Locking leaves the weight as it is, so that a job touches no tree.
    function _lock(uint256 jobId, address account, uint256 amount) private {
        Operator storage stored = _operators[account];

        stored.free = SafeCast.toUint96(stored.free - amount);
        stored.locked = SafeCast.toUint96(stored.locked + amount);

        emit Locked(account, jobId, amount);
    }

    /// @dev Owes what is held to nobody, for good.
    function _burn(uint256 amount) private {
        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (BURN, amount);
        _ledger.payHeld(address(_token), accounts, amounts);
    }

    /// @dev Sets the stake and, with it, the weight.
    function _change(address account, Operator storage stored, uint256 free, uint256 locked) private {
        uint256 from = _weight(uint256(stored.free) + stored.locked);
        (stored.free, stored.locked) = (SafeCast.toUint96(free), SafeCast.toUint96(locked));
        _weights.change(_places[account] - 1, from, _weight(free + locked));
    }

    function _weight(uint256 staked) private view returns (uint256) {
        return staked < minimumStake ? 0 : staked;
    }

    /// @dev What a fault costs, whether or not that much is there.
    function _costOf(Fault fault, uint256 lock, uint256 all) private pure returns (uint256) {
        if (fault == Fault.Silent) return lock * SILENT_PERCENT / 100;
        if (fault == Fault.Withheld) return lock * WITHHELD_PERCENT / 100;
        if (fault == Fault.Wrong) return Math.max(lock, all * WRONG_PERCENT / 100);
        return 0;
    }

    function _isAmong(address[] calldata accounts, address account) private pure returns (bool) {
        for (uint256 i; i < accounts.length; ++i) {
            if (accounts[i] == account) return true;
        }
        return false;
    }
}
