// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {OVERFLOW} from "../base/Vm.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// credit(version, token, amount, referrer, referral)
// ├── when the sender is not a market
// │   └── it reverts with NotMarket
// ├── when the token is not allowed
// │   └── it reverts with TokenNotAllowed
// ├── when the balance does not cover all that is booked
// │   └── it reverts with NotCovered
// ├── when referral and protocolFee exceed the amount
// │   └── it reverts
// └── otherwise
//     ├── the protocolFee goes to the treasury, once
//     ├── the referral goes to the referrer
//     ├── the rest goes to the version
//     └── a donation belongs to nobody
contract CreditTest is SaleTest {
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
        ledger.credit(version, address(usd), 1_000_001, address(0), 0);

        vm.assertEq(_owed(treasury), 25_000);
        vm.assertEq(ledger.received(version, address(usd)), 975_001);
        vm.assertEq(ledger.settled(version, address(usd)), 0);
        vm.assertEq(ledger.total(address(usd)), 1_000_001);
        vm.assertEq(ledger.held(address(usd)), 0);
    }

    function test_PaysTheReferrerBesideTheProtocolFee() public {
        usd.mint(address(ledger), 1e6);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Credited(version, address(usd), 775_000, 25_000);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ben, address(usd), 200_000);
        vm.prank(address(market));
        ledger.credit(version, address(usd), 1e6, ben, 200_000);

        vm.assertEq(_owed(ben), 200_000);
        vm.assertEq(_owed(treasury), 25_000);
        vm.assertEq(ledger.received(version, address(usd)), 775_000);
        vm.assertEq(ledger.total(address(usd)), 1e6);
    }

    function test_RefusesToPayMoreThanCameIn() public {
        usd.mint(address(ledger), 1e6);
        vm.expectRevert(OVERFLOW);
        vm.prank(address(market));
        ledger.credit(version, address(usd), 100, ben, 99);
    }

    function test_OnlyTheMarketsBringMoney() public {
        usd.mint(address(ledger), 100);
        address[4] memory strangers = [eve, treasury, address(this), panelAt];
        for (uint256 i; i < 4; ++i) {
            bytes memory reason = abi.encodeWithSelector(IRevenueLedger.NotMarket.selector, strangers[i]);
            vm.startPrank(strangers[i]);
            vm.expectRevert(reason);
            ledger.credit(version, address(usd), 1, address(0), 0);
            vm.expectRevert(reason);
            ledger.hold(address(usd), 1);
            vm.expectRevert(reason);
            ledger.creditHeld(version, address(usd), 0, address(0), 0);
            vm.expectRevert(reason);
            ledger.payHeld(address(usd), _one(eve), _one(0));
            vm.stopPrank();
        }
        for (uint256 i; i < 6; ++i) {
            vm.prank(_markets()[i]);
            ledger.credit(version, address(usd), 15, address(0), 0);
        }
        vm.assertEq(ledger.total(address(usd)), 90);
    }

    function test_RefusesATokenThatIsNotAllowed() public {
        usd.mint(address(ledger), 100);
        ledger.allowToken(address(usd), false);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.TokenNotAllowed.selector, address(usd)));
        vm.prank(address(market));
        ledger.credit(version, address(usd), 100, address(0), 0);
    }

    function test_RefusesWhatTheBalanceDoesNotCover() public {
        usd.mint(address(ledger), 99);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), 100, 99));
        vm.prank(address(market));
        ledger.credit(version, address(usd), 100, address(0), 0);

        vm.startPrank(jobsAt);
        ledger.hold(address(usd), 60);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), 100, 99));
        ledger.credit(version, address(usd), 40, address(0), 0);
    }

    function test_ADonationBelongsToNobody() public {
        usd.mint(address(ledger), 1e6);
        _settle(version, _all(ada));
        _claim(ada);
        vm.assertEq(usd.balanceOf(ada), 0);
        vm.assertEq(ledger.total(address(usd)), 0);
    }

    function testFuzz_ASaleIsDividedWholly(uint96 amount, uint16 bps, uint16 referralBps) public {
        ledger.setProtocolFee(bps % 501);
        _pass(FEE_DELAY);
        uint256 referral = uint256(amount) * (referralBps % 2001) / 10_000;
        usd.mint(address(ledger), amount);
        vm.prank(address(market));
        ledger.credit(version, address(usd), amount, ben, referral);
        vm.assertEq(_owed(treasury), uint256(amount) * (bps % 501) / 10_000);
        vm.assertEq(_owed(ben), referral);
        vm.assertEq(_owed(treasury) + _owed(ben) + ledger.received(version, address(usd)), amount);
    }
}
