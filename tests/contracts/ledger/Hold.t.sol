// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// hold(token, amount)
// ├── when the balance does not cover all that is booked: it reverts with NotCovered
// └── otherwise it is held: part of the total, owed to nobody
// creditHeld(version, token, amount, referrer, referral)
// ├── when less is held: it reverts with HeldTooLittle
// └── otherwise it is divided like a sale, even of a token that is no longer allowed, and without a call to it
// payHeld(token, accounts, amounts)
// ├── when the lists differ in length: it reverts with LengthMismatch
// ├── when less is held: it reverts with HeldTooLittle
// └── otherwise accounts are owed it, free of the protocolFee
contract HoldTest is SaleTest {
    uint64 internal version;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
        usd.mint(address(ledger), 1e6);
    }

    function test_HoldsWhatIsNobodysYet() public {
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Held(jobsAt, address(usd), 1e6);
        _hold(1e6);
        vm.assertEq(ledger.held(address(usd)), 1e6);
        vm.assertEq(ledger.total(address(usd)), 1e6);
        vm.assertEq(_owed(treasury), 0);
    }

    function test_HoldsATokenThatIsNotAllowedForSales() public {
        ledger.allowToken(address(usd), false);
        _hold(1e6);
        vm.assertEq(ledger.held(address(usd)), 1e6);
    }

    function test_RefusesWhatTheBalanceDoesNotCover() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), 1e6 + 1, 1e6));
        vm.prank(poolAt);
        ledger.hold(address(usd), 1e6 + 1);
    }

    function test_CreditsHeldMoneyLikeASaleWhateverBecameOfItsToken() public {
        _hold(1e6);
        ledger.allowToken(address(usd), false);
        // What is booked moves without a call to the token: it may have lost the ledger's balance.
        vm.prank(address(ledger));
        usd.transfer(eve, 1e6);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Credited(version, address(usd), 575_000, 15_000);
        vm.prank(address(market));
        ledger.creditHeld(version, address(usd), 600_000, ben, 10_000);

        vm.assertEq(_owed(treasury), 15_000);
        vm.assertEq(_owed(ben), 10_000);
        vm.assertEq(ledger.received(version, address(usd)), 575_000);
        vm.assertEq(ledger.held(address(usd)), 400_000);
        vm.assertEq(ledger.total(address(usd)), 1e6);
    }

    function test_PaysHeldMoneyFreeOfTheProtocolFee() public {
        _hold(1e6);
        address[] memory accounts = new address[](4);
        uint256[] memory amounts = new uint256[](4);
        (accounts[0], accounts[1], accounts[2], accounts[3]) = (ada, ben, ada, cyd);
        (amounts[0], amounts[1], amounts[2], amounts[3]) = (10, 20, 30, 0);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ada, address(usd), 10);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ben, address(usd), 20);
        vm.prank(stakingAt);
        ledger.payHeld(address(usd), accounts, amounts);

        vm.assertEq(_owed(ada), 40);
        vm.assertEq(_owed(ben), 20);
        vm.assertEq(_owed(cyd), 0);
        vm.assertEq(_owed(treasury), 0);
        vm.assertEq(ledger.held(address(usd)), 1e6 - 60);
        vm.assertEq(ledger.total(address(usd)), 1e6);
    }

    function test_RefusesMoreThanIsHeld() public {
        _hold(100);
        bytes memory reason = abi.encodeWithSelector(IRevenueLedger.HeldTooLittle.selector, address(usd), 100, 101);
        vm.startPrank(jobsAt);
        vm.expectRevert(reason);
        ledger.payHeld(address(usd), _one(ada), _one(101));
        vm.expectRevert(reason);
        ledger.creditHeld(version, address(usd), 101, address(0), 0);
    }

    function test_RefusesListsOfUnequalLength() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.LengthMismatch.selector, 0, 1));
        vm.prank(jobsAt);
        ledger.payHeld(address(usd), new address[](0), _one(1));
    }

    function _hold(uint256 amount) private {
        vm.prank(jobsAt);
        ledger.hold(address(usd), amount);
    }
}
