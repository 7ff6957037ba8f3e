// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice An operator's funds in base units of the stake token.
/// @param free May be locked by a job or unbonded.
/// @param locked Tied to jobs.
/// @param unbonding Asked back; may be withdrawn from `unbondAt` on, and is slashable until it is.
/// @param unbondAt Time in seconds.
struct Operator {
    uint96 free;
    uint96 locked;
    uint96 unbonding;
    uint64 unbondAt;
}

/// @notice What an operator is slashed for: no commit (Silent); a commit without a reveal, or the refusal of inputs that a
/// quorum got (Withheld); or a result proven wrong (Wrong).
enum Fault {
    None,
    Silent,
    Withheld,
    Wrong
}

/// @title OperatorStaking
/// @notice Keeps operators' stake and the tree of stake weights that jobs and panels are drawn by.
/// @dev JobMarket and Panel, which are called the jobs here, may draw, unlock and slash.
interface IOperatorStaking {
    event OperatorRegistered(address indexed operator, string endpoint);
    event Staked(address indexed operator, uint256 amount, uint256 free);
    event UnbondRequested(address indexed operator, uint256 amount, uint256 unbondAt);
    event Withdrawn(address indexed operator, uint256 amount);
    event Locked(address indexed operator, uint256 indexed jobId, uint256 amount);
    event Unlocked(address indexed operator, uint256 indexed jobId, uint256 amount);
    /// @dev `lock` is what the job had locked. `amount` was taken from it first, then from what was free, then from what
    /// was unbonding, never from other jobs' locks; what is left of the lock became free.
    event Slashed(address indexed operator, uint256 indexed jobId, Fault fault, uint256 lock, uint256 amount);

    error NotJobs(address caller);
    error NotRegistered(address operator);
    error StakeTooLow(uint256 amount, uint256 minimum);
    error NotEnoughFree(address operator, uint256 free, uint256 wanted);
    error NothingUnbonding(address operator);
    error StillUnbonding(uint256 unbondAt);
    error ReceivedTooLittle(uint256 received, uint256 amount);
    error NothingToUnbond();
    error SeedTooOld(uint256 seedBlock);
    error UrlTooLong(uint256 length, uint256 maximum);

    /// @notice Registers the sender, or changes its endpoint: the URL of the gateway that serves its results, at
    /// most 256 bytes.
    function register(string calldata url) external;
    /// @notice Adds to the sender's free stake; the free stake afterwards is at least `minimumStake`.
    function stake(uint256 amount) external;
    /// @notice Moves free stake to unbonding; a second request adds to the first and starts its time anew.
    function requestUnbond(uint256 amount) external;
    function withdraw() external;

    /// @notice Draws up to `count` distinct operators with at least `amount` free, by stake weight, and locks it. Jobs only.
    /// @dev The weight is the stake, free or locked, as it was in `seedBlock`: what is staked once the seed can be known
    /// moves no draw. An operator whose stake is below `minimumStake` weighs nothing.
    /// @param excluded Operators that are passed over.
    /// @return operators Those found, in the order drawn; fewer than `count` where no more are eligible among the first 64
    /// that the seed names.
    function drawAndLock(
        uint256 jobId,
        bytes32 seed,
        uint256 seedBlock,
        uint256 count,
        uint256 amount,
        address[] calldata excluded
    ) external returns (address[] memory operators);
    /// @notice Frees what a job had locked. Jobs only.
    function unlock(uint256 jobId, address account, uint256 amount) external;
    /// @notice Ends a lock and takes what the fault costs: 5 % of the lock when silent, 20 % when withheld, and for a wrong
    /// result the lock or 10 % of all the operator's stake, whichever is more, as far as it is not locked by other jobs.
    /// The tokens go to the RevenueLedger: a fine is burned there (owed to 0x...dEaD), and what a wrong result cost is held
    /// for the JobMarket to pay out. Jobs only.
    /// @return taken Base units taken.
    function slash(uint256 jobId, address account, uint256 lock, Fault fault) external returns (uint256 taken);

    function operator(address account) external view returns (Operator memory);
    function endpoint(address account) external view returns (string memory);
    function operatorCount() external view returns (uint256);
    function operatorAt(uint256 index) external view returns (address);
    /// @notice Operators with at least the minimum stake: the most that could be drawn.
    function candidateCount() external view returns (uint256);
    /// @notice Stake of all who may be drawn, free or locked; what is unbonding is not counted.
    function totalStake() external view returns (uint256);
    function token() external view returns (address);
    function minimumStake() external view returns (uint256);
    function unbondPeriod() external view returns (uint256);
}
