// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILicenseMarket, Offer, Sells} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice A version of Ada's on sale for 30 days, and the steps of a sale.
abstract contract MarketTest is SaleTest {
    uint24 internal constant TRIAL = 3 days;
    uint16 internal constant REFERRAL_BPS = 1000;

    uint64 internal version;
    uint64 internal offerId;
    address internal immutable ned = _actor("ned");

    function setUp() public virtual override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
        offerId = _offer(ada, version, PRICE, 0);
    }

    function _set(uint64 id, Offer memory terms) internal {
        vm.prank(ada);
        market.setOffer(id, terms);
    }

    /// @dev The offer with a trial, and ten per cent for whoever refers.
    function _trialTerms() internal view returns (Offer memory terms) {
        terms = _offerOf(version, PRICE, 0);
        (terms.trial, terms.referralBps) = (TRIAL, REFERRAL_BPS);
    }

    function _withdraw() internal {
        Offer memory terms = market.offer(offerId);
        terms.sells = Sells.Nothing;
        _set(offerId, terms);
    }

    /// @dev Rita buys a license on trial, referred by Ben.
    function _onTrial() internal returns (uint64 licenseId) {
        _set(offerId, _trialTerms());
        vm.prank(rita);
        return uint64(market.purchase(offerId, rita, PRICE, version, ben));
    }

    function _use(uint64 licenseId, address user) internal {
        vm.prank(jobsAt);
        market.use(licenseId, user, version);
    }

    function _checkHeld(uint256 held, uint256 total) internal view {
        vm.assertEq(ledger.held(address(usd)), held);
        vm.assertEq(ledger.total(address(usd)), total);
    }

    /// @dev The price of a license went where a sale's goes, Ben's referral included.
    function _checkDivided() internal view {
        _checkHeld(0, PRICE);
        vm.assertEq(_owed(treasury), PRICE * FEE_BPS / 10_000);
        vm.assertEq(_owed(ben), PRICE / 10);
        vm.assertEq(ledger.received(version, address(usd)), PRICE - PRICE * FEE_BPS / 10_000 - PRICE / 10);
    }

    function _refusePurchase(address buyer, uint256 maxPrice, bytes memory reason) internal {
        vm.expectRevert(reason);
        vm.prank(buyer);
        market.purchase(offerId, buyer, maxPrice, version, address(0));
    }

    function _notSold() internal view returns (bytes memory) {
        return abi.encodeWithSelector(ILicenseMarket.NotSold.selector, offerId);
    }
}
