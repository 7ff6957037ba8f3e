// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILicenseMarket} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// use(licenseId, user, version)
// ├── when the sender is not the JobMarket: it reverts with NotJobMarket
// ├── when the user may not run that version by that license now: it reverts with NotLicensed
// ├── when the license is on trial, or its trial has ended unreleased: its price is released
// └── otherwise nothing changes, though the version is deprecated or sales are paused
contract UseTest is MarketTest {
    function test_EndsTheTrial() public {
        uint64 licenseId = _onTrial();
        vm.expectEmit(address(market));
        emit ILicenseMarket.Released(licenseId, PRICE);
        _use(licenseId, rita);
        _checkDivided();
        _use(licenseId, rita);
        _checkDivided();
        vm.assertEq(market.license(licenseId).refundableUntil, 0);
    }

    function test_ReleasesATrialThatEndedByItself() public {
        uint64 licenseId = _onTrial();
        _pass(TRIAL + 1);
        _use(licenseId, rita);
        _checkDivided();
    }

    function test_ADeprecatedVersionAndAPauseDoNotStopLicensees() public {
        uint64 licenseId = _onTrial();
        vm.prank(ada);
        registry.deprecate(version);
        market.pause();
        ledger.allowToken(address(usd), false);
        _use(licenseId, rita);
        _checkDivided();
    }

    function test_TheJobMarketAlone() public {
        uint64 licenseId = _onTrial();
        address[3] memory strangers = [rita, ada, panelAt];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotJobMarket.selector, strangers[i]));
            vm.prank(strangers[i]);
            market.use(licenseId, rita, version);
        }
    }

    function test_RefusesWhoMayNotRunThatVersionNow() public {
        uint64 licenseId = _onTrial();
        _refuse(licenseId, eve, version);
        _refuse(licenseId, rita, version + 1);
        _refuse(licenseId + 1, rita, version);
        _refuse(licenseId + 1, address(0), 0);
        _pass(30 days);
        _refuse(licenseId, rita, version);
        _checkHeld(PRICE, PRICE);
    }

    function _refuse(uint64 licenseId, address user, uint64 wanted) private {
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.NotLicensed.selector, licenseId, user, wanted));
        vm.prank(jobsAt);
        market.use(licenseId, user, wanted);
    }
}
