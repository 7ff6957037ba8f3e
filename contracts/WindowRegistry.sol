// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";
import {
    IWindowRegistry,
    Recorder,
    Recording,
    RecordingRules,
    WindowKey,
    WindowStatus
} from "./interfaces/IWindowRegistry.sol";

/// @title WindowRegistry
contract WindowRegistry is IWindowRegistry, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev A window as it is kept: its status follows from this and the time.
    struct Round {
        uint64 commitBy;
        uint64 revealBy;
        uint64 recordedAt;
        uint8 revealed;
        bool closed;
        bytes32 cidDigest;
    }

    address private constant BURN = 0x000000000000000000000000000000000000dEaD;
    uint256 private constant MAX_RECORDERS = 16;
    uint256 private constant MAX_NAME = 64;

    IRevenueLedger private immutable _ledger;
    IERC20 private immutable _token;
    uint8 private immutable _n;
    uint8 private immutable _k;
    uint32 private immutable _commitPeriod;
    uint32 private immutable _revealPeriod;
    uint96 private immutable _lock;

    /// @inheritdoc IWindowRegistry
    uint256 public recorderCount;

    mapping(address account => Recorder) private _recorders;
    mapping(bytes32 key => Round) private _rounds;
    mapping(bytes32 key => Recording[]) private _recordings;

    /// @param authority Decides who may list recorders.
    /// @param ledger Where bonds lie.
    /// @param token What bonds are in: the stake token.
    /// @param rules_ What is asked of recorders.
    constructor(AccessManager authority, IRevenueLedger ledger, IERC20 token, RecordingRules memory rules_)
        AccessManaged(address(authority))
    {
        require(
            rules_.n <= MAX_RECORDERS && rules_.k <= rules_.n && rules_.k > rules_.n / 2 && rules_.commit != 0
                && rules_.reveal != 0 && rules_.lock != 0,
            RulesInvalid()
        );

        _ledger = ledger;
        _token = token;
        _n = rules_.n;
        _k = rules_.k;
        _commitPeriod = rules_.commit;
        _revealPeriod = rules_.reveal;
        _lock = rules_.lock;
    }

    /// @inheritdoc IWindowRegistry
    function listRecorder(address account, bool listed) external restricted {
        Recorder storage stored = _recorders[account];
        if (listed) {
            require(!stored.listed, AlreadyListed(account));
            require(recorderCount < _n, ListFull(_n));
        } else {
            require(stored.listed, NotListed(account));
        }

        stored.listed = listed;
        recorderCount = listed ? recorderCount + 1 : recorderCount - 1;

        emit RecorderListed(account, listed);
    }

    /// @inheritdoc IWindowRegistry
    function deposit(uint256 amount) external nonReentrant {
        require(amount != 0, NothingToMove());
        Recorder storage stored = _recorders[msg.sender];

        stored.free = SafeCast.toUint96(stored.free + amount);

        emit BondDeposited(msg.sender, amount, stored.free);

        _token.safeTransferFrom(msg.sender, address(_ledger), amount);
        _ledger.hold(address(_token), amount);
    }

    /// @inheritdoc IWindowRegistry
    function withdraw(uint256 amount) external nonReentrant {
        require(amount != 0, NothingToMove());
        Recorder storage stored = _recorders[msg.sender];
        uint256 free = stored.free;
        require(free >= amount, BondTooLow(msg.sender, free, amount));

        stored.free = SafeCast.toUint96(free - amount);

        emit BondWithdrawn(msg.sender, amount, stored.free);

        _pay(msg.sender, amount);
    }

    /// @inheritdoc IWindowRegistry
    function commitWindow(WindowKey calldata window, bytes32 commitment) external {
        require(commitment != 0, EmptyCommitment());
        Recorder storage stored = _recorders[msg.sender];
        require(stored.listed, NotListed(msg.sender));
        require(stored.free >= _lock, BondTooLow(msg.sender, stored.free, _lock));
        bytes32 key = keyOf(window);
        Round storage round = _rounds[key];
        Recording[] storage said = _recordings[key];
        bool first = round.commitBy == 0;
        if (first) _open(round, window);
        else require(!_isAmong(said, msg.sender), AlreadyCommitted(key, msg.sender));
        require(said.length < _n, WindowFull(key));
        require(block.timestamp <= round.commitBy, TooLate(block.timestamp, round.commitBy));

        stored.free -= _lock;
        stored.locked += _lock;
        _recordings[key].push(Recording({recorder: msg.sender, commitment: commitment, cidDigest: 0}));
        // Reveals begin where nobody can copy any more: all have committed.
        bool last = said.length == _n;
        if (last) round.revealBy = SafeCast.toUint64(block.timestamp + _revealPeriod);

        if (first) emit WindowOpened(key, window, round.commitBy);
        emit WindowCommitted(key, msg.sender, commitment);
        if (last) emit WindowCommitsClosed(key, round.revealBy);
    }

    /// @inheritdoc IWindowRegistry
    function revealWindow(bytes32 key, bytes32 cidDigest, bytes32 salt) external {
        require(cidDigest != 0, EmptyDigest());
        Round storage round = _rounds[key];
        Recording[] storage said = _recordings[key];
        require(_areCommitsClosed(round, said.length), WrongWindowStatus(key, _statusOf(round, said.length)));
        require(block.timestamp <= round.revealBy, TooLate(block.timestamp, round.revealBy));
        Recording storage own = said[_placeOf(key, said)];
        require(own.cidDigest == 0, AlreadyRevealed(key, msg.sender));
        bytes32 commitment = recordingOf(key, msg.sender, cidDigest, salt);
        require(commitment == own.commitment, CommitmentMismatch(own.commitment, commitment));

        own.cidDigest = cidDigest;
        ++round.revealed;
        bool recorded = round.recordedAt == 0 && _votesFor(said, cidDigest) == _k;
        if (recorded) {
            round.recordedAt = SafeCast.toUint64(block.timestamp);
            round.cidDigest = cidDigest;
        }

        emit WindowRevealed(key, msg.sender, cidDigest);
        if (recorded) emit WindowRecorded(key, cidDigest);
    }

    /// @inheritdoc IWindowRegistry
    function closeWindow(bytes32 key) external {
        Round storage round = _rounds[key];
        Recording[] storage said = _recordings[key];
        uint256 count = said.length;
        require(_areCommitsClosed(round, count), WrongWindowStatus(key, _statusOf(round, count)));
        require(!round.closed, AlreadyClosed(key));
        require(
            round.revealed == count || block.timestamp > round.revealBy,
            DeadlineNotPassed(block.timestamp, round.revealBy)
        );

        round.closed = true;
        bytes32 cidDigest = round.cidDigest;
        uint256 burned;
        for (uint256 i; i < count; ++i) {
            Recorder storage stored = _recorders[said[i].recorder];
            stored.locked -= _lock;
            if (cidDigest == 0 || said[i].cidDigest == cidDigest) stored.free += _lock;
            else burned += _lock;
        }

        emit WindowClosed(key, cidDigest == 0 ? WindowStatus.Failed : WindowStatus.Recorded, cidDigest, burned);

        if (burned != 0) _pay(BURN, burned);
    }

    /// @inheritdoc IWindowRegistry
    function windowOf(bytes32 key) external view returns (WindowStatus status, bytes32 cidDigest, uint256 recordedAt) {
        Round storage round = _rounds[key];
        return (_statusOf(round, _recordings[key].length), round.cidDigest, round.recordedAt);
    }

    /// @inheritdoc IWindowRegistry
    function recordings(bytes32 key) external view returns (Recording[] memory) {
        return _recordings[key];
    }

    /// @inheritdoc IWindowRegistry
    function recordableUntil(uint256 end) public view returns (uint256) {
        return end + _commitPeriod + _revealPeriod;
    }

    /// @inheritdoc IWindowRegistry
    function recordingOf(bytes32 key, address account, bytes32 cidDigest, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), key, account, cidDigest, salt));
    }

    /// @inheritdoc IWindowRegistry
    function recorder(address account) external view returns (Recorder memory) {
        return _recorders[account];
    }

    /// @inheritdoc IWindowRegistry
    function rules() external view returns (RecordingRules memory) {
        return RecordingRules({n: _n, k: _k, commit: _commitPeriod, reveal: _revealPeriod, lock: _lock});
    }

    /// @inheritdoc IWindowRegistry
    function keyOf(WindowKey calldata window) public pure returns (bytes32) {
        return keccak256(abi.encode(window.venue, window.symbol, window.start, window.end));
    }

    /// @dev Begins the round of a window that is over. A window that ended so long ago that nobody may commit is left alone.
    function _open(Round storage round, WindowKey calldata window) private {
        (uint256 venue, uint256 symbol) = (bytes(window.venue).length, bytes(window.symbol).length);
        require(
            venue != 0 && venue <= MAX_NAME && symbol != 0 && symbol <= MAX_NAME && window.start < window.end,
            WindowInvalid()
        );
        require(block.timestamp >= window.end, WindowNotOver(block.timestamp, window.end));
        uint256 commitBy = uint256(window.end) + _commitPeriod;

        round.commitBy = SafeCast.toUint64(commitBy);
        round.revealBy = SafeCast.toUint64(commitBy + _revealPeriod);
    }

    /// @dev Owes an account what is held.
    function _pay(address account, uint256 amount) private {
        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (account, amount);
        _ledger.payHeld(address(_token), accounts, amounts);
    }

    function _statusOf(Round storage round, uint256 committed) private view returns (WindowStatus) {
        if (round.commitBy == 0) return WindowStatus.None;
        if (round.recordedAt != 0) return WindowStatus.Recorded;
        if (!_areCommitsClosed(round, committed)) return WindowStatus.Committing;
        bool over = round.closed || block.timestamp > round.revealBy;
        return over ? WindowStatus.Failed : WindowStatus.Revealing;
    }

    function _areCommitsClosed(Round storage round, uint256 committed) private view returns (bool) {
        return committed == _n || (round.commitBy != 0 && block.timestamp > round.commitBy);
    }

    function _placeOf(bytes32 key, Recording[] storage said) private view returns (uint256) {
        for (uint256 i; i < said.length; ++i) {
            if (said[i].recorder == msg.sender) return i;
        }
        revert NotRecorder(key, msg.sender);
    }

    function _isAmong(Recording[] storage said, address account) private view returns (bool) {
        for (uint256 i; i < said.length; ++i) {
            if (said[i].recorder == account) return true;
        }
        return false;
    }

    function _votesFor(Recording[] storage said, bytes32 cidDigest) private view returns (uint256 votes) {
        for (uint256 i; i < said.length; ++i) {
            if (said[i].cidDigest == cidDigest) ++votes;
        }
    }
}
