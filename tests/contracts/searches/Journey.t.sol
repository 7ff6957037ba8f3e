// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, JobTerms} from "../../../contracts/interfaces/IJobMarket.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {Search, SearchStatus, SearchTerms} from "../../../contracts/interfaces/ISearchMarket.sol";
import {WindowKey} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {JobTest} from "../base/JobTest.sol";

/// @notice A search from end to end with real jobs, and how the time to score is reckoned.
contract SearchJourneyTest is JobTest {
    bytes32 private constant DIGEST = keccak256("what the market did");
    uint96 private constant REWARD = 50e6;
    uint96 private constant BOND = 5e6;

    WindowKey private _window;
    bytes32 private _windowKey;
    address[] private _recorders;

    function setUp() public override {
        super.setUp();
        uint64 time = uint64(vm.getBlockTimestamp());
        _window = WindowKey({venue: "binance", symbol: "BTCUSDT", start: time + 60, end: time + 120});
        _windowKey = recorded.keyOf(_window);
        for (uint256 i; i < 2; ++i) {
            address recorder = _actor(string.concat("recorder", vm.toString(i)));
            _fund(recorder, RECORDER_LOCK);
            vm.prank(recorder);
            recorded.deposit(RECORDER_LOCK);
            recorded.listRecorder(recorder, true);
            _recorders.push(recorder);
        }
        _fund(ben, 100e6);
        _fund(cyd, 100e6);
    }

    function test_TwoSolversAndTheBetterOneIsPaid() public {
        uint256 searchId = _post();
        _commitTo(searchId, ben, "one");
        _commitTo(searchId, cyd, "two");
        vm.warp(_window.end);
        _record();
        _revealTo(searchId, 1, ben, "one");
        _revealTo(searchId, 2, cyd, "two");
        _scoreBy(searchId, 1, ben, "one", 0xbfe0000000000000);
        _scoreBy(searchId, 2, cyd, "two", 0x3fe0000000000000);
        uint256 before = _owed(cyd);
        searches.finalize(searchId);
        vm.assertEq(uint256(searches.search(searchId).status), uint256(SearchStatus.Final));
        vm.assertEq(_owed(cyd) - before, REWARD);
        vm.assertEq(_owed(rita), 0);
        vm.assertEq(_owed(BURN), 0);
        recorded.closeWindow(_windowKey);
        vm.assertEq(ledger.held(address(usd)), pool.balance() + 2 * RECORDER_LOCK);
    }

    /// @dev The time to post, and the longest that a job of that fuel may take with all its disputes.
    function test_TheTimeToScoreIsEnoughForAJobWithAllItsDisputes() public view {
        uint256 run = 120 + 60 + FUEL / 500_000_000;
        vm.assertEq(searches.scoreWindow(FUEL), SEARCH_POST + 3 * run + 60 + 2 + 2 * (run + 60));
        vm.assertEq(searches.revealWindow(), SEARCH_REVEAL);
        vm.assertEq(searches.authority(), address(manager));
    }

    function _post() private returns (uint256 searchId) {
        SearchTerms memory terms = SearchTerms({
            window: _window,
            version: version,
            fuel: FUEL,
            fee: FEE,
            assurancePpm: 0,
            n: 3,
            k: 2,
            reward: REWARD,
            bond: BOND,
            commitBy: _window.start,
            template: _template()
        });
        vm.prank(rita);
        return searches.post(terms);
    }

    function _template() private pure returns (bytes[] memory template) {
        template = new bytes[](2);
        (template[0], template[1]) = ("head", "middle");
    }

    function _commitTo(uint256 searchId, address solver, bytes memory settings) private {
        bytes32 commitment = searches.commitmentOf(searchId, solver, settings, SALT);
        vm.prank(solver);
        searches.commit(searchId, commitment);
    }

    function _record() private {
        for (uint256 i; i < 2; ++i) {
            bytes32 commitment = recorded.recordingOf(_windowKey, _recorders[i], DIGEST, SALT);
            vm.prank(_recorders[i]);
            recorded.commitWindow(_window, commitment);
        }
        _pass(61);
        for (uint256 i; i < 2; ++i) {
            vm.prank(_recorders[i]);
            recorded.revealWindow(_windowKey, DIGEST, SALT);
        }
    }

    function _revealTo(uint256 searchId, uint256 candidateId, address solver, bytes memory settings) private {
        vm.prank(solver);
        searches.reveal(searchId, candidateId, _template(), settings, SALT);
    }

    /// @dev The solver posts a job like any other, operators run it, and it is registered once it is final.
    function _scoreBy(uint256 searchId, uint256 candidateId, address solver, bytes memory settings, uint64 bits)
        private
    {
        JobTerms memory terms = _single(3, 2);
        vm.prank(solver);
        uint256 jobId = jobs.post(terms, bytes.concat("head", DIGEST, "middle", settings));
        _assign(jobId);
        bytes memory document = bytes.concat(
            hex"a36372756e5820",
            keccak256(settings),
            hex"646b696e6466526573756c74676f757470757473a16573636f726582633c663848",
            _little(bits)
        );
        for (uint256 i; i < 3; ++i) {
            _commit(jobId, i, OutcomeKind.Result, document);
        }
        _mine(2);
        for (uint256 i; i < 3; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, document);
        }
        jobs.tally(jobId);
        _runOut(jobId);
        jobs.finalize(jobId);
        searches.score(searchId, candidateId, jobId, document);
    }

    function _little(uint64 bits) private pure returns (bytes memory bytes_) {
        bytes_ = new bytes(8);
        for (uint256 i; i < 8; ++i) {
            bytes_[i] = bytes1(uint8(bits >> (8 * i)));
        }
    }
}
