// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {Authorization, ILicenseMarket, Offer, Permit} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {
    CoarseToken,
    FalseToken,
    FeeToken,
    ListingToken,
    LyingToken,
    RebasingToken,
    ReentrantToken,
    SilentToken
} from "../tokens/HostileTokens.sol";
import {MarketTest} from "./MarketTest.sol";

// Even a token that the owner should never have allowed takes nobody's money but its own holders':
// ├── one that keeps a fee, moves nothing or says false buys nothing, with or without a trial
// │   └── a surplus that belongs to nobody may pay for it, and then nobody is owed more than is there
// ├── one that answers nothing, or has two decimals, is as good as any
// ├── one that calls back in the middle of a sale or a claim finds nothing that is not its own
// ├── one that lists an account holds up nobody else
// ├── one that rebases down stops its own sales, and its claims as far as it is short
// └── in every case what is owed in other tokens is paid in full
contract HostileTokensTest is MarketTest {
    function setUp() public override {
        super.setUp();
        _buy(rita, offerId, version);
    }

    /// @dev What was sold for dollars is paid in dollars, whatever the test's token did.
    modifier othersArePaid() {
        _;
        _settle(version, _all(ada));
        _claim(ada);
        _claim(treasury);
        vm.assertEq(usd.balanceOf(ada) + usd.balanceOf(treasury), PRICE);
        _checkHeld(0, 0);
    }

    function test_RefusesATokenThatKeepsAFee() public othersArePaid {
        FeeToken token = new FeeToken();
        bytes memory reason = _notCovered(address(token), PRICE - PRICE / 100);
        _refuseIn(address(token), _offerIn(address(token), 0), reason);
        _refuseIn(address(token), _offerIn(address(token), TRIAL), reason);
    }

    function test_RefusesATokenThatSaysFalse() public othersArePaid {
        address token = address(new FalseToken());
        _refuseIn(token, _offerIn(token, 0), abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
    }

    function test_RefusesATokenThatMovesNothing() public othersArePaid {
        address token = address(new LyingToken());
        _refuseIn(token, _offerIn(token, 0), _notCovered(token, 0));
        _refuseIn(token, _offerIn(token, TRIAL), _notCovered(token, 0));
    }

    /// @dev Then the license is paid for by who gave the surplus, and all that is owed is there.
    function test_WhatBelongsToNobodyMayCoverWhatDidNotArrive() public othersArePaid {
        LyingToken token = new LyingToken();
        uint256 id = _offerIn(address(token), 0);
        token.mint(address(ledger), PRICE);
        _buyIn(id);
        vm.assertEq(ledger.total(address(token)), PRICE);
        _refuseIn(
            address(token), id, abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, token, 2 * PRICE, PRICE)
        );
    }

    function test_AcceptsATokenThatAnswersNothing() public othersArePaid {
        SilentToken token = new SilentToken();
        _buyIn(_offerIn(address(token), 0));
        ledger.settle(version, address(token), _all(ada));
        ledger.claimFor(ada, _one(address(token)));
        vm.assertEq(token.balanceOf(ada), _net(PRICE));
    }

    function test_ATokenWithoutPermitsIsBoughtWithByItsAllowance() public othersArePaid {
        SilentToken token = new SilentToken();
        uint256 id = _offerIn(address(token), 0);
        Permit memory permit;
        vm.prank(rita);
        market.purchaseWithPermit(id, rita, PRICE, version, address(0), permit);
        vm.assertEq(token.balanceOf(address(ledger)), PRICE);

        Authorization memory signed;
        (signed.from, signed.value, signed.signature) = (rita, PRICE, new bytes(65));
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.AuthorizationRefused.selector, rita));
        market.purchaseWithAuthorization(id, rita, version, address(0), signed);
    }

    function test_ATokenOfTwoDecimalsIsSharedToTheLastUnit() public othersArePaid {
        CoarseToken token = new CoarseToken();
        uint256 id = _offerIn(address(token), 0);
        Offer memory terms = market.offer(uint64(id));
        (terms.price, terms.referralBps) = (99, REFERRAL_BPS);
        _set(uint64(id), terms);
        for (uint256 i; i < 5; ++i) {
            vm.prank(rita);
            market.purchase(id, rita, 99, version, ben);
            ledger.settle(version, address(token), _all(ada));
        }
        vm.assertEq(ledger.claimable(treasury, address(token)), 5 * 2);
        vm.assertEq(ledger.claimable(ben, address(token)), 5 * 9);
        vm.assertEq(ledger.claimable(ada, address(token)), 5 * 88);
        vm.assertEq(ledger.total(address(token)), 5 * 99);
    }

    /// @dev The license exists before its price is there: returned at once, it is paid for from what others have in
    /// escrow, and its price fills the gap. Where nobody has, or the price does not come, nothing has happened.
    function test_ALicenseReturnedInTheMiddleOfItsSaleCostsOthersNothing() public othersArePaid {
        ReentrantToken token = new ReentrantToken();
        uint256 id = _offerIn(address(token), TRIAL);
        token.arm(address(market), abi.encodeCall(ILicenseMarket.refund, (2)));
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.HeldTooLittle.selector, token, 0, PRICE));
        vm.prank(rita);
        market.purchase(id, address(token), PRICE, version, address(0));

        token.arm(address(0), "");
        _buyIn(id);
        token.arm(address(market), abi.encodeCall(ILicenseMarket.refund, (3)));
        vm.prank(rita);
        market.purchase(id, address(token), PRICE, version, address(0));
        vm.assertEq(ledger.held(address(token)), PRICE);
        vm.assertEq(ledger.claimable(address(token), address(token)), PRICE);
        vm.assertEq(ledger.total(address(token)), token.balanceOf(address(ledger)));
        vm.prank(rita);
        market.refund(2);
        ledger.claimFor(rita, _one(address(token)));
        vm.assertEq(token.balanceOf(rita), 9 * PRICE);
    }

    function test_ASaleInTheMiddleOfASaleIsOneMore() public othersArePaid {
        ReentrantToken token = new ReentrantToken();
        uint256 id = _offerIn(address(token), 0);
        token.mint(address(token), PRICE);
        vm.prank(address(token));
        token.approve(address(market), PRICE);
        token.arm(address(market), abi.encodeCall(ILicenseMarket.purchase, (id, eve, PRICE, version, address(0))));
        _buyIn(id);
        vm.assertEq(market.ownerOf(2), rita);
        vm.assertEq(market.ownerOf(3), eve);
        vm.assertEq(ledger.total(address(token)), 2 * PRICE);
        token.arm(address(market), abi.encodeCall(ILicenseMarket.renew, (2, PRICE)));
        bytes memory reason =
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(token), 0, PRICE);
        vm.prank(address(token));
        token.approve(address(market), PRICE);
        _refuseIn(address(token), id, reason);
    }

    function test_StrangersDoorsStayClosedInTheMiddleOfASale() public othersArePaid {
        ReentrantToken token = new ReentrantToken();
        uint256 id = _offerIn(address(token), TRIAL);
        _buyIn(id);
        bytes[3] memory doors = [
            abi.encodeCall(ILicenseMarket.refund, (3)),
            abi.encodeCall(ILicenseMarket.release, (3)),
            abi.encodeCall(ILicenseMarket.use, (3, rita, version))
        ];
        bytes[3] memory reasons = [
            abi.encodeWithSelector(ILicenseMarket.NotHolder.selector, token, 3),
            abi.encodeWithSelector(ILicenseMarket.NotReleasable.selector, 3),
            abi.encodeWithSelector(ILicenseMarket.NotJobMarket.selector, token)
        ];
        for (uint256 i; i < 3; ++i) {
            token.arm(address(market), doors[i]);
            _refuseIn(address(token), id, reasons[i]);
        }
    }

    /// @dev In the middle of a purchase the ledger has tokens that are not booked yet: they are nobody's to take.
    function test_TheLedgerEnteredDuringASalePaysNothingOfIt() public othersArePaid {
        ReentrantToken token = new ReentrantToken();
        uint256 id = _offerIn(address(token), 0);
        token.arm(address(ledger), abi.encodeCall(ledger.settle, (version, address(token), _all(ada))));
        _buyIn(id);
        vm.assertEq(ledger.settled(version, address(token)), 0);
        token.arm(address(ledger), abi.encodeCall(ledger.claimFor, (treasury, _one(address(token)))));
        _buyIn(id);
        vm.assertEq(token.balanceOf(treasury), PRICE - _net(PRICE));
        vm.assertEq(ledger.total(address(token)), token.balanceOf(address(ledger)));
    }

    function test_AClaimEnteredAgainPaysOnce() public othersArePaid {
        ReentrantToken token = new ReentrantToken();
        uint256 id = _offerIn(address(token), 0);
        _buyIn(id);
        _buyIn(id);
        ledger.settle(version, address(token), _all(ada));
        uint256 owed = ledger.claimable(ada, address(token));

        token.arm(address(ledger), abi.encodeCall(ledger.claimFor, (ada, _one(address(token)))));
        ledger.claimFor(ada, _one(address(token)));
        vm.assertEq(token.balanceOf(ada), owed);
        vm.assertEq(ledger.claimable(ada, address(token)), 0);
        vm.assertEq(ledger.total(address(token)), token.balanceOf(address(ledger)));
    }

    function test_OneListedAccountHoldsUpNobodyElse() public othersArePaid {
        ListingToken token = new ListingToken();
        uint256 id = _offerIn(address(token), TRIAL);
        _buyIn(id);
        _buyIn(id);
        token.list(ada);
        token.list(rita);
        vm.prank(rita);
        market.refund(2);
        _pass(TRIAL);
        market.release(3);
        ledger.settle(version, address(token), _all(ada));

        vm.expectRevert(abi.encodeWithSelector(ListingToken.Listed.selector, ada));
        ledger.claimFor(ada, _one(address(token)));
        ledger.claimFor(treasury, _one(address(token)));
        // A listed account may be paid elsewhere.
        vm.prank(ada);
        ledger.claim(_one(address(token)), ben);
        vm.assertEq(token.balanceOf(ben) + token.balanceOf(treasury), PRICE);
        vm.assertEq(ledger.claimable(rita, address(token)), PRICE);
    }

    /// @dev The token lost half of what the ledger had: who claims first is paid, the rest waits, and nothing is sold.
    function test_ATokenThatRebasesDownIsItsOwnHoldersLoss() public othersArePaid {
        RebasingToken token = new RebasingToken();
        uint256 id = _offerIn(address(token), 0);
        _buyIn(id);
        _buyIn(id);
        token.halve();
        token.mint(rita, 10 * PRICE);
        _refuseIn(
            address(token), id, abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, token, 3 * PRICE, 2 * PRICE)
        );
        ledger.settle(version, address(token), _all(ada));
        ledger.claimFor(treasury, _one(address(token)));
        uint256 left = PRICE - 2 * (PRICE - _net(PRICE));
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, address(ledger), 2 * left, 4 * _net(PRICE)
            )
        );
        ledger.claimFor(ada, _one(address(token)));
        vm.assertEq(ledger.claimable(ada, address(token)), 2 * _net(PRICE));
    }

    function _offerIn(address token, uint24 trial) private returns (uint256 id) {
        ledger.allowToken(token, true);
        Offer memory terms = _offerOf(version, PRICE, 0);
        (terms.token, terms.trial) = (token, trial);
        vm.prank(ada);
        id = market.setOffer(0, terms);
        MockUSD(token).mint(rita, 10 * PRICE);
        vm.prank(rita);
        (bool done,) = token.call(abi.encodeCall(IERC20.approve, (address(market), type(uint256).max)));
        vm.assertTrue(done);
    }

    function _buyIn(uint256 id) private {
        vm.prank(rita);
        market.purchase(id, rita, PRICE, version, address(0));
    }

    function _refuseIn(address token, uint256 id, bytes memory reason) private {
        uint256 count = market.licenseCount();
        uint256 total = ledger.total(token);
        vm.expectRevert(reason);
        _buyIn(id);
        vm.assertEq(market.licenseCount(), count);
        vm.assertEq(ledger.total(token), total);
    }

    function _notCovered(address token, uint256 balance) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, token, PRICE, balance);
    }
}
