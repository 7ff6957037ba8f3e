// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title AssurancePool
/// @notice Pays for checking: auditors, and canaries, which are jobs whose answer somebody committed to beforehand.
/// @dev The money lies in the RevenueLedger as held. A pool that is short pays what it has.
interface IAssurancePool {
    event Deposited(address indexed from, uint256 amount, uint256 balance);
    event Spent(address indexed account, uint256 indexed jobId, uint256 amount, uint256 balance);
    event CanaryCommitted(bytes32 indexed commitment, address indexed sponsor, uint256 firstJobId);
    /// @dev A canary that was answered rightly is paid back its jobFee; one that was not calls a panel.
    event CanaryOpened(
        uint256 indexed jobId, bytes32 indexed commitment, address indexed sponsor, bool right, uint256 paidBack
    );

    error NotJobMarket(address caller);
    error CanaryUnknown(bytes32 commitment);
    error CanaryTaken(bytes32 commitment);
    error CanaryTooLate(uint256 jobId, uint256 firstJobId);
    error CanaryNotOpen(uint256 jobId);
    error CanaryNotYet(uint256 assuredJobs, uint256 needed);
    error ReceivedTooLittle(uint256 received, uint256 amount);

    /// @notice Gives to the pool, from the sender's allowance. It cannot be taken back.
    function fund(uint256 amount) external;
    /// @notice Adds what the JobMarket holds already. JobMarket only.
    function deposit(uint256 amount) external;
    /// @notice Pays `account` up to `amount`, as far as the pool has it. JobMarket only.
    function pay(address account, uint256 jobId, uint256 amount) external returns (uint256 paid);

    /// @notice Commits to the answer of a job that is not posted yet; see `canaryOf`. Only later jobs can be opened by it.
    function commitCanary(bytes32 commitment) external;
    /// @notice Opens a canary by its sponsor. The job is proposed with another outcome: a panel is called without a bond.
    /// It is final with this outcome: its requester is paid back the jobFee, once per `canaryInterval` assured jobs.
    function openCanary(uint256 jobId, bytes32 outcomeHash, bytes32 salt) external;

    /// @notice keccak256(abi.encode(chainid, this, sponsor, specHash, outcomeHash, salt)).
    function canaryOf(address sponsor, bytes32 specHash, bytes32 outcomeHash, bytes32 salt)
        external
        view
        returns (bytes32);
    function balance() external view returns (uint256);
    /// @notice Assured jobs that ended final since the last canary that was paid back.
    function assuredJobs() external view returns (uint256);
    function canaryInterval() external view returns (uint256);
}
