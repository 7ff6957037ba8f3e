// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {ILicenseMarket, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {SaleTest} from "../base/SaleTest.sol";
import {FalseToken, FeeToken, ListingToken, LyingToken, ReentrantToken, SilentToken} from "../tokens/HostileTokens.sol";

/// @notice Even a token that the owner should never have allowed must not take others' money.
contract HostileTokensTest is SaleTest {
    uint64 internal version;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
        _buy(rita, _offer(ada, version, PRICE, 0), version);
    }

    function test_RefusesATokenThatKeepsAFee() public {
        uint256 offerId = _offerIn(address(new FeeToken()));
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.ReceivedTooLittle.selector, PRICE - PRICE / 100, PRICE));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
    }

    function test_RefusesATokenThatSaysFalse() public {
        address token = address(new FalseToken());
        uint256 offerId = _offerIn(token);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
    }

    function test_RefusesATokenThatMovesNothing() public {
        LyingToken token = new LyingToken();
        uint256 offerId = _offerIn(address(token));
        // Tokens given to the ledger before must not pay for the license.
        token.mint(address(ledger), PRICE);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.ReceivedTooLittle.selector, 0, PRICE));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
    }

    function test_AcceptsATokenThatAnswersNothing() public {
        SilentToken token = new SilentToken();
        uint256 offerId = _offerIn(address(token));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
        ledger.settle(version, address(token), _all(ada));
        vm.prank(ada);
        ledger.claim(_one(address(token)), ada);
        vm.assertEq(token.balanceOf(ada), PRICE - PRICE * FEE_BPS / 10_000);
    }

    function test_APurchaseCannotBeEnteredAgain() public {
        ReentrantToken token = new ReentrantToken();
        uint256 offerId = _offerIn(address(token));
        token.arm(address(market), abi.encodeCall(ILicenseMarket.purchase, (offerId, eve, PRICE, version)));
        vm.expectRevert(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
    }

    function test_AClaimEnteredAgainPaysOnce() public {
        ReentrantToken token = new ReentrantToken();
        uint256 offerId = _offerIn(address(token));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
        ledger.settle(version, address(token), _all(ada));
        uint256 owed = ledger.claimable(ada, address(token));

        token.arm(address(ledger), abi.encodeCall(ledger.claim, (_one(address(token)), address(token))));
        vm.prank(ada);
        ledger.claim(_one(address(token)), ada);
        vm.assertEq(token.balanceOf(ada), owed);
        vm.assertEq(token.balanceOf(address(token)), 0);
    }

    function test_OneListedAccountHoldsUpNobodyElse() public {
        ListingToken token = new ListingToken();
        uint256 offerId = _offerIn(address(token));
        vm.prank(rita);
        market.purchase(offerId, rita, PRICE, version);
        token.list(ada);
        ledger.settle(version, address(token), _all(ada));

        vm.expectRevert(abi.encodeWithSelector(ListingToken.Listed.selector, ada));
        vm.prank(ada);
        ledger.claim(_one(address(token)), ada);
        vm.prank(ada);
        ledger.claim(_one(address(token)), ben);
        vm.prank(treasury);
        ledger.claim(_one(address(token)), treasury);
        vm.assertEq(token.balanceOf(ben) + token.balanceOf(treasury), PRICE);
    }

    function _offerIn(address token) private returns (uint256 offerId) {
        market.allowToken(token, true);
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.token = token;
        vm.prank(ada);
        offerId = market.setOffer(0, terms);
        MockUSD(token).mint(rita, 10 * PRICE);
        vm.prank(rita);
        (bool done,) = token.call(abi.encodeCall(IERC20.approve, (address(market), 10 * PRICE)));
        vm.assertTrue(done);
    }
}
