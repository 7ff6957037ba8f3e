// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModuleRegistry} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

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

    function test_RefusesAnEmptyName() public {
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.EmptyName.selector));
        registry.registerModule("");
    }
}
