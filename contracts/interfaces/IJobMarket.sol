// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRounds, OutcomeKind, Seat} from "./IRounds.sol";

/// @notice Where a job is.
/// @dev Open -> Assigned -> Committed -> Revealed -> Proposed -> Final is the common way. Committed means that commits are
/// closed, Revealed that reveals are. Beside it:
///   Assigned -> Open where silent seats are drawn anew, at most twice
///   Revealed -> Audited (one auditor runs it again) -> Proposed, or Disputed on a mismatch
///   Revealed -> NoQuorum (a panel decides) -> Final or Failed
///   Proposed -> Demanded (bytes are asked for) -> Proposed, or Failed where nobody answers
///   Proposed -> Disputed (a panel decides) -> Final or Failed
///   Open, Assigned, Revealed -> Failed where time, operators or inputs were missing
enum Status {
    None,
    Open,
    Assigned,
    Committed,
    Revealed,
    Audited,
    Proposed,
    Demanded,
    NoQuorum,
    Disputed,
    Final,
    Failed
}

/// @notice Why a job failed: never assigned, fewer than k commits, no majority of a panel, too few operators for a panel,
/// k seats could not get the inputs, or demanded bytes were withheld.
enum Failure {
    None,
    NotAssigned,
    TooFewCommits,
    NoMajority,
    TooFewEligible,
    InputsUnavailable,
    BytesWithheld
}

/// @notice What a requester asks for.
/// @param version Version to run.
/// @param licenseId The sender's license, or zero to pay the per-run price of `offerId`.
/// @param offerId Offer whose per-run price is paid; not read with a license.
/// @param maxRunPrice Most that is paid for the run, base units of the offer's token.
/// @param fee jobFee, base units of the stake token: for the operators, and for the assurance that is asked for.
/// @param value What a wrong result would be worth to whoever could sell it, base units of the stake token; zero leaves
/// it undeclared. At most `boundOf` this job.
/// @param fuel Fuel limit, equal to the spec's.
/// @param assurancePpm The probability d that the job is run again by an auditor, in parts per million.
/// @param n Seats: odd, at most 7. One is the solo level: unverified.
/// @param k Equal outcomes needed; more than half of n.
struct JobTerms {
    uint64 version;
    uint64 licenseId;
    uint64 offerId;
    uint96 maxRunPrice;
    uint96 fee;
    uint96 value;
    uint64 fuel;
    uint32 assurancePpm;
    uint8 n;
    uint8 k;
}

/// @notice A job as it stands.
/// @dev Every act of a phase reads and writes the first word alone.
/// @param status Where it is.
/// @param kind How the run ended; None until proposed.
/// @param n Seats.
/// @param k Equal outcomes needed.
/// @param committed Seats that have committed.
/// @param revealed Seats that have revealed.
/// @param redraws How often silent seats were drawn anew.
/// @param demands How often bytes were demanded.
/// @param assurancePpm The probability of an audit.
/// @param deadline Last second of the present phase; zero where none runs.
/// @param readyBlock First block of the next act.
/// @param version Version that is run.
/// @param fuel Fuel limit.
/// @param lock Stake locked for each seat.
/// @param requester Who posted it, and who is refunded.
/// @param fee jobFee, base units of the stake token.
/// @param royaltyToken Token of the per-run price; zero with a license.
/// @param royalty Per-run price held for the version, in `royaltyToken`.
/// @param panelId The newest panel or audit; zero where there was none.
/// @param challenger Who challenged; zero where nobody did.
/// @param bond What the challenger put up.
/// @param demanded Digest of the block that is demanded now, or was last.
/// @param specHash keccak256 of the spec.
/// @param outcomeHash What k seats or a panel agree on; zero until proposed.
struct Job {
    Status status;
    OutcomeKind kind;
    uint8 n;
    uint8 k;
    uint8 committed;
    uint8 revealed;
    uint8 redraws;
    uint8 demands;
    uint32 assurancePpm;
    uint64 deadline;
    uint64 readyBlock;
    uint64 version;
    uint64 fuel;
    uint96 lock;
    address requester;
    uint96 fee;
    address royaltyToken;
    uint96 royalty;
    uint64 panelId;
    address challenger;
    uint96 bond;
    bytes32 demanded;
    bytes32 specHash;
    bytes32 outcomeHash;
}

/// @title JobMarket
/// @notice Jobs from post to payment: n operators commit to an outcome, reveal it, and k equal ones decide, unless an
/// audit or a challenge has a panel run it again.
/// @dev Who is paid what, in base units. F is the jobFee, d the assurance, A = F*d/(n + d) goes to the pool when the job is
/// final, s = (F - A)/n is one seat's pay, and whatever division leaves over goes to the lowest seat.
///   Final by k equal, also where no panel sat to hear a challenge: the seats whose outcome is final share F - A.
///   Final by a panel, after no quorum or a canary that was false: the seats and the panelists whose outcome is final share
///     F - A.
///   Final by a panel, after a challenge or an audit: the seats whose outcome is final share F - A, or the majority of the
///     panel where there is none. Beside that the majority of the panel shares the bond where the challenge failed, and
///     otherwise is paid s each from what was slashed.
///   Every other attested outcome, seat, panelist or auditor, InputUnavailable apart, is proven wrong and slashed. What was
///     slashed pays, as far as it goes: the panel, the challenger (1.1 s beside the bond), the requester up to F; the
///     rest is burned, as are the fines of the silent and of those who withheld. After no quorum, a
///     seat that said InputUnavailable where the panel found an outcome is fined like one that withheld.
///   Failed: each seat that revealed has minimumFee/n, each panelist that did the same from the bond (without one from F);
///     the rest goes back to requester and challenger. Where demanded bytes were withheld the requester has all of F.
///   The per-run price goes to the version where a Result is final, else back to the requester.
/// Refunds and payments are claims on the RevenueLedger.
interface IJobMarket is IRounds {
    event Posted(
        uint256 indexed jobId,
        address indexed requester,
        uint256 indexed version,
        JobTerms terms,
        address royaltyToken,
        uint256 royalty,
        uint256 lock,
        uint256 readyBlock,
        uint256 deadline,
        bytes32 specHash,
        bytes spec
    );
    event Rearmed(uint256 indexed jobId, uint256 readyBlock);
    /// @dev `operators` are all who sit now, those that kept their seats included. A seat drawn anew that found nobody is
    /// none of them.
    event Assigned(uint256 indexed jobId, address[] operators, uint256 lock, uint256 readyBlock, uint256 deadline);
    /// @dev Silent seats were slashed and are drawn anew.
    event Reopened(uint256 indexed jobId, address[] silent, uint256 readyBlock, uint256 deadline);
    event Committed(uint256 indexed jobId, address indexed operator, bytes32 commitment);
    event CommitsClosed(uint256 indexed jobId, uint256 readyBlock, uint256 deadline);
    event Revealed(
        uint256 indexed jobId, address indexed operator, OutcomeKind kind, bytes32 outcomeHash, bytes outcome
    );
    /// @dev `readyBlock` is that of the tally, of an assured job; else zero.
    event RevealsClosed(uint256 indexed jobId, uint256 readyBlock);
    event Audited(uint256 indexed jobId, uint256 indexed panelId);
    event Proposed(uint256 indexed jobId, OutcomeKind kind, bytes32 outcomeHash, uint256 votes, uint256 deadline);
    event QuorumMissed(uint256 indexed jobId, uint256 indexed panelId);
    /// @dev `challenger` is zero after an audit. A canary's sponsor is a challenger without a bond.
    event Disputed(uint256 indexed jobId, uint256 indexed panelId, address indexed challenger, uint256 bond);
    event Demanded(uint256 indexed jobId, bytes32 indexed digest, uint256 deposit, uint256 deadline);
    event Answered(uint256 indexed jobId, bytes32 indexed digest, address indexed by, bytes data, uint256 deadline);
    /// @dev What a panel's verdict took from those it proved wrong, and where it went.
    event Judged(
        uint256 indexed jobId,
        uint256 indexed panelId,
        uint256 slashed,
        uint256 toPanel,
        uint256 toChallenger,
        uint256 toRequester,
        uint256 burned
    );
    /// @dev `paid` shared the jobFee.
    event Finalized(uint256 indexed jobId, OutcomeKind kind, bytes32 outcomeHash, address[] paid);
    event Failed(uint256 indexed jobId, Failure reason, uint256 refund, uint256 royaltyRefund);
    event PausedSet(bool paused);

    error UnknownJob(uint256 jobId);
    error WrongStatus(uint256 jobId, Status status);
    error RunNotSold(uint256 offerId);
    error OfferForOtherVersion(uint256 offerId, uint256 version);
    error RunPriceTooLow(uint256 maxRunPrice, uint256 price);
    error QuorumInvalid(uint8 n, uint8 k);
    error FeeTooLow(uint256 fee, uint256 minimum);
    error AssuranceInvalid(uint256 ppm);
    error ValueTooHigh(uint256 value, uint256 bound);
    error FuelInvalid(uint256 fuel, uint256 maximum);
    error SpecInvalid(uint256 length, uint256 maximum);
    error TokenNotAllowed(address token);
    error VersionDeprecated(uint256 version);
    error TooFewEligible(uint256 found, uint256 wanted);
    error NotRequester(address caller);
    error NotPool(address caller);
    error NothingToDemand(uint256 jobId);
    error TooManyDemands(uint256 jobId);
    error OutcomeMismatch(bytes32 expected, bytes32 actual);
    error PathInvalid(uint256 step);
    error BlockMismatch(bytes32 expected, bytes32 actual);
    error PanelUndecided(uint256 panelId);
    error UnbondPeriodTooShort(uint256 period, uint256 needed);
    error IsPaused();

    /// @notice Posts a job and takes the fee, and the per-run price when no license is named. A license runs a
    /// deprecated version too; single runs of it are no longer sold. Posting ends the license's trial.
    /// @param terms What is asked for.
    /// @param spec Deterministic CBOR {version, inputs, settings, limits, image, seed}; at most 4,096 bytes.
    function post(JobTerms calldata terms, bytes calldata spec) external returns (uint256 jobId);
    /// @notice Assigns operators by the hash of a block that was in the future at `post`, among stakes as they were in
    /// that block; re-arms with a new block when that one is too old. Silent seats are drawn anew as far as there are
    /// operators; where there are none the job goes on with k commits, or fails.
    function assign(uint256 jobId) external;
    function commit(uint256 jobId, bytes32 commitment) external;
    /// @notice Reveals; outcomeHash = keccak256(abi.encodePacked(kind, outcome)). At most 4,096 bytes of outcome.
    function reveal(uint256 jobId, OutcomeKind kind, bytes calldata outcome, bytes32 salt) external;
    /// @notice After the reveals: proposes the outcome that k seats share, calls an auditor, or calls a panel where there is
    /// no quorum. Closes reveals whose time ran out by itself, and slashes who withheld. An assured job waits for the block
    /// whose hash decides about the audit.
    function tally(uint256 jobId) external;
    /// @notice Has a panel run a proposed job again. The sender puts up `bondOf` the job from its allowance. Where no panel
    /// ever sits the proposal is final, and the bond goes back.
    function challenge(uint256 jobId) external;
    /// @notice The same without a bond, for a canary that was answered otherwise. AssurancePool only.
    function dispute(uint256 jobId, address challenger) external;
    /// @notice Demands one block of a proposed Result that is stored by CID. Requester only; it deposits `minimumFee`, which
    /// whoever answers is paid.
    /// @param outcome The outcome's document, as it was revealed.
    /// @param path The blocks from the table's root to the parent of the one that is demanded; none to demand the root.
    /// @param offsets Where in each block of the path the CID of the next, and last the demanded one, begins.
    function demand(uint256 jobId, bytes calldata outcome, bytes[] calldata path, uint256[] calldata offsets) external;
    /// @notice Answers a demand with the block. The job is proposed again, for one more challenge window.
    function answer(uint256 jobId, bytes calldata data) external;
    /// @notice After the panel or the audit has decided: carries out what it decided.
    function resolve(uint256 jobId) external;
    /// @notice After the challenge window: pays operators and royalties, frees the stake.
    function finalize(uint256 jobId) external;
    /// @notice Moves a job whose phase ran out of time: never assigned, too few commits or an unanswered demand fail it,
    /// silent seats are slashed and drawn anew, and reveals are opened and closed.
    function expire(uint256 jobId) external;
    /// @notice Stops new jobs; those under way go on. For the deployment's guardian, at once.
    function pause() external;
    /// @notice Allows new jobs again. For the deployment's owner alone.
    function unpause() external;

    function paused() external view returns (bool);
    function job(uint256 jobId) external view returns (Job memory);
    function seats(uint256 jobId) external view returns (Seat[] memory);
    /// @notice All operators that had a part in the job: its seats, those that were silent, and an auditor.
    function participants(uint256 jobId) external view returns (address[] memory);
    function jobCount() external view returns (uint256);
    /// @notice Least jobFee for a fuel limit, base units: the deployment's minimum for each begun minute at `fuelPerSecond`.
    function minimumFee(uint64 fuel) external view returns (uint256);
    /// @notice Stake locked for each seat, in jobFees.
    function lockMultiple() external view returns (uint256);
    /// @notice What a challenge must put up: the jobFee or 10 % of a seat's lock, whichever is more.
    function bondOf(uint256 jobId) external view returns (uint256);
    /// @notice The most a lie may be worth for honesty to pay: d/(1-d) * n * lock; the largest number where d is 1.
    function boundOf(uint256 assurancePpm, uint256 n, uint256 lock) external pure returns (uint256);
}
