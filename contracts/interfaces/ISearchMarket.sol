// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {WindowKey} from "./IWindowRegistry.sol";

/// @notice Where a search is.
/// @dev Open (solvers commit) -> Awaiting (the window is not recorded yet) -> Revealing -> Scoring -> Final, or Failed
/// from each of the last three: no window in time, no candidate, no score. Up to Scoring it moves with chain time and with
/// the window, so no call is needed to move it.
enum SearchStatus {
    None,
    Open,
    Awaiting,
    Revealing,
    Scoring,
    Final,
    Failed
}

/// @notice Why a search failed: the window was not recorded in time, no candidate was committed and revealed, or none was
/// scored.
enum SearchFailure {
    None,
    NoWindow,
    NoCandidate,
    NoScore
}

/// @notice Where a candidate is. Committed -> Revealed -> Scored is the common way. Refunded means that there was no window
/// to be revealed after.
enum CandidateStatus {
    None,
    Committed,
    Revealed,
    Scored,
    Refunded
}

/// @notice What a requester asks for.
/// @param window The window that candidates are scored on; it begins when commits are closed, or later.
/// @param version The scorer: a version that returns one float64 named `score`.
/// @param fuel Fuel of a scoring job, equal to the spec's.
/// @param fee Least jobFee of a scoring job, base units of the stake token.
/// @param assurancePpm Least assurance of a scoring job, in parts per million.
/// @param n Seats of a scoring job: odd, at most 7.
/// @param k Equal outcomes of a scoring job; more than half of n.
/// @param reward For who committed the best candidate, base units of the stake token; at least `fee`.
/// @param bond What each candidate puts up until it is revealed, base units of the stake token.
/// @param commitBy Last second to commit; not after the window's start.
/// @param template The scoring job's spec without the window's digest and the candidate: 2 to 17 pieces. The spec is the
/// pieces with the 32 bytes of the digest between each two, and the candidate's settings after the last.
struct SearchTerms {
    WindowKey window;
    uint64 version;
    uint64 fuel;
    uint96 fee;
    uint32 assurancePpm;
    uint8 n;
    uint8 k;
    uint96 reward;
    uint96 bond;
    uint64 commitBy;
    bytes[] template;
}

/// @notice A search as it stands.
/// @param status Where it is.
/// @param n Seats of a scoring job.
/// @param k Equal outcomes of a scoring job.
/// @param assurancePpm Least assurance of a scoring job.
/// @param committed Candidates committed; their ids are 1 to this, in the order of their commits.
/// @param revealed Candidates revealed, those scored among them.
/// @param scored Candidates scored.
/// @param best The best candidate so far; zero where none is scored.
/// @param version The scorer.
/// @param fuel Fuel of a scoring job.
/// @param fee Least jobFee of a scoring job.
/// @param commitBy Last second to commit.
/// @param windowEnd First second after the window.
/// @param deadline Last second of the present phase, as far as time ends it; zero once it ended.
/// @param bond What each candidate puts up, base units of the stake token.
/// @param requester Who posted it.
/// @param reward For the best, base units of the stake token.
/// @param windowKey The window, as WindowRegistry names it.
/// @param templateHash keccak256(abi.encode(template)).
struct Search {
    SearchStatus status;
    uint8 n;
    uint8 k;
    uint32 assurancePpm;
    uint32 committed;
    uint32 revealed;
    uint32 scored;
    uint32 best;
    uint64 version;
    uint64 fuel;
    uint96 fee;
    uint64 commitBy;
    uint64 windowEnd;
    uint64 deadline;
    uint96 bond;
    address requester;
    uint96 reward;
    bytes32 windowKey;
    bytes32 templateHash;
}

/// @notice A candidate as it stands.
/// @param status Where it is.
/// @param solver Who committed it.
/// @param score Its score once scored: the 64 bits of an IEEE 754 double as a number.
/// @param commitment What was committed to.
/// @param specHash keccak256 of the scoring job's spec; zero until revealed.
struct Candidate {
    CandidateStatus status;
    address solver;
    uint64 score;
    bytes32 commitment;
    bytes32 specHash;
}

/// @title SearchMarket
/// @notice Class S jobs: solvers commit to settings of a scorer before a window of market data begins; once it is recorded
/// they reveal them, ordinary jobs score them on it, and the best takes the reward.
/// @dev How a candidate was found is never checked: only that it was there before the data. Equal candidates of two solvers
/// are both good; of equal scores the earliest commit is the best. A scoring job is paid by who posts it, which is for its
/// solver to do; the reward is at least one jobFee. Rewards and bonds lie in the RevenueLedger as held; what is paid out of
/// them are claims there.
interface ISearchMarket {
    event SearchPosted(
        uint256 indexed searchId, address indexed requester, bytes32 indexed windowKey, SearchTerms terms
    );
    event CandidateCommitted(
        uint256 indexed searchId, uint256 indexed candidateId, address indexed solver, bytes32 commitment
    );
    event CandidateRevealed(
        uint256 indexed searchId, uint256 indexed candidateId, address indexed solver, bytes settings, bytes32 specHash
    );
    /// @dev `score` is the 64 bits of an IEEE 754 double as a number.
    event CandidateScored(
        uint256 indexed searchId, uint256 indexed candidateId, uint256 indexed jobId, uint64 score, bool best
    );
    /// @dev There was no window to be revealed after: the bond is owed to the solver again.
    event CandidateRefunded(
        uint256 indexed searchId, uint256 indexed candidateId, address indexed solver, uint256 bond
    );
    /// @dev `burned` are the bonds of candidates that were not revealed.
    event SearchFinalized(
        uint256 indexed searchId, uint256 indexed candidateId, address indexed solver, uint256 reward, uint256 burned
    );
    /// @dev `refund` is owed to the requester.
    event SearchFailed(uint256 indexed searchId, SearchFailure reason, uint256 refund, uint256 burned);
    event PausedSet(bool paused);

    error UnknownSearch(uint256 searchId);
    error UnknownCandidate(uint256 searchId, uint256 candidateId);
    error WrongSearchStatus(uint256 searchId, SearchStatus status);
    error WrongCandidateStatus(uint256 searchId, uint256 candidateId, CandidateStatus status);
    error CommitByInvalid(uint256 commitBy, uint256 time, uint256 start);
    error WindowInvalid();
    error WindowTooFar(uint256 end, uint256 most);
    error QuorumInvalid(uint8 n, uint8 k);
    error RewardTooLow(uint256 reward, uint256 minimum);
    error BondMissing();
    error TemplateInvalid(uint256 pieces, uint256 length);
    error TemplateMismatch(bytes32 expected, bytes32 actual);
    error SpecTooLong(uint256 length, uint256 maximum);
    error EmptyCommitment();
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error NotSolver(address caller);
    error JobNotScored(uint256 jobId);
    error JobMismatch(uint256 jobId);
    error SpecMismatch(bytes32 expected, bytes32 actual);
    error OutcomeMismatch(bytes32 expected, bytes32 actual);
    error NoScore();
    error TooLate(uint256 time, uint256 deadline);
    error DeadlineNotPassed(uint256 time, uint256 deadline);
    error NothingScored(uint256 searchId);
    error HasBest(uint256 searchId, uint256 best);
    error NotRefundable(uint256 searchId);
    error IsPaused();

    /// @notice Posts a search and takes its reward.
    function post(SearchTerms calldata terms) external returns (uint256 searchId);
    /// @notice Commits a candidate and takes its bond; see `commitmentOf`. A solver may commit many.
    function commit(uint256 searchId, bytes32 commitment) external returns (uint256 candidateId);
    /// @notice Reveals a candidate once the window is recorded, by its solver, who is owed its bond again.
    /// @param template As it was posted.
    /// @param settings The candidate: what follows the template in the scoring job's spec.
    function reveal(
        uint256 searchId,
        uint256 candidateId,
        bytes[] calldata template,
        bytes calldata settings,
        bytes32 salt
    ) external;
    /// @notice Registers a candidate's score, once a job of its spec with the search's terms is final. Anyone may post that
    /// job and call.
    /// @param document The job's outcome: exactly {"run": 32 bytes, "kind": "Result", "outputs": {"score": ["<f8", 8
    /// bytes]}} as deterministic CBOR. NaN is no score; zeros are equal.
    function score(uint256 searchId, uint256 candidateId, uint256 jobId, bytes calldata document) external;
    /// @notice Pays the best candidate, once all that were revealed are scored or time is up. Anyone may call.
    function finalize(uint256 searchId) external;
    /// @notice Ends a search that can no longer have a best candidate; the reward is owed to the requester again. Anyone may
    /// call.
    function expire(uint256 searchId) external;
    /// @notice Owes a solver its bond again, where there was no window to be revealed after. Anyone may call.
    function refund(uint256 searchId, uint256 candidateId) external;
    /// @notice Stops new searches; those under way go on. For the deployment's guardian, at once.
    function pause() external;
    /// @notice Allows new searches again. For the deployment's owner alone.
    function unpause() external;

    function paused() external view returns (bool);
    function search(uint256 searchId) external view returns (Search memory);
    function searchCount() external view returns (uint256);
    function candidate(uint256 searchId, uint256 candidateId) external view returns (Candidate memory);
    /// @notice The commitment that `reveal` will check: keccak256(abi.encode(chainid, this, searchId, solver,
    /// keccak256(settings), salt)).
    function commitmentOf(uint256 searchId, address solver, bytes calldata settings, bytes32 salt)
        external
        view
        returns (bytes32);
    /// @notice Seconds to reveal, from the second in which the window was recorded.
    function revealWindow() external view returns (uint256);
    /// @notice Seconds to have candidates scored once reveals are over: enough for a job of that fuel with all its disputes.
    function scoreWindow(uint64 fuel) external view returns (uint256);
}
