// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Quorum} from "./Quorum.sol";
import {Seating} from "./Seating.sol";
import {Failure, IJobMarket, Job, Status} from "./interfaces/IJobMarket.sol";
import {Operator} from "./interfaces/IOperatorStaking.sol";
import {PanelState} from "./interfaces/IPanel.sol";
import {OutcomeKind, Seat} from "./interfaces/IRounds.sol";

/// @title Rerun
/// @notice From the count of reveals to a proposal, and when others run the job again: no quorum, an audit, a dispute.
abstract contract Rerun is Seating {
    using Quorum for Seat[];

    uint256 private constant MIN_PANEL = 3;

    function _propose(uint256 jobId, Job storage stored, Seat memory seat, uint256 votes) internal {
        stored.status = Status.Proposed;
        stored.kind = seat.kind;
        stored.outcomeHash = seat.outcomeHash;
        stored.deadline = _after(_challengeWindow);

        emit IJobMarket.Proposed(jobId, seat.kind, seat.outcomeHash, votes, stored.deadline);
    }

    /// @dev Has an auditor run an assured job again where the lot falls on it, else proposes it. Waits for another block
    /// where the one that decides is too old to be known.
    function _drawAudit(uint256 jobId, Job storage stored, Seat memory seat, uint256 votes) internal {
        _checkTime(block.timestamp, stored.readyBlock);
        bytes32 blockHash = blockhash(stored.readyBlock - _confirmations);
        if (blockHash == 0) {
            _rearm(jobId, stored);
            return;
        }
        // slither-disable-next-line weak-prng: the block of that hash was in the future when reveals closed
        uint256 lot = uint256(keccak256(abi.encode(blockHash, address(this), jobId))) % PPM;
        if (lot >= stored.assurancePpm) {
            _propose(jobId, stored, seat, votes);
            return;
        }

        stored.status = Status.Audited;
        uint64 panelId = _convene(jobId, stored, true);
        _audits[jobId] = panelId;

        emit IJobMarket.Audited(jobId, panelId);
    }

    /// @dev Carries out an audit: an auditor that could not run the job, or found the same, leaves it as it is.
    function _hear(uint256 jobId, Job storage stored, PanelState memory audit) internal {
        Seat[] memory taken = _load(_seats[jobId], stored.n);
        (uint256 first, uint256 votes) = taken.leader();
        bool found = audit.votes != 0 && audit.kind != OutcomeKind.InputUnavailable;
        if (!found || audit.outcomeHash == taken[first].outcomeHash) {
            _propose(jobId, stored, taken[first], votes);
            return;
        }
        if (_eligible(jobId) < MIN_PANEL) {
            _fail(jobId, stored, Failure.TooFewEligible);
            return;
        }

        stored.status = Status.Disputed;
        uint64 panelId = _convene(jobId, stored, false);

        emit IJobMarket.Disputed(jobId, panelId, address(0), 0);
    }

    /// @dev Has a panel decide where there is no quorum.
    function _callPanel(uint256 jobId, Job storage stored) internal {
        if (_eligible(jobId) < MIN_PANEL) {
            _fail(jobId, stored, Failure.TooFewEligible);
            return;
        }

        stored.status = Status.NoQuorum;
        uint64 panelId = _convene(jobId, stored, false);

        emit IJobMarket.QuorumMissed(jobId, panelId);
    }

    /// @dev Has a panel decide about what is proposed.
    function _dispute(uint256 jobId, Job storage stored, address challenger, uint96 bond) internal {
        _checkTime(stored.deadline, 0);
        uint256 eligible = _eligible(jobId);
        require(eligible >= MIN_PANEL, IJobMarket.TooFewEligible(eligible, MIN_PANEL));

        stored.status = Status.Disputed;
        stored.challenger = challenger;
        stored.bond = bond;
        stored.deadline = 0;
        uint64 panelId = _convene(jobId, stored, false);

        emit IJobMarket.Disputed(jobId, panelId, challenger, bond);
    }

    /// @dev Ends a job whose panel never sat. What was challenged stands, and the bond goes back: else whoever has read an
    /// outcome had the fee and the per-run price of it back by a challenge that nobody could hear.
    function _leaveUnheard(uint256 jobId, Job storage stored) internal {
        if (stored.challenger == address(0)) {
            _fail(jobId, stored, Failure.TooFewEligible);
            return;
        }

        _finish(jobId, stored);
        _pay(stored.challenger, address(_token), stored.bond);
    }

    /// @dev The panel is the deployment's own, and calls nobody.
    function _convene(uint256 jobId, Job storage stored, bool audit) private returns (uint64 panelId) {
        // forge-lint: disable-next-line(unsafe-typecast)
        panelId = uint64(_panel.convene(jobId, audit, stored.fuel, stored.lock));
        stored.panelId = panelId;
    }

    /// @dev How many operators could sit on a panel at most: those that weigh anything and had no part in the job.
    function _eligible(uint256 jobId) private view returns (uint256 count) {
        count = _staking.candidateCount();
        uint256 least = Math.max(_staking.minimumStake(), 1);
        address[] memory excluded = _participants(jobId);
        for (uint256 i; i < excluded.length; ++i) {
            Operator memory stake = _staking.operator(excluded[i]);
            if (uint256(stake.free) + stake.locked >= least) --count;
        }
    }
}
