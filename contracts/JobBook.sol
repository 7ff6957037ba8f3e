// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

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
/// @notice What is kept of jobs, and what can be read of it.
abstract contract JobBook is IJobMarket, Rounds {
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
    /// @inheritdoc IJobMarket
    uint256 public immutable lockMultiple;

    /// @inheritdoc IJobMarket
    bool public paused;
    uint64 internal _jobCount;

    mapping(uint256 jobId => Job) internal _jobs;
    mapping(uint256 jobId => Seat[MAX_SEATS]) internal _seats;
    /// @dev Who was silent and lost its seat to another.
    mapping(uint256 jobId => address[]) internal _replaced;
    /// @dev The panel that was an audit; `panelId` of the job moves on where it is disputed.
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
        lockMultiple = limits.lockMultiple;
        _maxFuel = limits.maxFuel;

        // Stake that is asked back the moment a job is posted must outlive all that can happen to the job.
        uint256 run = windows_.open + windows_.commit + uint256(limits.maxFuel) / windows_.fuelPerSecond;
        uint256 longest =
            (1 + MAX_REDRAWS) * run + windows_.reveal + windows_.challenge + 2 * (run + uint256(windows_.reveal));
        uint256 period = parts.staking.unbondPeriod();
        require(period >= 2 * longest, UnbondPeriodTooShort(period, 2 * longest));
    }

    /// @inheritdoc IJobMarket
    function job(uint256 jobId) external view returns (Job memory) {
        return _known(jobId);
    }

    /// @inheritdoc IJobMarket
    function seats(uint256 jobId) external view returns (Seat[] memory) {
        return _load(_seats[jobId], _known(jobId).n);
    }

    /// @inheritdoc IJobMarket
    function jobCount() external view returns (uint256) {
        return _jobCount;
    }

    /// @inheritdoc IJobMarket
    function bondOf(uint256 jobId) external view returns (uint256) {
        return _bondOf(_known(jobId));
    }

    /// @inheritdoc IJobMarket
    function participants(uint256 jobId) public view returns (address[] memory accounts) {
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

    /// @inheritdoc IJobMarket
    function minimumFee(uint64 fuel) public view returns (uint256) {
        return _minimumFee * Math.ceilDiv(fuel, FEE_SECONDS * _fuelPerSecond);
    }

    /// @inheritdoc IJobMarket
    function boundOf(uint256 assurancePpm, uint256 n, uint256 lock) public pure returns (uint256) {
        if (assurancePpm >= PPM) return type(uint256).max;
        return n * lock * assurancePpm / (PPM - assurancePpm);
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
        stored = _known(jobId);
        Status present = stored.status;
        require(present == status, WrongStatus(jobId, present));
    }

    function _known(uint256 jobId) internal view returns (Job storage stored) {
        stored = _jobs[jobId];
        require(stored.status != Status.None, UnknownJob(jobId));
    }
}
