// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Lists} from "./Lists.sol";
import {Phase} from "./Phase.sol";
import {MAX_SEATS, Rounds} from "./Rounds.sol";
import {IAssurancePool} from "./interfaces/IAssurancePool.sol";
import {IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {ILicenseMarket} from "./interfaces/ILicenseMarket.sol";
import {IModuleRegistry} from "./interfaces/IModuleRegistry.sol";
import {IOperatorStaking} from "./interfaces/IOperatorStaking.sol";
import {IPanel} from "./interfaces/IPanel.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";
import {Seat, Windows} from "./interfaces/IRounds.sol";

/// @notice The contracts that a JobMarket works with.
/// @param authority Decides who may pause.
/// @param registry Where versions are.
/// @param market Where licenses and per-run prices are.
/// @param ledger Where fees and royalties go.
/// @param staking Where operators are; its token is what fees are paid in.
/// @param panel Who runs a job again.
/// @param pool Who pays auditors.
struct JobParts {
    AccessManager authority;
    IModuleRegistry registry;
    ILicenseMarket market;
    IRevenueLedger ledger;
    IOperatorStaking staking;
    IPanel panel;
    IAssurancePool pool;
}

/// @notice What a deployment asks of every job.
/// @param minimumFee Least jobFee for a minute, base units.
/// @param lockMultiple Stake locked for each seat, in jobFees.
/// @param maxFuel Most fuel.
struct JobLimits {
    uint256 minimumFee;
    uint256 lockMultiple;
    uint64 maxFuel;
}

/// @title JobBook
/// @notice What is kept of jobs, and what both halves of the JobMarket need.
abstract contract JobBook is Rounds {
    using Lists for address[];
    using SafeERC20 for IERC20;

    uint256 internal constant PPM = 1e6;
    uint256 private constant MAX_REDRAWS = 2;
    uint256 private constant BOND_PERCENT = 10;
    uint256 private constant FEE_SECONDS = 60;

    IModuleRegistry internal immutable _registry;
    ILicenseMarket internal immutable _market;
    IRevenueLedger internal immutable _ledger;
    IOperatorStaking internal immutable _staking;
    IPanel internal immutable _panel;
    IAssurancePool internal immutable _pool;
    IERC20 internal immutable _token;
    uint256 private immutable _minimumFee;
    uint64 internal immutable _maxFuel;
    uint256 internal immutable _lockMultiple;

    bool internal _paused;
    uint64 internal _jobCount;

    mapping(uint256 jobId => Job) internal _jobs;
    mapping(uint256 jobId => Seat[MAX_SEATS]) internal _seats;
    /// @dev Who was silent and lost its seat to another.
    // slither-disable-next-line uninitialized-state: the referee writes it, the other half of the code on this storage
    mapping(uint256 jobId => address[]) internal _replaced;
    /// @dev The panel that was an audit; `panelId` of the job moves on where it is disputed.
    // slither-disable-next-line uninitialized-state: the referee writes it, the other half of the code on this storage
    mapping(uint256 jobId => uint256 panelId) internal _audits;

    constructor(JobParts memory parts, JobLimits memory limits, Windows memory windows_) Rounds(windows_) {
        _registry = parts.registry;
        _market = parts.market;
        _ledger = parts.ledger;
        _staking = parts.staking;
        _panel = parts.panel;
        _pool = parts.pool;
        _token = IERC20(parts.staking.token());
        _minimumFee = limits.minimumFee;
        _lockMultiple = limits.lockMultiple;
        _maxFuel = limits.maxFuel;

        // Stake that is asked back the moment a job is posted must outlive all that can happen to the job.
        uint256 run = uint256(windows_.open) + windows_.commit + limits.maxFuel / windows_.fuelPerSecond;
        uint256 longest =
            (1 + MAX_REDRAWS) * run + windows_.reveal + windows_.challenge + 2 * (run + uint256(windows_.reveal));
        uint256 period = parts.staking.unbondPeriod();
        require(period >= 2 * longest, IJobMarket.UnbondPeriodTooShort(period, 2 * longest));
    }

    /// @dev Takes money from the sender, to be held; the ledger refuses it where less has come.
    function _take(IERC20 token, uint256 amount) internal {
        token.safeTransferFrom(msg.sender, address(_ledger), amount);
        _ledger.hold(address(token), amount);
    }

    /// @dev Owes an account what is held.
    // slither-disable-next-line incorrect-equality: nothing to pay is skipped; it is no balance
    function _pay(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (account, amount);
        _ledger.payHeld(token, accounts, amounts);
    }

    /// @dev The operators of all seats that were not silent.
    function _alive(uint256 jobId, uint256 n) internal view returns (address[] memory operators) {
        Seat[MAX_SEATS] storage row = _seats[jobId];
        operators = new address[](n);
        uint256 count;
        for (uint256 i; i < n; ++i) {
            if (!row[i].released) operators[count++] = row[i].operator;
        }
        operators.shorten(count);
    }

    function _participants(uint256 jobId) internal view returns (address[] memory accounts) {
        Seat[] memory taken = _load(_seats[jobId], _known(jobId).n);
        address[] memory replaced = _replaced[jobId];
        Seat[] memory auditors = _auditors(jobId);
        uint256 count;
        accounts = new address[](taken.length + replaced.length + auditors.length);
        for (uint256 i; i < taken.length; ++i) {
            accounts[count++] = taken[i].operator;
        }
        for (uint256 i; i < replaced.length; ++i) {
            accounts[count++] = replaced[i];
        }
        for (uint256 i; i < auditors.length; ++i) {
            accounts[count++] = auditors[i].operator;
        }
    }

    function _minimumFeeOf(uint64 fuel) internal view returns (uint256) {
        return _minimumFee * Math.ceilDiv(fuel, FEE_SECONDS * _fuelPerSecond);
    }

    function _bondOf(Job storage stored) internal view returns (uint96) {
        return SafeCast.toUint96(Math.max(stored.fee, uint256(stored.lock) * BOND_PERCENT / 100));
    }

    function _mayRedraw(Job storage stored) internal view returns (bool) {
        return stored.redraws < MAX_REDRAWS;
    }

    /// @dev The auditor's seat; none where there was no audit or nobody to make it.
    function _auditors(uint256 jobId) internal view returns (Seat[] memory none) {
        uint256 audit = _audits[jobId];
        return audit == 0 ? none : _panel.seats(audit);
    }

    function _jobIn(uint256 jobId, Status status) internal view returns (Job storage stored) {
        stored = _jobs[jobId];
        _checkStatus(jobId, stored.status, status);
    }

    function _known(uint256 jobId) internal view returns (Job storage stored) {
        stored = _jobs[jobId];
        require(stored.status != Status.None, IJobMarket.UnknownJob(jobId));
    }

    function _checkStatus(uint256 jobId, Status present, Status status) internal pure {
        if (present == status) return;
        require(present != Status.None, IJobMarket.UnknownJob(jobId));
        revert IJobMarket.WrongStatus(jobId, present);
    }

    /// @dev The phase once commits are closed.
    function _commitsClosed(Phase phase) internal view returns (Phase) {
        return phase.move(Status.Committed, _after(_revealWindow), _confirmedBlock());
    }

    /// @dev The phase once reveals are closed. An assured job waits for the block that decides about an audit.
    function _revealsClosed(Phase phase) internal view returns (Phase) {
        return phase.move(Status.Revealed, 0, phase.isAssured() ? _seededBlock() : 0);
    }
}
