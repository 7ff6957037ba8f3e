// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {ILicenseMarket, Offer, Sells} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {IModuleRegistry} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

// setOffer(offerId, terms)
// ├── when the sender is not the author of the version offered, and of the one offered so far: it reverts with NotAuthor
// ├── when referral, resale or trial pass their limits: it reverts
// ├── when an offer is changed
// │   ├── and its token too: it reverts with OfferTokenFixed
// │   └── and lasts or may be tried for less time: it reverts with OfferShortened
// ├── when it is new or sells something
// │   ├── in a token that is not allowed: it reverts with TokenNotAllowed
// │   └── of a deprecated version: it reverts with VersionDeprecated
// └── otherwise
//     ├── the terms are kept, for a new id or the same
//     └── an offer can be withdrawn, whatever became of its token or version
contract SetOfferTest is SaleTest {
    uint64 internal version;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
    }

    function test_MakesAnOffer() public {
        Offer memory terms = Offer({
            token: address(usd),
            version: version,
            duration: 30 days,
            price: PRICE,
            perRunPrice: 1e6,
            trial: 30 days,
            referralBps: 2000,
            resaleBps: 1000,
            sells: Sells.Both
        });
        vm.expectEmit(address(market));
        emit ILicenseMarket.OfferSet(1, version, terms);
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
        ledger.allowToken(address(other), true);
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
        ledger.allowToken(address(usd), false);
        Offer memory terms = _offerOf(version, PRICE, 0);
        _refuse(ada, offerId, terms, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(usd)));
        ledger.allowToken(address(usd), true);
        _refuse(ada, offerId, terms, abi.encodeWithSelector(ILicenseMarket.VersionDeprecated.selector, version));
        ledger.allowToken(address(usd), false);

        terms.sells = Sells.Nothing;
        vm.prank(ada);
        market.setOffer(offerId, terms);
        vm.assertEq(uint256(market.offer(offerId).sells), uint256(Sells.Nothing));
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotSold.selector, offerId));
        market.quote(offerId);
    }

    function test_ANewOfferMayBeginWithdrawnButNotInATokenThatIsNotAllowed() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.sells = Sells.Nothing;
        terms.token = address(0xbad);
        _refuse(ada, 0, terms, abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(0xbad)));
        terms.token = address(usd);
        vm.prank(ada);
        vm.assertEq(market.setOffer(0, terms), 1);
    }

    function test_AnOfferOfRunsAloneQuotesNoLicense() public {
        Offer memory terms = _offerOf(version, PRICE, 1e6);
        terms.sells = Sells.Runs;
        vm.prank(ada);
        market.setOffer(0, terms);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotSold.selector, 1));
        market.quote(1);
        terms.sells = Sells.Licenses;
        vm.prank(ada);
        market.setOffer(1, terms);
        vm.assertEq(market.quote(1), PRICE);
    }

    function test_ReferralResaleAndTrialHaveLimits() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.referralBps = 2001;
        _refuse(ada, 0, terms, abi.encodeWithSelector(ILicenseMarket.ReferralTooHigh.selector, 2001));
        (terms.referralBps, terms.resaleBps) = (2000, 1001);
        _refuse(ada, 0, terms, abi.encodeWithSelector(ILicenseMarket.ResaleTooHigh.selector, 1001));
        (terms.resaleBps, terms.trial) = (1000, 30 days + 1);
        _refuse(
            ada, 0, terms, abi.encodeWithSelector(ILicenseMarket.TrialOutlastsLicense.selector, 30 days + 1, 30 days)
        );
        terms.duration = 0;
        vm.prank(ada);
        vm.assertEq(market.offer(market.setOffer(0, terms)).trial, 30 days + 1);
    }

    /// @dev `maxPrice` and `expectedVersion` would not protect a buyer from an offer that is cut short under it.
    function test_DurationAndTrialOnlyGrow() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.trial = 3 days;
        vm.prank(ada);
        market.setOffer(0, terms);

        bytes memory reason = abi.encodeWithSelector(ILicenseMarket.OfferShortened.selector, 1);
        terms.duration = 30 days - 1;
        _refuse(ada, 1, terms, reason);
        (terms.duration, terms.trial) = (30 days, 3 days - 1);
        _refuse(ada, 1, terms, reason);
        (terms.duration, terms.trial) = (31 days, 4 days);
        vm.startPrank(ada);
        market.setOffer(1, terms);
        terms.duration = 0;
        market.setOffer(1, terms);
        vm.stopPrank();
        terms.duration = type(uint32).max;
        _refuse(ada, 1, terms, reason);
        // Not by a detour through a withdrawal or another version either.
        terms.sells = Sells.Nothing;
        _refuse(ada, 1, terms, reason);
        terms.version = _publish(ada, "ema2", _all(ada));
        _refuse(ada, 1, terms, reason);
    }

    function test_TheNewOwnerOfAModuleSetsItsOffers() public {
        uint64 offerId = _offer(ada, version, PRICE, 0);
        vm.prank(ada);
        registry.transferFrom(ada, ben, 1);
        _refuse(
            ada,
            offerId,
            _offerOf(version, 1, 0),
            abi.encodeWithSelector(ILicenseMarket.NotAuthor.selector, ada, version)
        );
        vm.prank(ben);
        market.setOffer(offerId, _offerOf(version, 1, 0));
        vm.assertEq(market.quote(offerId), 1);
    }

    function _refuse(address author, uint256 offerId, Offer memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(author);
        market.setOffer(offerId, terms);
    }
}
