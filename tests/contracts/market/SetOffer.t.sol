// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {ILicenseMarket, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {IModuleRegistry} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

contract SetOfferTest is SaleTest {
    uint64 internal version;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
    }

    function test_MakesAnOffer() public {
        Offer memory terms = _offerOf(version, PRICE, 1e6);
        vm.expectEmit(address(market));
        emit ILicenseMarket.OfferSet(1, version, address(usd), PRICE, 30 days, 1e6, true);
        vm.prank(ada);
        uint256 offerId = market.setOffer(0, terms);

        vm.assertEq(offerId, 1);
        vm.assertEq(market.offerCount(), 1);
        vm.assertEq(keccak256(abi.encode(market.offer(1))), keccak256(abi.encode(terms)));
        vm.assertEq(market.quote(1), PRICE);
    }

    function test_AnOfferMovesToANewVersionOfTheAuthor() public {
        uint64 offerId = _offer(ada, version, PRICE, 0);
        uint64 newer = _publish(ada, "ema2", _mostly(ada, version));
        vm.prank(ada);
        market.setOffer(offerId, _offerOf(newer, PRICE, 0));
        vm.assertEq(market.offer(offerId).version, newer);
        vm.assertEq(market.offerCount(), 1);
    }

    function test_RefusesWhoIsNotTheAuthorOfBothVersions() public {
        uint64 offerId = _offer(ada, version, PRICE, 0);
        uint64 other = _publish(eve, "other", _all(eve));
        _refuse(
            eve, 0, _offerOf(version, 1, 0), abi.encodeWithSelector(ILicenseMarket.NotAuthor.selector, eve, version)
        );
        _refuse(
            eve, offerId, _offerOf(other, 1, 0), abi.encodeWithSelector(ILicenseMarket.NotAuthor.selector, eve, version)
        );
        _refuse(
            ada, offerId, _offerOf(other, 1, 0), abi.encodeWithSelector(ILicenseMarket.NotAuthor.selector, ada, other)
        );
    }

    function test_RefusesUnknownOffersAndVersions() public {
        _refuse(ada, 5, _offerOf(version, 1, 0), abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 5));
        _refuse(ada, 0, _offerOf(9, 1, 0), abi.encodeWithSelector(IModuleRegistry.UnknownVersion.selector, 9));
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 5));
        market.offer(5);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 5));
        market.quote(5);
    }

    function test_RefusesTokensThatAreNotAllowed() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.token = address(0xbad);
        _refuse(ada, 0, terms, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(0xbad)));
    }

    function test_TheTokenOfAnOfferIsFixed() public {
        uint64 offerId = _offer(ada, version, PRICE, 0);
        MockUSD other = new MockUSD();
        market.allowToken(address(other), true);
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.token = address(other);
        _refuse(
            ada, offerId, terms, abi.encodeWithSelector(ILicenseMarket.OfferTokenFixed.selector, offerId, address(usd))
        );
    }

    function test_ADeprecatedVersionIsNotOfferedButItsOfferCanBeWithdrawn() public {
        uint64 offerId = _offer(ada, version, PRICE, 0);
        vm.prank(ada);
        registry.deprecate(version);
        market.allowToken(address(usd), false);
        Offer memory terms = _offerOf(version, PRICE, 0);
        _refuse(ada, offerId, terms, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(usd)));
        market.allowToken(address(usd), true);
        _refuse(ada, offerId, terms, abi.encodeWithSelector(ILicenseMarket.VersionDeprecated.selector, version));
        market.allowToken(address(usd), false);

        terms.active = false;
        vm.prank(ada);
        market.setOffer(offerId, terms);
        vm.assertFalse(market.offer(offerId).active);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.OfferInactive.selector, offerId));
        market.quote(offerId);
    }

    function test_OnlyTheOwnerAllowsTokens() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve));
        vm.prank(eve);
        market.allowToken(address(0xbad), true);

        vm.expectEmit(address(market));
        emit ILicenseMarket.TokenAllowed(address(usd), false);
        market.allowToken(address(usd), false);
        vm.assertFalse(market.tokenAllowed(address(usd)));
    }

    function _refuse(address author, uint256 offerId, Offer memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(author);
        market.setOffer(offerId, terms);
    }
}
