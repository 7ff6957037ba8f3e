// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IJobMarket, Job, JobTerms, Status, Windows} from "../../../contracts/interfaces/IJobMarket.sol";
import {ILicenseMarket, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {JobMarket} from "../../../contracts/JobMarket.sol";
import {JobTest} from "../base/JobTest.sol";
import {FeeToken, ReentrantToken} from "../tokens/HostileTokens.sol";

contract PostTest is JobTest {
    address internal ned = _actor("ned");

    function test_ALicenseHolderPaysTheFeeAlone() public {
        uint256 before = usd.balanceOf(rita);
        vm.expectEmit(address(jobs));
        emit IJobMarket.Posted(
            1,
            rita,
            version,
            licenseId,
            3,
            2,
            FEE,
            0,
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
        _refuse(eve, _licensed(3, 2), abi.encodeWithSelector(IJobMarket.NotLicensed.selector, licenseId, eve, version));
        JobTerms memory terms = _licensed(3, 2);
        terms.version = _publish(ben, "other", _all(ben));
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.NotLicensed.selector, licenseId, rita, terms.version));
        terms.licenseId = 99;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.NotLicensed.selector, 99, rita, terms.version));
        _pass(30 days);
        terms = _licensed(3, 2);
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.NotLicensed.selector, licenseId, rita, version));
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
        terms.offerId = _offer(ada, version, PRICE, 0);
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.RunNotSold.selector, terms.offerId));

        terms = _single(3, 2);
        market.allowToken(address(usd), false);
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.RunNotSold.selector, offerId));
        market.allowToken(address(usd), true);
        Offer memory offer = _offerOf(version, PRICE, RUN_PRICE);
        offer.active = false;
        vm.prank(ada);
        market.setOffer(offerId, offer);
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.RunNotSold.selector, offerId));
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
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.FuelInvalid.selector, 0, 1e13));
        terms.fuel = 1e13 + 1;
        _refuse(rita, terms, abi.encodeWithSelector(IJobMarket.FuelInvalid.selector, 1e13 + 1, 1e13));
        terms.fuel = 1e13;
        vm.startPrank(rita);
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SpecInvalid.selector, 0, 4096));
        jobs.post(terms, "");
        vm.expectRevert(abi.encodeWithSelector(IJobMarket.SpecInvalid.selector, 4097, 4096));
        jobs.post(terms, new bytes(4097));
        jobs.post(terms, new bytes(4096));
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
            abi.encodeWithSelector(IJobMarket.ReceivedTooLittle.selector, RUN_PRICE - RUN_PRICE / 100, RUN_PRICE)
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
            vm.expectRevert(abi.encodeWithSelector(IJobMarket.WindowsInvalid.selector));
            new JobMarket(registry, market, ledger, staking, MINIMUM_FEE, LOCK_MULTIPLE, windows);
        }
    }

    function _offerIn(address token) private returns (uint64) {
        market.allowToken(token, true);
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
