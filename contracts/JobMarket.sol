// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Dag} from "./Dag.sol";
import {JobBook, JobLimits, JobParts} from "./JobBook.sol";
import {Phase, Phases} from "./Phase.sol";
import {Referee} from "./Referee.sol";
import {MAX_SEATS} from "./Rounds.sol";
import {IJobMarket, Job, JobTerms, Status} from "./interfaces/IJobMarket.sol";
import {Offer, Sells} from "./interfaces/ILicenseMarket.sol";
import {OutcomeKind, Seat, Windows} from "./interfaces/IRounds.sol";

/// @title JobMarket
contract JobMarket is IJobMarket, JobBook, AccessManaged, ReentrancyGuardTransient {
    uint256 private constant MAX_SPEC = 4096;
    uint256 private constant MAX_DEMANDS = 8;

    /// @dev The other half of this contract's code.
    address private immutable _referee;

    /// @param parts The contracts it works with.
    /// @param limits What it asks of every job.
    /// @param windows_ The windows of every job.
    constructor(JobParts memory parts, JobLimits memory limits, Windows memory windows_)
        JobBook(parts, limits, windows_)
        AccessManaged(address(parts.authority))
    {
        _referee = address(new Referee(parts, limits, windows_));
    }

    /// @inheritdoc IJobMarket
    function post(JobTerms calldata terms, bytes calldata spec) external nonReentrant returns (uint256 jobId) {
        require(!_paused, IsPaused());
        uint256 lock = terms.fee * _lockMultiple;
        _checkTerms(terms, spec.length, lock);
        (address royaltyToken, uint96 royalty) = _right(terms);

        jobId = ++_jobCount;
        Job storage stored = _jobs[jobId];
        stored.status = Status.Open;
        stored.n = terms.n;
        stored.k = terms.k;
        stored.version = terms.version;
        stored.deadline = _after(_openWindow);
        stored.readyBlock = _seededBlock();
        stored.fuel = terms.fuel;
        stored.requester = msg.sender;
        stored.fee = terms.fee;
        stored.royaltyToken = royaltyToken;
        stored.royalty = royalty;
        stored.lock = SafeCast.toUint96(lock);
        stored.assurancePpm = terms.assurancePpm;
        stored.specHash = keccak256(spec);

        _emitPosted(jobId, terms, spec);

        _take(_token, terms.fee);
        if (royalty != 0) _take(IERC20(royaltyToken), royalty);
    }

    /// @inheritdoc IJobMarket
    function commit(uint256 jobId, bytes32 commitment) external {
        Job storage stored = _jobs[jobId];
        Phase phase = Phases.load(stored);
        _checkStatus(jobId, phase.status(), Status.Assigned);
        _checkTime(phase.deadline(), phase.readyBlock());

        _commitSeat(_seats[jobId], phase.seatsLike(msg.sender), jobId, commitment);
        phase = phase.addCommit();
        // Where seats were drawn anew some may have found nobody.
        uint256 due = phase.redraws() == 0 ? phase.n() : _alive(jobId, phase.n()).length;
        bool last = phase.committed() == due;
        if (last) phase = _commitsClosed(phase);
        phase.save(stored);

        emit Committed(jobId, msg.sender, commitment);
        if (last) emit CommitsClosed(jobId, phase.readyBlock(), phase.deadline());
    }

    /// @inheritdoc IJobMarket
    function reveal(uint256 jobId, OutcomeKind kind, bytes calldata outcome, bytes32 salt) external {
        Job storage stored = _jobs[jobId];
        Phase phase = Phases.load(stored);
        _checkStatus(jobId, phase.status(), Status.Committed);
        _checkTime(phase.deadline(), phase.readyBlock());

        bytes32 outcomeHash = _revealSeat(_seats[jobId], phase.seatsLike(msg.sender), jobId, kind, outcome, salt);
        phase = phase.addReveal();
        bool last = phase.revealed() == phase.committed();
        if (last) phase = _revealsClosed(phase);
        phase.save(stored);

        emit Revealed(jobId, msg.sender, kind, outcomeHash, outcome);
        if (last) emit RevealsClosed(jobId, phase.readyBlock());
    }

    /// @inheritdoc IJobMarket
    function demand(uint256 jobId, bytes calldata outcome, bytes[] calldata path, uint256[] calldata offsets)
        external
        nonReentrant
    {
        Job storage stored = _jobIn(jobId, Status.Proposed);
        require(msg.sender == stored.requester, NotRequester(msg.sender));
        _checkTime(stored.deadline, 0);
        require(stored.kind == OutcomeKind.Result, NothingToDemand(jobId));
        require(stored.demands < MAX_DEMANDS, TooManyDemands(jobId));
        bytes32 outcomeHash = _hashOf(OutcomeKind.Result, outcome);
        require(outcomeHash == stored.outcomeHash, OutcomeMismatch(stored.outcomeHash, outcomeHash));
        bytes32 digest = Dag.walk(Dag.digestOf(outcome), path, offsets);
        uint256 deposit = _minimumFeeOf(stored.fuel);

        stored.status = Status.Demanded;
        ++stored.demands;
        stored.demanded = digest;
        stored.deadline = _after(_revealWindow);

        emit Demanded(jobId, digest, deposit, stored.deadline);

        _take(_token, deposit);
    }

    /// @inheritdoc IJobMarket
    function answer(uint256 jobId, bytes calldata data) external {
        Job storage stored = _jobIn(jobId, Status.Demanded);
        _checkTime(stored.deadline, 0);
        bytes32 digest = sha256(data);
        require(digest == stored.demanded, BlockMismatch(stored.demanded, digest));

        stored.status = Status.Proposed;
        stored.deadline = _after(_challengeWindow);

        emit Answered(jobId, digest, msg.sender, data, stored.deadline);

        _pay(msg.sender, address(_token), _minimumFeeOf(stored.fuel));
    }

    /// @inheritdoc IJobMarket
    function pause() external restricted {
        _setPaused(true);
    }

    /// @inheritdoc IJobMarket
    function unpause() external restricted {
        _setPaused(false);
    }

    /// @inheritdoc IJobMarket
    function assign(uint256) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function tally(uint256) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function challenge(uint256) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function dispute(uint256, address) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function resolve(uint256) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function finalize(uint256) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function expire(uint256) external {
        _refer();
    }

    /// @inheritdoc IJobMarket
    function paused() external view returns (bool) {
        return _paused;
    }

    /// @inheritdoc IJobMarket
    function job(uint256 jobId) external view returns (Job memory) {
        return _known(jobId);
    }

    /// @inheritdoc IJobMarket
    function seats(uint256 jobId) external view returns (Seat[] memory) {
        return _load(_seats[jobId], _known(jobId).n);
    }

    /// @inheritdoc IJobMarket
    function participants(uint256 jobId) external view returns (address[] memory) {
        return _participants(jobId);
    }

    /// @inheritdoc IJobMarket
    function jobCount() external view returns (uint256) {
        return _jobCount;
    }

    /// @inheritdoc IJobMarket
    function minimumFee(uint64 fuel) external view returns (uint256) {
        return _minimumFeeOf(fuel);
    }

    /// @inheritdoc IJobMarket
    function lockMultiple() external view returns (uint256) {
        return _lockMultiple;
    }

    /// @inheritdoc IJobMarket
    function bondOf(uint256 jobId) external view returns (uint256) {
        return _bondOf(_known(jobId));
    }

    /// @inheritdoc IJobMarket
    function boundOf(uint256 assurancePpm, uint256 n, uint256 lock) public pure returns (uint256) {
        if (assurancePpm >= PPM) return type(uint256).max;
        return n * lock * assurancePpm / (PPM - assurancePpm);
    }

    /// @dev Has the referee carry out this call.
    function _refer() private {
        // slither-disable-next-line unused-return: the verbs of the referee return nothing
        Address.functionDelegateCall(_referee, msg.data);
    }

    function _setPaused(bool paused_) private {
        _paused = paused_;

        emit PausedSet(paused_);
    }

    function _checkTerms(JobTerms calldata terms, uint256 specLength, uint256 lock) private view {
        require(
            terms.n % 2 == 1 && terms.n <= MAX_SEATS && terms.k <= terms.n && terms.k > terms.n / 2,
            QuorumInvalid(terms.n, terms.k)
        );
        require(terms.fuel != 0 && terms.fuel <= _maxFuel, FuelInvalid(terms.fuel, _maxFuel));
        uint256 least = _minimumFeeOf(terms.fuel);
        require(terms.fee >= least, FeeTooLow(terms.fee, least));
        require(terms.assurancePpm <= PPM, AssuranceInvalid(terms.assurancePpm));
        uint256 bound = boundOf(terms.assurancePpm, terms.n, lock);
        require(terms.value <= bound, ValueTooHigh(terms.value, bound));
        require(specLength != 0 && specLength <= MAX_SPEC, SpecInvalid(specLength, MAX_SPEC));
    }

    /// @dev What the run costs; reverts unless the sender may run the version. Zero with a license.
    function _right(JobTerms calldata terms) private returns (address token, uint96 price) {
        if (terms.licenseId != 0) {
            _market.use(terms.licenseId, msg.sender, terms.version);
            return (address(0), 0);
        }
        Offer memory offer = _market.offer(terms.offerId);
        require(offer.sells == Sells.Runs || offer.sells == Sells.Both, RunNotSold(terms.offerId));
        require(offer.version == terms.version, OfferForOtherVersion(terms.offerId, terms.version));
        require(_ledger.tokenAllowed(offer.token), TokenNotAllowed(offer.token));
        require(!_registry.isDeprecated(terms.version), VersionDeprecated(terms.version));
        require(offer.perRunPrice <= terms.maxRunPrice, RunPriceTooLow(terms.maxRunPrice, offer.perRunPrice));
        return (offer.token, offer.perRunPrice);
    }

    function _emitPosted(uint256 jobId, JobTerms calldata terms, bytes calldata spec) private {
        Job memory posted = _jobs[jobId];
        emit Posted(
            jobId,
            msg.sender,
            terms.version,
            terms,
            posted.royaltyToken,
            posted.royalty,
            posted.lock,
            posted.readyBlock,
            posted.deadline,
            posted.specHash,
            spec
        );
    }
}
