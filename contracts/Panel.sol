// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Assignment} from "./Assignment.sol";
import {Lists} from "./Lists.sol";
import {Quorum} from "./Quorum.sol";
import {MAX_SEATS, Rounds} from "./Rounds.sol";
import {IJobMarket} from "./interfaces/IJobMarket.sol";
import {Fault, IOperatorStaking} from "./interfaces/IOperatorStaking.sol";
import {IPanel, PanelState, PanelStatus} from "./interfaces/IPanel.sol";
import {OutcomeKind, Seat, Windows} from "./interfaces/IRounds.sol";

/// @title Panel
contract Panel is IPanel, Rounds {
    using Lists for address[];

    uint256 private constant MIN_SEATS = 3;
    uint256 private constant EVERY_SEAT = 2 ** MAX_SEATS - 1;

    IJobMarket private immutable _jobs;
    IOperatorStaking private immutable _staking;

    /// @inheritdoc IPanel
    uint256 public panelCount;

    mapping(uint256 panelId => PanelState) private _panels;
    mapping(uint256 panelId => Seat[MAX_SEATS]) private _seats;

    /// @param jobs The one that calls panels.
    /// @param staking Where operators are drawn from.
    /// @param windows_ The windows of every panel, those of the jobs.
    constructor(IJobMarket jobs, IOperatorStaking staking, Windows memory windows_) Rounds(windows_) {
        _jobs = jobs;
        _staking = staking;
    }

    /// @inheritdoc IPanel
    function convene(uint256 jobId, bool audit, uint64 fuel, uint96 lock) external returns (uint256 panelId) {
        require(msg.sender == address(_jobs), NotJobMarket(msg.sender));

        panelId = ++panelCount;
        PanelState storage stored = _panels[panelId];
        // forge-lint: disable-next-line(unsafe-typecast)
        stored.jobId = uint64(jobId);
        stored.status = PanelStatus.Called;
        stored.audit = audit;
        stored.deadline = _after(_openWindow);
        stored.readyBlock = _seededBlock();
        stored.fuel = fuel;
        stored.lock = lock;

        emit Called(panelId, jobId, audit, stored.readyBlock, stored.deadline);
    }

    /// @inheritdoc IPanel
    function assign(uint256 panelId) external {
        PanelState storage stored = _panelIn(panelId, PanelStatus.Called);
        _checkTime(stored.deadline, stored.readyBlock);
        uint256 seedBlock = stored.readyBlock - _confirmations;
        if (!Assignment.isLive(seedBlock)) {
            stored.readyBlock = _seededBlock();
            emit PanelRearmed(panelId, stored.readyBlock);
            return;
        }

        address[] memory drawn = _draw(panelId, stored, seedBlock);
        if (drawn.length == 0) {
            _decide(panelId, stored);
            return;
        }
        stored.status = PanelStatus.Assigned;
        // forge-lint: disable-next-line(unsafe-typecast)
        stored.size = uint8(drawn.length);
        stored.readyBlock = _confirmedBlock();
        stored.deadline = _after(_runWindow(stored.fuel));
        for (uint256 i; i < drawn.length; ++i) {
            _seats[panelId][i].operator = drawn[i];
        }

        emit PanelAssigned(panelId, stored.jobId, drawn, stored.lock, stored.readyBlock, stored.deadline);
    }

    /// @inheritdoc IPanel
    function commit(uint256 panelId, bytes32 commitment) external {
        PanelState storage stored = _panelIn(panelId, PanelStatus.Assigned);
        _checkTime(stored.deadline, stored.readyBlock);

        _commitSeat(_seats[panelId], EVERY_SEAT, panelId, commitment);
        uint8 committed = stored.committed + 1;
        stored.committed = committed;

        emit PanelCommitted(panelId, msg.sender, commitment);

        if (committed == stored.size) _closeCommits(panelId, stored);
    }

    /// @inheritdoc IPanel
    function reveal(uint256 panelId, OutcomeKind kind, bytes calldata outcome, bytes32 salt) external {
        PanelState storage stored = _panelIn(panelId, PanelStatus.Committed);
        _checkTime(stored.deadline, stored.readyBlock);

        bytes32 outcomeHash = _revealSeat(_seats[panelId], EVERY_SEAT, panelId, kind, outcome, salt);
        uint8 revealed = stored.revealed + 1;
        stored.revealed = revealed;

        emit PanelRevealed(panelId, msg.sender, kind, outcomeHash, outcome);

        if (revealed == stored.committed) _decide(panelId, stored);
    }

    /// @inheritdoc IPanel
    function expire(uint256 panelId) external {
        PanelState storage stored = _known(panelId);
        PanelStatus status = stored.status;
        require(status != PanelStatus.Decided, WrongPanelStatus(panelId, status));
        _checkTimeOut(stored.deadline);

        // Where too few have committed for a majority, nothing that they reveal can decide.
        bool open = status == PanelStatus.Assigned && uint256(stored.committed) * 2 > stored.size;
        if (open) _closeCommits(panelId, stored);
        else _decide(panelId, stored);

        if (status == PanelStatus.Assigned) _fine(panelId, stored, Fault.Silent);
        else if (status == PanelStatus.Committed) _fine(panelId, stored, Fault.Withheld);
    }

    /// @inheritdoc IPanel
    function panel(uint256 panelId) external view returns (PanelState memory) {
        return _known(panelId);
    }

    /// @inheritdoc IPanel
    function seats(uint256 panelId) external view returns (Seat[] memory) {
        return _load(_seats[panelId], _known(panelId).size);
    }

    /// @dev Draws an odd number of operators, or the auditor, if there is one. Who is one too many goes free. A panel that
    /// finds too few tries again until its deadline, so that nobody picks the block in which all others are busy.
    function _draw(uint256 panelId, PanelState storage stored, uint256 seedBlock)
        private
        returns (address[] memory drawn)
    {
        (uint256 jobId, uint256 lock) = (stored.jobId, stored.lock);
        bytes32 seed = keccak256(abi.encode(blockhash(seedBlock), address(this), panelId));
        uint256 wanted = stored.audit ? 1 : MAX_SEATS;
        drawn = _staking.drawAndLock(jobId, seed, seedBlock, wanted, lock, _jobs.participants(jobId));
        uint256 found = drawn.length;
        require(stored.audit || found >= MIN_SEATS, IJobMarket.TooFewEligible(found, MIN_SEATS));
        // slither-disable-next-line weak-prng: makes a number odd, and draws nothing
        uint256 kept = stored.audit ? found : found - 1 + found % 2;
        for (uint256 i = kept; i < found; ++i) {
            _staking.unlock(jobId, drawn[i], lock);
        }
        drawn.shorten(kept);
    }

    function _closeCommits(uint256 panelId, PanelState storage stored) private {
        stored.status = PanelStatus.Committed;
        stored.readyBlock = _confirmedBlock();
        stored.deadline = _after(_revealWindow);

        emit PanelCommitsClosed(panelId, stored.readyBlock, stored.deadline);
    }

    function _decide(uint256 panelId, PanelState storage stored) private {
        Seat[] memory taken = _load(_seats[panelId], stored.size);
        (uint256 first, uint256 votes) = Quorum.leader(taken);
        bool decided = votes * 2 > taken.length;

        stored.status = PanelStatus.Decided;
        stored.deadline = 0;
        if (decided) {
            // forge-lint: disable-next-line(unsafe-typecast)
            stored.votes = uint8(votes);
            stored.kind = taken[first].kind;
            stored.outcomeHash = taken[first].outcomeHash;
        }

        emit Decided(panelId, stored.jobId, stored.kind, stored.outcomeHash, stored.votes);
    }

    /// @dev Ends the locks of the seats that did not do what was due.
    function _fine(uint256 panelId, PanelState storage stored, Fault fault) private {
        (uint256 jobId, uint256 lock) = (stored.jobId, stored.lock);
        address[] memory idle = _markIdle(_seats[panelId], stored.size, fault == Fault.Withheld);
        for (uint256 i; i < idle.length; ++i) {
            // slither-disable-next-line unused-return: what a fine takes is burned
            _staking.slash(jobId, idle[i], lock, fault);
        }
    }

    function _panelIn(uint256 panelId, PanelStatus status) private view returns (PanelState storage stored) {
        stored = _known(panelId);
        PanelStatus present = stored.status;
        require(present == status, WrongPanelStatus(panelId, present));
    }

    function _known(uint256 panelId) private view returns (PanelState storage stored) {
        stored = _panels[panelId];
        require(stored.status != PanelStatus.None, UnknownPanel(panelId));
    }
}
