// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice How a run ended, of the endings that repeat exactly everywhere; and the one that says it could not begin:
/// the inputs or the bundle were not to be had. Its document is the same for every job.
enum OutcomeKind {
    None,
    Result,
    ModuleError,
    LimitHit,
    InputUnavailable
}

/// @notice The windows of a deployment, in seconds unless said otherwise.
/// @param open Time to be assigned.
/// @param commit Time to run and commit, beside `fuel / fuelPerSecond`.
/// @param reveal Time to reveal; also the time to answer a demand.
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

/// @notice One operator's place in a job or a panel.
/// @param operator Who sits there.
/// @param kind The kind it revealed; None until then.
/// @param released Whether its lock has ended already: it was silent or withheld.
/// @param commitment Zero until committed.
/// @param outcomeHash Zero until revealed.
struct Seat {
    address operator;
    OutcomeKind kind;
    bool released;
    bytes32 commitment;
    bytes32 outcomeHash;
}

/// @notice What jobs and panels have in common: seats that commit, then reveal.
interface IRounds {
    error TooEarly(uint256 blockNumber, uint256 readyBlock);
    error TooLate(uint256 time, uint256 deadline);
    error DeadlineNotPassed(uint256 time, uint256 deadline);
    error NotAssignee(uint256 id, address caller);
    error AlreadyCommitted(uint256 id, address operator);
    error AlreadyRevealed(uint256 id, address operator);
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error EmptyCommitment();
    error OutcomeInvalid(uint256 length, uint256 maximum);
    error KindInvalid();
    error WindowsInvalid();

    function windows() external view returns (Windows memory);
    /// @notice The commitment that `reveal` will check: keccak256(abi.encode(chainid, this, id, operator, outcomeHash, salt)).
    function commitmentOf(uint256 id, address operator, bytes32 outcomeHash, bytes32 salt)
        external
        view
        returns (bytes32);
}
