// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors, IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ILicenseMarket, License, Offer, Sells} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {MarketTest} from "./MarketTest.sol";

// purchase(offerId, recipient, maxPrice, expectedVersion, referrer)
// ├── when sales are paused: it reverts with IsPaused (Pause.t.sol)
// ├── when the offer is unknown, or sells no licenses: it reverts with UnknownOffer, NotSold
// ├── when version or price changed under the buyer: it reverts with VersionChanged, PriceTooLow
// ├── when the version is deprecated, or a price is due in a token that is no longer allowed: it reverts
// ├── when buyer or recipient cannot: it reverts, and nothing is sold
// ├── when the offer is free
// │   └── a license is made and no money moves
// ├── when it has no trial
// │   ├── the price is divided between protocol, referrer and version at once
// │   └── an offer of 30 days ends after 30 days, one of zero never
// └── when it has a trial
//     ├── the price is held, and nobody is owed anything of it
//     └── a referrer is paid on release alone (Release.t.sol)
contract PurchaseTest is MarketTest {
    function test_MintsALicenseAndCreditsTheVersion() public {
        uint256 expiry = vm.getBlockTimestamp() + 30 days;
        vm.expectEmit(address(market));
        emit ILicenseMarket.Purchased(1, offerId, version, rita, ben, PRICE, expiry, 0, address(0));
        vm.prank(rita);
        uint256 licenseId = market.purchase(offerId, ben, PRICE, version, address(0));

        License memory license = market.license(licenseId);
        vm.assertEq(market.ownerOf(licenseId), ben);
        vm.assertEq(license.version, version);
        vm.assertEq(license.expiry, expiry);
        vm.assertEq(license.refundableUntil, 0);
        vm.assertEq(license.pricePaid, PRICE);
        vm.assertEq(license.token, address(usd));
        vm.assertEq(license.offer, offerId);
        vm.assertEq(market.licenseCount(), 1);
        vm.assertEq(usd.balanceOf(address(ledger)), PRICE);
        vm.assertEq(usd.balanceOf(rita), 1_000_000e6 - PRICE);
        vm.assertEq(ledger.claimable(treasury, address(usd)), PRICE * FEE_BPS / 10_000);
        vm.assertEq(ledger.received(version, address(usd)), PRICE - PRICE * FEE_BPS / 10_000);
        vm.assertEq(ledger.total(address(usd)), PRICE);
    }

    function test_ALicenseIsValidForItsHolderVersionAndTime() public {
        uint64 licenseId = _buy(rita, offerId, version);
        vm.assertTrue(market.isValid(licenseId, rita, version));
        vm.assertFalse(market.isValid(licenseId, eve, version));
        vm.assertFalse(market.isValid(licenseId, rita, version + 1));
        vm.assertFalse(market.isValid(licenseId + 1, rita, version));
        vm.assertFalse(market.isValid(licenseId + 1, address(0), 0));
        vm.assertFalse(market.isValid(0, address(0), 0));

        _pass(30 days - 1);
        vm.assertTrue(market.isValid(licenseId, rita, version));
        _pass(1);
        vm.assertFalse(market.isValid(licenseId, rita, version));
    }

    function test_ALicenseMovesWithItsToken() public {
        uint64 licenseId = _buy(rita, offerId, version);
        vm.prank(rita);
        market.transferFrom(rita, ben, licenseId);
        vm.assertFalse(market.isValid(licenseId, rita, version));
        vm.assertTrue(market.isValid(licenseId, ben, version));
    }

    function test_ADurationOfZeroIsPerpetual() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.duration = 0;
        vm.prank(ada);
        market.setOffer(offerId, terms);
        uint64 licenseId = _buy(rita, offerId, version);
        _pass(100 * 365 days);
        vm.assertEq(market.license(licenseId).expiry, 0);
        vm.assertTrue(market.isValid(licenseId, rita, version));
    }

    function test_AFreeOfferMovesNoMoney() public {
        uint64 free = _offer(ada, version, 0, 0);
        vm.prank(eve);
        market.purchase(free, eve, 0, version, ben);
        vm.assertEq(ledger.total(address(usd)), 0);
        vm.assertTrue(market.isValid(1, eve, version));
    }

    function test_AFreeOfferHasNoTrial() public {
        Offer memory terms = _trialTerms();
        terms.price = 0;
        _set(offerId, terms);
        uint64 licenseId = _buy(eve, offerId, version);
        vm.assertEq(market.license(licenseId).refundableUntil, 0);
        _use(licenseId, eve);
        _checkHeld(0, 0);
    }

    function test_AReferrerIsPaidAtOnceWhereThereIsNoTrial() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.referralBps = REFERRAL_BPS;
        _set(offerId, terms);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ben, address(usd), PRICE / 10);
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version, ben);
        _checkDivided();
    }

    function test_NobodyIsPaidWhereNobodyReferred() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.referralBps = REFERRAL_BPS;
        _set(offerId, terms);
        _buy(rita, offerId, version);
        vm.assertEq(ledger.received(version, address(usd)), _net(PRICE));
        vm.assertEq(_owed(address(0)), 0);
    }

    function test_ATrialHoldsThePrice() public {
        uint256 until = vm.getBlockTimestamp() + TRIAL;
        _set(offerId, _trialTerms());
        vm.expectEmit(address(market));
        emit ILicenseMarket.Purchased(
            1, offerId, version, rita, rita, PRICE, vm.getBlockTimestamp() + 30 days, until, ben
        );
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Held(address(market), address(usd), PRICE);
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version, ben);

        vm.assertEq(market.license(1).refundableUntil, until);
        _checkHeld(PRICE, PRICE);
        vm.assertEq(_owed(treasury) + _owed(ben) + ledger.received(version, address(usd)), 0);
    }

    function test_SoldLicensesKeepTheirTerms() public {
        uint64 licenseId = _buy(rita, offerId, version);
        bytes memory sold = abi.encode(market.license(licenseId));
        uint64 newer = _publish(ada, "ema2", _all(ada));
        vm.prank(ada);
        market.setOffer(offerId, _offerOf(newer, 99e6, 0));
        vm.assertEq(keccak256(abi.encode(market.license(licenseId))), keccak256(sold));
        vm.assertTrue(market.isValid(licenseId, rita, version));
    }

    function test_RefusesAPriceRaisedUnderTheBuyer() public {
        vm.prank(ada);
        market.setOffer(offerId, _offerOf(version, PRICE + 1, 0));
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.PriceTooLow.selector, PRICE, PRICE + 1));
    }

    function test_RefusesAVersionChangedUnderTheBuyer() public {
        uint64 newer = _publish(ada, "ema2", _all(ada));
        vm.prank(ada);
        market.setOffer(offerId, _offerOf(newer, PRICE, 0));
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.VersionChanged.selector, version, newer));
    }

    function test_RefusesWhatIsNoLongerSold() public {
        ledger.allowToken(address(usd), false);
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(usd)));
        ledger.allowToken(address(usd), true);
        vm.prank(ada);
        registry.deprecate(version);
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.VersionDeprecated.selector, version));
        _withdraw();
        _refuse(rita, PRICE, version, _notSold());
        offerId = 77;
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 77));
    }

    function test_RefusesALicenseWhereRunsAloneAreSold() public {
        Offer memory terms = _offerOf(version, PRICE, 1e6);
        terms.sells = Sells.Runs;
        _set(offerId, terms);
        _refuse(rita, PRICE, version, _notSold());
    }

    function test_AFreeOfferIsNoWayRoundDeprecation() public {
        offerId = _offer(ada, version, 0, 0);
        vm.prank(ada);
        registry.deprecate(version);
        _refuse(rita, 0, version, abi.encodeWithSelector(ILicenseMarket.VersionDeprecated.selector, version));
    }

    /// @dev What is free is paid in no token.
    function test_AFreeLicenseIsGivenThoughItsTokenIsNoLongerAllowed() public {
        offerId = _offer(ada, version, 0, 0);
        ledger.allowToken(address(usd), false);
        vm.assertTrue(market.isValid(_buy(eve, offerId, version), eve, version));
    }

    function test_RefusesATrialInATokenThatIsNoLongerAllowed() public {
        _set(offerId, _trialTerms());
        ledger.allowToken(address(usd), false);
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(usd)));
    }

    function test_RefusesAnEmptyWallet() public {
        vm.prank(eve);
        usd.approve(address(market), PRICE);
        _refuse(
            eve, PRICE, version, abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, eve, 0, PRICE)
        );
        vm.assertEq(market.licenseCount(), 0);
    }

    /// @dev No receiver is called: none can refuse, spend the gas or enter again.
    function test_ARecipientIsNotCalled() public {
        vm.prank(rita);
        market.purchase(offerId, address(registry), PRICE, version, address(0));
        vm.assertEq(market.ownerOf(1), address(registry));
    }

    function test_RefusesNobodyAsRecipient() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
        vm.prank(rita);
        market.purchase(offerId, address(0), PRICE, version, address(0));
    }

    function test_RecordsOfUnknownLicensesAreRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 3));
        market.license(3);
    }

    function testFuzz_ABuyerPaysThePriceAndNeverAboveTheMaximum(uint96 price, uint96 maxPrice) public {
        vm.prank(ada);
        market.setOffer(offerId, _offerOf(version, price, 0));
        usd.mint(rita, price);
        uint256 before = usd.balanceOf(rita);

        if (maxPrice < price) {
            _refuse(
                rita, maxPrice, version, abi.encodeWithSelector(ILicenseMarket.PriceTooLow.selector, maxPrice, price)
            );
            vm.assertEq(usd.balanceOf(rita), before);
            return;
        }
        vm.prank(rita);
        market.purchase(offerId, rita, maxPrice, version, address(0));
        vm.assertEq(usd.balanceOf(rita), before - price);
        vm.assertEq(ledger.received(version, address(usd)) + ledger.claimable(treasury, address(usd)), price);
    }

    function _refuse(address buyer, uint256 maxPrice, uint256 expected, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(buyer);
        market.purchase(offerId, buyer, maxPrice, expected, address(0));
    }
}
