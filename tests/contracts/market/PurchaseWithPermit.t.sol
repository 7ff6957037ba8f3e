// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ILicenseMarket} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {SaleTest} from "../base/SaleTest.sol";

contract PurchaseWithPermitTest is SaleTest {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    uint64 internal version;
    uint64 internal offerId;
    address internal ned = _actor("ned");

    struct Signature {
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
        offerId = _offer(ada, version, PRICE, 0);
        usd.mint(ned, 3 * PRICE);
    }

    function test_BuysInOneTransaction() public {
        uint64 licenseId = _buyWith(_sign("ned", PRICE, _later()), _later());
        vm.assertTrue(market.isValid(licenseId, ned, version));
        vm.assertEq(usd.allowance(ned, address(market)), 0);
        vm.assertEq(usd.balanceOf(ned), 2 * PRICE);
    }

    function test_APermitSpentByAFrontRunnerDoesNoHarm() public {
        Signature memory signed = _sign("ned", PRICE, _later());
        vm.prank(eve);
        usd.permit(ned, address(market), PRICE, _later(), signed.v, signed.r, signed.s);
        vm.assertTrue(market.isValid(_buyWith(signed, _later()), ned, version));
    }

    function test_ReplayedExpiredAndForgedPermitsBuyNothing() public {
        Signature memory signed = _sign("ned", PRICE, _later());
        _buyWith(signed, _later());
        _refuse(signed, _later());
        _refuse(_sign("ned", PRICE, vm.getBlockTimestamp() - 1), vm.getBlockTimestamp() - 1);
        _refuse(_sign("eve", PRICE, _later()), _later());
        _refuse(Signature(27, 0, 0), _later());
        vm.assertEq(usd.balanceOf(ned), 2 * PRICE);
    }

    function test_SomeonesPermitCannotBeSpentOnOnesOwnLicense() public {
        Signature memory signed = _sign("ned", PRICE, _later());
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(market), 0, PRICE)
        );
        vm.prank(eve);
        market.purchaseWithPermit(offerId, eve, PRICE, version, _later(), signed.v, signed.r, signed.s);
    }

    function test_KeepsTheGuardsOfPurchase() public {
        Signature memory signed = _sign("ned", PRICE - 1, _later());
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.PriceTooLow.selector, PRICE - 1, PRICE));
        vm.prank(ned);
        market.purchaseWithPermit(offerId, ned, PRICE - 1, version, _later(), signed.v, signed.r, signed.s);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 9));
        market.purchaseWithPermit(9, ned, PRICE, version, _later(), signed.v, signed.r, signed.s);
    }

    function _later() private view returns (uint256) {
        return vm.getBlockTimestamp() + 60;
    }

    function _sign(string memory signer, uint256 value, uint256 deadline) private view returns (Signature memory) {
        bytes32 permit = keccak256(abi.encode(PERMIT, ned, address(market), value, usd.nonces(ned), deadline));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", usd.DOMAIN_SEPARATOR(), permit));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(signer), digest);
        return Signature(v, r, s);
    }

    function _buyWith(Signature memory signed, uint256 deadline) private returns (uint64) {
        vm.prank(ned);
        return uint64(market.purchaseWithPermit(offerId, ned, PRICE, version, deadline, signed.v, signed.r, signed.s));
    }

    function _refuse(Signature memory signed, uint256 deadline) private {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(market), 0, PRICE)
        );
        vm.prank(ned);
        market.purchaseWithPermit(offerId, ned, PRICE, version, deadline, signed.v, signed.r, signed.s);
    }
}
