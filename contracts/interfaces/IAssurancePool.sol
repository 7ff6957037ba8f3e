// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title AssurancePool
/// @notice Pays for checking: auditors, and canaries, which are jobs whose answer somebody committed to beforehand.
/// @dev The money lies in the RevenueLedger as held. A pool that is short pays what it has. What assured jobs deposit pays
/// for checking alone; canaries are paid back out of what was given, which also helps out where the deposits are short.
interface IAssurancePool {
    event Deposited(address indexed from, uint256 amount, uint256 balance);
    event Spent(address indexed account, uint256 indexed jobId, uint256 amount, uint256 balance);
    event CanaryCommitted(bytes32 indexed commitment, address indexed sponsor, uint256 firstJobId);
    /// @dev A canary that was answered rightly is paid back its jobFee; one that was not calls a panel.
    event CanaryOpened(
        uint256 indexed jobId, bytes32 indexed commitment, address indexed requester, bool right, uint256 paidBack
    );

    error NotJobMarket(address caller);
    error CanaryUnknown(bytes32 commitment);
    error CanaryTaken(bytes32 commitment);
    error CanaryOpen(bytes32 commitment);
    error CanaryTooLate(uint256 jobId, uint256 firstJobId);
    error CanaryNotOpen(uint256 jobId);
    error CanaryNotYet(uint256 assuredJobs, uint256 needed);
    error NotRequester(address caller);

    /// @notice Gives to the pool, from the sender's allowance. It cannot be taken back.
    function fund(uint256 amount) external;
    /// @notice Adds what the JobMarket holds already. JobMarket only.
    function deposit(uint256 amount) external;
    /// @notice Pays `account` up to `amount`, as far as the pool has it. JobMarket only.
    function pay(address account, uint256 jobId, uint256 amount) external returns (uint256 paid);

    /// @notice Commits to the answer of a job that is not posted yet; see `canaryOf`. Only later jobs can be opened by it.
    /// Anyone may send it for the requester, whose account must not be known for its canaries.
    function commitCanary(bytes32 commitment) external;
    /// @notice Opens a canary by its job's requester. Where the job is proposed with another outcome, a panel is called
    /// without a bond. Where it is final with this outcome, the requester is paid back the jobFee, once per
    /// `canaryInterval` assured jobs, as far as that was given to the pool, and never more than assured jobs deposited
    /// since the last time: nobody gains by posting jobs for it.
    function openCanary(uint256 jobId, bytes32 outcomeHash, bytes32 salt) external;

    /// @notice keccak256(abi.encode(chainid, this, requester, specHash, outcomeHash, salt)).
    function canaryOf(address requester, bytes32 specHash, bytes32 outcomeHash, bytes32 salt)
        external
        view
        returns (bytes32);
    function balance() external view returns (uint256);
    /// @notice Assured jobs that ended final since the last canary that was paid back.
    function assuredJobs() external view returns (uint256);
    function canaryInterval() external view returns (uint256);
}
