// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Assignment} from "./Assignment.sol";
import {Intake} from "./Intake.sol";
import {IOperatorStaking, Operator} from "./interfaces/IOperatorStaking.sol";

/// @title OperatorStaking
contract OperatorStaking is IOperatorStaking, ReentrancyGuardTransient {
    using Assignment for Assignment.Tree;
    using Intake for IERC20;
    using SafeERC20 for IERC20;

    IERC20 private immutable _token;
    address private immutable _jobMarket;
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

    modifier onlyJobMarket() {
        _checkJobMarket();
        _;
    }

    /// @param token_ What is staked, and what jobFees are paid in.
    /// @param jobMarket The one that may lock stake.
    /// @param minimumStake_ Least stake of an operator that may be drawn, in base units.
    /// @param unbondPeriod_ Seconds from a request to a withdrawal.
    constructor(IERC20 token_, address jobMarket, uint256 minimumStake_, uint256 unbondPeriod_) {
        _token = token_;
        _jobMarket = jobMarket;
        minimumStake = minimumStake_;
        unbondPeriod = unbondPeriod_;
    }

    /// @inheritdoc IOperatorStaking
    function register(string calldata url) external {
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

        _setFree(msg.sender, stored, free);

        emit Staked(msg.sender, amount, free);

        uint256 received = _token.take(address(this), amount);
        require(received >= amount, ReceivedTooLittle(received, amount));
    }

    /// @inheritdoc IOperatorStaking
    function requestUnbond(uint256 amount) external {
        require(amount != 0, NothingToUnbond());
        Operator storage stored = _operators[msg.sender];
        uint256 free = stored.free;
        require(free >= amount, NotEnoughFree(msg.sender, free, amount));
        uint256 unbondAt = block.timestamp + unbondPeriod;

        _setFree(msg.sender, stored, free - amount);
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
    function drawAndLock(uint256 jobId, bytes32 seed, uint256 seedBlock, uint256 count, uint256 amount)
        external
        onlyJobMarket
        returns (address[] memory operators)
    {
        require(Assignment.isLive(seedBlock), SeedTooOld(seedBlock));

        operators = new address[](count);
        uint256 found;
        Assignment.Draw memory draw = _weights.begin(seed, seedBlock);
        while (found < count) {
            (bool any, uint256 place) = _weights.next(draw);
            require(any, TooFewEligible(found, count));
            address account = _accounts[place];
            if (_operators[account].free < amount) continue;
            operators[found++] = account;
            _lock(jobId, account, amount);
        }
    }

    /// @inheritdoc IOperatorStaking
    function unlock(uint256 jobId, address account, uint256 amount) external onlyJobMarket {
        Operator storage stored = _operators[account];

        stored.locked = SafeCast.toUint96(stored.locked - amount);
        stored.free = SafeCast.toUint96(stored.free + amount);

        emit Unlocked(account, jobId, amount);
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
    function totalStake() external view returns (uint256) {
        return _weights.total();
    }

    /// @inheritdoc IOperatorStaking
    function token() external view returns (address) {
        return address(_token);
    }

    function _checkJobMarket() private view {
        require(msg.sender == _jobMarket, NotJobMarket(msg.sender));
    }

    function _lock(uint256 jobId, address account, uint256 amount) private {
        Operator storage stored = _operators[account];

        stored.free = SafeCast.toUint96(stored.free - amount);
        stored.locked = SafeCast.toUint96(stored.locked + amount);

        emit Locked(account, jobId, amount);
    }

    /// @dev Locking leaves the weight as it is, so that a job touches no tree.
    function _setFree(address account, Operator storage stored, uint256 free) private {
        uint256 locked = stored.locked;
        uint256 from = _weight(stored.free + locked);
        stored.free = SafeCast.toUint96(free);
        _weights.change(_places[account] - 1, from, _weight(free + locked));
    }

    function _weight(uint256 staked) private view returns (uint256) {
        return staked < minimumStake ? 0 : staked;
    }
}
