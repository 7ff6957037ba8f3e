// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
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

    /// @dev Ends the present phase by time.
    function _runOut(uint256 jobId) internal {
        vm.warp(jobs.job(jobId).deadline + 1);
    }

    function _checkStatus(uint256 jobId, Status status) internal view {
        vm.assertEq(uint256(jobs.job(jobId).status), uint256(status));
    }

    /// @dev Nothing is locked and all money is booked.
    function _checkClosed(uint256 jobId) internal view {
        Job memory job = jobs.job(jobId);
        vm.assertEq(job.deadline, 0);
        for (uint256 i; i < operators.length; ++i) {
            vm.assertEq(staking.operator(operators[i]).locked, 0);
            vm.assertEq(staking.operator(operators[i]).free, MINIMUM_STAKE);
        }
        vm.assertEq(usd.balanceOf(address(ledger)), ledger.total(address(usd)));
        vm.assertEq(usd.balanceOf(address(jobs)), 0);
    }
}
