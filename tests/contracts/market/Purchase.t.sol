// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors, IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ILicenseMarket, License, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {SaleTest} from "../base/SaleTest.sol";

contract PurchaseTest is SaleTest {
    uint64 internal version;
    uint64 internal offerId;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
        offerId = _offer(ada, version, PRICE, 0);
    }

    function test_MintsALicenseAndCreditsTheVersion() public {
        uint256 expiry = vm.getBlockTimestamp() + 30 days;
        vm.expectEmit(address(market));
        emit ILicenseMarket.Purchased(1, offerId, version, rita, ben, address(usd), PRICE, expiry);
        vm.prank(rita);
        uint256 licenseId = market.purchase(offerId, ben, PRICE, version);

        License memory license = market.license(licenseId);
        vm.assertEq(market.ownerOf(licenseId), ben);
        vm.assertEq(license.version, version);
        vm.assertEq(license.expiry, expiry);
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
        market.purchase(free, eve, 0, version);
        vm.assertEq(ledger.total(address(usd)), 0);
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
        market.allowToken(address(usd), false);
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(usd)));
        market.allowToken(address(usd), true);
        vm.prank(ada);
        registry.deprecate(version);
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.VersionDeprecated.selector, version));
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.active = false;
        vm.prank(ada);
        market.setOffer(offerId, terms);
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.OfferInactive.selector, offerId));
        offerId = 77;
        _refuse(rita, PRICE, version, abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 77));
    }

    function test_RefusesAnEmptyWallet() public {
        vm.prank(eve);
        usd.approve(address(market), PRICE);
        _refuse(
            eve, PRICE, version, abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, eve, 0, PRICE)
        );
        vm.assertEq(market.licenseCount(), 0);
    }

    function test_RefusesNobodyAsRecipient() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
        vm.prank(rita);
        market.purchase(offerId, address(0), PRICE, version);
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
        market.purchase(offerId, rita, maxPrice, version);
        vm.assertEq(usd.balanceOf(rita), before - price);
        vm.assertEq(ledger.received(version, address(usd)) + ledger.claimable(treasury, address(usd)), price);
    }

    function _refuse(address buyer, uint256 maxPrice, uint256 expected, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(buyer);
        market.purchase(offerId, buyer, maxPrice, expected);
    }
}
