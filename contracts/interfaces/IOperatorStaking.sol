// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice An operator's funds in base units of the stake token.
/// @param free May be locked by a job or unbonded.
/// @param locked Tied to jobs.
/// @param unbonding Asked back; paid from `unbondAt` on.
/// @param unbondAt Time in seconds.
struct Operator {
    uint96 free;
    uint96 locked;
    uint96 unbonding;
    uint64 unbondAt;
}

/// @title OperatorStaking
/// @notice Keeps operators' stake and the tree of stake weights that jobs are assigned by.
interface IOperatorStaking {
    event OperatorRegistered(address indexed operator, string endpoint);
    event Staked(address indexed operator, uint256 amount, uint256 free);
    event UnbondRequested(address indexed operator, uint256 amount, uint256 unbondAt);
    event Withdrawn(address indexed operator, uint256 amount);
    event Locked(address indexed operator, uint256 indexed jobId, uint256 amount);
    event Unlocked(address indexed operator, uint256 indexed jobId, uint256 amount);

    error NotJobMarket(address caller);
    error NotRegistered(address operator);
    error StakeTooLow(uint256 amount, uint256 minimum);
    error NotEnoughFree(address operator, uint256 free, uint256 wanted);
    error NothingUnbonding(address operator);
    error StillUnbonding(uint256 unbondAt);
    error ReceivedTooLittle(uint256 received, uint256 amount);
    error NothingToUnbond();
    error SeedTooOld(uint256 seedBlock);
    error TooFewEligible(uint256 found, uint256 wanted);

    /// @notice Registers the sender, or changes its endpoint: the URL of the gateway that serves its results.
    function register(string calldata url) external;
    /// @notice Adds to the sender's free stake; the free stake afterwards is at least `minimumStake`.
    function stake(uint256 amount) external;
    /// @notice Moves free stake to unbonding; a second request adds to the first and starts its time anew.
    function requestUnbond(uint256 amount) external;
    function withdraw() external;

    /// @notice Draws `count` distinct operators with at least `amount` free, by stake weight, and locks it. JobMarket only.
    /// @dev The weight is the stake, free or locked, as it was in `seedBlock`: what is staked once the seed can be known
    /// moves no draw. An operator whose stake is below `minimumStake` weighs nothing.
    function drawAndLock(uint256 jobId, bytes32 seed, uint256 seedBlock, uint256 count, uint256 amount)
        external
        returns (address[] memory operators);
    /// @notice Frees what a job had locked. JobMarket only.
    function unlock(uint256 jobId, address account, uint256 amount) external;

    function operator(address account) external view returns (Operator memory);
    function endpoint(address account) external view returns (string memory);
    function operatorCount() external view returns (uint256);
    function operatorAt(uint256 index) external view returns (address);
    /// @notice Stake of all who may be drawn, free or locked; what is unbonding is not counted.
    function totalStake() external view returns (uint256);
    function token() external view returns (address);
    function minimumStake() external view returns (uint256);
    function unbondPeriod() external view returns (uint256);
}
