// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {ILicenseMarket, Permit} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// purchaseWithPermit(offerId, recipient, maxPrice, expectedVersion, referrer, permit)
// ├── when the permit was spent by a front-runner: it buys, by the allowance that is there
// ├── when it is replayed, expired, forged, of another chain, token, spender or amount, or recovers nobody
// │   └── it buys nothing, for there is no allowance
// ├── when it is someone else's: it buys nothing
// ├── when `purchase` would refuse: it reverts alike
// └── otherwise it buys in one transaction, and leaves no more allowance than was permitted
contract PurchaseWithPermitTest is MarketTest {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function setUp() public override {
        super.setUp();
        usd.mint(ned, 3 * PRICE);
    }

    function test_BuysInOneTransaction() public {
        uint64 licenseId = _buyWith(_sign("ned", PRICE, _later()));
        vm.assertTrue(market.isValid(licenseId, ned, version));
        vm.assertEq(usd.allowance(ned, address(market)), 0);
        vm.assertEq(usd.balanceOf(ned), 2 * PRICE);
    }

    function test_APermitSpentByAFrontRunnerDoesNoHarm() public {
        Permit memory signed = _sign("ned", PRICE, _later());
        vm.prank(eve);
        usd.permit(ned, address(market), PRICE, signed.deadline, signed.v, signed.r, signed.s);
        vm.assertTrue(market.isValid(_buyWith(signed), ned, version));
    }

    function test_ReplayedExpiredAndForgedPermitsBuyNothing() public {
        Permit memory signed = _sign("ned", PRICE, _later());
        _buyWith(signed);
        _refuse(signed);
        _refuse(_sign("ned", PRICE, vm.getBlockTimestamp() - 1));
        _refuse(_sign("eve", PRICE, _later()));
        // Recovers nobody, and nobody is not the buyer.
        _refuse(Permit(_later(), 27, 0, 0));
        _refuse(Permit(_later(), 0, bytes32(uint256(1)), bytes32(uint256(1))));
        vm.assertEq(usd.balanceOf(ned), 2 * PRICE);
    }

    function test_APermitOfAnotherChainBuysNothing() public {
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        Permit memory signed = _sign("ned", PRICE, _later());
        vm.chainId(here);
        _refuse(signed);
    }

    function test_APermitForLessOrForAnotherBuysNothing() public {
        Permit memory less = _sign("ned", PRICE - 1, _later());
        _refuse(less);
        bytes32 permit = keccak256(abi.encode(PERMIT, ned, eve, PRICE, usd.nonces(ned), _later()));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key("ned"), _digest(permit));
        _refuse(Permit(_later(), v, r, s));
    }

    function test_SomeonesPermitCannotBeSpentOnOnesOwnLicense() public {
        Permit memory signed = _sign("ned", PRICE, _later());
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(market), 0, PRICE)
        );
        vm.prank(eve);
        market.purchaseWithPermit(offerId, eve, PRICE, version, address(0), signed);
    }

    function test_KeepsTheGuardsOfPurchase() public {
        Permit memory signed = _sign("ned", PRICE - 1, _later());
        vm.startPrank(ned);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.PriceTooLow.selector, PRICE - 1, PRICE));
        market.purchaseWithPermit(offerId, ned, PRICE - 1, version, address(0), signed);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.VersionChanged.selector, version + 1, version));
        market.purchaseWithPermit(offerId, ned, PRICE, version + 1, address(0), signed);
        vm.expectRevert(abi.encodeWithSelector(ILicenseMarket.UnknownOffer.selector, 9));
        market.purchaseWithPermit(9, ned, PRICE, version, address(0), signed);
    }

    function _later() private view returns (uint256) {
        return vm.getBlockTimestamp() + 60;
    }

    function _sign(string memory signer, uint256 value, uint256 deadline) private view returns (Permit memory) {
        bytes32 permit = keccak256(abi.encode(PERMIT, ned, address(market), value, usd.nonces(ned), deadline));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(signer), _digest(permit));
        return Permit(deadline, v, r, s);
    }

    function _digest(bytes32 permit) private view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", usd.DOMAIN_SEPARATOR(), permit));
    }

    function _buyWith(Permit memory signed) private returns (uint64) {
        vm.prank(ned);
        return uint64(market.purchaseWithPermit(offerId, ned, PRICE, version, address(0), signed));
    }

    function _refuse(Permit memory signed) private {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(market), 0, PRICE)
        );
        vm.prank(ned);
        market.purchaseWithPermit(offerId, ned, PRICE, version, address(0), signed);
    }
}
