// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {SearchMarket} from "../../../contracts/SearchMarket.sol";
import {IJobMarket, Job, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {CandidateStatus, Search, SearchStatus, SearchTerms} from "../../../contracts/interfaces/ISearchMarket.sol";
import {WindowTest} from "../windows/WindowTest.sol";

/// @notice Searches of rita's on the window that the recorders record, with ada, ben and cyd for solvers, and jobs whose
/// outcomes a test decides.
abstract contract SearchTest is WindowTest {
    uint64 internal constant VERSION = 7;
    uint64 internal constant FUEL = 1e10;
    uint96 internal constant FEE = 1e6;
    uint96 internal constant REWARD = 100e6;
    uint96 internal constant BOND = 5e6;
    uint256 internal constant REVEAL_WINDOW = 60;
    uint256 internal constant POST_WINDOW = 60;
    bytes internal constant ONE = hex"a1617801";
    bytes internal constant TWO = hex"a1617802";
    bytes internal constant THREE = hex"a1617803";

    /// @dev Bits of some doubles.
    uint64 internal constant HALF = 0x3fe0000000000000;
    uint64 internal constant QUARTER = 0x3fd0000000000000;
    uint64 internal constant MINUS_ONE = 0xbff0000000000000;

    SearchMarket internal searches;

    function setUp() public virtual override {
        super.setUp();
        _fund(ada, 1000e6);
        _fund(ben, 1000e6);
        _fund(cyd, 1000e6);
    }

    function _deploy() internal override {
        super._deploy();
        IJobMarket written = IJobMarket(address(jobs));
        searches = new SearchMarket(manager, written, windows, ledger, IERC20(usd), REVEAL_WINDOW, POST_WINDOW);
        vm.assertEq(address(searches), searchesAt);
    }

    function _template() internal pure returns (bytes[] memory template) {
        template = new bytes[](3);
        (template[0], template[1], template[2]) = ("a6...inputs.a25820", "..5820", "..settings");
    }

    function _specOf(bytes memory settings) internal pure returns (bytes memory) {
        return bytes.concat("a6...inputs.a25820", DIGEST, "..5820", DIGEST, "..settings", settings);
    }

    function _terms() internal pure returns (SearchTerms memory) {
        return SearchTerms({
            window: _window(),
            version: VERSION,
            fuel: FUEL,
            fee: FEE,
            assurancePpm: 50_000,
            n: 3,
            k: 2,
            reward: REWARD,
            bond: BOND,
            commitBy: START,
            template: _template()
        });
    }

    function _post(SearchTerms memory terms) internal returns (uint256 searchId) {
        vm.prank(rita);
        return searches.post(terms);
    }

    function _posted() internal returns (uint256 searchId) {
        return _post(_terms());
    }

    function _commit(uint256 searchId, address solver, bytes memory settings) internal returns (uint256 candidateId) {
        bytes32 commitment = searches.commitmentOf(searchId, solver, settings, SALT);
        vm.prank(solver);
        return searches.commit(searchId, commitment);
    }

    function _reveal(uint256 searchId, uint256 candidateId, bytes memory settings) internal {
        address solver = searches.candidate(searchId, candidateId).solver;
        vm.prank(solver);
        searches.reveal(searchId, candidateId, _template(), settings, SALT);
    }

    /// @dev Ada commits to one, ben to two, cyd to three.
    function _committed() internal returns (uint256 searchId) {
        searchId = _posted();
        _commit(searchId, ada, ONE);
        _commit(searchId, ben, TWO);
        _commit(searchId, cyd, THREE);
    }

    /// @dev The same once the window is recorded.
    function _recorded() internal returns (uint256 searchId) {
        searchId = _committed();
        _record();
    }

    function _revealed() internal returns (uint256 searchId) {
        searchId = _recorded();
        _reveal(searchId, 1, ONE);
        _reveal(searchId, 2, TWO);
        _reveal(searchId, 3, THREE);
    }

    /// @dev A job of a spec on the terms of the search, with a number for its outcome.
    function _jobOf(bytes memory settings, uint64 bits) internal pure returns (Job memory job) {
        job.status = Status.Final;
        job.kind = OutcomeKind.Result;
        (job.n, job.k, job.assurancePpm) = (3, 2, 50_000);
        (job.version, job.fuel, job.fee) = (VERSION, FUEL, FEE);
        job.specHash = keccak256(_specOf(settings));
        job.outcomeHash = keccak256(abi.encodePacked(OutcomeKind.Result, _document(bits)));
    }

    function _score(uint256 searchId, uint256 candidateId, bytes memory settings, uint64 bits)
        internal
        returns (uint256 jobId)
    {
        jobId = jobs.write(_jobOf(settings, bits));
        searches.score(searchId, candidateId, jobId, _document(bits));
    }

    /// @dev Deterministic CBOR of {"run": ..., "kind": "Result", "outputs": {"score": ["<f8", ...]}}.
    function _document(uint64 bits) internal pure returns (bytes memory) {
        return bytes.concat(
            hex"a36372756e5820",
            bytes32("run"),
            hex"646b696e6466526573756c74676f757470757473a16573636f726582633c663848",
            _little(bits)
        );
    }

    function _little(uint64 bits) internal pure returns (bytes memory bytes_) {
        bytes_ = new bytes(8);
        for (uint256 i; i < 8; ++i) {
            bytes_[i] = bytes1(uint8(bits >> (8 * i)));
        }
    }

    /// @dev Ends the present phase by time.
    function _runOut(uint256 searchId) internal {
        vm.warp(searches.search(searchId).deadline + 1);
    }

    function _checkSearch(uint256 searchId, SearchStatus status) internal view {
        vm.assertEq(uint256(searches.search(searchId).status), uint256(status));
    }

    function _checkCandidate(uint256 searchId, uint256 candidateId, CandidateStatus status) internal view {
        vm.assertEq(uint256(searches.candidate(searchId, candidateId).status), uint256(status));
    }

    /// @dev What the ledger holds for searches: all but the recorders' bonds.
    function _held() internal view returns (uint256) {
        return ledger.held(address(usd)) - 6 * uint256(LOCK);
    }

    /// @dev Nothing is held for a search that ended, and all came out that went in.
    function _checkClosed(uint256 searchId) internal view {
        Search memory search = searches.search(searchId);
        vm.assertEq(search.deadline, 0);
        vm.assertEq(_held(), 0);
        uint256 paid = _owed(rita) + _owed(ada) + _owed(ben) + _owed(cyd) + _owed(BURN);
        vm.assertEq(paid, search.reward + uint256(search.committed) * search.bond);
        vm.assertEq(usd.balanceOf(address(searches)), 0);
    }
}
