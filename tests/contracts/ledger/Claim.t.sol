// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// claim(tokens, to)
// ├── when `to` is nobody
// │   └── it reverts with ZeroAddress
// ├── when nothing is owed in a token, or it is named again
// │   └── that token is skipped, without a call to it
// └── when something is owed
//     ├── all of it is paid to `to`, and no more is owed
//     ├── the treasury is paid its protocolFees with what it is owed beside
//     └── nobody else's share moves
contract ClaimTest is SaleTest {
    function test_PaysAllThatIsOwed() public {
        _owe(usd, ada, 70);
        _owe(usd, ben, 30);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Claimed(ada, address(usd), cyd, 70);
        vm.prank(ada);
        ledger.claim(_one(address(usd)), cyd);

        vm.assertEq(usd.balanceOf(cyd), 70);
        vm.assertEq(ledger.claimable(ada, address(usd)), 0);
        vm.assertEq(ledger.claimable(ben, address(usd)), 30);
        vm.assertEq(ledger.total(address(usd)), 30);
    }

    function test_PaysSeveralTokensAndSkipsEmptyOrRepeatedOnes() public {
        MockUSD other = new MockUSD();
        _owe(usd, ada, 5);
        _owe(other, ada, 7);
        address[] memory tokens = new address[](4);
        (tokens[0], tokens[1], tokens[2], tokens[3]) = (address(usd), address(0xbad), address(other), address(usd));
        vm.prank(ada);
        ledger.claim(tokens, ada);
        vm.assertEq(usd.balanceOf(ada), 5);
        vm.assertEq(other.balanceOf(ada), 7);
    }

    function test_NobodyClaimsForOrInPlaceOfOthers() public {
        _owe(usd, ada, 5);
        vm.prank(eve);
        ledger.claim(_one(address(usd)), eve);
        vm.assertEq(usd.balanceOf(eve), 0);
        vm.assertEq(ledger.claimable(ada, address(usd)), 5);
    }

    function test_RefusesToPayNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.ZeroAddress.selector));
        vm.prank(ada);
        ledger.claim(_one(address(usd)), address(0));
    }

    function test_AnAccountMayClaimToAnother() public {
        _owe(usd, ada, 5);
        vm.prank(ada);
        ledger.claim(_one(address(usd)), address(ledger));
        // To the ledger itself: it belongs to nobody then, and is booked to nobody.
        vm.assertEq(ledger.total(address(usd)), 0);
        vm.assertEq(usd.balanceOf(address(ledger)), 5);
    }

    function test_TheTreasuryClaimsProtocolFeesAndWhatItIsOwedBeside() public {
        uint64 version = _publish(treasury, "own", _all(treasury));
        _income(version, 1e6);
        _settle(version, _all(treasury));
        vm.assertEq(_owed(treasury), 1e6);
        _claim(treasury);
        vm.assertEq(usd.balanceOf(treasury), 1e6);
        vm.assertEq(_owed(treasury), 0);
        vm.assertEq(ledger.total(address(usd)), 0);
        _claim(treasury);
        vm.assertEq(usd.balanceOf(treasury), 1e6);
    }
}
