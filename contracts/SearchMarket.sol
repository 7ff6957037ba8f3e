// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {MAX_SEATS} from "./Rounds.sol";
import {Score} from "./Score.sol";
import {Template} from "./Template.sol";
import {IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";
import {OutcomeKind, Windows} from "./interfaces/IRounds.sol";
import {
    Candidate,
    CandidateStatus,
    ISearchMarket,
    Search,
    SearchFailure,
    SearchStatus,
    SearchTerms
} from "./interfaces/ISearchMarket.sol";
import {IWindowRegistry, WindowStatus} from "./interfaces/IWindowRegistry.sol";

/// @title SearchMarket
contract SearchMarket is ISearchMarket, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Template for bytes[];

    address private constant BURN = 0x000000000000000000000000000000000000dEaD;
    /// @dev How often a job's silent seats are drawn anew at most.
    uint256 private constant REDRAWS = 2;
    /// @dev Nobody's money waits longer for a window that is only announced.
    uint256 private constant MAX_AHEAD = 366 days;

    IJobMarket private immutable _jobs;
    IWindowRegistry private immutable _windows;
    IRevenueLedger private immutable _ledger;
    IERC20 private immutable _token;
    /// @inheritdoc ISearchMarket
    uint256 public immutable revealWindow;
    uint256 private immutable _postWindow;

    /// @inheritdoc ISearchMarket
    bool public paused;
    /// @inheritdoc ISearchMarket
    uint256 public searchCount;

    /// @dev Their status is Open until they are Final or Failed: what is between follows from the time and the window.
    mapping(uint256 searchId => Search) private _searches;
    mapping(uint256 searchId => mapping(uint256 candidateId => Candidate)) private _candidates;

    /// @param authority Decides who may pause.
    /// @param jobs Where candidates are scored.
    /// @param windows Where windows are recorded.
    /// @param ledger Where rewards and bonds lie.
    /// @param token What they are in: the stake token.
    /// @param revealWindow_ Seconds to reveal.
    /// @param postWindow Seconds to post scoring jobs and to register scores, beside what the jobs may take.
    constructor(
        AccessManager authority,
        IJobMarket jobs,
        IWindowRegistry windows,
        IRevenueLedger ledger,
        IERC20 token,
        uint256 revealWindow_,
        uint256 postWindow
    ) AccessManaged(address(authority)) {
        _jobs = jobs;
        _windows = windows;
        _ledger = ledger;
        _token = token;
        revealWindow = revealWindow_;
        _postWindow = postWindow;
    }

    /// @inheritdoc ISearchMarket
    function post(SearchTerms calldata terms) external nonReentrant returns (uint256 searchId) {
        require(!paused, IsPaused());
        _checkTerms(terms);

        searchId = ++searchCount;
        Search storage stored = _searches[searchId];
        stored.status = SearchStatus.Open;
        stored.n = terms.n;
        stored.k = terms.k;
        stored.assurancePpm = terms.assurancePpm;
        stored.version = terms.version;
        stored.fuel = terms.fuel;
        stored.fee = terms.fee;
        stored.commitBy = terms.commitBy;
        stored.windowEnd = terms.window.end;
        stored.requester = msg.sender;
        stored.reward = terms.reward;
        stored.bond = terms.bond;
        stored.windowKey = _windows.keyOf(terms.window);
        stored.templateHash = keccak256(abi.encode(terms.template));

        emit SearchPosted(searchId, msg.sender, stored.windowKey, terms);

        _take(terms.reward);
    }

    /// @inheritdoc ISearchMarket
    function commit(uint256 searchId, bytes32 commitment) external nonReentrant returns (uint256 candidateId) {
        require(commitment != 0, EmptyCommitment());
        Search storage stored = _searches[searchId];
        (SearchStatus status,) = _phaseOf(stored);
        _checkStatus(searchId, status, SearchStatus.Open);

        candidateId = ++stored.committed;
        Candidate storage own = _candidates[searchId][candidateId];
        own.status = CandidateStatus.Committed;
        own.solver = msg.sender;
        own.commitment = commitment;

        emit CandidateCommitted(searchId, candidateId, msg.sender, commitment);

        _take(stored.bond);
    }

    /// @inheritdoc ISearchMarket
    function reveal(
        uint256 searchId,
        uint256 candidateId,
        bytes[] calldata template,
        bytes calldata settings,
        bytes32 salt
    ) external {
        Search storage stored = _searches[searchId];
        (SearchStatus status,) = _phaseOf(stored);
        _checkStatus(searchId, status, SearchStatus.Revealing);
        Candidate storage own = _candidateIn(searchId, candidateId, CandidateStatus.Committed);
        require(msg.sender == own.solver, NotSolver(msg.sender));
        bytes32 templateHash = keccak256(abi.encode(template));
        require(templateHash == stored.templateHash, TemplateMismatch(stored.templateHash, templateHash));
        bytes32 commitment = commitmentOf(searchId, msg.sender, settings, salt);
        require(commitment == own.commitment, CommitmentMismatch(own.commitment, commitment));
        (, bytes32 cidDigest,) = _windowOf(stored);
        bytes32 specHash = template.specHash(cidDigest, settings);

        ++stored.revealed;
        own.status = CandidateStatus.Revealed;
        own.specHash = specHash;

        emit CandidateRevealed(searchId, candidateId, msg.sender, settings, specHash);

        _pay(msg.sender, stored.bond, 0);
    }

    /// @inheritdoc ISearchMarket
    function score(uint256 searchId, uint256 candidateId, uint256 jobId, bytes calldata document) external {
        Search storage stored = _searches[searchId];
        (SearchStatus status, uint256 deadline) = _phaseOf(stored);
        _checkStatus(searchId, status, SearchStatus.Scoring);
        require(block.timestamp <= deadline, TooLate(block.timestamp, deadline));
        Candidate storage scored = _candidateIn(searchId, candidateId, CandidateStatus.Revealed);
        _checkJob(stored, scored.specHash, jobId, document);
        uint64 bits = Score.read(document);
        bool best = _isBest(searchId, stored.best, candidateId, bits);

        ++stored.scored;
        if (best) stored.best = SafeCast.toUint32(candidateId);
        scored.status = CandidateStatus.Scored;
        scored.score = bits;

        emit CandidateScored(searchId, candidateId, jobId, bits, best);
    }

    /// @inheritdoc ISearchMarket
    function finalize(uint256 searchId) external {
        Search storage stored = _searches[searchId];
        (SearchStatus status, uint256 deadline) = _phaseOf(stored);
        _checkStatus(searchId, status, SearchStatus.Scoring);
        uint256 best = stored.best;
        require(best != 0, NothingScored(searchId));
        require(
            stored.scored == stored.revealed || block.timestamp > deadline, DeadlineNotPassed(block.timestamp, deadline)
        );

        stored.status = SearchStatus.Final;
        address solver = _candidates[searchId][best].solver;
        uint256 burned = _forfeited(stored);

        emit SearchFinalized(searchId, best, solver, stored.reward, burned);

        _pay(solver, stored.reward, burned);
    }

    /// @inheritdoc ISearchMarket
    function expire(uint256 searchId) external {
        Search storage stored = _searches[searchId];
        (SearchStatus status, uint256 deadline) = _phaseOf(stored);
        bool awaits = status == SearchStatus.Awaiting;
        if (!awaits) _checkStatus(searchId, status, SearchStatus.Scoring);
        require(stored.best == 0, HasBest(searchId, stored.best));
        bool empty = (awaits ? stored.committed : stored.revealed) == 0;
        bool hopeless = empty || (awaits && _isWindowFailed(stored));
        require(hopeless || block.timestamp > deadline, DeadlineNotPassed(block.timestamp, deadline));

        stored.status = SearchStatus.Failed;
        // Where there was no window, nobody could reveal.
        uint256 burned = awaits ? 0 : _forfeited(stored);
        SearchFailure reason = awaits ? SearchFailure.NoWindow : SearchFailure.NoScore;
        if (empty) reason = SearchFailure.NoCandidate;

        emit SearchFailed(searchId, reason, stored.reward, burned);

        _pay(stored.requester, stored.reward, burned);
    }

    /// @inheritdoc ISearchMarket
    function refund(uint256 searchId, uint256 candidateId) external {
        Search storage stored = _searches[searchId];
        _checkStatus(searchId, stored.status, SearchStatus.Failed);
        Candidate storage own = _candidateIn(searchId, candidateId, CandidateStatus.Committed);
        (WindowStatus window,,) = _windowOf(stored);
        require(window != WindowStatus.Recorded, NotRefundable(searchId));

        own.status = CandidateStatus.Refunded;

        emit CandidateRefunded(searchId, candidateId, own.solver, stored.bond);

        _pay(own.solver, stored.bond, 0);
    }

    /// @inheritdoc ISearchMarket
    function pause() external restricted {
        _setPaused(true);
    }

    /// @inheritdoc ISearchMarket
    function unpause() external restricted {
        _setPaused(false);
    }

    /// @inheritdoc ISearchMarket
    function search(uint256 searchId) external view returns (Search memory found) {
        Search storage stored = _searches[searchId];
        require(stored.status != SearchStatus.None, UnknownSearch(searchId));
        found = stored;
        uint256 deadline;
        (found.status, deadline) = _phaseOf(stored);
        found.deadline = SafeCast.toUint64(deadline);
    }

    /// @inheritdoc ISearchMarket
    function candidate(uint256 searchId, uint256 candidateId) external view returns (Candidate memory found) {
        found = _candidates[searchId][candidateId];
        require(found.status != CandidateStatus.None, UnknownCandidate(searchId, candidateId));
    }

    /// @inheritdoc ISearchMarket
    function commitmentOf(uint256 searchId, address solver, bytes calldata settings, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), searchId, solver, keccak256(settings), salt));
    }

    /// @inheritdoc ISearchMarket
    function scoreWindow(uint64 fuel) public view returns (uint256) {
        Windows memory each = _jobs.windows();
        uint256 run = uint256(each.open) + each.commit + fuel / each.fuelPerSecond;
        uint256 job = (1 + REDRAWS) * run + each.reveal + each.challenge + 2 * (run + uint256(each.reveal));
        return _postWindow + job;
    }

    /// @dev Takes money from the sender, to be held; the ledger refuses it where less has come.
    function _take(uint256 amount) private {
        _token.safeTransferFrom(msg.sender, address(_ledger), amount);
        _ledger.hold(address(_token), amount);
    }

    /// @dev Owes an account what is held, and burns what nobody is owed any more.
    function _pay(address account, uint256 amount, uint256 burned) private {
        uint256 count = burned == 0 ? 1 : 2;
        address[] memory accounts = new address[](count);
        uint256[] memory amounts = new uint256[](count);
        (accounts[0], amounts[0]) = (account, amount);
        if (burned != 0) (accounts[1], amounts[1]) = (BURN, burned);
        _ledger.payHeld(address(_token), accounts, amounts);
    }

    function _setPaused(bool paused_) private {
        paused = paused_;

        emit PausedSet(paused_);
    }

    /// @dev Where a search is now, and the last second of that phase.
    function _phaseOf(Search storage stored) private view returns (SearchStatus status, uint256 deadline) {
        status = stored.status;
        if (status != SearchStatus.Open) return (status, 0);
        if (block.timestamp <= stored.commitBy) return (SearchStatus.Open, stored.commitBy);

        (WindowStatus window,, uint256 recordedAt) = _windowOf(stored);
        if (window != WindowStatus.Recorded) {
            return (SearchStatus.Awaiting, _windows.recordableUntil(stored.windowEnd));
        }
        uint256 revealBy = recordedAt + revealWindow;
        if (block.timestamp <= revealBy && stored.revealed < stored.committed) {
            return (SearchStatus.Revealing, revealBy);
        }
        return (SearchStatus.Scoring, revealBy + scoreWindow(stored.fuel));
    }

    function _isWindowFailed(Search storage stored) private view returns (bool) {
        (WindowStatus window,,) = _windowOf(stored);
        return window == WindowStatus.Failed;
    }

    function _windowOf(Search storage stored)
        private
        view
        returns (WindowStatus status, bytes32 cidDigest, uint256 recordedAt)
    {
        return _windows.windowOf(stored.windowKey);
    }

    /// @dev The bonds of candidates that were not revealed.
    function _forfeited(Search storage stored) private view returns (uint256) {
        return uint256(stored.committed - stored.revealed) * stored.bond;
    }

    /// @dev Equal scores leave the best to who committed first.
    function _isBest(uint256 searchId, uint256 best, uint256 candidateId, uint64 bits) private view returns (bool) {
        if (best == 0) return true;
        uint64 present = _candidates[searchId][best].score;
        return Score.isAbove(bits, present) || (bits == present && candidateId < best);
    }

    function _candidateIn(uint256 searchId, uint256 candidateId, CandidateStatus status)
        private
        view
        returns (Candidate storage found)
    {
        found = _candidates[searchId][candidateId];
        CandidateStatus present = found.status;
        if (present == status) return found;
        require(present != CandidateStatus.None, UnknownCandidate(searchId, candidateId));
        revert WrongCandidateStatus(searchId, candidateId, present);
    }

    /// @dev Reverts unless the job ran that spec on the search's terms, and the document is its final Result.
    function _checkJob(Search storage stored, bytes32 specHash, uint256 jobId, bytes calldata document) private view {
        Job memory job = _jobs.job(jobId);
        require(job.status == Status.Final && job.kind == OutcomeKind.Result, JobNotScored(jobId));
        require(job.specHash == specHash, SpecMismatch(specHash, job.specHash));
        require(
            job.version == stored.version && job.fuel == stored.fuel && job.n == stored.n && job.k == stored.k
                && job.fee >= stored.fee && job.assurancePpm >= stored.assurancePpm,
            JobMismatch(jobId)
        );
        bytes32 outcomeHash = keccak256(abi.encodePacked(OutcomeKind.Result, document));
        require(outcomeHash == job.outcomeHash, OutcomeMismatch(job.outcomeHash, outcomeHash));
    }

    function _checkTerms(SearchTerms calldata terms) private view {
        (uint256 start, uint256 end) = (terms.window.start, terms.window.end);
        require(start < end, WindowInvalid());
        require(
            terms.commitBy >= block.timestamp && terms.commitBy <= start,
            CommitByInvalid(terms.commitBy, block.timestamp, start)
        );
        uint256 most = block.timestamp + MAX_AHEAD;
        require(end <= most, WindowTooFar(end, most));
        require(
            terms.n % 2 == 1 && terms.n <= MAX_SEATS && terms.k <= terms.n && terms.k > terms.n / 2,
            QuorumInvalid(terms.n, terms.k)
        );
        require(terms.reward != 0 && terms.reward >= terms.fee, RewardTooLow(terms.reward, terms.fee));
        require(terms.bond != 0, BondMissing());
        terms.template.check();
    }

    function _checkStatus(uint256 searchId, SearchStatus present, SearchStatus status) private pure {
        if (present == status) return;
        require(present != SearchStatus.None, UnknownSearch(searchId));
        revert WrongSearchStatus(searchId, present);
    }
}
