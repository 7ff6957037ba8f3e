// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarket, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {IRounds, OutcomeKind} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";
import {BrokenToken} from "../tokens/BrokenToken.sol";

// finalize(jobId)
// ├── when the job is not proposed: it reverts with WrongStatus
// ├── when the challenge window runs: it reverts with DeadlineNotPassed
// └── otherwise all locks end
//     ├── the seats that revealed the outcome share the fee, the lowest takes the remainder
//     ├── nobody is slashed: no panel has looked
//     ├── of an assured job the assurance goes to the pool, and an auditor that found the same is paid a seat's pay
//     └── the per-run price goes to the version of a Result, else back; its token is not called
contract FinalizeTest is JobTest {
    function test_SharesTheFeeAndTheLowestSeatTakesTheRemainder() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.fee = 1_000_001;
        uint256 jobId = _proposed(terms, 0);
        _mine(3);
        address[] memory paid = new address[](3);
        for (uint256 i; i < 3; ++i) {
            paid[i] = _seat(jobId, i).operator;
        }
        vm.expectEmit(address(jobs));
        emit IJobMarket.Finalized(jobId, OutcomeKind.Result, _hash(OutcomeKind.Result, TRUTH), paid);
        vm.prank(eve);
        jobs.finalize(jobId);

        vm.assertEq(_owed(paid[0]), 333_335);
        vm.assertEq(_owed(paid[1]), 333_333);
        vm.assertEq(_owed(paid[2]), 333_333);
        _checkStatus(jobId, Status.Final);
        _checkClosed(jobId);
    }

    function test_ALiarIsNotPaid() public {
        uint256 jobId = _proposed(_licensed(3, 2), 1);
        _mine(3);
        jobs.finalize(jobId);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 0);
        vm.assertEq(_owed(_seat(jobId, 1).operator), 500_001);
        vm.assertEq(_owed(_seat(jobId, 2).operator), 500_000);
        _checkClosed(jobId);
        _checkUnslashed();
    }

    function test_TheAssuranceGoesToThePool() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.assurancePpm = 100_000;
        uint256 jobId = _unaudited(terms);
        // 1,000,001 * 0.1 / 3.1 = 32,258; 967,743 are left for three.
        vm.assertEq(pool.balance(), 32_258);
        vm.assertEq(pool.assuredJobs(), 1);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), 322_581);
        }
        _checkClosed(jobId);
    }

    function test_AnAuditorThatFoundTheSameIsPaidASeatsPay() public {
        _addOperators(1, MINIMUM_STAKE);
        JobTerms memory terms = _licensed(3, 2);
        (terms.assurancePpm, terms.fee) = (1_000_000, 1e6);
        uint256 jobId = _revealed(terms, 0);
        _mine(3);
        jobs.tally(jobId);
        _found(jobId, 0);
        jobs.resolve(jobId);
        address auditor = _panelist(1, 0);
        vm.assertEq(staking.operator(auditor).locked, 1e7);
        _runOut(jobId);
        jobs.finalize(jobId);

        // A quarter is the assurance, which is one seat's pay where an audit is certain.
        vm.assertEq(_owed(auditor), 250_000);
        vm.assertEq(_owed(_seat(jobId, 0).operator), 250_000);
        vm.assertEq(pool.balance(), 0);
        _checkClosed(jobId);
    }

    function test_ARoyaltyGoesToTheVersionOfAResult() public {
        uint256 before = ledger.received(version, address(usd));
        uint256 jobId = _proposed(_single(3, 2), 0);
        _mine(3);
        jobs.finalize(jobId);
        vm.assertEq(ledger.received(version, address(usd)) - before, RUN_PRICE - RUN_PRICE * FEE_BPS / 10_000);
        vm.assertEq(_owed(treasury), RUN_PRICE * FEE_BPS / 10_000);
        vm.assertEq(_owed(rita), 0);
        _checkClosed(jobId);
    }

    function test_ARoyaltyIsRefundedWhereNoResultCameOut() public {
        OutcomeKind[2] memory kinds = [OutcomeKind.ModuleError, OutcomeKind.LimitHit];
        uint256 before = ledger.received(version, address(usd));
        for (uint256 i; i < 2; ++i) {
            uint256 jobId = _assigned(_single(1, 1));
            _commit(jobId, 0, kinds[i], TRUTH);
            _mine(2);
            _reveal(jobId, 0, kinds[i], TRUTH);
            jobs.tally(jobId);
            _mine(3);
            jobs.finalize(jobId);
            vm.assertEq(_owed(rita), RUN_PRICE * (i + 1));
            vm.assertEq(uint256(jobs.job(jobId).kind), uint256(kinds[i]));
            _checkClosed(jobId);
        }
        vm.assertEq(ledger.received(version, address(usd)), before);
        vm.assertEq(_owed(treasury), 0);
    }

    function test_FiveModuleErrorsPayOperatorsAndRefundTheRoyalty() public {
        JobTerms memory terms = _single(5, 3);
        terms.fee = 1e6;
        uint256 jobId = _agreed(terms, OutcomeKind.ModuleError, "ValueError");
        uint256 before = ledger.received(version, address(usd));
        _runOut(jobId);
        jobs.finalize(jobId);
        for (uint256 i; i < 5; ++i) {
            vm.assertEq(_owed(_seat(jobId, i).operator), 200_000);
        }
        vm.assertEq(_owed(rita), RUN_PRICE);
        vm.assertEq(ledger.received(version, address(usd)), before);
        _checkClosed(jobId);
    }

    function test_ABrokenRoyaltyTokenCannotHoldItUp() public {
        BrokenToken token = new BrokenToken();
        ledger.allowToken(address(token), true);
        Offer memory offer = _offerOf(version, PRICE, RUN_PRICE);
        offer.token = address(token);
        vm.prank(ada);
        offerId = uint64(market.setOffer(0, offer));
        token.mint(rita, 2 * RUN_PRICE);
        vm.prank(rita);
        token.approve(address(jobs), 2 * RUN_PRICE);
        uint256 paid = _proposed(_single(1, 1), 0);
        uint256 refunded = _agreed(_single(1, 1), OutcomeKind.LimitHit, "fuel");
        _runOut(refunded);

        token.breakDown();
        ledger.allowToken(address(token), false);
        jobs.finalize(paid);
        jobs.finalize(refunded);
        vm.assertEq(ledger.received(version, address(token)), RUN_PRICE - RUN_PRICE * FEE_BPS / 10_000);
        vm.assertEq(ledger.claimable(rita, address(token)), RUN_PRICE);
        uint256 earned;
        for (uint256 i; i < operators.length; ++i) {
            earned += _owed(operators[i]);
        }
        vm.assertEq(earned, 2 * FEE);
    }

    function test_RefusesBeforeTheChallengeWindowIsOver() public {
        uint256 jobId = _proposed(_licensed(3, 2), 0);
        uint256 deadline = vm.getBlockTimestamp() + 2;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IRounds.DeadlineNotPassed.selector, deadline, deadline));
        jobs.finalize(jobId);
    }

    function test_RefusesTwiceAndOutOfTurn() public {
        uint256 jobId = _revealed(_licensed(3, 2), 0);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Revealed));
        jobs.finalize(jobId);
        jobs.tally(jobId);
        _mine(3);
        jobs.finalize(jobId);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.WrongStatus.selector, jobId, Status.Final));
        jobs.finalize(jobId);
    }

    function testFuzz_EveryUnitOfTheFeeIsPaid(uint96 fee, uint8 liars) public {
        JobTerms memory terms = _licensed(5, 3);
        terms.fee = uint96(MINIMUM_FEE + fee % (MINIMUM_STAKE / LOCK_MULTIPLE - MINIMUM_FEE));
        uint256 jobId = _revealed(terms, liars & 3);
        jobs.tally(jobId);
        _mine(3);
        jobs.finalize(jobId);
        uint256 sum;
        uint256 least = type(uint256).max;
        uint256 most;
        for (uint256 i; i < 5; ++i) {
            uint256 owed = _owed(_seat(jobId, i).operator);
            sum += owed;
            if (liars >> i & 1 == 1 && i < 2) {
                vm.assertEq(owed, 0);
                continue;
            }
            if (owed < least) least = owed;
            if (owed > most) most = owed;
        }
        vm.assertEq(sum, terms.fee);
        vm.assertLe(most - least, 4);
        _checkClosed(jobId);
    }

    /// @dev A final job that the lot did not fall on.
    function _unaudited(JobTerms memory terms) private returns (uint256 jobId) {
        jobId = _revealed(terms, 0);
        _mine(3);
        jobs.tally(jobId);
        _checkStatus(jobId, Status.Proposed);
        _runOut(jobId);
        jobs.finalize(jobId);
    }
}
