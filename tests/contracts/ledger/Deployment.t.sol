// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {IModuleRegistry} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// constructor
// ├── when the fee is above 500: it reverts with FeeTooHigh
// ├── when there are not six markets: it reverts with MarketsInvalid
// ├── when treasury, registry or a market is nobody: it reverts with ZeroAddress
// └── otherwise the fee holds from the first second
// allowToken(token, allowed)
// ├── when the sender is not the owner: it reverts
// └── otherwise the token is allowed, or no longer, and what is owed in it stays owed
contract LedgerDeploymentTest is SaleTest {
    function test_TheFeeHoldsFromTheFirstSecond() public {
        RevenueLedger other = new RevenueLedger(manager, registry, treasury, 500, FEE_DELAY, _markets());
        vm.assertEq(other.protocolFeeBps(), 500);
        vm.assertEq(other.feeDelay(), FEE_DELAY);
        vm.assertEq(other.treasury(), treasury);
        vm.assertEq(other.authority(), address(manager));
    }

    function test_RefusesAFeeThatIsTooHigh() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.FeeTooHigh.selector, 501));
        new RevenueLedger(manager, registry, treasury, 501, FEE_DELAY, _markets());
    }

    function test_RefusesToStandWithoutTreasuryRegistryOrMarkets() public {
        bytes memory nobody = abi.encodeWithSelector(IRevenueLedger.ZeroAddress.selector);
        vm.expectRevert(nobody);
        new RevenueLedger(manager, registry, address(0), FEE_BPS, FEE_DELAY, _markets());
        vm.expectRevert(nobody);
        new RevenueLedger(manager, IModuleRegistry(address(0)), treasury, FEE_BPS, FEE_DELAY, _markets());
        for (uint256 i; i < 6; ++i) {
            address[] memory markets = _markets();
            markets[i] = address(0);
            vm.expectRevert(nobody);
            new RevenueLedger(manager, registry, treasury, FEE_BPS, FEE_DELAY, markets);
        }
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.MarketsInvalid.selector, 1));
        new RevenueLedger(manager, registry, treasury, FEE_BPS, FEE_DELAY, _one(address(market)));
    }

    function test_OnlyTheOwnerAllowsTokens() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve));
        vm.prank(eve);
        ledger.allowToken(address(0xbad), true);

        vm.expectEmit(address(ledger));
        emit IRevenueLedger.TokenAllowed(address(usd), false);
        ledger.allowToken(address(usd), false);
        vm.assertFalse(ledger.tokenAllowed(address(usd)));
    }

    function test_WhatIsOwedInATokenThatIsNoLongerAllowedStaysOwed() public {
        uint64 version = _publish(ada, "ema", _all(ada));
        _income(version, 1e6);
        ledger.allowToken(address(usd), false);
        _settle(version, _all(ada));
        _claim(ada);
        _claim(treasury);
        vm.assertEq(usd.balanceOf(ada), 975_000);
        vm.assertEq(usd.balanceOf(treasury), 25_000);
        ledger.allowToken(address(usd), true);
        _income(version, 1e6);
        vm.assertEq(ledger.total(address(usd)), 1e6);
    }
}
