// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ILicenseMarket, Offer, RenewalRefusal} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// canRenew(licenseId), renew(licenseId, maxPrice)
// ├── when it cannot be renewed: canRenew says why, and renew reverts with NotRenewable and the same reason
// │   ├── UnknownLicense, Perpetual, InTrial
// │   ├── NotSold, OfferMoved, TokenNotAllowed, VersionDeprecated
// │   └── Paused
// ├── when the price rose above `maxPrice`: it reverts with PriceTooLow
// └── otherwise
//     ├── the offer's duration is added to the expiry, or to now where that is later
//     ├── the price is the caller's to pay, never the holder's: nobody's allowance is drained
//     ├── it is divided at once, without a referrer
//     └── an offer that has become perpetual makes the license so
contract RenewTest is MarketTest {
    uint64 internal licenseId;

    function setUp() public override {
        super.setUp();
        licenseId = _buy(rita, offerId, version);
        _claim(treasury);
    }

    function test_AddsToTheExpiry() public {
        uint256 expiry = market.license(licenseId).expiry + 30 days;
        _pass(10 days);
        vm.expectEmit(address(market));
        emit ILicenseMarket.Renewed(licenseId, rita, PRICE, expiry);
        _renew(rita, PRICE);

        vm.assertEq(market.license(licenseId).expiry, expiry);
        vm.assertEq(market.license(licenseId).pricePaid, PRICE);
        vm.assertEq(ledger.received(version, address(usd)), 2 * _net(PRICE));
        vm.assertEq(_owed(treasury), PRICE * FEE_BPS / 10_000);
        vm.assertEq(market.licenseCount(), 1);
    }

    function test_AnEndedLicenseBeginsAnewNow() public {
        _pass(100 days);
        vm.assertFalse(market.isValid(licenseId, rita, version));
        _renew(rita, PRICE);
        vm.assertEq(market.license(licenseId).expiry, vm.getBlockTimestamp() + 30 days);
        vm.assertTrue(market.isValid(licenseId, rita, version));
    }

    function test_AtTheSecondOfItsExpiryNothingIsLost() public {
        uint64 expiry = market.license(licenseId).expiry;
        vm.warp(expiry);
        _renew(rita, PRICE);
        vm.assertEq(market.license(licenseId).expiry, expiry + 30 days);
    }

    function test_AnyoneMayPayAndTheCallerPays() public {
        _fund(ben, PRICE);
        uint256 before = usd.balanceOf(rita);
        _renew(ben, PRICE);
        vm.assertEq(usd.balanceOf(ben), 0);
        vm.assertEq(usd.balanceOf(rita), before);
        vm.assertTrue(market.isValid(licenseId, rita, version));
    }

    /// @dev Rita's allowance is without limit; renewing her license again and again costs her nothing.
    function test_NobodyDrainsTheHoldersAllowance() public {
        uint256 before = usd.balanceOf(rita);
        vm.startPrank(eve);
        usd.approve(address(market), type(uint256).max);
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, eve, 0, PRICE));
            market.renew(licenseId, type(uint256).max);
        }
        vm.assertEq(usd.balanceOf(rita), before);
    }

    function test_RefusesAPriceRaisedUnderThePayer() public {
        _set(offerId, _offerOf(version, PRICE + 1, 0));
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.PriceTooLow.selector, PRICE, PRICE + 1));
        _renew(rita, PRICE);
        _renew(rita, PRICE + 1);
        // What was paid at purchase stays on record.
        vm.assertEq(market.license(licenseId).pricePaid, PRICE);
    }

    function test_ByTheOffersPresentTerms() public {
        Offer memory terms = _offerOf(version, 1, 0);
        terms.duration = 365 days;
        _set(offerId, terms);
        _renew(rita, 1);
        vm.assertEq(market.license(licenseId).expiry, vm.getBlockTimestamp() + 395 days);
        terms.duration = 0;
        terms.price = 0;
        _set(offerId, terms);
        _renew(rita, 0);
        vm.assertEq(market.license(licenseId).expiry, 0);
        _check(RenewalRefusal.Perpetual);
    }

    function test_NoReferralIsPaid() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.referralBps = REFERRAL_BPS;
        _set(offerId, terms);
        _renew(rita, PRICE);
        vm.assertEq(ledger.received(version, address(usd)), 2 * _net(PRICE));
    }

    function test_EveryReasonInItsOrder() public {
        _check(RenewalRefusal.None);
        market.pause();
        _check(RenewalRefusal.Paused);
        uint64 newer = _publish(ada, "ema2", _all(ada));
        Offer memory terms = _offerOf(newer, PRICE, 0);
        _set(offerId, terms);
        _check(RenewalRefusal.OfferMoved);
        terms.version = version;
        _set(offerId, terms);
        vm.prank(ada);
        registry.deprecate(version);
        _check(RenewalRefusal.VersionDeprecated);
        ledger.allowToken(address(usd), false);
        _check(RenewalRefusal.TokenNotAllowed);
        _withdraw();
        _check(RenewalRefusal.NotSold);
        licenseId = 9;
        _check(RenewalRefusal.UnknownLicense);
    }

    function test_NotDuringTheTrial() public {
        licenseId = _onTrial();
        _check(RenewalRefusal.InTrial);
        _pass(TRIAL - 1);
        _check(RenewalRefusal.InTrial);
        _pass(1);
        _check(RenewalRefusal.None);
    }

    /// @dev The price of the trial stays apart from the renewal's, and is returned no more.
    function test_AfterTheTrialThoughNobodyReleasedIt() public {
        licenseId = _onTrial();
        _pass(TRIAL);
        _renew(rita, PRICE);
        vm.assertEq(ledger.held(address(usd)), PRICE);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotRefundable.selector, licenseId));
        vm.prank(rita);
        market.refund(licenseId);
        market.release(licenseId);
        vm.assertEq(ledger.held(address(usd)), 0);
        vm.assertEq(_owed(ben), PRICE / 10);
    }

    function test_AUsedTrialCanBeRenewedAtOnce() public {
        licenseId = _onTrial();
        _use(licenseId, rita);
        _check(RenewalRefusal.None);
    }

    function _renew(address payer, uint256 maxPrice) private {
        vm.prank(payer);
        market.renew(licenseId, maxPrice);
    }

    function _check(RenewalRefusal expected) private {
        (bool possible, RenewalRefusal reason) = market.canRenew(licenseId);
        vm.assertEq(uint256(reason), uint256(expected));
        vm.assertEq(possible, expected == RenewalRefusal.None);
        if (possible) return;
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotRenewable.selector, licenseId, expected));
        _renew(rita, type(uint256).max);
    }
}
