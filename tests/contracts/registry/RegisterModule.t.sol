// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModuleRegistry} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

// registerModule(name)
// ├── when the name is not [a-z][a-z0-9_]{0,63}
// │   └── it reverts with NameInvalid
// ├── when the sender registered that name before, whoever owns the module now
// │   └── it reverts with NameTaken
// └── otherwise
//     ├── the module is the sender's
//     └── others may use the name too
contract RegisterModuleTest is SaleTest {
    function test_MintsTheModuleToItsAuthor() public {
        vm.expectEmit(address(registry));
        emit IModuleRegistry.ModuleRegistered(1, ada, "ema");
        uint256 moduleId = _register(ada, "ema");

        vm.assertEq(moduleId, 1);
        vm.assertEq(registry.ownerOf(1), ada);
        vm.assertEq(registry.moduleOf(ada, "ema"), 1);
        vm.assertEq(registry.moduleName(1), "ema");
        vm.assertEq(registry.moduleCount(), 1);
    }

    function test_TwoAuthorsMayUseOneName() public {
        _register(ada, "ema");
        vm.assertEq(_register(ben, "ema"), 2);
        vm.assertEq(registry.moduleOf(ben, "ema"), 2);
    }

    function test_RefusesANameThatTheAuthorUsed() public {
        _register(ada, "ema");
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.NameTaken.selector, ada, "ema"));
        vm.prank(ada);
        registry.registerModule("ema");
    }

    function test_ANameStaysTakenWhenTheModuleIsSold() public {
        uint256 moduleId = _register(ada, "ema");
        vm.prank(ada);
        registry.transferFrom(ada, ben, moduleId);

        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.NameTaken.selector, ada, "ema"));
        vm.prank(ada);
        registry.registerModule("ema");
    }

    function test_AcceptsTheNamesThatAManifestMayHave() public {
        string[5] memory names =
            ["a", "z9", "ema_20", "a__", "abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz"];
        for (uint256 i; i < names.length; ++i) {
            vm.assertEq(registry.moduleName(_register(ada, names[i])), names[i]);
        }
    }

    function test_RefusesAnyOtherName() public {
        string[12] memory names = [
            "",
            "Ema",
            "9ema",
            "_ema",
            "ema-fast",
            "ema fast",
            "ema\"",
            "e<svg>",
            "em\\a",
            unicode"émа",
            "e`{",
            "abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz_"
        ];
        for (uint256 i; i < names.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.NameInvalid.selector, names[i]));
            registry.registerModule(names[i]);
        }
    }

    /// @dev Every byte, alone and after a letter.
    function test_EveryByteIsInANameOrNot() public {
        for (uint256 i; i < 256; ++i) {
            bytes1 letter = bytes1(uint8(i));
            bool lower = letter >= "a" && letter <= "z";
            bool inside = lower || (letter >= "0" && letter <= "9") || letter == "_";
            _checkName(abi.encodePacked(letter), lower);
            _checkName(abi.encodePacked("x", letter), inside);
            _checkName(abi.encodePacked("y", letter, "x"), inside);
        }
    }

    function _checkName(bytes memory name, bool accepted) private {
        (bool done,) = address(registry).call(abi.encodeCall(registry.registerModule, (string(name))));
        vm.assertEq(done, accepted);
    }
}
