// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ILicenseMarket, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// refund(licenseId)
// ├── when the sender does not hold the license, or it is gone: it reverts with NotHolder
// ├── when there was no trial, it has ended, or the license was used: it reverts with NotRefundable
// └── otherwise
//     ├── the license is burned
//     ├── whoever holds it now is owed the price that was paid, whatever the offer says now
//     └── neither protocol, version nor referrer are paid
contract RefundTest is MarketTest {
    function test_ReturnsThePriceAndBurnsTheLicense() public {
        uint64 licenseId = _onTrial();
        vm.expectEmit(address(market));
        emit ILicenseMarket.Refunded(licenseId, rita, PRICE);
        vm.prank(rita);
        market.refund(licenseId);

        vm.assertEq(_owed(rita), PRICE);
        _checkHeld(0, PRICE);
        vm.assertEq(_owed(treasury) + _owed(ben) + ledger.received(version, address(usd)), 0);
        vm.assertFalse(market.isValid(licenseId, rita, version));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, licenseId));
        market.license(licenseId);
        _claim(rita);
        vm.assertEq(usd.balanceOf(rita), 1_000_000e6);
    }

    function test_TheTrialLastsToItsLastSecond() public {
        uint64 first = _onTrial();
        uint64 second = _buy(rita, offerId, version);
        _pass(TRIAL - 1);
        vm.prank(rita);
        market.refund(first);
        _pass(1);
        _refuse(rita, second, abi.encodeWithSelector(ILicenseMarket.NotRefundable.selector, second));
    }

    function test_CannotBeDoneTwice() public {
        uint64 licenseId = _onTrial();
        _buy(rita, offerId, version);
        vm.prank(rita);
        market.refund(licenseId);
        _refuse(rita, licenseId, abi.encodeWithSelector(ILicenseMarket.NotHolder.selector, rita, licenseId));
        _pass(TRIAL);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotReleasable.selector, licenseId));
        market.release(licenseId);
        _checkHeld(PRICE, 2 * PRICE);
    }

    /// @dev Buy, run, ask the money back.
    function test_AUsedLicenseIsNotReturned() public {
        uint64 licenseId = _onTrial();
        _use(licenseId, rita);
        _refuse(rita, licenseId, abi.encodeWithSelector(ILicenseMarket.NotRefundable.selector, licenseId));
        vm.assertEq(_owed(rita), 0);
        _checkDivided();
    }

    function test_ALicenseWithoutTrialIsNotReturned() public {
        uint64 licenseId = _buy(rita, offerId, version);
        _refuse(rita, licenseId, abi.encodeWithSelector(ILicenseMarket.NotRefundable.selector, licenseId));
    }

    function test_TheHolderIsPaidWhoeverBought() public {
        uint64 licenseId = _onTrial();
        vm.prank(rita);
        market.transferFrom(rita, cyd, licenseId);
        _refuse(rita, licenseId, abi.encodeWithSelector(ILicenseMarket.NotHolder.selector, rita, licenseId));
        vm.prank(cyd);
        market.refund(licenseId);
        vm.assertEq(_owed(cyd), PRICE);
        vm.assertEq(_owed(rita), 0);
    }

    function test_RefusesStrangersAndUnknownLicenses() public {
        uint64 licenseId = _onTrial();
        vm.prank(rita);
        market.approve(eve, licenseId);
        _refuse(eve, licenseId, abi.encodeWithSelector(ILicenseMarket.NotHolder.selector, eve, licenseId));
        _refuse(eve, 9, abi.encodeWithSelector(ILicenseMarket.NotHolder.selector, eve, 9));
    }

    function test_ReturnsWhatWasPaidWhateverTheOfferSaysNow() public {
        uint64 licenseId = _onTrial();
        Offer memory terms = _trialTerms();
        (terms.price, terms.trial) = (5 * PRICE, TRIAL + 1 days);
        _set(offerId, terms);
        ledger.allowToken(address(usd), false);
        vm.prank(rita);
        market.refund(licenseId);
        vm.assertEq(_owed(rita), PRICE);
    }

    function _refuse(address sender, uint64 licenseId, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(sender);
        market.refund(licenseId);
    }
}
