// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILicenseMarket, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// release(licenseId)
// ├── when the license is unknown, had no trial, is in its trial, or was released before: it reverts with NotReleasable
// └── otherwise, whoever calls
//     ├── the price goes to protocol, referrer and version, by the terms at purchase
//     ├── and that although its token is no longer allowed
//     └── the license stays what it was
contract ReleaseTest is MarketTest {
    function test_PassesThePriceOnWhenTheTrialHasEnded() public {
        uint64 licenseId = _onTrial();
        _pass(TRIAL);
        vm.expectEmit(address(market));
        emit ILicenseMarket.Released(licenseId, PRICE);
        vm.prank(eve);
        market.release(licenseId);

        _checkDivided();
        vm.assertEq(market.license(licenseId).refundableUntil, 0);
        vm.assertEq(market.license(licenseId).pricePaid, PRICE);
        vm.assertTrue(market.isValid(licenseId, rita, version));
    }

    function test_NotBeforeTheTrialHasEnded() public {
        uint64 licenseId = _onTrial();
        _pass(TRIAL - 1);
        _refuse(licenseId);
        _checkHeld(PRICE, PRICE);
        _pass(1);
        market.release(licenseId);
        _refuse(licenseId);
        _checkDivided();
    }

    function test_NothingToReleaseWithoutATrial() public {
        _refuse(_buy(rita, offerId, version));
        _refuse(9);
        _refuse(0);
    }

    function test_PaysTheReferrerByTheTermsAtPurchase() public {
        uint64 licenseId = _onTrial();
        Offer memory terms = _trialTerms();
        terms.referralBps = 0;
        _set(offerId, terms);
        uint64 unreferred = _buy(rita, offerId, version);
        _pass(TRIAL);
        market.release(licenseId);
        vm.assertEq(_owed(ben), PRICE / 10);
        _checkHeld(PRICE, 2 * PRICE);
        market.release(unreferred);
        vm.assertEq(_owed(ben), PRICE / 10);
        vm.assertEq(ledger.received(version, address(usd)), 2 * _net(PRICE) - PRICE / 10);
    }

    function test_WhateverBecameOfTokenVersionAndOffer() public {
        uint64 licenseId = _onTrial();
        uint64 newer = _publish(ada, "ema2", _all(ada));
        Offer memory terms = _trialTerms();
        terms.version = newer;
        _set(offerId, terms);
        vm.prank(ada);
        registry.deprecate(version);
        ledger.allowToken(address(usd), false);
        _pass(TRIAL);
        market.release(licenseId);
        _checkDivided();
    }

    function test_AnEndedLicenseIsReleasedToo() public {
        uint64 licenseId = _onTrial();
        _pass(31 days);
        market.release(licenseId);
        _checkDivided();
        vm.assertFalse(market.isValid(licenseId, rita, version));
    }

    /// @dev A fee that rose meanwhile is the one that is taken: it was announced for longer than the delay, and is capped.
    function test_TakesTheProtocolFeeOfTheDay() public {
        uint64 licenseId = _onTrial();
        ledger.setProtocolFee(500);
        _pass(TRIAL);
        market.release(licenseId);
        vm.assertEq(_owed(treasury), PRICE / 20);
    }

    function _refuse(uint64 licenseId) private {
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotReleasable.selector, licenseId));
        market.release(licenseId);
    }
}
