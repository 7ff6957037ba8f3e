// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {BaseTest} from "../base/BaseTest.sol";

contract ClaimTest is BaseTest {
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

    function _owe(MockUSD token, address account, uint256 amount) private {
        token.mint(address(ledger), amount);
        vm.prank(address(jobs));
        ledger.creditAccounts(address(token), _one(account), _one(amount));
    }
}
