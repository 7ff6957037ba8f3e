// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Assignment} from "./Assignment.sol";
import {JobBook, JobLimits, JobParts} from "./JobBook.sol";
import {Quorum} from "./Quorum.sol";
import {Rerun} from "./Rerun.sol";
import {Failure, IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {PanelState, PanelStatus} from "./interfaces/IPanel.sol";
import {OutcomeKind, Seat, Windows} from "./interfaces/IRounds.sol";

/// @title Referee
/// @notice The half of the JobMarket that moves a job along: who sits, what is proposed, who runs it again, how it ends.
/// @dev One contract would be too large. The JobMarket makes its own Referee and has it run these verbs on the JobMarket's
/// storage, which JobBook lays out for both. Called directly it knows no job. The verbs are documented in IJobMarket.
contract Referee is Rerun, ReentrancyGuardTransient {
    using Quorum for Seat[];

    /// @param parts The contracts it works with.
    /// @param limits What the JobMarket asks of every job.
    /// @param windows_ The windows of every job.
    constructor(JobParts memory parts, JobLimits memory limits, Windows memory windows_)
        JobBook(parts, limits, windows_)
    {}

    // slither-disable-next-line reentrancy-no-eth: staking is the deployment's, and calls nobody
    function assign(uint256 jobId) external {
        Job storage stored = _jobIn(jobId, Status.Open);
        _checkTime(stored.deadline, stored.readyBlock);
        uint256 seedBlock = stored.readyBlock - _confirmations;
        if (!Assignment.isLive(seedBlock)) {
            _rearm(jobId, stored);
            return;
        }

        uint256 n = stored.n;
        uint256 committed = stored.committed;
        bool anew = stored.redraws != 0;
        address[] memory excluded = anew ? _participants(jobId) : new address[](0);
        bytes32 seed = keccak256(abi.encode(blockhash(seedBlock), address(this), jobId));
        address[] memory drawn = _staking.drawAndLock(jobId, seed, seedBlock, n - committed, stored.lock, excluded);
        require(anew || drawn.length == n, IJobMarket.TooFewEligible(drawn.length, n));
        _fill(jobId, stored, drawn);
        if (drawn.length == 0 || committed + drawn.length < stored.k) {
            _goOn(jobId, stored);
            return;
        }

        stored.status = Status.Assigned;
        stored.readyBlock = _confirmedBlock();
        stored.deadline = _after(_runWindow(stored.fuel));

        emit IJobMarket.Assigned(jobId, _alive(jobId, n), stored.lock, stored.readyBlock, stored.deadline);
    }

    // slither-disable-next-line reentrancy-no-eth: staking, ledger, pool and panel are the deployment's, and call nobody
    function tally(uint256 jobId) external {
        Job storage stored = _known(jobId);
        bool closes = stored.status == Status.Committed;
        if (closes) _expireReveals(jobId, stored);
        require(stored.status == Status.Revealed, IJobMarket.WrongStatus(jobId, stored.status));

        Seat[] memory taken = _load(_seats[jobId], stored.n);
        (uint256 first, uint256 votes) = taken.leader();
        if (votes < stored.k) {
            _callPanel(jobId, stored);
            return;
        }
        if (taken[first].kind == OutcomeKind.InputUnavailable) {
            _fail(jobId, stored, Failure.InputsUnavailable);
            return;
        }
        if (stored.assurancePpm == 0) _propose(jobId, stored, taken[first], votes);
        else if (!closes) _drawAudit(jobId, stored, taken[first], votes);
    }

    function challenge(uint256 jobId) external nonReentrant {
        Job storage stored = _jobIn(jobId, Status.Proposed);
        uint96 bond = _bondOf(stored);

        _dispute(jobId, stored, msg.sender, bond);

        _take(_token, bond);
    }

    function dispute(uint256 jobId, address challenger) external {
        require(msg.sender == address(_pool), IJobMarket.NotPool(msg.sender));

        _dispute(jobId, _jobIn(jobId, Status.Proposed), challenger, 0);
    }

    function resolve(uint256 jobId) external {
        Job storage stored = _known(jobId);
        Status status = stored.status;
        require(
            status == Status.Audited || status == Status.NoQuorum || status == Status.Disputed,
            IJobMarket.WrongStatus(jobId, status)
        );
        PanelState memory panel = _panel.panel(stored.panelId);
        require(panel.status == PanelStatus.Decided, IJobMarket.PanelUndecided(stored.panelId));

        if (status == Status.Audited) _hear(jobId, stored, panel);
        else if (panel.size == 0) _leaveUnheard(jobId, stored);
        else if (panel.votes == 0) _fail(jobId, stored, Failure.NoMajority);
        else if (panel.kind == OutcomeKind.InputUnavailable) _fail(jobId, stored, Failure.InputsUnavailable);
        else _conclude(jobId, stored, panel.kind, panel.outcomeHash);
    }

    function finalize(uint256 jobId) external {
        Job storage stored = _jobIn(jobId, Status.Proposed);
        _checkTimeOut(stored.deadline);

        _finish(jobId, stored);
    }

    function expire(uint256 jobId) external {
        Job storage stored = _known(jobId);
        Status status = stored.status;
        if (status == Status.Committed) return _expireReveals(jobId, stored);
        require(
            status == Status.Open || status == Status.Assigned || status == Status.Demanded,
            IJobMarket.WrongStatus(jobId, status)
        );
        _checkTimeOut(stored.deadline);

        if (status == Status.Assigned) {
            _expireCommits(jobId, stored);
        } else if (status == Status.Demanded) {
            _fail(jobId, stored, Failure.BytesWithheld);
            _pay(stored.requester, address(_token), _minimumFeeOf(stored.fuel));
        } else if (stored.redraws == 0) {
            _fail(jobId, stored, Failure.NotAssigned);
        } else {
            _goOn(jobId, stored);
        }
    }
}
