// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IAssurancePool} from "./interfaces/IAssurancePool.sol";
import {IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title AssurancePool
contract AssurancePool is IAssurancePool {
    using SafeERC20 for IERC20;

    /// @dev What jobs paid in, for their auditors, and what was given. `deposited` is what jobs paid in since the last
    /// canary that was paid back.
    struct Books {
        uint96 deposits;
        uint96 gifts;
        uint64 assuredJobs;
        uint96 deposited;
    }

    IJobMarket private immutable _jobs;
    IRevenueLedger private immutable _ledger;
    IERC20 private immutable _token;
    /// @inheritdoc IAssurancePool
    uint256 public immutable canaryInterval;

    Books private _books;
    /// @dev The first job that a commitment may be opened for; the largest number once it was opened.
    mapping(bytes32 commitment => uint256) private _firstJobs;

    modifier onlyJobMarket() {
        _checkJobMarket();
        _;
    }

    /// @param jobs Where the jobs are.
    /// @param ledger Where the money lies.
    /// @param token What jobFees are paid in.
    /// @param canaryInterval_ Assured jobs between two canaries that are paid back.
    constructor(IJobMarket jobs, IRevenueLedger ledger, IERC20 token, uint256 canaryInterval_) {
        _jobs = jobs;
        _ledger = ledger;
        _token = token;
        canaryInterval = canaryInterval_;
    }

    /// @inheritdoc IAssurancePool
    function fund(uint256 amount) external {
        _books.gifts = SafeCast.toUint96(_books.gifts + amount);

        emit Deposited(msg.sender, amount, balance());

        _token.safeTransferFrom(msg.sender, address(_ledger), amount);
        _ledger.hold(address(_token), amount);
    }

    /// @inheritdoc IAssurancePool
    function deposit(uint256 amount) external onlyJobMarket {
        Books memory books = _books;

        books.deposits = SafeCast.toUint96(books.deposits + amount);
        books.deposited = SafeCast.toUint96(books.deposited + amount);
        ++books.assuredJobs;
        _books = books;

        emit Deposited(msg.sender, amount, balance());
    }

    /// @inheritdoc IAssurancePool
    function pay(address account, uint256 jobId, uint256 amount) external onlyJobMarket returns (uint256 paid) {
        Books memory books = _books;
        paid = Math.min(amount, uint256(books.deposits) + books.gifts);
        uint256 fromDeposits = Math.min(paid, books.deposits);

        books.deposits = SafeCast.toUint96(books.deposits - fromDeposits);
        books.gifts = SafeCast.toUint96(books.gifts + fromDeposits - paid);
        _books = books;

        _spend(account, jobId, paid);
    }

    /// @inheritdoc IAssurancePool
    function commitCanary(bytes32 commitment) external {
        require(_firstJobs[commitment] == 0, CanaryTaken(commitment));
        uint256 firstJobId = _jobs.jobCount() + 1;

        _firstJobs[commitment] = firstJobId;

        emit CanaryCommitted(commitment, msg.sender, firstJobId);
    }

    /// @inheritdoc IAssurancePool
    function openCanary(uint256 jobId, bytes32 outcomeHash, bytes32 salt) external {
        Job memory job = _jobs.job(jobId);
        require(msg.sender == job.requester, NotRequester(msg.sender));
        bytes32 commitment = canaryOf(msg.sender, job.specHash, outcomeHash, salt);
        uint256 firstJobId = _firstJobs[commitment];
        require(firstJobId != 0, CanaryUnknown(commitment));
        require(firstJobId != type(uint256).max, CanaryOpen(commitment));
        require(jobId >= firstJobId, CanaryTooLate(jobId, firstJobId));
        bool right = outcomeHash == job.outcomeHash;
        require(job.status == (right ? Status.Final : Status.Proposed), CanaryNotOpen(jobId));

        _firstJobs[commitment] = type(uint256).max;
        uint256 paidBack = right ? _takePayback(job.fee) : 0;

        emit CanaryOpened(jobId, commitment, msg.sender, right, paidBack);

        if (right) _spend(msg.sender, jobId, paidBack);
        else _jobs.dispute(jobId, msg.sender);
    }

    /// @inheritdoc IAssurancePool
    function canaryOf(address requester, bytes32 specHash, bytes32 outcomeHash, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), requester, specHash, outcomeHash, salt));
    }

    /// @inheritdoc IAssurancePool
    function balance() public view returns (uint256) {
        return uint256(_books.deposits) + _books.gifts;
    }

    /// @inheritdoc IAssurancePool
    function assuredJobs() external view returns (uint256) {
        return _books.assuredJobs;
    }

    function _checkJobMarket() private view {
        require(msg.sender == address(_jobs), NotJobMarket(msg.sender));
    }

    /// @dev Takes what a canary is paid back out of the gifts, and begins to count anew.
    function _takePayback(uint256 fee) private returns (uint256 amount) {
        Books memory books = _books;
        require(books.assuredJobs >= canaryInterval, CanaryNotYet(books.assuredJobs, canaryInterval));
        amount = Math.min(fee, Math.min(books.gifts, books.deposited));
        books.gifts = SafeCast.toUint96(books.gifts - amount);
        (books.assuredJobs, books.deposited) = (0, 0);
        _books = books;
    }

    /// @dev Owes an account what was taken out of the books.
    function _spend(address account, uint256 jobId, uint256 amount) private {
        emit Spent(account, jobId, amount, balance());

        if (amount == 0) return;
        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (account, amount);
        _ledger.payHeld(address(_token), accounts, amounts);
    }
}
