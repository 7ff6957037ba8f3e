// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// claimFor(account, tokens)
// ├── when nothing is owed
// │   └── it does nothing
// └── when something is owed
//     ├── it is paid to the account, whoever calls
//     └── what is owed to the burn address is burned
contract ClaimForTest is SaleTest {
    address private constant BURN = 0x000000000000000000000000000000000000dEaD;

    function test_PaysTheAccountAndNotTheCaller() public {
        _owe(usd, ada, 5);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Claimed(ada, address(usd), ada, 5);
        vm.prank(eve);
        ledger.claimFor(ada, _one(address(usd)));
        vm.assertEq(usd.balanceOf(ada), 5);
        vm.assertEq(usd.balanceOf(eve), 0);
        ledger.claimFor(ada, _one(address(usd)));
        vm.assertEq(usd.balanceOf(ada), 5);
    }

    function test_NobodyIsOwedNothing() public {
        ledger.claimFor(address(0), _one(address(usd)));
        ledger.claimFor(ada, _one(address(0xbad)));
        vm.assertEq(ledger.total(address(usd)), 0);
    }

    function test_AnyoneBurnsWhatIsToBeBurned() public {
        _owe(usd, BURN, 7);
        ledger.claimFor(BURN, _one(address(usd)));
        vm.assertEq(usd.balanceOf(BURN), 7);
        vm.assertEq(ledger.total(address(usd)), 0);
    }
}
