// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRounds, OutcomeKind, Seat} from "./IRounds.sol";

/// @notice Where a panel is. It only moves along: Called -> Assigned -> Committed -> Decided, or from one of the first
/// three to Decided where time runs out. Committed means that commits are closed.
enum PanelStatus {
    None,
    Called,
    Assigned,
    Committed,
    Decided
}

/// @notice A panel as it stands: fresh operators who run a job again.
/// @param jobId The job.
/// @param status Where it is.
/// @param audit Whether it is one auditor; otherwise an odd number of 3 to 7 operators.
/// @param size Seats; zero until assigned.
/// @param committed Seats that have committed.
/// @param revealed Seats that have revealed.
/// @param votes Seats that share the verdict.
/// @param kind How the run ended, by more than half of all seats; None where no outcome has that many.
/// @param deadline Last second of the present phase; zero once decided.
/// @param readyBlock First block of the next act.
/// @param fuel The job's fuel limit.
/// @param lock Stake locked for each seat.
/// @param outcomeHash The verdict; zero where there is none.
struct PanelState {
    uint64 jobId;
    PanelStatus status;
    bool audit;
    uint8 size;
    uint8 committed;
    uint8 revealed;
    uint8 votes;
    OutcomeKind kind;
    uint64 deadline;
    uint64 readyBlock;
    uint64 fuel;
    uint96 lock;
    bytes32 outcomeHash;
}

/// @title Panel
/// @notice Panels and audits: operators who had no part in a job run it again, commit and reveal like its own.
/// @dev It decides outcomes; money and stake of the verdict are the JobMarket's. It fines the silent (5 % of the lock) and
/// who withheld (20 %) itself.
interface IPanel is IRounds {
    event Called(uint256 indexed panelId, uint256 indexed jobId, bool audit, uint256 readyBlock, uint256 deadline);
    event PanelRearmed(uint256 indexed panelId, uint256 readyBlock);
    event PanelAssigned(
        uint256 indexed panelId,
        uint256 indexed jobId,
        address[] operators,
        uint256 lock,
        uint256 readyBlock,
        uint256 deadline
    );
    event PanelCommitted(uint256 indexed panelId, address indexed operator, bytes32 commitment);
    event PanelCommitsClosed(uint256 indexed panelId, uint256 readyBlock, uint256 deadline);
    event PanelRevealed(
        uint256 indexed panelId, address indexed operator, OutcomeKind kind, bytes32 outcomeHash, bytes outcome
    );
    /// @dev No votes where no outcome is shared by more than half of all seats, or too few operators were eligible.
    event Decided(uint256 indexed panelId, uint256 indexed jobId, OutcomeKind kind, bytes32 outcomeHash, uint256 votes);

    error NotJobMarket(address caller);
    error UnknownPanel(uint256 panelId);
    error WrongPanelStatus(uint256 panelId, PanelStatus status);

    /// @notice Calls a panel, or one auditor, for a job. JobMarket only.
    function convene(uint256 jobId, bool audit, uint64 fuel, uint96 lock) external returns (uint256 panelId);
    /// @notice Draws the panel by the hash of a block that was in the future when it was called: an odd number of at most 7
    /// operators that took no part in the job (`IJobMarket.participants`), or one auditor. Where fewer than 3 are
    /// eligible it reverts with `IJobMarket.TooFewEligible`, and may find more until its deadline; an audit that finds nobody
    /// is decided without a verdict. Re-arms when the block is too old.
    function assign(uint256 panelId) external;
    /// @notice Commits to keccak256(abi.encode(chainid, this, panelId, operator, outcomeHash, salt)).
    function commit(uint256 panelId, bytes32 commitment) external;
    /// @notice Reveals as in a job. The last reveal decides.
    function reveal(uint256 panelId, OutcomeKind kind, bytes calldata outcome, bytes32 salt) external;
    /// @notice Moves a panel whose phase ran out of time.
    function expire(uint256 panelId) external;

    function panel(uint256 panelId) external view returns (PanelState memory);
    function seats(uint256 panelId) external view returns (Seat[] memory);
    function panelCount() external view returns (uint256);
}
