// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Authorization, ILicenseMarket, License, Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {PlainDollar} from "../tokens/PlainDollar.sol";
import {Wallet} from "../tokens/Wallets.sol";
import {MarketTest} from "./MarketTest.sol";

// purchaseWithAuthorization(offerId, recipient, expectedVersion, referrer, authorization)
// ├── when what was signed for is not the price: it reverts with AuthorizationNotPrice
// ├── when the token refuses: it reverts with AuthorizationRefused
// │   ├── a signature that is replayed, early, expired, forged, of another chain, or recovers nobody
// │   ├── another offer, recipient, version, referrer or salt than was signed for
// │   └── a buyer without the money
// ├── when `purchase` would refuse: it reverts alike
// └── otherwise, whoever submits it
//     ├── an account buys, from tokens that ask wallets and from those that do not
//     ├── a wallet (ERC-1271) buys, with signatures of any length
//     └── trial and referral are as in `purchase`
contract PurchaseWithAuthorizationTest is MarketTest {
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    function setUp() public override {
        super.setUp();
        usd.mint(ned, 3 * PRICE);
    }

    function test_AnyoneSubmitsWhatTheBuyerSigned() public {
        vm.expectEmit(address(market));
        emit ILicenseMarket.Purchased(
            1, offerId, version, ned, cyd, PRICE, vm.getBlockTimestamp() + 30 days, 0, address(0)
        );
        _submit(_sign("ned", ned, cyd, ""), cyd);

        vm.assertTrue(market.isValid(1, cyd, version));
        vm.assertEq(usd.balanceOf(ned), 2 * PRICE);
        vm.assertEq(usd.balanceOf(address(market)), 0);
        vm.assertEq(usd.balanceOf(address(ledger)), PRICE);
        vm.assertEq(ledger.received(version, address(usd)), _net(PRICE));
        vm.assertEq(usd.allowance(ned, address(market)), 0);
    }

    function test_AWalletBuysWithASignatureOfItsOwnForm() public {
        address wallet = address(new Wallet(ned));
        usd.mint(wallet, 2 * PRICE);
        _submit(_sign("ned", wallet, wallet, "and more"), wallet);
        vm.assertTrue(market.isValid(1, wallet, version));
        // Of 65 bytes, like an account's.
        Authorization memory signed = _signed(wallet, "two");
        signed.signature = _signature("ned", signed, wallet, "");
        _submit(signed, wallet);
        vm.assertTrue(market.isValid(2, wallet, version));
        vm.assertEq(usd.balanceOf(wallet), 0);

        usd.mint(wallet, PRICE);
        _refuse(_sign("eve", wallet, wallet, "and more"), wallet);
        _refuse(_sign("eve", wallet, wallet, ""), wallet);
    }

    function test_ATokenThatAsksNoWalletsIsPaidFromAccounts() public {
        PlainDollar token = new PlainDollar();
        ledger.allowToken(address(token), true);
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.token = address(token);
        vm.prank(ada);
        offerId = uint64(market.setOffer(0, terms));
        token.mint(ned, PRICE);

        Authorization memory signed = _signed(ned, "salt");
        bytes32 separator = token.DOMAIN_SEPARATOR();
        signed.signature = _signature("eve", signed, ned, "", separator);
        _refuse(signed, ned);
        signed.signature = _signature("ned", signed, ned, "more", separator);
        _refuse(signed, ned);
        signed.signature = _signature("ned", signed, ned, "", separator);
        _submit(signed, ned);
        vm.assertEq(token.balanceOf(address(ledger)), PRICE);
        vm.assertTrue(market.isValid(1, ned, version));
    }

    function test_WhoeverSubmitsItChangesNothing() public {
        Authorization memory signed = _sign("ned", ned, ned, "");
        uint64 other = _offer(ada, version, PRICE, 0);
        uint64 newer = _publish(ada, "ema2", _all(ada));
        uint64 moved = _offer(ada, newer, PRICE, 0);
        bytes memory refused = abi.encodeWithSelector(ILicenseMarket.AuthorizationRefused.selector, ned);
        vm.startPrank(eve);
        vm.expectRevert(refused);
        market.purchaseWithAuthorization(offerId, eve, version, address(0), signed);
        vm.expectRevert(refused);
        market.purchaseWithAuthorization(offerId, ned, version, eve, signed);
        vm.expectRevert(refused);
        market.purchaseWithAuthorization(other, ned, version, address(0), signed);
        vm.expectRevert(refused);
        market.purchaseWithAuthorization(moved, ned, newer, address(0), signed);
        vm.stopPrank();
        signed.salt = "other";
        _refuse(signed, ned);
        // Nor can it be taken past the market: it pays the market alone, when the market asks.
        signed.salt = "salt";
        bytes32 nonce = market.authorizationNonce(offerId, ned, version, address(0), "salt");
        vm.expectRevert();
        vm.prank(eve);
        usd.receiveWithAuthorization(
            ned, address(market), PRICE, signed.validAfter, signed.validBefore, nonce, signed.signature
        );
        _submit(signed, ned);
    }

    function test_RefusesWhatIsReplayedEarlyExpiredOrForged() public {
        Authorization memory signed = _sign("ned", ned, ned, "");
        _submit(signed, ned);
        _refuse(signed, ned);
        _refuse(_sign("eve", ned, ned, ""), ned);

        signed = _signed(ned, "early");
        signed.validAfter = vm.getBlockTimestamp();
        signed.signature = _signature("ned", signed, ned, "");
        _refuse(signed, ned);
        signed = _signed(ned, "late");
        signed.validBefore = vm.getBlockTimestamp();
        signed.signature = _signature("ned", signed, ned, "");
        _refuse(signed, ned);

        for (uint256 i; i < 3; ++i) {
            signed.validBefore = vm.getBlockTimestamp() + 60;
            // Nothing, no signer, and a v that no curve point has.
            signed.signature = i == 0 ? bytes("") : abi.encodePacked(bytes32(uint256(i - 1)), bytes32(0), uint8(29 - i));
            _refuse(signed, ned);
            signed.from = address(0);
            _refuse(signed, ned);
            signed.from = ned;
        }
        vm.assertEq(usd.balanceOf(ned), 2 * PRICE);
    }

    function test_RefusesASignatureOfAnotherChain() public {
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        Authorization memory signed = _sign("ned", ned, ned, "");
        vm.chainId(here);
        _refuse(signed, ned);
    }

    function test_RefusesABuyerWithoutTheMoney() public {
        vm.prank(ned);
        usd.transfer(eve, 2 * PRICE + 1);
        _refuse(_sign("ned", ned, ned, ""), ned);
        vm.assertEq(market.licenseCount(), 0);
    }

    function test_WhatWasSignedForMustBeThePrice() public {
        Authorization memory signed = _sign("ned", ned, ned, "");
        Offer memory terms = _offerOf(version, PRICE + 1, 0);
        _set(offerId, terms);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.AuthorizationNotPrice.selector, PRICE, PRICE + 1));
        _submit(signed, ned);
        terms.price = PRICE - 1;
        _set(offerId, terms);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.AuthorizationNotPrice.selector, PRICE, PRICE - 1));
        _submit(signed, ned);
    }

    function test_KeepsTheGuardsOfPurchase() public {
        Authorization memory signed = _sign("ned", ned, ned, "");
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.VersionChanged.selector, version + 1, version));
        market.purchaseWithAuthorization(offerId, ned, version + 1, address(0), signed);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 9));
        market.purchaseWithAuthorization(9, ned, version, address(0), signed);
        ledger.allowToken(address(usd), false);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.TokenNotAllowed.selector, address(usd)));
        _submit(signed, ned);
        ledger.allowToken(address(usd), true);
        _withdraw();
        vm.expectRevert(_notSold());
        _submit(signed, ned);
    }

    function test_TrialAndReferralAreAsInAPurchase() public {
        _set(offerId, _trialTerms());
        Authorization memory signed = _signed(ned, "salt");
        bytes32 nonce = market.authorizationNonce(offerId, ned, version, ben, "salt");
        signed.signature = _signature("ned", signed, nonce, "", usd.DOMAIN_SEPARATOR());
        vm.prank(eve);
        market.purchaseWithAuthorization(offerId, ned, version, ben, signed);
        License memory license = market.license(1);
        vm.assertEq(license.refundableUntil, vm.getBlockTimestamp() + TRIAL);
        _checkHeld(PRICE, PRICE);
        vm.warp(license.refundableUntil);
        market.release(1);
        _checkDivided();
    }

    function test_AFreeLicenseToo() public {
        _set(offerId, _offerOf(version, 0, 0));
        Authorization memory signed = _signed(ned, "salt");
        signed.value = 0;
        signed.signature = _signature("ned", signed, ned, "");
        _submit(signed, ned);
        vm.assertTrue(market.isValid(1, ned, version));
        _checkHeld(0, 0);
    }

    function _signed(address from, bytes32 salt) private view returns (Authorization memory) {
        uint256 time = vm.getBlockTimestamp();
        return Authorization({
            from: from, value: PRICE, validAfter: time - 1, validBefore: time + 60, salt: salt, signature: ""
        });
    }

    function _sign(string memory signer, address from, address recipient, bytes memory suffix)
        private
        view
        returns (Authorization memory signed)
    {
        signed = _signed(from, "salt");
        signed.signature = _signature(signer, signed, recipient, suffix);
    }

    function _signature(string memory signer, Authorization memory signed, address recipient, bytes memory suffix)
        private
        view
        returns (bytes memory)
    {
        return _signature(signer, signed, recipient, suffix, usd.DOMAIN_SEPARATOR());
    }

    function _signature(
        string memory signer,
        Authorization memory signed,
        address recipient,
        bytes memory suffix,
        bytes32 separator
    ) private view returns (bytes memory) {
        bytes32 nonce = market.authorizationNonce(offerId, recipient, version, address(0), signed.salt);
        return _signature(signer, signed, nonce, suffix, separator);
    }

    function _signature(
        string memory signer,
        Authorization memory signed,
        bytes32 nonce,
        bytes memory suffix,
        bytes32 separator
    ) private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                RECEIVE, signed.from, address(market), signed.value, signed.validAfter, signed.validBefore, nonce
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", separator, structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(signer), digest);
        return abi.encodePacked(r, s, v, suffix);
    }

    function _submit(Authorization memory signed, address recipient) private {
        vm.prank(eve);
        market.purchaseWithAuthorization(offerId, recipient, version, address(0), signed);
    }

    function _refuse(Authorization memory signed, address recipient) private {
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.AuthorizationRefused.selector, signed.from));
        _submit(signed, recipient);
    }
}
