// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Authorization, ILicenseMarket, Permit, RenewalRefusal} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// pause(), unpause()
// ├── when the sender may not: it reverts; who may pause need not be who may allow sales again
// └── otherwise
//     ├── purchases of every kind and renewals stop, or go on again
//     └── refunds, releases, settlements, claims and the use of licenses never stop
contract PauseTest is MarketTest {
    uint64 private constant GUARDIAN = 3;

    function test_StopsSalesAndRenewals() public {
        uint64 licenseId = _buy(rita, offerId, version);
        vm.expectEmit(address(market));
        emit ILicenseMarket.PausedSet(true);
        market.pause();
        vm.assertTrue(market.paused());

        bytes memory reason = abi.encodeWithSelector(ILicenseMarket.IsPaused.selector);
        Permit memory permit;
        Authorization memory authorization;
        authorization.value = PRICE;
        _refusePurchase(rita, PRICE, reason);
        vm.startPrank(rita);
        vm.expectRevert(reason);
        market.purchaseWithPermit(offerId, rita, PRICE, version, address(0), permit);
        vm.expectRevert(reason);
        market.purchaseWithAuthorization(offerId, rita, version, address(0), authorization);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotRenewable.selector, licenseId, RenewalRefusal.Paused));
        market.renew(licenseId, PRICE);
        vm.stopPrank();
        vm.assertEq(market.licenseCount(), 1);

        vm.expectEmit(address(market));
        emit ILicenseMarket.PausedSet(false);
        market.unpause();
        vm.assertEq(_buy(rita, offerId, version), 2);
    }

    function test_NeverStopsWhatIsOwed() public {
        uint64 returned = _onTrial();
        uint64 used = _buy(rita, offerId, version);
        uint64 kept = _buy(rita, offerId, version);
        market.pause();
        vm.prank(rita);
        market.refund(returned);
        _use(used, rita);
        _pass(TRIAL);
        market.release(kept);
        _settle(version, _all(ada));
        _claim(ada);
        _claim(rita);
        _claim(treasury);
        vm.assertEq(usd.balanceOf(rita), 1_000_000e6 - 2 * PRICE);
        vm.assertEq(usd.balanceOf(ada) + usd.balanceOf(treasury), 2 * PRICE);
        vm.prank(rita);
        market.transferFrom(rita, cyd, kept);
        vm.assertTrue(market.isValid(kept, cyd, version));
        _withdraw();
    }

    function test_AGuardianStopsButDoesNotStart() public {
        bytes4[] memory verbs = new bytes4[](1);
        verbs[0] = market.pause.selector;
        manager.setTargetFunctionRole(address(market), verbs, GUARDIAN);
        manager.grantRole(GUARDIAN, cyd, 0);

        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve));
        vm.prank(eve);
        market.pause();
        vm.startPrank(cyd);
        market.pause();
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, cyd));
        market.unpause();
        vm.stopPrank();
        vm.assertTrue(market.paused());
    }
}
