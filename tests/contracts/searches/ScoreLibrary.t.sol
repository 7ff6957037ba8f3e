// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Score} from "../../../contracts/Score.sol";
import {ISearchMarket} from "../../../contracts/interfaces/ISearchMarket.sol";
import {SearchTest} from "./SearchTest.sol";

// read(document)
// ├── when it has another length, key, kind, type, or anything else before, between or after: it reverts with NoScore
// ├── when the number is NaN, of any sign and payload: it reverts with NoScore
// └── otherwise it gives the number's bits, a zero as the positive one
// isAbove(left, right)
// └── orders as IEEE 754 does
contract ScoreLibraryTest is SearchTest {
    function read(bytes calldata document) external pure returns (uint64) {
        return Score.read(document);
    }

    function test_ReadsWhatTheSandboxWrites() public view {
        // sandbox.encoding.encode of a module that returned 0.1, with a run of 32 bytes 0x11.
        bytes memory document = hex"a36372756e5820111111111111111111111111111111111111111111111111111111111111111164"
            hex"6b696e6466526573756c74676f757470757473a16573636f726582633c6638489a9999999999b93f";
        vm.assertEq(this.read(document), 0x3fb999999999999a);
    }

    function testFuzz_ReadsEveryNumber(uint64 bits, bytes32 run) public {
        bytes memory document = _document(bits);
        for (uint256 i; i < 32; ++i) {
            document[7 + i] = run[i];
        }
        if (bits << 1 > 0xffe0000000000000) {
            vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
            this.read(document);
        } else {
            vm.assertEq(this.read(document), bits == 1 << 63 ? 0 : bits);
        }
    }

    function test_RefusesNaN() public {
        uint64[6] memory nans = [
            0x7ff8000000000000,
            0xfff8000000000000,
            0x7ff0000000000001,
            0xfff0000000000001,
            0x7fffffffffffffff,
            type(uint64).max
        ];
        for (uint256 i; i < 6; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
            this.read(_document(nans[i]));
        }
        vm.assertEq(this.read(_document(0x7ff0000000000000)), 0x7ff0000000000000);
        vm.assertEq(this.read(_document(0xfff0000000000000)), 0xfff0000000000000);
    }

    /// @dev Every byte counts but those of the run and the number.
    function test_RefusesADocumentWithAnyByteChanged() public {
        for (uint256 i; i < 80; ++i) {
            bytes memory document = _document(HALF);
            document[i] = bytes1(uint8(document[i]) ^ 1);
            if ((i < 7 || i >= 39) && i < 72) {
                vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
            }
            this.read(document);
        }
    }

    function test_RefusesMoreAndLess() public {
        bytes memory document = _document(HALF);
        bytes[4] memory wrong =
            [bytes(""), bytes.concat(document, hex"00"), bytes.concat(hex"d9d9f7", document), new bytes(80)];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
            this.read(wrong[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(ISearchMarket.NoScore.selector));
        this.read(_shorter(document));
    }

    function test_OrdersAsNumbersAreOrdered() public pure {
        // -inf, -1.5, -1, -2^-1074, 0, 2^-1074, 2^-1022, 0.25, 0.5, 1, inf
        uint64[11] memory rising = [
            0xfff0000000000000,
            0xbff8000000000000,
            MINUS_ONE,
            0x8000000000000001,
            0,
            1,
            0x0010000000000000,
            QUARTER,
            HALF,
            0x3ff0000000000000,
            0x7ff0000000000000
        ];
        for (uint256 i; i < 11; ++i) {
            for (uint256 j; j < 11; ++j) {
                vm.assertEq(Score.isAbove(rising[i], rising[j]), i > j);
            }
        }
    }

    function _shorter(bytes memory document) private pure returns (bytes memory shorter) {
        shorter = new bytes(79);
        for (uint256 i; i < 79; ++i) {
            shorter[i] = document[i];
        }
    }
}
