// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Operator} from "../../../contracts/interfaces/IOperatorStaking.sol";
import {PanelStatus} from "../../../contracts/interfaces/IPanel.sol";
import {OutcomeKind, Seat} from "../../../contracts/interfaces/IRounds.sol";
import {BaseTest} from "./BaseTest.sol";

/// @notice A version on sale, its license, five operators, and the steps of a job.
abstract contract JobTest is BaseTest {
    uint96 internal constant FEE = 1_000_001;
    uint96 internal constant RUN_PRICE = 2e6;
    uint64 internal constant FUEL = 1e10;
    bytes internal constant SPEC = hex"a0";
    bytes32 internal constant SALT = "salt";
    bytes internal constant TRUTH = "the outcome";
    bytes internal constant LIE = "another outcome";
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;
    /// @dev What a job takes to sit again in the tests of panels: three seats, an auditor and a panel of seven.
    uint256 internal constant CROWD = 11;

    uint64 internal version;
    uint64 internal offerId;
    uint64 internal licenseId;

    function setUp() public virtual override {
        super.setUp();
        _addOperators(5, MINIMUM_STAKE);
        version = _publish(ada, "ema", _all(ada));
        offerId = _offer(ada, version, PRICE, RUN_PRICE);
        licenseId = _buy(rita, offerId, version);
        _claim(treasury);
    }

    function _licensed(uint8 n, uint8 k) internal view returns (JobTerms memory) {
        return JobTerms({
            version: version,
            licenseId: licenseId,
            offerId: 0,
            maxRunPrice: 0,
            fee: FEE,
            value: 0,
            fuel: FUEL,
            assurancePpm: 0,
            n: n,
            k: k
        });
    }

    function _single(uint8 n, uint8 k) internal view returns (JobTerms memory terms) {
        terms = _licensed(n, k);
        (terms.licenseId, terms.offerId, terms.maxRunPrice) = (0, offerId, RUN_PRICE);
    }

    function _post(JobTerms memory terms) internal returns (uint256 jobId) {
        vm.prank(rita);
        return jobs.post(terms, SPEC);
    }

    function _assign(uint256 jobId) internal {
        _mine(3);
        jobs.assign(jobId);
        _mine(2);
    }

    function _posted() internal returns (uint256 jobId) {
        return _post(_licensed(3, 2));
    }

    function _assigned(JobTerms memory terms) internal returns (uint256 jobId) {
        jobId = _post(terms);
        _assign(jobId);
    }

    function _assigned() internal returns (uint256 jobId) {
        return _assigned(_licensed(3, 2));
    }

    /// @dev All seats commit to the truth but those named in the bits of `liars`.
    function _committed(JobTerms memory terms, uint256 liars) internal returns (uint256 jobId) {
        jobId = _assigned(terms);
        for (uint256 i; i < terms.n; ++i) {
            _commit(jobId, i, OutcomeKind.Result, _said(liars, i));
        }
        _mine(2);
    }

    function _committed() internal returns (uint256 jobId) {
        return _committed(_licensed(3, 2), 0);
    }

    function _revealed(JobTerms memory terms, uint256 liars) internal returns (uint256 jobId) {
        jobId = _committed(terms, liars);
        for (uint256 i; i < terms.n; ++i) {
            _reveal(jobId, i, OutcomeKind.Result, _said(liars, i));
        }
    }

    function _proposed(JobTerms memory terms, uint256 liars) internal returns (uint256 jobId) {
        jobId = _revealed(terms, liars);
        jobs.tally(jobId);
    }

    function _commit(uint256 jobId, uint256 seat, OutcomeKind kind, bytes memory outcome) internal {
        address operator = _seat(jobId, seat).operator;
        bytes32 commitment = jobs.commitmentOf(jobId, operator, _hash(kind, outcome), SALT);
        vm.prank(operator);
        jobs.commit(jobId, commitment);
    }

    function _reveal(uint256 jobId, uint256 seat, OutcomeKind kind, bytes memory outcome) internal {
        address operator = _seat(jobId, seat).operator;
        vm.prank(operator);
        jobs.reveal(jobId, kind, outcome, SALT);
    }

    function _hash(OutcomeKind kind, bytes memory outcome) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(kind, outcome));
    }

    function _seat(uint256 jobId, uint256 index) internal view returns (Seat memory) {
        return jobs.seats(jobId)[index];
    }

    function _said(uint256 liars, uint256 seat) internal pure returns (bytes memory) {
        return liars >> seat & 1 == 1 ? abi.encodePacked(LIE, seat) : TRUTH;
    }

    /// @dev Runs a proposed job's challenge window out and pays it.
    function _final(JobTerms memory terms, uint256 liars) internal returns (uint256 jobId) {
        jobId = _proposed(terms, liars);
        _runOut(jobId);
        jobs.finalize(jobId);
    }

    /// @dev Reveals are closed and nobody shares an outcome: a panel is called.
    function _disagreed() internal returns (uint256 jobId) {
        return _proposed(_licensed(3, 2), 6);
    }

    /// @dev All seats say the same, whatever it is; it is proposed.
    function _agreed(JobTerms memory terms, OutcomeKind kind, bytes memory outcome) internal returns (uint256 jobId) {
        jobId = _assigned(terms);
        for (uint256 i; i < terms.n; ++i) {
            _commit(jobId, i, kind, outcome);
        }
        _mine(2);
        for (uint256 i; i < terms.n; ++i) {
            _reveal(jobId, i, kind, outcome);
        }
        jobs.tally(jobId);
    }

    function _challenge(uint256 jobId, address challenger) internal returns (uint256 panelId) {
        vm.prank(challenger);
        jobs.challenge(jobId);
        return jobs.job(jobId).panelId;
    }

    function _convened(uint256 jobId) internal returns (uint256 panelId) {
        panelId = jobs.job(jobId).panelId;
        _mine(3);
        panel.assign(panelId);
        _mine(2);
    }

    /// @dev The job's panel or auditor says the same, all of them.
    function _found(uint256 jobId, OutcomeKind kind, bytes memory outcome) internal {
        uint256 panelId = _convened(jobId);
        uint256 size = panel.panel(panelId).size;
        for (uint256 i; i < size; ++i) {
            _panelCommit(panelId, i, kind, outcome);
        }
        _mine(2);
        for (uint256 i; i < size; ++i) {
            _panelReveal(panelId, i, kind, outcome);
        }
    }

    /// @dev The job's panel says the truth but for those named in the bits of `liars`.
    function _found(uint256 jobId, uint256 liars) internal {
        uint256 panelId = _convened(jobId);
        uint256 size = panel.panel(panelId).size;
        for (uint256 i; i < size; ++i) {
            _panelCommit(panelId, i, OutcomeKind.Result, _said(liars, i));
        }
        _mine(2);
        for (uint256 i; i < size; ++i) {
            _panelReveal(panelId, i, OutcomeKind.Result, _said(liars, i));
        }
    }

    function _panelCommit(uint256 panelId, uint256 seat, OutcomeKind kind, bytes memory outcome) internal {
        address operator = _panelist(panelId, seat);
        bytes32 commitment = panel.commitmentOf(panelId, operator, _hash(kind, outcome), SALT);
        vm.prank(operator);
        panel.commit(panelId, commitment);
    }

    function _panelReveal(uint256 panelId, uint256 seat, OutcomeKind kind, bytes memory outcome) internal {
        address operator = _panelist(panelId, seat);
        vm.prank(operator);
        panel.reveal(panelId, kind, outcome, SALT);
    }

    function _panelist(uint256 panelId, uint256 seat) internal view returns (address) {
        return panel.seats(panelId)[seat].operator;
    }

    /// @dev Ends the present phase by time.
    function _runOut(uint256 jobId) internal {
        vm.warp(jobs.job(jobId).deadline + 1);
    }

    function _runOutPanel(uint256 panelId) internal {
        vm.warp(panel.panel(panelId).deadline + 1);
    }

    function _stakeOf(address operator) internal view returns (uint256) {
        Operator memory stored = staking.operator(operator);
        return uint256(stored.free) + stored.locked + stored.unbonding;
    }

    function _checkStatus(uint256 jobId, Status status) internal view {
        vm.assertEq(uint256(jobs.job(jobId).status), uint256(status));
    }

    function _checkPanel(uint256 panelId, PanelStatus status) internal view {
        vm.assertEq(uint256(panel.panel(panelId).status), uint256(status));
    }

    function _refuseStatus(uint256 jobId) internal {
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, jobs.job(jobId).status));
    }

    /// @dev No lock is left, and all money is somebody's: of what is held nothing but the pool's.
    function _checkClosed(uint256 jobId) internal view {
        vm.assertEq(jobs.job(jobId).deadline, 0);
        uint256 sum;
        for (uint256 i; i < operators.length; ++i) {
            vm.assertEq(staking.operator(operators[i]).locked, 0);
            sum += _stakeOf(operators[i]);
        }
        vm.assertEq(usd.balanceOf(address(staking)), sum);
        vm.assertEq(usd.balanceOf(address(ledger)), ledger.total(address(usd)));
        vm.assertEq(ledger.held(address(usd)), pool.balance());
        vm.assertEq(usd.balanceOf(address(jobs)), 0);
    }

    function _checkUnslashed() internal view {
        for (uint256 i; i < operators.length; ++i) {
            vm.assertEq(_stakeOf(operators[i]), MINIMUM_STAKE);
        }
    }
}
