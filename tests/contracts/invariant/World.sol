// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AssurancePool} from "../../../contracts/AssurancePool.sol";
import {JobMarket} from "../../../contracts/JobMarket.sol";
import {MockUSD} from "../../../contracts/MockUSD.sol";
import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {Panel} from "../../../contracts/Panel.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {PanelState, PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {Trade} from "./Trade.sol";

/// @notice Everything that anyone may do, in any order, for the invariant tests to call at random. Operators tell the
/// truth, lie together or alone, cannot get the inputs, are silent or withhold; anyone challenges, opens canaries, demands
/// bytes and answers; and every verb is called out of turn.
contract World is Trade {
    bytes private constant ROOT = "the root of a table";
    uint256 private constant WORDS = 16;

    /// @dev Moves of a job or a panel that are not in the table of states; stays zero.
    uint256 public strayMoves;
    /// @dev Slashes above the rule, or of who did not deserve one; stays zero.
    uint256 public straySlashes;
    mapping(Status status => uint256) public reached;
    mapping(uint256 jobId => Status) private _last;
    mapping(uint256 panelId => PanelStatus) private _lastOfPanel;
    /// @dev What an operator has committed to in a job, or a panel.
    mapping(bytes32 seat => uint256) private _word;
    mapping(address operator => uint256) private _stakes;

    function pass(uint256 blocks, bool long) external {
        _mine(1 + blocks % 4);
        if (long) _pass(100);
    }

    function post(uint256 shape, uint256 which, uint96 fee) external {
        uint256 i = which % versions.length;
        uint8 n = uint8(1 + 2 * (shape % 3));
        (version, offerId) = (versions[i], offers[i]);
        licenseId = _buy(rita, offers[i], versions[i]);
        JobTerms memory terms = shape % 2 == 0 ? _licensed(n, n / 2 + 1) : _single(n, n);
        terms.fee = uint96(MINIMUM_FEE + fee % 20e6);
        terms.assurancePpm = [0, uint32(100_000), 0, 1_000_000][shape / 8 % 4];
        uint256 jobId = jobs.jobCount() + 1;
        bytes32 answer = shape / 32 % 2 == 0 ? _hashOf(jobId, 0) : bytes32("another answer");
        bytes32 canary = pool.canaryOf(rita, keccak256(SPEC), answer, bytes32(jobId));
        vm.prank(rita);
        pool.commitCanary(canary);
        _post(terms);
        _watch(jobId, false);
    }

    /// @dev The act that the job's state calls for, by one seat, panelist or passer-by.
    function act(uint256 which, uint256 seat, uint256 word) external {
        if (jobs.jobCount() == 0) return;
        _act(1 + which % jobs.jobCount(), seat, word);
    }

    /// @dev One of the newest jobs, taken as far as a dozen acts of all its seats lead, by what they all say, or each says.
    function walk(uint256 which, uint256 words, bool together) external {
        uint256 count = jobs.jobCount();
        if (count == 0) return;
        uint256 jobId = count - which % (count < 3 ? count : 3);
        for (uint256 i; i < 12 && jobs.job(jobId).status < Status.Final; ++i) {
            _mine(3);
            for (uint256 seat; seat < 7; ++seat) {
                _act(jobId, seat, together ? words % 5 : words >> (5 * seat));
            }
            if (words >> (200 + i) & 3 == 0) _pass(60);
        }
    }

    /// @dev Any verb out of turn: it may be refused, but must not move anything where it may not go.
    function poke(uint256 which, uint256 verb, uint256 who) external {
        uint256 jobId = 1 + which % (jobs.jobCount() + 1);
        bytes[11] memory calls = [
            abi.encodeCall(jobs.assign, (jobId)),
            abi.encodeCall(jobs.commit, (jobId, bytes32(verb))),
            abi.encodeCall(jobs.reveal, (jobId, OutcomeKind.Result, TRUTH, SALT)),
            abi.encodeCall(jobs.tally, (jobId)),
            abi.encodeCall(jobs.challenge, (jobId)),
            abi.encodeCall(jobs.dispute, (jobId, eve)),
            abi.encodeCall(jobs.demand, (jobId, TRUTH, new bytes[](0), new uint256[](0))),
            abi.encodeCall(jobs.answer, (jobId, ROOT)),
            abi.encodeCall(jobs.resolve, (jobId)),
            abi.encodeCall(jobs.finalize, (jobId)),
            abi.encodeCall(jobs.expire, (jobId))
        ];
        if (verb % 11 == 8) _remember();
        vm.prank(accounts[who % accounts.length]);
        (bool done, bytes memory answer) = address(jobs).call(calls[verb % 11]);
        vm.assertTrue(done || answer.length >= 4, "refused without a reason");
        if (jobId <= jobs.jobCount()) _watch(jobId, done && verb % 11 == 8);
        uint256 panelId = 1 + which % (panel.panelCount() + 1);
        calls[0] = abi.encodeCall(panel.assign, (panelId));
        calls[1] = abi.encodeCall(panel.commit, (panelId, bytes32(verb)));
        calls[2] = abi.encodeCall(panel.reveal, (panelId, OutcomeKind.Result, TRUTH, SALT));
        calls[3] = abi.encodeCall(panel.expire, (panelId));
        calls[4] = abi.encodeCall(panel.convene, (jobId, true, FUEL, 1));
        vm.prank(accounts[who % accounts.length]);
        (done, answer) = address(panel).call(calls[verb % 5]);
        vm.assertTrue(done || answer.length >= 4, "refused without a reason");
        if (panelId <= panel.panelCount()) _watchPanel(panelId);
    }

    function parts() external view returns (MockUSD, RevenueLedger, OperatorStaking, AssurancePool, JobMarket, Panel) {
        return (usd, ledger, staking, pool, jobs, panel);
    }

    /// @dev Fees, per-run prices, bonds and deposits of jobs that have not ended.
    function escrow() external view returns (uint256 sum) {
        for (uint256 i = 1; i <= jobs.jobCount(); ++i) {
            Job memory job = jobs.job(i);
            if (job.status >= Status.Final) continue;
            sum += uint256(job.fee) + job.royalty + job.bond;
            if (job.status == Status.Demanded) sum += jobs.minimumFee(job.fuel);
        }
    }

    /// @dev Stake locked by the seats, auditors and panelists of jobs that have not ended.
    function lockedByJobs(address operator) external view returns (uint256 sum) {
        for (uint256 i = 1; i <= jobs.jobCount(); ++i) {
            Job memory job = jobs.job(i);
            if (job.status < Status.Final && _sits(jobs.seats(i), operator)) sum += job.lock;
        }
        for (uint256 i = 1; i <= panel.panelCount(); ++i) {
            PanelState memory called = panel.panel(i);
            if (jobs.job(called.jobId).status < Status.Final && _sits(panel.seats(i), operator)) sum += called.lock;
        }
    }

    function _act(uint256 jobId, uint256 seat, uint256 word) private {
        Job memory job = jobs.job(jobId);
        bool late = job.deadline != 0 && vm.getBlockTimestamp() > job.deadline;
        bool ready = vm.getBlockNumber() >= job.readyBlock;
        bool judged;
        if (job.status == Status.Open) {
            if (late) jobs.expire(jobId);
            else if (ready) _try(address(jobs), abi.encodeCall(jobs.assign, (jobId)), operators[0]);
        } else if (job.status == Status.Assigned) {
            if (late) jobs.expire(jobId);
            else if (ready) _seatCommits(jobId, seat % job.n, word);
        } else if (job.status == Status.Committed) {
            if (late && word % 2 == 0) jobs.expire(jobId);
            else if (late) jobs.tally(jobId);
            else if (ready) _seatReveals(jobId, seat % job.n, word);
        } else if (job.status == Status.Revealed) {
            if (ready) jobs.tally(jobId);
        } else if (job.status == Status.Proposed) {
            if (late) jobs.finalize(jobId);
            else _object(jobId, job, word);
        } else if (job.status == Status.Demanded) {
            if (late) jobs.expire(jobId);
            else if (word % 2 == 0) _try(address(jobs), abi.encodeCall(jobs.answer, (jobId, ROOT)), eve);
        } else if (job.status < Status.Final) {
            judged = _sit(jobId, job, seat, word);
        } else if (job.status == Status.Final) {
            _tryPool(abi.encodeCall(pool.openCanary, (jobId, _hashOf(jobId, 0), bytes32(jobId))));
        }
        _watch(jobId, judged);
    }

    /// @dev A proposal is challenged, or its bytes demanded, or its canary opened; mostly nobody minds.
    function _object(uint256 jobId, Job memory job, uint256 word) private {
        uint256 said = word % 32;
        if (said == 7) _try(address(jobs), abi.encodeCall(jobs.challenge, (jobId)), eve);
        else if (said == 8) _tryPool(abi.encodeCall(pool.openCanary, (jobId, _answer(), bytes32(jobId))));
        else if (said < 14 && job.outcomeHash == _hash(OutcomeKind.Result, _document())) _demand(jobId);
    }

    function _demand(uint256 jobId) private {
        bytes memory call = abi.encodeCall(jobs.demand, (jobId, _document(), new bytes[](0), new uint256[](0)));
        _try(address(jobs), call, rita);
    }

    /// @dev The same for a job's panel or auditor; whether it was resolved.
    function _sit(uint256 jobId, Job memory job, uint256 seat, uint256 word) private returns (bool) {
        uint256 panelId = job.panelId;
        PanelState memory called = panel.panel(panelId);
        if (called.status == PanelStatus.Decided) {
            _remember();
            jobs.resolve(jobId);
            return true;
        }
        if (vm.getBlockTimestamp() > called.deadline) panel.expire(panelId);
        else if (vm.getBlockNumber() < called.readyBlock) return false;
        else if (called.status == PanelStatus.Called) _try(address(panel), abi.encodeCall(panel.assign, (panelId)), eve);
        else if (called.status == PanelStatus.Assigned) _panelistCommits(panelId, jobId, seat % called.size, word);
        else _panelistReveals(panelId, jobId, seat % called.size, word);
        _watchPanel(panelId);
        return false;
    }

    function _seatCommits(uint256 jobId, uint256 seat, uint256 word) private {
        Seat memory taken = _seat(jobId, seat);
        if (taken.commitment != 0 || taken.released || word % WORDS == 5) return;
        _word[keccak256(abi.encode(jobId, taken.operator))] = word;
        (OutcomeKind kind, bytes memory outcome) = _says(jobId, word, seat);
        _commit(jobId, seat, kind, outcome);
    }

    function _seatReveals(uint256 jobId, uint256 seat, uint256 word) private {
        Seat memory taken = _seat(jobId, seat);
        if (taken.released || taken.outcomeHash != 0 || word % WORDS == 6) return;
        (OutcomeKind kind, bytes memory outcome) =
            _says(jobId, _word[keccak256(abi.encode(jobId, taken.operator))], seat);
        _reveal(jobId, seat, kind, outcome);
    }

    function _panelistCommits(uint256 panelId, uint256 jobId, uint256 seat, uint256 word) private {
        Seat memory taken = panel.seats(panelId)[seat];
        if (taken.commitment != 0 || word % WORDS == 5) return;
        _word[keccak256(abi.encode("panel", panelId, taken.operator))] = word;
        (OutcomeKind kind, bytes memory outcome) = _says(jobId, word, seat);
        _panelCommit(panelId, seat, kind, outcome);
    }

    function _panelistReveals(uint256 panelId, uint256 jobId, uint256 seat, uint256 word) private {
        Seat memory taken = panel.seats(panelId)[seat];
        if (taken.released || taken.outcomeHash != 0 || word % WORDS == 6) return;
        (OutcomeKind kind, bytes memory outcome) =
            _says(jobId, _word[keccak256(abi.encode("panel", panelId, taken.operator))], seat);
        _panelReveal(panelId, seat, kind, outcome);
    }

    function _try(address target, bytes memory call, address sender) private {
        vm.prank(sender);
        (bool done, bytes memory reason) = target.call(call);
        // Too few operators, or nothing else, may be in the way of what is in turn.
        bytes4 refused = bytes4(reason);
        vm.assertTrue(
            done || refused == IJobMarket.TooFewEligible.selector || refused == IJobMarket.TooManyDemands.selector
                || refused == IJobMarket.BlockMismatch.selector,
            "refused in turn"
        );
    }

    function _tryPool(bytes memory call) private {
        vm.prank(rita);
        (bool done, bytes memory reason) = address(pool).call(call);
        vm.assertTrue(done || reason.length >= 4, "refused without a reason");
    }

    function _remember() private {
        for (uint256 i; i < operators.length; ++i) {
            _stakes[operators[i]] = _stakeOf(operators[i]);
        }
    }

    /// @dev Holds a step against the table of states and, where stake was slashed, against the rule.
    function _watch(uint256 jobId, bool judged) private {
        Job memory job = jobs.job(jobId);
        Status from = _last[jobId];
        if (job.status != from) {
            if (!_allowed(from, job.status)) ++strayMoves;
            ++reached[job.status];
            _last[jobId] = job.status;
            if (job.panelId != 0) _watchPanel(job.panelId);
        }
        if (judged) _watchSlashes(jobId, job, from == Status.NoQuorum);
    }

    function _watchPanel(uint256 panelId) private {
        (PanelStatus from, PanelStatus to) = (_lastOfPanel[panelId], panel.panel(panelId).status);
        if (from == to) return;
        bool next = uint256(to) == uint256(from) + 1;
        if (!next && !(to == PanelStatus.Decided && from != PanelStatus.None)) ++strayMoves;
        _lastOfPanel[panelId] = to;
    }

    /// @dev A verdict takes at most the lock or a tenth of all, from who attested another outcome that can be wrong; and a
    /// fifth of the lock from a seat that had no inputs, where that is why there was no quorum.
    function _watchSlashes(uint256 jobId, Job memory job, bool missed) private {
        Seat[] memory seats = jobs.seats(jobId);
        Seat[] memory panelists = panel.seats(job.panelId);
        for (uint256 i; i < operators.length; ++i) {
            address operator = operators[i];
            uint256 lost = _stakes[operator] - _stakeOf(operator);
            if (lost == 0 || (missed && lost == job.lock / 5 && _hadNoInputs(seats, operator))) continue;
            uint256 most = _stakes[operator] / 10 < job.lock ? job.lock : _stakes[operator] / 10;
            address[] memory part = jobs.participants(jobId);
            bool auditor = part.length != 0 && part[part.length - 1] == operator;
            bool wrong = _isWrong(seats, operator, job) || _isWrong(panelists, operator, job) || auditor;
            if (job.status != Status.Final || lost > most || !wrong) ++straySlashes;
        }
    }

    function _isWrong(Seat[] memory seats, address operator, Job memory job) private pure returns (bool) {
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i].operator != operator || seats[i].released) continue;
            return seats[i].outcomeHash != 0 && seats[i].outcomeHash != job.outcomeHash
                && seats[i].kind != OutcomeKind.InputUnavailable;
        }
        return false;
    }

    function _hadNoInputs(Seat[] memory seats, address operator) private pure returns (bool) {
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i].operator == operator) return seats[i].kind == OutcomeKind.InputUnavailable;
        }
        return false;
    }

    function _sits(Seat[] memory seats, address operator) private pure returns (bool) {
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i].operator == operator && !seats[i].released) return true;
        }
        return false;
    }

    /// @dev What an operator says by its word: mostly the truth, a lie that others tell too, one of its own, or nothing.
    function _says(uint256 jobId, uint256 word, uint256 seat) private pure returns (OutcomeKind, bytes memory) {
        uint256 said = word % WORDS;
        if (said == 1 || said == 11) return (OutcomeKind.Result, LIE);
        if (said == 2) return (OutcomeKind.Result, abi.encode(seat));
        if (said == 3) return (OutcomeKind.InputUnavailable, "InputUnavailable");
        if (jobId % 4 == 1) return (OutcomeKind.ModuleError, TRUTH);
        return (OutcomeKind.Result, jobId % 2 == 0 ? _document() : TRUTH);
    }

    function _hashOf(uint256 jobId, uint256 word) private pure returns (bytes32) {
        (OutcomeKind kind, bytes memory outcome) = _says(jobId, word, 0);
        return _hash(kind, outcome);
    }

    function _answer() private pure returns (bytes32) {
        return "another answer";
    }

    function _document() private pure returns (bytes memory) {
        return abi.encodePacked(
            hex"a36372756e5820", bytes32("run"), hex"646b696e6466526573756c74657461626c655820", sha256(ROOT)
        );
    }

    function _allowed(Status from, Status to) private pure returns (bool) {
        if (from == Status.None) return to == Status.Open;
        if (from == Status.Open) return to == Status.Assigned || to == Status.Committed || to == Status.Failed;
        if (from == Status.Assigned) return to == Status.Open || to == Status.Committed || to == Status.Failed;
        if (from == Status.Audited) return to == Status.Proposed || to == Status.Disputed || to == Status.Failed;
        if (from == Status.Proposed) return to == Status.Demanded || to == Status.Disputed || to == Status.Final;
        if (from == Status.Demanded) return to == Status.Proposed || to == Status.Failed;
        if (from == Status.NoQuorum || from == Status.Disputed) return to == Status.Final || to == Status.Failed;
        // A tally closes reveals whose time ran out, and goes on.
        if (from == Status.Committed && to == Status.Revealed) return true;
        return (from == Status.Committed || from == Status.Revealed)
            && (to == Status.Proposed
                || to == Status.NoQuorum
                || to == Status.Failed
                || (to == Status.Audited && from == Status.Revealed));
    }
}
