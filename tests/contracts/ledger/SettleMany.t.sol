// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {IRevenueLedger, Settlement} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// settleMany(settlements)
// ├── when one of them is refused
// │   └── none is done
// ├── when there are none
// │   └── it does nothing
// └── otherwise
//     └── each is done as by `settle`, in the order given, tokens mixed
contract SettleManyTest is SaleTest {
    uint64 internal base;
    uint64 internal version;
    MockUSD internal other;

    function setUp() public override {
        super.setUp();
        base = _publish(ben, "base", _all(ben));
        version = _publish(ada, "ema", _mostly(ada, base));
        other = new MockUSD();
        ledger.allowToken(address(other), true);
        _income(version, 1e6);
        other.mint(address(ledger), 1e6);
        vm.prank(address(market));
        ledger.credit(version, address(other), 1e6, address(0), 0);
    }

    function test_SettlesOneAfterAnother() public {
        Settlement[] memory all = new Settlement[](4);
        all[0] = Settlement(version, address(usd), _mostly(ada, base));
        all[1] = Settlement(version, address(other), _mostly(ada, base));
        all[2] = Settlement(base, address(usd), _all(ben));
        all[3] = Settlement(base, address(usd), _all(ben));
        vm.prank(eve);
        ledger.settleMany(all);

        vm.assertEq(_owed(ada), 877_500);
        vm.assertEq(_owed(ben), 97_500);
        vm.assertEq(ledger.claimable(ada, address(other)), 877_500);
        vm.assertEq(ledger.claimable(ben, address(other)), 0);
        vm.assertEq(ledger.received(base, address(other)), 97_500);
    }

    function test_DoesAllOrNothing() public {
        Settlement[] memory all = new Settlement[](2);
        all[0] = Settlement(version, address(usd), _mostly(ada, base));
        all[1] = Settlement(base, address(usd), new Split[](0));
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.SplitsMismatch.selector, base));
        ledger.settleMany(all);
        vm.assertEq(_owed(ada), 0);
        ledger.settleMany(new Settlement[](0));
    }
}
