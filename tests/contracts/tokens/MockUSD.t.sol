// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {VM, Vm} from "../base/Vm.sol";
import {Wallet} from "./Wallets.sol";

// transferWithAuthorization, receiveWithAuthorization, with the signature in one piece
// ├── when the signature is not the account's or the wallet's: it reverts with ERC3009InvalidSignature
// ├── when it was used before, in whichever form: it reverts
// ├── when another than the payee asks to receive: it reverts
// └── otherwise it moves what was signed for
contract MockUSDTest {
    Vm internal constant vm = VM;
    uint256 private constant KEY = 0xa11ce;
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    MockUSD private _usd;
    address private _from;
    address private immutable _ben = address(0xbe9);

    function setUp() public {
        vm.warp(1_800_000_000);
        _usd = new MockUSD();
        _from = vm.addr(KEY);
        _usd.mint(_from, 100);
    }

    function test_IsADollarOfSixDecimalsThatAnyoneMints() public {
        vm.assertEq(_usd.decimals(), 6);
        vm.prank(_ben);
        _usd.mint(_ben, 7);
        vm.assertEq(_usd.totalSupply(), 107);
    }

    function test_MovesWhatAnAccountSignedFor() public {
        bytes memory signature = _sign(TRANSFER, _from, "");
        _usd.transferWithAuthorization(_from, _ben, 60, 0, type(uint256).max, "n", signature);
        vm.assertEq(_usd.balanceOf(_ben), 60);
        vm.assertTrue(_usd.authorizationState(_from, "n"));
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, _from, bytes32("n")));
        _usd.transferWithAuthorization(_from, _ben, 60, 0, type(uint256).max, "n", signature);
    }

    function test_MovesWhatAWalletSignedFor() public {
        address wallet = address(new Wallet(_from));
        _usd.mint(wallet, 60);
        bytes memory signature = _sign(RECEIVE, wallet, "more");
        vm.prank(_ben);
        _usd.receiveWithAuthorization(wallet, _ben, 60, 0, type(uint256).max, "n", signature);
        vm.assertEq(_usd.balanceOf(_ben), 60);
    }

    function test_ThePayeeAloneReceives() public {
        bytes memory signature = _sign(RECEIVE, _from, "");
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, _ben));
        _usd.receiveWithAuthorization(_from, _ben, 60, 0, type(uint256).max, "n", signature);
    }

    function test_RefusesOtherSignatures() public {
        bytes memory signature = _sign(TRANSFER, _from, "");
        bytes memory refused = abi.encodeWithSelector(ERC3009.ERC3009InvalidSignature.selector);
        vm.expectRevert(refused);
        _usd.transferWithAuthorization(_from, _ben, 61, 0, type(uint256).max, "n", signature);
        vm.expectRevert(refused);
        _usd.transferWithAuthorization(_from, _ben, 60, 0, type(uint256).max, "n", "");
        vm.expectRevert(refused);
        _usd.transferWithAuthorization(address(0), _ben, 0, 0, type(uint256).max, "n", new bytes(65));
        vm.expectRevert(refused);
        vm.prank(_ben);
        _usd.receiveWithAuthorization(_from, _ben, 60, 0, type(uint256).max, "n", signature);
    }

    function _sign(bytes32 typehash, address from, bytes memory suffix) private view returns (bytes memory) {
        bytes32 structHash =
            keccak256(abi.encode(typehash, from, _ben, uint256(60), uint256(0), type(uint256).max, bytes32("n")));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", _usd.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digest);
        return abi.encodePacked(r, s, v, suffix);
    }
}
