// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Where a job is. It only moves along: Open -> Assigned -> Committed -> Revealed -> Proposed -> Final, or
/// from one of the first four to Failed. Committed means that commits are closed, Revealed that reveals are.
enum Status {
    None,
    Open,
    Assigned,
    Committed,
    Revealed,
    Proposed,
    Final,
    Failed
}

/// @notice How a run ended, of the endings that repeat exactly everywhere.
enum OutcomeKind {
    None,
    Result,
    ModuleError,
    LimitHit
}

/// @notice Why a job failed.
enum Failure {
    None,
    NotAssigned,
    TooFewCommits,
    NoQuorum
}

/// @notice The windows of a deployment, in seconds unless said otherwise.
/// @param open Time to be assigned.
/// @param commit Time to run and commit, beside `fuel / fuelPerSecond`.
/// @param reveal Time to reveal.
/// @param challenge Time between proposal and payment.
/// @param fuelPerSecond Fuel that the slowest operator burns in a second.
/// @param confirmations Blocks between the closing of one phase and the first act of the next; also the age of the seed block.
struct Windows {
    uint32 open;
    uint32 commit;
    uint32 reveal;
    uint32 challenge;
    uint64 fuelPerSecond;
    uint32 confirmations;
}

/// @notice What a requester asks for.
/// @param version Version to run.
/// @param licenseId The sender's license, or zero to pay the per-run price of `offerId`.
/// @param offerId Offer whose per-run price is paid; not read with a license.
/// @param maxRunPrice Most that is paid for the run, base units of the offer's token.
/// @param fee jobFee for the operators, base units of the stake token.
/// @param fuel Fuel limit, equal to the spec's.
/// @param n Seats: odd, at most 7.
/// @param k Equal outcomes needed; more than half of n.
struct JobTerms {
    uint64 version;
    uint64 licenseId;
    uint64 offerId;
    uint96 maxRunPrice;
    uint96 fee;
    uint64 fuel;
    uint8 n;
    uint8 k;
}

/// @notice A job as it stands.
/// @param status Where it is.
/// @param kind How the run ended; None until proposed.
/// @param n Seats.
/// @param k Equal outcomes needed.
/// @param committed Seats that have committed.
/// @param revealed Seats that have revealed.
/// @param version Version that is run.
/// @param deadline Last second of the present phase; zero where none runs.
/// @param readyBlock First block of the next act.
/// @param fuel Fuel limit.
/// @param requester Who posted it, and who is refunded.
/// @param fee jobFee, base units of the stake token.
/// @param royaltyToken Token of the per-run price; zero with a license.
/// @param royalty Per-run price held for the version, in `royaltyToken`.
/// @param lock Stake locked for each seat.
/// @param specHash keccak256 of the spec.
/// @param outcomeHash What k seats agree on; zero until proposed.
struct Job {
    Status status;
    OutcomeKind kind;
    uint8 n;
    uint8 k;
    uint8 committed;
    uint8 revealed;
    uint64 version;
    uint64 deadline;
    uint64 readyBlock;
    uint64 fuel;
    address requester;
    uint96 fee;
    address royaltyToken;
    uint96 royalty;
    uint96 lock;
    bytes32 specHash;
    bytes32 outcomeHash;
}

/// @notice One operator's place in a job.
/// @param operator Who sits there.
/// @param kind The kind it revealed; None until then.
/// @param commitment Zero until committed.
/// @param outcomeHash Zero until revealed.
struct Seat {
    address operator;
    OutcomeKind kind;
    bytes32 commitment;
    bytes32 outcomeHash;
}

/// @title JobMarket
/// @notice Jobs from post to payment: n operators commit to an outcome, reveal it, and k equal ones decide.
interface IJobMarket {
    event Posted(
        uint256 indexed jobId,
        address indexed requester,
        uint256 indexed version,
        uint256 licenseId,
        uint8 n,
        uint8 k,
        uint256 fee,
        uint256 royalty,
        uint256 readyBlock,
        uint256 deadline,
        bytes32 specHash,
        bytes spec
    );
    event Rearmed(uint256 indexed jobId, uint256 readyBlock);
    event Assigned(uint256 indexed jobId, address[] operators, uint256 lock, uint256 readyBlock, uint256 deadline);
    event Committed(uint256 indexed jobId, address indexed operator, bytes32 commitment);
    event CommitsClosed(uint256 indexed jobId, uint256 readyBlock, uint256 deadline);
    event Revealed(
        uint256 indexed jobId, address indexed operator, OutcomeKind kind, bytes32 outcomeHash, bytes outcome
    );
    event RevealsClosed(uint256 indexed jobId);
    event Proposed(uint256 indexed jobId, OutcomeKind kind, bytes32 outcomeHash, uint256 votes, uint256 deadline);
    event Finalized(uint256 indexed jobId, OutcomeKind kind, bytes32 outcomeHash, address[] paid);
    event Failed(uint256 indexed jobId, Failure reason, uint256 refund, uint256 royaltyRefund);

    error UnknownJob(uint256 jobId);
    error WrongStatus(uint256 jobId, Status status);
    error NotLicensed(uint256 licenseId, address user, uint256 version);
    error RunNotSold(uint256 offerId);
    error OfferForOtherVersion(uint256 offerId, uint256 version);
    error RunPriceTooLow(uint256 maxRunPrice, uint256 price);
    error QuorumInvalid(uint8 n, uint8 k);
    error FeeTooLow(uint256 fee, uint256 minimum);
    error FuelInvalid(uint256 fuel, uint256 maximum);
    error SpecInvalid(uint256 length, uint256 maximum);
    error VersionDeprecated(uint256 version);
    error TooEarly(uint256 blockNumber, uint256 readyBlock);
    error TooLate(uint256 time, uint256 deadline);
    error DeadlineNotPassed(uint256 time, uint256 deadline);
    error NotAssignee(uint256 jobId, address caller);
    error AlreadyCommitted(uint256 jobId, address operator);
    error NotCommitted(uint256 jobId, address operator);
    error AlreadyRevealed(uint256 jobId, address operator);
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error EmptyCommitment();
    error OutcomeInvalid(uint256 length, uint256 maximum);
    error KindInvalid();
    error ReceivedTooLittle(uint256 received, uint256 amount);
    error WindowsInvalid();

    /// @notice Posts a job and takes the fee, and the per-run price when no license is named. A license runs a
    /// deprecated version too; single runs of it are no longer sold.
    /// @dev The money goes straight to the RevenueLedger and is booked there when the job ends.
    /// @param terms What is asked for.
    /// @param spec Deterministic CBOR {version, inputs, settings, limits, image, seed}; at most 4,096 bytes.
    function post(JobTerms calldata terms, bytes calldata spec) external returns (uint256 jobId);
    /// @notice Assigns operators by the hash of a block that was in the future at `post`, among stakes as they were in
    /// that block; re-arms with a new block when that one is too old.
    function assign(uint256 jobId) external;
    /// @notice Commits to keccak256(abi.encode(chainid, this, jobId, operator, outcomeHash, salt)).
    function commit(uint256 jobId, bytes32 commitment) external;
    /// @notice Reveals; outcomeHash = keccak256(abi.encodePacked(kind, outcome)). At most 4,096 bytes of outcome.
    function reveal(uint256 jobId, OutcomeKind kind, bytes calldata outcome, bytes32 salt) external;
    /// @notice After the reveals: proposes the outcome that k seats share, or fails the job and refunds. Closes reveals
    /// whose time ran out by itself.
    function tally(uint256 jobId) external;
    /// @notice After the challenge window: pays operators and royalties, frees the stake.
    function finalize(uint256 jobId) external;
    /// @notice Moves a job whose phase ran out of time: not assigned or fewer than k commits fail it, enough commits
    /// open the reveals, and reveals are closed.
    function expire(uint256 jobId) external;

    function job(uint256 jobId) external view returns (Job memory);
    function seats(uint256 jobId) external view returns (Seat[] memory);
    function jobCount() external view returns (uint256);
    function windows() external view returns (Windows memory);
    /// @notice The commitment that `reveal` will check.
    function commitmentOf(uint256 jobId, address operator, bytes32 outcomeHash, bytes32 salt)
        external
        view
        returns (bytes32);
}
