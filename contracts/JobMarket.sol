// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Assignment} from "./Assignment.sol";
import {Intake} from "./Intake.sol";
import {MAX_SEATS, Quorum} from "./Quorum.sol";
import {Failure, IJobMarket, Job, JobTerms, OutcomeKind, Seat, Status, Windows} from "./interfaces/IJobMarket.sol";
import {ILicenseMarket, Offer} from "./interfaces/ILicenseMarket.sol";
import {IModuleRegistry} from "./interfaces/IModuleRegistry.sol";
import {IOperatorStaking} from "./interfaces/IOperatorStaking.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title JobMarket
contract JobMarket is IJobMarket, ReentrancyGuardTransient {
    using Intake for IERC20;
    using Quorum for Seat[MAX_SEATS];

    uint256 private constant MAX_SPEC = 4096;
    uint256 private constant MAX_OUTCOME = 4096;
    uint256 private constant MAX_FUEL = 1e13;

    IModuleRegistry private immutable _registry;
    ILicenseMarket private immutable _market;
    IRevenueLedger private immutable _ledger;
    IOperatorStaking private immutable _staking;
    IERC20 private immutable _token;
    uint256 private immutable _minimumFee;
    uint256 private immutable _lockMultiple;
    uint32 private immutable _openWindow;
    uint32 private immutable _commitWindow;
    uint32 private immutable _revealWindow;
    uint32 private immutable _challengeWindow;
    uint64 private immutable _fuelPerSecond;
    uint32 private immutable _confirmations;

    /// @inheritdoc IJobMarket
    uint256 public jobCount;

    mapping(uint256 jobId => Job) private _jobs;
    mapping(uint256 jobId => Seat[MAX_SEATS]) private _seats;

    /// @param registry Where versions are.
    /// @param market Where licenses and per-run prices are.
    /// @param ledger Where fees and royalties go.
    /// @param staking Where operators are; its token is what fees are paid in.
    /// @param minimumFee Least jobFee, base units.
    /// @param lockMultiple Stake locked for each seat, in jobFees.
    /// @param windows_ The windows of every job.
    constructor(
        IModuleRegistry registry,
        ILicenseMarket market,
        IRevenueLedger ledger,
        IOperatorStaking staking,
        uint256 minimumFee,
        uint256 lockMultiple,
        Windows memory windows_
    ) {
        require(
            windows_.open != 0 && windows_.commit != 0 && windows_.reveal != 0 && windows_.fuelPerSecond != 0
                && windows_.confirmations != 0 && windows_.confirmations < Assignment.SEED_LIFETIME / 2,
            WindowsInvalid()
        );

        _registry = registry;
        _market = market;
        _ledger = ledger;
        _staking = staking;
        _token = IERC20(staking.token());
        _minimumFee = minimumFee;
        _lockMultiple = lockMultiple;
        _openWindow = windows_.open;
        _commitWindow = windows_.commit;
        _revealWindow = windows_.reveal;
        _challengeWindow = windows_.challenge;
        _fuelPerSecond = windows_.fuelPerSecond;
        _confirmations = windows_.confirmations;
    }

    /// @inheritdoc IJobMarket
    function post(JobTerms calldata terms, bytes calldata spec) external nonReentrant returns (uint256 jobId) {
        _checkTerms(terms, spec.length);
        (address royaltyToken, uint96 royalty) = _right(terms);

        jobId = ++jobCount;
        Job storage stored = _jobs[jobId];
        stored.status = Status.Open;
        stored.n = terms.n;
        stored.k = terms.k;
        stored.version = terms.version;
        stored.deadline = SafeCast.toUint64(block.timestamp + _openWindow);
        stored.readyBlock = _seededBlock();
        stored.fuel = terms.fuel;
        stored.requester = msg.sender;
        stored.fee = terms.fee;
        stored.royaltyToken = royaltyToken;
        stored.royalty = royalty;
        stored.lock = SafeCast.toUint96(terms.fee * _lockMultiple);
        stored.specHash = keccak256(spec);

        _emitPosted(jobId, terms.licenseId, spec);

        _take(_token, terms.fee);
        if (royalty != 0) _take(IERC20(royaltyToken), royalty);
    }

    /// @inheritdoc IJobMarket
    function assign(uint256 jobId) external {
        Job storage stored = _jobIn(jobId, Status.Open);
        _checkTime(stored);
        uint256 seedBlock = stored.readyBlock - _confirmations;
        if (!Assignment.isLive(seedBlock)) {
            stored.readyBlock = _seededBlock();
            emit Rearmed(jobId, stored.readyBlock);
            return;
        }

        stored.status = Status.Assigned;
        stored.readyBlock = _confirmedBlock();
        stored.deadline = SafeCast.toUint64(block.timestamp + _commitWindow + stored.fuel / _fuelPerSecond);

        bytes32 seed = keccak256(abi.encode(blockhash(seedBlock), address(this), jobId));
        address[] memory operators = _staking.drawAndLock(jobId, seed, seedBlock, stored.n, stored.lock);
        for (uint256 i; i < operators.length; ++i) {
            _seats[jobId][i].operator = operators[i];
        }

        emit Assigned(jobId, operators, stored.lock, stored.readyBlock, stored.deadline);
    }

    /// @inheritdoc IJobMarket
    function commit(uint256 jobId, bytes32 commitment) external {
        Job storage stored = _jobIn(jobId, Status.Assigned);
        _checkTime(stored);
        require(commitment != 0, EmptyCommitment());
        Seat storage seat = _seatOf(jobId, stored);
        require(seat.commitment == 0, AlreadyCommitted(jobId, msg.sender));

        seat.commitment = commitment;
        uint8 committed = stored.committed + 1;
        stored.committed = committed;

        emit Committed(jobId, msg.sender, commitment);

        if (committed == stored.n) _closeCommits(jobId, stored);
    }

    /// @inheritdoc IJobMarket
    function reveal(uint256 jobId, OutcomeKind kind, bytes calldata outcome, bytes32 salt) external {
        Job storage stored = _jobIn(jobId, Status.Committed);
        _checkTime(stored);
        require(kind != OutcomeKind.None, KindInvalid());
        require(outcome.length != 0 && outcome.length <= MAX_OUTCOME, OutcomeInvalid(outcome.length, MAX_OUTCOME));
        Seat storage seat = _seatOf(jobId, stored);
        bytes32 committed = seat.commitment;
        require(committed != 0, NotCommitted(jobId, msg.sender));
        require(seat.outcomeHash == 0, AlreadyRevealed(jobId, msg.sender));
        bytes32 outcomeHash = keccak256(abi.encodePacked(kind, outcome));
        bytes32 commitment = commitmentOf(jobId, msg.sender, outcomeHash, salt);
        require(commitment == committed, CommitmentMismatch(committed, commitment));

        seat.kind = kind;
        seat.outcomeHash = outcomeHash;
        uint8 revealed = stored.revealed + 1;
        stored.revealed = revealed;

        emit Revealed(jobId, msg.sender, kind, outcomeHash, outcome);

        if (revealed == stored.committed) _closeReveals(jobId, stored);
    }

    /// @inheritdoc IJobMarket
    function tally(uint256 jobId) external {
        Job storage stored = _known(jobId);
        if (stored.status == Status.Committed) {
            _checkTimeOut(stored);
            _closeReveals(jobId, stored);
        }
        require(stored.status == Status.Revealed, WrongStatus(jobId, stored.status));

        (uint256 first, uint256 votes) = _seats[jobId].leader(stored.n);
        if (votes < stored.k) {
            _fail(jobId, stored, Failure.NoQuorum);
            return;
        }
        Seat storage seat = _seats[jobId][first];
        stored.status = Status.Proposed;
        stored.kind = seat.kind;
        stored.outcomeHash = seat.outcomeHash;
        stored.deadline = SafeCast.toUint64(block.timestamp + _challengeWindow);

        emit Proposed(jobId, seat.kind, seat.outcomeHash, votes, stored.deadline);
    }

    /// @inheritdoc IJobMarket
    function finalize(uint256 jobId) external {
        Job storage stored = _jobIn(jobId, Status.Proposed);
        _checkTimeOut(stored);

        stored.status = Status.Final;
        stored.deadline = 0;
        (address[] memory paid, uint256[] memory shares) =
            _seats[jobId].shares(stored.n, stored.outcomeHash, stored.fee);

        emit Finalized(jobId, stored.kind, stored.outcomeHash, paid);

        _unlockAll(jobId, stored);
        _ledger.creditAccounts(address(_token), paid, shares);
        if (stored.kind != OutcomeKind.Result) _refund(stored.requester, stored.royaltyToken, stored.royalty);
        else if (stored.royalty != 0) _ledger.credit(stored.version, stored.royaltyToken, stored.royalty);
    }

    /// @inheritdoc IJobMarket
    function expire(uint256 jobId) external {
        Job storage stored = _known(jobId);
        Status status = stored.status;
        require(
            status == Status.Open || status == Status.Assigned || status == Status.Committed, WrongStatus(jobId, status)
        );
        _checkTimeOut(stored);

        if (status == Status.Open) _fail(jobId, stored, Failure.NotAssigned);
        else if (status == Status.Committed) _closeReveals(jobId, stored);
        else if (stored.committed < stored.k) _fail(jobId, stored, Failure.TooFewCommits);
        else _closeCommits(jobId, stored);
    }

    /// @inheritdoc IJobMarket
    function job(uint256 jobId) external view returns (Job memory) {
        return _known(jobId);
    }

    /// @inheritdoc IJobMarket
    function seats(uint256 jobId) external view returns (Seat[] memory taken) {
        Job storage stored = _known(jobId);
        Seat[MAX_SEATS] storage row = _seats[jobId];
        taken = new Seat[](row[0].operator == address(0) ? 0 : stored.n);
        for (uint256 i; i < taken.length; ++i) {
            taken[i] = row[i];
        }
    }

    /// @inheritdoc IJobMarket
    function windows() external view returns (Windows memory) {
        return Windows({
            open: _openWindow,
            commit: _commitWindow,
            reveal: _revealWindow,
            challenge: _challengeWindow,
            fuelPerSecond: _fuelPerSecond,
            confirmations: _confirmations
        });
    }

    /// @inheritdoc IJobMarket
    function commitmentOf(uint256 jobId, address operator, bytes32 outcomeHash, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), jobId, operator, outcomeHash, salt));
    }

    function _checkTerms(JobTerms calldata terms, uint256 specLength) private view {
        require(
            terms.n % 2 == 1 && terms.n <= MAX_SEATS && terms.k <= terms.n && terms.k > terms.n / 2,
            QuorumInvalid(terms.n, terms.k)
        );
        require(terms.fee >= _minimumFee, FeeTooLow(terms.fee, _minimumFee));
        require(terms.fuel != 0 && terms.fuel <= MAX_FUEL, FuelInvalid(terms.fuel, MAX_FUEL));
        require(specLength != 0 && specLength <= MAX_SPEC, SpecInvalid(specLength, MAX_SPEC));
    }

    /// @dev What the run costs; reverts unless the sender may run the version. Zero with a license.
    function _right(JobTerms calldata terms) private view returns (address token, uint96 price) {
        if (terms.licenseId != 0) {
            require(
                _market.isValid(terms.licenseId, msg.sender, terms.version),
                NotLicensed(terms.licenseId, msg.sender, terms.version)
            );
            return (address(0), 0);
        }
        Offer memory offer = _market.offer(terms.offerId);
        require(offer.active && offer.perRunPrice != 0 && _market.tokenAllowed(offer.token), RunNotSold(terms.offerId));
        require(offer.version == terms.version, OfferForOtherVersion(terms.offerId, terms.version));
        require(!_registry.isDeprecated(terms.version), VersionDeprecated(terms.version));
        require(offer.perRunPrice <= terms.maxRunPrice, RunPriceTooLow(terms.maxRunPrice, offer.perRunPrice));
        return (offer.token, offer.perRunPrice);
    }

    function _checkTime(Job storage stored) private view {
        (uint256 deadline, uint256 readyBlock) = (stored.deadline, stored.readyBlock);
        require(block.timestamp <= deadline, TooLate(block.timestamp, deadline));
        require(block.number >= readyBlock, TooEarly(block.number, readyBlock));
    }

    function _checkTimeOut(Job storage stored) private view {
        uint256 deadline = stored.deadline;
        require(block.timestamp > deadline, DeadlineNotPassed(block.timestamp, deadline));
    }

    function _emitPosted(uint256 jobId, uint256 licenseId, bytes calldata spec) private {
        Job memory posted = _jobs[jobId];
        emit Posted(
            jobId,
            posted.requester,
            posted.version,
            licenseId,
            posted.n,
            posted.k,
            posted.fee,
            posted.royalty,
            posted.readyBlock,
            posted.deadline,
            posted.specHash,
            spec
        );
    }

    function _closeCommits(uint256 jobId, Job storage stored) private {
        stored.status = Status.Committed;
        stored.readyBlock = _confirmedBlock();
        stored.deadline = SafeCast.toUint64(block.timestamp + _revealWindow);
        emit CommitsClosed(jobId, stored.readyBlock, stored.deadline);
    }

    function _closeReveals(uint256 jobId, Job storage stored) private {
        stored.status = Status.Revealed;
        stored.deadline = 0;
        emit RevealsClosed(jobId);
    }

    function _fail(uint256 jobId, Job storage stored, Failure reason) private {
        stored.status = Status.Failed;
        stored.deadline = 0;

        emit Failed(jobId, reason, stored.fee, stored.royalty);

        _unlockAll(jobId, stored);
        _refund(stored.requester, address(_token), stored.fee);
        _refund(stored.requester, stored.royaltyToken, stored.royalty);
    }

    function _take(IERC20 token, uint256 amount) private {
        uint256 received = token.take(address(_ledger), amount);
        require(received >= amount, ReceivedTooLittle(received, amount));
    }

    function _refund(address requester, address token, uint256 amount) private {
        if (amount == 0) return;
        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (requester, amount);
        _ledger.creditAccounts(token, accounts, amounts);
    }

    function _unlockAll(uint256 jobId, Job storage stored) private {
        for (uint256 i; i < stored.n; ++i) {
            address operator = _seats[jobId][i].operator;
            if (operator == address(0)) return;
            _staking.unlock(jobId, operator, stored.lock);
        }
    }

    /// @dev First block in which a job posted or re-armed now can be assigned. Its seed is the hash of the next block.
    function _seededBlock() private view returns (uint64) {
        return SafeCast.toUint64(block.number + 1 + _confirmations);
    }

    function _confirmedBlock() private view returns (uint64) {
        return SafeCast.toUint64(block.number + _confirmations);
    }

    function _seatOf(uint256 jobId, Job storage stored) private view returns (Seat storage) {
        Seat[MAX_SEATS] storage row = _seats[jobId];
        uint256 n = stored.n;
        for (uint256 i; i < n; ++i) {
            if (row[i].operator == msg.sender) return row[i];
        }
        revert NotAssignee(jobId, msg.sender);
    }

    function _jobIn(uint256 jobId, Status status) private view returns (Job storage stored) {
        stored = _known(jobId);
        Status present = stored.status;
        require(present == status, WrongStatus(jobId, present));
    }

    function _known(uint256 jobId) private view returns (Job storage stored) {
        stored = _jobs[jobId];
        require(stored.status != Status.None, UnknownJob(jobId));
    }
}
