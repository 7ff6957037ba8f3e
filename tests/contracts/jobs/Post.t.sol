// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {JobLimits, JobMarket, JobParts} from "../../../contracts/JobMarket.sol";
import {IJobMarket, Job, JobTerms, Status} from "../../../contracts/interfaces/IJobMarket.sol";
import {ILicenseMarket, License, Offer, Sells} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {IRounds, Windows} from "../../../contracts/interfaces/IRounds.sol";
import {JobTest} from "../base/JobTest.sol";
import {FeeToken, ReentrantToken} from "../tokens/HostileTokens.sol";

// post(terms, spec)
// ├── when jobs are paused: it reverts with IsPaused
// ├── when n is even or above 7, or k is no majority of n: it reverts with QuorumInvalid
// ├── when the fuel is zero or above the most: it reverts with FuelInvalid
// ├── when the fee is below the least for the fuel: it reverts with FeeTooLow
// ├── when the assurance is above one: it reverts with AssuranceInvalid
// ├── when the value is above the bound: it reverts with ValueTooHigh
// ├── when the spec is empty or too long: it reverts with SpecInvalid
// ├── with a license
// │   ├── that is not the sender's, or another version's, or expired: it reverts with NotLicensed
// │   └── otherwise the fee is taken, and the license's trial ends
// ├── without one
// │   ├── when no runs are sold: it reverts with RunNotSold
// │   ├── when the offer is another version's: it reverts with OfferForOtherVersion
// │   ├── when its token is no longer allowed: it reverts with TokenNotAllowed
// │   ├── when the version is deprecated: it reverts with VersionDeprecated
// │   ├── when the price is above what is to be paid at most: it reverts with RunPriceTooLow
// │   └── otherwise fee and price are taken
// └── when less comes than is booked: it reverts with NotCovered
contract PostTest is JobTest {
    address internal ned = _actor("ned");

    function test_ALicenseHolderPaysTheFeeAlone() public {
        uint256 before = usd.balanceOf(rita);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Posted(
            1,
            rita,
            version,
            _licensed(3, 2),
            address(0),
            0,
            FEE * LOCK_MULTIPLE,
            vm.getBlockNumber() + 3,
            vm.getBlockTimestamp() + 120,
            keccak256(SPEC),
            SPEC
        );
        uint256 jobId = _posted();

        Job memory job = jobs.job(jobId);
        vm.assertEq(uint256(job.status), uint256(Status.Open));
        vm.assertEq(job.requester, rita);
        vm.assertEq(job.fee, FEE);
        vm.assertEq(job.royalty, 0);
        vm.assertEq(jobs.lockMultiple(), LOCK_MULTIPLE);
        vm.assertEq(job.lock, FEE * LOCK_MULTIPLE);
        vm.assertEq(job.specHash, keccak256(SPEC));
        vm.assertEq(jobs.jobCount(), 1);
        vm.assertEq(jobs.seats(jobId).length, 0);
        vm.assertEq(usd.balanceOf(rita), before - FEE);
    }

    function test_WithoutALicenseThePerRunPriceIsPaidToo() public {
        uint256 before = usd.balanceOf(rita);
        Job memory job = jobs.job(_post(_single(3, 2)));
        vm.assertEq(job.royalty, RUN_PRICE);
        vm.assertEq(job.royaltyToken, address(usd));
        vm.assertEq(usd.balanceOf(rita), before - FEE - RUN_PRICE);
    }

    function test_RefusesWhoHoldsNoValidLicense() public {
        _fund(eve, FEE);
        _refuse(
            eve, _licensed(3, 2), abi.encodeWithSelector(ILicenseMarket.NotLicensed.selector, licenseId, eve, version)
        );
        JobTerms memory terms = _licensed(3, 2);
        terms.version = _publish(ben, "other", _all(ben));
        _refuse(
            rita, terms, abi.encodeWithSelector(ILicenseMarket.NotLicensed.selector, licenseId, rita, terms.version)
        );
        terms.licenseId = 99;
        _refuse(rita, terms, abi.encodeWithSelector(ILicenseMarket.NotLicensed.selector, 99, rita, terms.version));
        _pass(30 days);
        terms = _licensed(3, 2);
        _refuse(rita, terms, abi.encodeWithSelector(ILicenseMarket.NotLicensed.selector, licenseId, rita, version));
    }

    function test_ALicenseSoldAfterPostingDoesNotStopTheJob() public {
        uint256 jobId = _posted();
        vm.prank(rita);
        market.transferFrom(rita, eve, licenseId);
        _assign(jobId);
        _checkStatus(jobId, Status.Assigned);
    }

    function test_RefusesARunThatIsNotSold() public {
        JobTerms memory terms = _single(3, 2);
        terms.offerId = 0;
        _refuse(rita, terms, abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 0));
        Sells[2] memory wrong = [Sells.Nothing, Sells.Licenses];
        for (uint256 i; i < 2; ++i) {
            _sell(wrong[i], RUN_PRICE);
            _refuse(rita, _single(3, 2), abi.encodeWithSelector(IJobMarket.RunNotSold.selector, offerId));
        }
        _sell(Sells.Runs, RUN_PRICE);
        _post(_single(3, 2));
    }

    function test_AFreeRunCostsTheFeeAlone() public {
        _sell(Sells.Runs, 0);
        uint256 before = usd.balanceOf(rita);
        Job memory job = jobs.job(_post(_single(3, 2)));
        vm.assertEq(job.royalty, 0);
        vm.assertEq(usd.balanceOf(rita), before - FEE);
    }

    function test_RefusesATokenThatIsNoLongerAllowed() public {
        ledger.allowToken(address(usd), false);
        _refuse(rita, _single(3, 2), abi.encodeWithSelector(IJobMarket.TokenNotAllowed.selector, address(usd)));
        // A license was paid already.
        _posted();
    }

    function test_AJobEndsTheTrialOfItsLicense() public {
        Offer memory offer = _offerOf(version, PRICE, RUN_PRICE);
        offer.trial = 1 days;
        vm.prank(ada);
        licenseId = _buy(rita, uint64(market.setOffer(0, offer)), version);
        uint256 before = ledger.received(version, address(usd));
        _posted();
        License memory used = market.license(licenseId);
        vm.assertEq(used.refundableUntil, 0);
        vm.assertEq(ledger.received(version, address(usd)) - before, _net(PRICE));
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotRefundable.selector, licenseId));
        vm.prank(rita);
        market.refund(licenseId);
    }

    function test_RefusesAnOfferForAnotherVersionOrAtAHigherPrice() public {
        JobTerms memory terms = _single(3, 2);
        terms.version = _publish(ben, "other", _all(ben));
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.OfferForOtherVersion.selector, offerId, terms.version));
        terms = _single(3, 2);
        terms.maxRunPrice = RUN_PRICE - 1;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.RunPriceTooLow.selector, RUN_PRICE - 1, RUN_PRICE));
    }

    function test_ADeprecatedVersionRunsUnderALicenseOnly() public {
        vm.prank(ada);
        registry.deprecate(version);
        _refuse(rita, _single(3, 2), abi.encodeWithSelector(IJobMarket.VersionDeprecated.selector, version));
        _posted();
    }

    function test_RefusesQuorumsThatAreNoMajority() public {
        uint8[2][7] memory wrong = [[0, 0], [2, 2], [3, 1], [3, 4], [8, 5], [9, 5], [7, 3]];
        for (uint256 i; i < wrong.length; ++i) {
            (uint8 n, uint8 k) = (wrong[i][0], wrong[i][1]);
            _refuse(rita, _licensed(n, k), abi.encodeWithSelector(IJobMarket.QuorumInvalid.selector, n, k));
        }
        _post(_licensed(1, 1));
        _post(_licensed(7, 4));
        _post(_licensed(3, 3));
    }

    function test_RefusesTermsOutOfBounds() public {
        JobTerms memory terms = _licensed(3, 2);
        terms.fee = uint96(MINIMUM_FEE - 1);
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.FeeTooLow.selector, MINIMUM_FEE - 1, MINIMUM_FEE));
        terms = _licensed(3, 2);
        terms.fuel = 0;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.FuelInvalid.selector, 0, MAX_FUEL));
        terms.fuel = MAX_FUEL + 1;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.FuelInvalid.selector, MAX_FUEL + 1, MAX_FUEL));
        terms.fuel = MAX_FUEL;
        terms.assurancePpm = 1_000_001;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.AssuranceInvalid.selector, 1_000_001));
        terms.assurancePpm = 1_000_000;
        vm.startPrank(rita);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SpecInvalid.selector, 0, 4096));
        jobs.post(terms, "");
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SpecInvalid.selector, 4097, 4096));
        jobs.post(terms, new bytes(4097));
        jobs.post(terms, new bytes(4096));
    }

    function test_TheLeastFeeGrowsWithEachBegunMinute() public {
        uint64 minute = 60 * 500_000_000;
        vm.assertEq(jobs.minimumFee(1), MINIMUM_FEE);
        vm.assertEq(jobs.minimumFee(minute), MINIMUM_FEE);
        vm.assertEq(jobs.minimumFee(minute + 1), 2 * MINIMUM_FEE);
        vm.assertEq(jobs.minimumFee(MAX_FUEL), 7 * MINIMUM_FEE);
        JobTerms memory terms = _licensed(3, 2);
        (terms.fuel, terms.fee) = (minute + 1, uint96(2 * MINIMUM_FEE - 1));
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.FeeTooLow.selector, terms.fee, 2 * MINIMUM_FEE));
        ++terms.fee;
        _post(terms);
    }

    function test_AValueIsBoundedByWhatALieWouldCost() public {
        uint256 lock = FEE * LOCK_MULTIPLE;
        vm.assertEq(jobs.boundOf(0, 3, lock), 0);
        vm.assertEq(jobs.boundOf(100_000, 3, lock), 3 * lock / 9);
        vm.assertEq(jobs.boundOf(500_000, 3, lock), 3 * lock);
        vm.assertEq(jobs.boundOf(900_000, 3, lock), 27 * lock);
        vm.assertEq(jobs.boundOf(1_000_000, 3, lock), type(uint256).max);

        JobTerms memory terms = _licensed(3, 2);
        terms.value = 1;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.ValueTooHigh.selector, 1, 0));
        (terms.assurancePpm, terms.value) = (500_000, uint96(3 * lock + 1));
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.ValueTooHigh.selector, 3 * lock + 1, 3 * lock));
        terms.value = uint96(3 * lock);
        _post(terms);
        (terms.assurancePpm, terms.value) = (1_000_000, type(uint96).max);
        _post(terms);
    }

    function test_RefusesAnEmptyWallet() public {
        uint64 own = _buy(rita, offerId, version);
        vm.prank(rita);
        market.transferFrom(rita, ned, own);
        vm.prank(ned);
        usd.approve(address(jobs), FEE);
        JobTerms memory terms = _licensed(3, 2);
        terms.licenseId = own;
        _refuse(ned, terms, abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ned, 0, FEE));
    }

    function test_RefusesARoyaltyTokenThatKeepsAFeeOrCallsBack() public {
        FeeToken keeps = new FeeToken();
        JobTerms memory terms = _single(3, 2);
        terms.offerId = _offerIn(address(keeps));
        keeps.mint(rita, RUN_PRICE);
        vm.prank(rita);
        keeps.approve(address(jobs), RUN_PRICE);
        _refuse(
            rita,
            terms,
            abi.encodeWithSelector(
                IRevenueLedger.NotCovered.selector, address(keeps), RUN_PRICE, RUN_PRICE - RUN_PRICE / 100
            )
        );

        ReentrantToken calls = new ReentrantToken();
        terms.offerId = _offerIn(address(calls));
        calls.mint(rita, RUN_PRICE);
        vm.prank(rita);
        calls.approve(address(jobs), RUN_PRICE);
        calls.arm(address(jobs), abi.encodeCall(IJobMarket.post, (terms, SPEC)));
        _refuse(rita, terms, abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
    }

    function test_RecordsOfUnknownJobsAreRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.UnknownJob.selector, 7));
        jobs.job(7);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.UnknownJob.selector, 7));
        jobs.seats(7);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.UnknownJob.selector, 7));
        jobs.assign(7);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.UnknownJob.selector, 7));
        jobs.expire(7);
    }

    function test_RefusesADeploymentWithImpossibleWindows() public {
        vm.assertEq(keccak256(abi.encode(jobs.windows())), keccak256(abi.encode(_windows())));
        for (uint256 i; i < 6; ++i) {
            Windows memory windows = _windows();
            if (i == 0) windows.open = 0;
            if (i == 1) windows.commit = 0;
            if (i == 2) windows.reveal = 0;
            if (i == 3) windows.fuelPerSecond = 0;
            if (i == 4) windows.confirmations = 0;
            if (i == 5) windows.confirmations = 16;
            vm.expectRevert(abi.encodeWithSelector(IRounds.WindowsInvalid.selector));
            new JobMarket(_parts(), _limits(), windows);
        }
    }

    function test_RefusesADeploymentWhoseStakeCouldFleeAJob() public {
        // Three draws of 120 + 60 + 400 s, reveal, challenge, and twice a rerun of 120 + 60 + 400 + 60 s; all twice.
        uint256 needed = 2 * (3 * 580 + 60 + 2 + 2 * 640);
        vm.assertEq(needed, 6164);
        Windows memory windows = _windows();
        windows.challenge += 68;
        new JobMarket(_parts(), _limits(), windows);
        windows.challenge += 1;
        vm.expectRevert(
            abi.encodeWithSelector(IJobMarket.UnbondPeriodTooShort.selector, UNBOND_PERIOD, UNBOND_PERIOD + 2)
        );
        new JobMarket(_parts(), _limits(), windows);
    }

    function _parts() private view returns (JobParts memory) {
        return JobParts({
            authority: manager,
            registry: registry,
            market: market,
            ledger: ledger,
            staking: staking,
            panel: panel,
            pool: pool
        });
    }

    function _limits() private pure returns (JobLimits memory) {
        return JobLimits({minimumFee: MINIMUM_FEE, lockMultiple: LOCK_MULTIPLE, maxFuel: MAX_FUEL});
    }

    /// @dev Changes what the offer sells, and the per-run price.
    function _sell(Sells sells, uint96 perRunPrice) private {
        Offer memory offer = _offerOf(version, PRICE, perRunPrice);
        offer.sells = sells;
        vm.prank(ada);
        market.setOffer(offerId, offer);
    }

    function _offerIn(address token) private returns (uint64) {
        ledger.allowToken(token, true);
        Offer memory offer = _offerOf(version, PRICE, RUN_PRICE);
        offer.token = token;
        vm.prank(ada);
        return uint64(market.setOffer(0, offer));
    }

    function _refuse(address requester, JobTerms memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(requester);
        jobs.post(terms, SPEC);
    }
}
