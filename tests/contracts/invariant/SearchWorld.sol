// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {SearchMarket} from "../../../contracts/SearchMarket.sol";
import {WindowRegistry} from "../../../contracts/WindowRegistry.sol";
import {Job} from "../../../contracts/interfaces/IJobMarket.sol";
import {
    Candidate,
    CandidateStatus,
    Search,
    SearchStatus,
    SearchTerms
} from "../../../contracts/interfaces/ISearchMarket.sol";
import {Recording, WindowKey, WindowStatus} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {SearchTest} from "../searches/SearchTest.sol";

/// @notice Everything that requesters, solvers and recorders may do, in any order, for the invariant tests to call at
/// random. Recorders tell the truth, lie or withhold; solvers reveal or do not, are scored or not; every verb is called out
/// of turn.
contract SearchWorld is SearchTest {
    uint256 private constant WORDS = 8;
    uint256 private constant MOST_CANDIDATES = 3;

    /// @dev Moves of a search, a candidate or a window that are not in their tables; stays zero.
    uint256 public strayMoves;
    /// @dev All that was paid in as rewards and bonds.
    uint256 public paidIn;
    uint256 public claimed;
    /// @dev The laws walk through all searches after every act: more would say nothing more.
    uint256 private _most = 6;
    mapping(SearchStatus status => uint256) public reached;
    mapping(WindowStatus status => uint256) public reachedByWindows;
    mapping(bytes32 key => bool) public closed;
    bytes32[] public keys;

    WindowKey[] private _windows;
    mapping(bytes32 key => bool) private _known;
    mapping(uint256 searchId => SearchStatus) private _last;
    mapping(bytes32 key => WindowStatus) private _lastOfWindow;
    mapping(bytes32 candidate => CandidateStatus) private _lastOfCandidate;
    mapping(uint256 searchId => uint256 place) private _placeOf;
    mapping(bytes32 candidate => bytes) private _settings;

    modifier watched() {
        _;
        _watch();
    }

    function setUp() public override {
        super.setUp();
        _fund(eve, 1e12);
        for (uint256 i; i < N; ++i) {
            _deposit(recorders[i], 100 * LOCK);
        }
        paidIn = N * 102 * LOCK;
    }

    function parts() external view returns (MockUSD, RevenueLedger, SearchMarket, WindowRegistry) {
        return (usd, ledger, searches, windows);
    }

    function allow(uint256 most) external {
        _most = most;
    }

    function pass(uint256 time) external watched {
        _pass(1 + time % 40);
    }

    /// @dev A search on a window of its own, or on one that another search waits for.
    function post(uint256 shape, uint96 reward, uint96 bond) external watched {
        if (searches.searchCount() == _most) return;
        SearchTerms memory terms = _terms();
        uint64 time = uint64(vm.getBlockTimestamp());
        terms.window.symbol = shape % 3 == 0 ? "BTCUSDT" : "ETHUSDT";
        terms.window.start = time / 32 * 32 + 32;
        terms.window.end = terms.window.start + 16;
        terms.commitBy = shape % 2 == 0 ? terms.window.start : time;
        (terms.reward, terms.bond) = (FEE + reward % 1e9, 1 + bond % 1e7);
        _fund(rita, terms.reward);
        uint256 searchId = _post(terms);
        paidIn += terms.reward;
        bytes32 posted = windows.keyOf(terms.window);
        if (!_known[posted]) {
            _known[posted] = true;
            keys.push(posted);
            _windows.push(terms.window);
        }
        for (uint256 i; i < keys.length; ++i) {
            if (keys[i] == posted) _placeOf[searchId] = i;
        }
    }

    function commit(uint256 which, uint256 who) external watched {
        uint256 searchId = _search(which);
        if (searchId != 0) _commits(searchId, who);
    }

    /// @dev A recorder does what is due of a window, or leaves it.
    function tell(uint256 which, uint256 who, uint256 word) external watched {
        if (keys.length != 0) _tells(which % keys.length, who % N, word);
    }

    function reveal(uint256 which, uint256 candidateId) external watched {
        uint256 searchId = _search(which);
        if (searchId != 0) _reveals(searchId, candidateId);
    }

    function score(uint256 which, uint256 candidateId, uint64 bits) external watched {
        uint256 searchId = _search(which);
        if (searchId != 0) _scores(searchId, candidateId, bits);
    }

    /// @dev One of the newest searches with its window, through a few rounds of what everyone does in turn.
    function walk(uint256 which, uint256 words) external {
        uint256 searchId = _search(which % 3);
        for (uint256 i; i < 4 && searchId != 0; ++i) {
            uint256 word = words >> (24 * i);
            for (uint256 who; who < 4; ++who) {
                _commits(searchId, who);
                if (who < N) _tells(_placeOf[searchId], who, word >> (3 * who));
            }
            _watch();
            for (uint256 who; who < 4; ++who) {
                if (word >> who & 3 != 3) _reveals(searchId, who);
                if (word >> who & 4 == 0) _scores(searchId, who, uint64(words >> (13 * who)));
            }
            _watch();
            _ends(searchId);
            _pass(1 + word % 40);
            _watch();
        }
    }

    function end(uint256 which) external watched {
        uint256 searchId = _search(which);
        if (searchId != 0) _ends(searchId);
    }

    /// @dev Any verb out of turn: it may be refused, but must not move anything where it may not go.
    function poke(uint256 which, uint256 verb, uint256 who) external watched {
        uint256 searchId = 1 + which % (searches.searchCount() + 1);
        bytes32 known = keys.length == 0 ? key : keys[which % keys.length];
        bytes[9] memory calls = [
            abi.encodeCall(searches.commit, (searchId, bytes32(0))),
            abi.encodeCall(searches.reveal, (searchId, 1 + which % 4, _template(), ONE, SALT)),
            abi.encodeCall(searches.score, (searchId, 1 + which % 4, 1, _document(HALF))),
            abi.encodeCall(searches.finalize, (searchId)),
            abi.encodeCall(searches.expire, (searchId)),
            abi.encodeCall(searches.refund, (searchId, 1 + which % 4)),
            abi.encodeCall(windows.revealWindow, (known, LIE, SALT)),
            abi.encodeCall(windows.closeWindow, (known)),
            abi.encodeCall(windows.withdraw, (1 + which % LOCK))
        ];
        uint256 chosen = verb % 9;
        vm.prank(_account(who));
        (bool done, bytes memory answer) = (chosen < 6 ? address(searches) : address(windows)).call(calls[chosen]);
        vm.assertTrue(done || answer.length >= 4, "refused without a reason");
        if (done && chosen == 7) closed[known] = true;
        if (searchId <= searches.searchCount()) _watchSearch(searchId);
    }

    function claim(uint256 who) external {
        address account = _account(who);
        claimed += _owed(account);
        _claim(account);
    }

    /// @dev What accounts may claim.
    function owed() external view returns (uint256 sum) {
        for (uint256 i; i < 6 + N; ++i) {
            sum += _owed(_account(i));
        }
    }

    /// @dev Rewards of searches that did not end, and bonds of which it is not decided whose they are.
    function undecided() external view returns (uint256 sum) {
        for (uint256 id = 1; id <= searches.searchCount(); ++id) {
            Search memory search = searches.search(id);
            bool ended = search.status == SearchStatus.Final || search.status == SearchStatus.Failed;
            if (!ended) sum += search.reward;
            bool known = _statusOf(search.windowKey) == WindowStatus.Recorded;
            for (uint256 i = 1; i <= search.committed; ++i) {
                bool committed = searches.candidate(id, i).status == CandidateStatus.Committed;
                if (committed && !(ended && known)) sum += search.bond;
            }
        }
    }

    /// @dev What recorders have put up and not lost.
    function bonds() external view returns (uint256 sum) {
        for (uint256 i; i < N; ++i) {
            sum += uint256(windows.recorder(recorders[i]).free) + windows.recorder(recorders[i]).locked;
        }
    }

    function keyCount() external view returns (uint256) {
        return keys.length;
    }

    function windowAt(uint256 place) external view returns (WindowKey memory) {
        return _windows[place];
    }

    function recorderAt(uint256 place) external view returns (address) {
        return recorders[place];
    }

    function _commits(uint256 searchId, uint256 who) private {
        Search memory search = searches.search(searchId);
        if (search.status != SearchStatus.Open || search.committed == MOST_CANDIDATES) return;
        bytes memory settings = abi.encode(who % 3);
        address solver = [ada, ben, cyd, eve][who % 4];
        _fund(solver, search.bond);
        paidIn += search.bond;
        uint256 candidateId = _commit(searchId, solver, settings);
        _settings[keccak256(abi.encode(searchId, candidateId))] = settings;
    }

    function _tells(uint256 place, uint256 who, uint256 word) private {
        (bytes32 told, uint256 time) = (keys[place], vm.getBlockTimestamp());
        WindowKey memory window = _windows[place];
        address recorder = recorders[who];
        (bool committed, bool revealed) = _said(told, recorder);
        // What a recorder says of a window it says at random, and for good.
        bytes32 digest = [DIGEST, DIGEST, LIE, bytes32(1 + who)][uint256(keccak256(abi.encode(told, who))) % 4];
        WindowStatus status = _statusOf(told);
        bool open = status == WindowStatus.None || status == WindowStatus.Committing;
        if (open && !committed && time >= window.end && time <= window.end + COMMIT && word % WORDS != 1) {
            bytes32 commitment = windows.recordingOf(told, recorder, digest, SALT);
            vm.prank(recorder);
            windows.commitWindow(window, commitment);
        } else if (status == WindowStatus.Revealing && committed && !revealed && word % WORDS != 2) {
            vm.prank(recorder);
            windows.revealWindow(told, digest, SALT);
        } else if (!open && word % WORDS == 3) {
            _closes(told);
        }
        _watchWindow(told);
    }

    function _said(bytes32 told, address recorder) private view returns (bool committed, bool revealed) {
        Recording[] memory said = windows.recordings(told);
        for (uint256 i; i < said.length; ++i) {
            if (said[i].recorder == recorder) return (true, said[i].cidDigest != 0);
        }
    }

    function _reveals(uint256 searchId, uint256 which) private {
        Search memory search = searches.search(searchId);
        if (search.status != SearchStatus.Revealing) return;
        uint256 candidateId = 1 + which % search.committed;
        if (searches.candidate(searchId, candidateId).status != CandidateStatus.Committed) return;
        _reveal(searchId, candidateId, _settings[keccak256(abi.encode(searchId, candidateId))]);
        _watchSearch(searchId);
    }

    function _scores(uint256 searchId, uint256 which, uint64 bits) private {
        Search memory search = searches.search(searchId);
        bool due = search.status == SearchStatus.Scoring && vm.getBlockTimestamp() <= search.deadline;
        if (!due || search.committed == 0) return;
        uint256 candidateId = 1 + which % search.committed;
        if (searches.candidate(searchId, candidateId).status != CandidateStatus.Revealed) return;
        // Few numbers, so that some are equal; none is NaN.
        bits = (bits & (1 << 63)) | (bits % 5) << 52;
        Job memory job = _jobOf("", bits);
        job.specHash = searches.candidate(searchId, candidateId).specHash;
        searches.score(searchId, candidateId, jobs.write(job), _document(bits));
    }

    function _closes(bytes32 told) private {
        if (_try(address(windows), abi.encodeCall(windows.closeWindow, (told)))) closed[told] = true;
    }

    function _ends(uint256 searchId) private {
        if (searchId % 3 == 0) _closes(searches.search(searchId).windowKey);
        _try(address(searches), abi.encodeCall(searches.finalize, (searchId)));
        _try(address(searches), abi.encodeCall(searches.expire, (searchId)));
        for (uint256 i = 1; i <= searches.search(searchId).committed; ++i) {
            _try(address(searches), abi.encodeCall(searches.refund, (searchId, i)));
        }
        _watchSearch(searchId);
    }

    function _try(address target, bytes memory call) private returns (bool done) {
        bytes memory answer;
        vm.prank(eve);
        (done, answer) = target.call(call);
        vm.assertTrue(done || answer.length >= 4, "refused without a reason");
    }

    /// @dev One of all searches, the newest first; zero where there is none.
    function _search(uint256 which) private view returns (uint256) {
        uint256 count = searches.searchCount();
        return count == 0 ? 0 : count - which % count;
    }

    function _account(uint256 who) private view returns (address) {
        uint256 place = who % (6 + N);
        return place < N ? recorders[place] : [rita, ada, ben, cyd, eve, BURN][place - N];
    }

    function _statusOf(bytes32 known) private view returns (WindowStatus status) {
        (status,,) = windows.windowOf(known);
    }

    /// @dev Holds everything against the tables of states.
    function _watch() private {
        for (uint256 i; i < keys.length; ++i) {
            _watchWindow(keys[i]);
        }
        for (uint256 id = 1; id <= searches.searchCount(); ++id) {
            if (_last[id] < SearchStatus.Final) _watchSearch(id);
        }
    }

    function _watchWindow(bytes32 told) private {
        (WindowStatus from, WindowStatus to) = (_lastOfWindow[told], _statusOf(told));
        if (from == to) return;
        if (!_allowed(from, to)) ++strayMoves;
        ++reachedByWindows[to];
        _lastOfWindow[told] = to;
    }

    function _watchSearch(uint256 searchId) private {
        Search memory search = searches.search(searchId);
        SearchStatus from = _last[searchId];
        if (search.status != from) {
            if (!_allowed(from, search.status)) ++strayMoves;
            ++reached[search.status];
            _last[searchId] = search.status;
        }
        for (uint256 i = 1; i <= search.committed; ++i) {
            _watchCandidate(searchId, i, search.status);
        }
    }

    function _watchCandidate(uint256 searchId, uint256 candidateId, SearchStatus present) private {
        bytes32 place = keccak256(abi.encode(searchId, candidateId));
        Candidate memory candidate = searches.candidate(searchId, candidateId);
        (CandidateStatus from, CandidateStatus to) = (_lastOfCandidate[place], candidate.status);
        if (from == to) return;
        bool next = uint256(to) == uint256(from) + 1 && to != CandidateStatus.Refunded;
        bool refunded = from == CandidateStatus.Committed && to == CandidateStatus.Refunded;
        if (!next && !refunded) ++strayMoves;
        if (to == CandidateStatus.Committed && present != SearchStatus.Open) ++strayMoves;
        if (refunded && present != SearchStatus.Failed) ++strayMoves;
        _lastOfCandidate[place] = to;
    }

    function _allowed(SearchStatus from, SearchStatus to) private pure returns (bool) {
        if (from == SearchStatus.None) return to == SearchStatus.Open;
        if (from == SearchStatus.Open) return to == SearchStatus.Awaiting;
        if (from == SearchStatus.Awaiting) return to != SearchStatus.Open && to != SearchStatus.Final;
        if (from == SearchStatus.Revealing) return to == SearchStatus.Scoring;
        return from == SearchStatus.Scoring && (to == SearchStatus.Final || to == SearchStatus.Failed);
    }

    function _allowed(WindowStatus from, WindowStatus to) private pure returns (bool) {
        if (from == WindowStatus.None) return to == WindowStatus.Committing;
        // Where nobody looks for long, the time to reveal has come and gone.
        if (from == WindowStatus.Committing) return to == WindowStatus.Revealing || to == WindowStatus.Failed;
        return from == WindowStatus.Revealing && (to == WindowStatus.Recorded || to == WindowStatus.Failed);
    }
}
