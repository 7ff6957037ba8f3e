// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IModuleRegistry, Version} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

// deprecate(versionId)
// ├── when the version is unknown, the sender not its author, or it is deprecated already: it reverts
// └── otherwise nothing else of it changes, and it cannot be undone
contract DeprecateTest is SaleTest {
    uint64 internal version;

    function setUp() public override {
        super.setUp();
        version = _publish(ada, "ema", _all(ada));
    }

    function test_ChangesThatAndNothingElse() public {
        Version memory expected = registry.version(version);
        bytes32 table = registry.splitsHash(version);
        expected.deprecated = true;
        _mine(100);

        vm.expectEmit(address(registry));
        emit IModuleRegistry.Deprecated(version);
        vm.prank(ada);
        registry.deprecate(version);

        vm.assertEq(keccak256(abi.encode(registry.version(version))), keccak256(abi.encode(expected)));
        vm.assertTrue(registry.isDeprecated(version));
        vm.assertEq(registry.splitsHash(version), table);
    }

    function test_CannotBeDoneTwice() public {
        vm.startPrank(ada);
        registry.deprecate(version);
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.AlreadyDeprecated.selector, version));
        registry.deprecate(version);
    }

    function test_RefusesStrangersAndUnknownVersions() public {
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.NotAuthor.selector, eve, 1));
        vm.prank(eve);
        registry.deprecate(version);
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.UnknownVersion.selector, 9));
        registry.deprecate(9);
    }

    function test_RecordsOfUnknownVersionsAreRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.UnknownVersion.selector, 9));
        registry.version(9);
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.UnknownVersion.selector, 0));
        registry.authorOf(0);
        vm.expectRevert(abi.encodeWithSelector(IModuleRegistry.UnknownVersion.selector, 9));
        registry.isDeprecated(9);
        vm.assertEq(registry.splitsHash(9), 0);
    }
}
