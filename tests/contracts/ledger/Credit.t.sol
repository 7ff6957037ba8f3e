// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {IModuleRegistry} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {BaseTest} from "../base/BaseTest.sol";

contract CreditTest is BaseTest {
    uint64 internal version;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
    }

    function test_TakesTheProtocolFeeOnceAtIngress() public {
        usd.mint(address(ledger), 1_000_001);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Credited(version, address(usd), 975_001, 25_000);
        vm.prank(address(market));
        ledger.credit(version, address(usd), 1_000_001);

        vm.assertEq(ledger.claimable(treasury, address(usd)), 25_000);
        vm.assertEq(ledger.received(version, address(usd)), 975_001);
        vm.assertEq(ledger.settled(version, address(usd)), 0);
        vm.assertEq(ledger.total(address(usd)), 1_000_001);
    }

    function test_CreditsAccountsFreeOfTheProtocolFee() public {
        usd.mint(address(ledger), 30);
        address[] memory accounts = new address[](2);
        uint256[] memory amounts = new uint256[](2);
        (accounts[0], accounts[1], amounts[0], amounts[1]) = (ada, ben, 10, 20);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ada, address(usd), 10);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ben, address(usd), 20);
        vm.prank(address(jobs));
        ledger.creditAccounts(address(usd), accounts, amounts);

        vm.assertEq(ledger.claimable(ada, address(usd)), 10);
        vm.assertEq(ledger.claimable(ben, address(usd)), 20);
        vm.assertEq(ledger.claimable(treasury, address(usd)), 0);
        vm.assertEq(ledger.total(address(usd)), 30);
    }

    function test_OnlyTheMarketsCredit() public {
        usd.mint(address(ledger), 100);
        address[3] memory strangers = [eve, treasury, address(this)];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotMarket.selector, strangers[i]));
            vm.prank(strangers[i]);
            ledger.credit(version, address(usd), 1);
            vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotMarket.selector, strangers[i]));
            vm.prank(strangers[i]);
            ledger.creditAccounts(address(usd), _one(eve), _one(1));
        }
    }

    function test_RefusesWhatTheBalanceDoesNotCover() public {
        usd.mint(address(ledger), 99);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), 100, 99));
        vm.prank(address(market));
        ledger.credit(version, address(usd), 100);

        vm.startPrank(address(jobs));
        ledger.creditAccounts(address(usd), _one(ada), _one(60));
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), 100, 99));
        ledger.creditAccounts(address(usd), _one(ada), _one(40));
    }

    function test_RefusesListsOfUnequalLength() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.LengthMismatch.selector, 0, 1));
        vm.prank(address(jobs));
        ledger.creditAccounts(address(usd), new address[](0), _one(1));
    }

    function test_ADonationBelongsToNobody() public {
        usd.mint(address(ledger), 1e6);
        ledger.settle(version, address(usd), _all(ada));
        _claim(ada);
        vm.assertEq(usd.balanceOf(ada), 0);
        vm.assertEq(ledger.total(address(usd)), 0);
    }

    function test_TheProtocolFeeIsAtMostFivePerCent() public {
        address[] memory markets = new address[](2);
        (markets[0], markets[1]) = (address(market), address(jobs));
        vm.assertEq(new RevenueLedger(registry, treasury, 500, markets).protocolFeeBps(), 500);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.FeeTooHigh.selector, 501));
        new RevenueLedger(registry, treasury, 501, markets);
    }

    function test_RefusesADeploymentWithoutTreasuryRegistryOrMarkets() public {
        address[] memory markets = new address[](2);
        (markets[0], markets[1]) = (address(market), address(0));
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.ZeroAddress.selector));
        new RevenueLedger(registry, treasury, FEE_BPS, markets);
        markets[1] = address(jobs);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.ZeroAddress.selector));
        new RevenueLedger(registry, address(0), FEE_BPS, markets);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.ZeroAddress.selector));
        new RevenueLedger(IModuleRegistry(address(0)), treasury, FEE_BPS, markets);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.MarketsInvalid.selector, 1));
        new RevenueLedger(registry, treasury, FEE_BPS, _one(address(market)));
    }
}
