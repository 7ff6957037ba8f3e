// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Factory} from "../../../contracts/Factory.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {ModuleRegistry} from "../../../contracts/ModuleRegistry.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice A contract whose constructor takes something, and may revert without a word.
contract Named {
    uint256 public immutable number;

    constructor(uint256 number_) {
        require(number_ != 0);
        number = number_;
    }
}

/// create
/// ├── from another account: reverts
/// ├── out of turn: reverts, whether it was made already or is not next
/// ├── a constructor that reverts: passes on why, and the place stays free
/// └── in turn: stands at the address of the factory and its place, whatever it was made with
contract FactoryTest is SaleTest {
    address private constant DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    Factory private factory;

    function setUp() public override {
        super.setUp();
        factory = _make(ada, "salt");
    }

    function test_ItsAddressDependsOnAccountAndSaltAlone() public {
        bytes32 codeHash = keccak256(bytes.concat(type(Factory).creationCode, abi.encode(ada)));
        vm.assertEq(address(factory), _addressOf("salt", codeHash));
        vm.assertFalse(address(_make(ada, "other salt")) == address(factory));
        vm.assertFalse(address(_make(ben, "salt")) == address(factory));
        vm.assertEq(factory.owner(), ada);
        vm.assertEq(factory.since(), vm.getBlockNumber());
    }

    function testFuzz_APlaceHasOneAddressWhateverStandsThere(uint256 number, bool another) public {
        vm.assume(number != 0);
        bytes memory first =
            another ? type(ModuleRegistry).creationCode : bytes.concat(type(Named).creationCode, abi.encode(number));
        bytes memory second = bytes.concat(type(Named).creationCode, abi.encode(number));

        vm.startPrank(ada);
        vm.expectEmit(address(factory));
        emit Factory.Created(0, vm.computeCreateAddress(address(factory), 1), keccak256(first));
        vm.assertEq(factory.create(0, first), vm.computeCreateAddress(address(factory), 1));
        address made = factory.create(1, second);

        vm.assertEq(made, vm.computeCreateAddress(address(factory), 2));
        vm.assertEq(Named(made).number(), number);
        vm.assertEq(factory.count(), 2);
        vm.assertEq(factory.codeHashes(0), keccak256(first));
        vm.assertEq(factory.codeHashes(1), keccak256(second));
    }

    function test_RefusesAnotherAccount() public {
        bytes memory code = bytes.concat(type(Named).creationCode, abi.encode(1));
        vm.expectRevert(abi.encodeWithSelector(Factory.NotOwner.selector, eve));
        vm.prank(eve);
        factory.create(0, code);
    }

    function test_RefusesWhatIsNotNext() public {
        bytes memory code = bytes.concat(type(Named).creationCode, abi.encode(1));
        vm.startPrank(ada);
        factory.create(0, code);
        vm.expectRevert(abi.encodeWithSelector(Factory.NotNext.selector, 0, 1));
        factory.create(0, code);
        vm.expectRevert(abi.encodeWithSelector(Factory.NotNext.selector, 2, 1));
        factory.create(2, code);
    }

    function test_PassesOnWhyAConstructorRevertsAndKeepsThePlaceFree() public {
        bytes memory code = bytes.concat(
            type(RevenueLedger).creationCode, abi.encode(manager, registry, treasury, 501, FEE_DELAY, _markets())
        );
        vm.startPrank(ada);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.FeeTooHigh.selector, 501));
        factory.create(0, code);
        vm.expectRevert(bytes(""));
        factory.create(0, bytes.concat(type(Named).creationCode, abi.encode(0)));
        vm.assertEq(factory.count(), 0);

        vm.assertEq(
            factory.create(0, bytes.concat(type(Named).creationCode, abi.encode(1))),
            vm.computeCreateAddress(address(factory), 1)
        );
    }

    function _make(address owner, bytes32 salt) private returns (Factory) {
        bytes memory code = bytes.concat(type(Factory).creationCode, abi.encode(owner));
        (bool success,) = DEPLOYER.call(bytes.concat(salt, code));
        vm.assertTrue(success);
        return Factory(_addressOf(salt, keccak256(code)));
    }

    function _addressOf(bytes32 salt, bytes32 codeHash) private pure returns (address) {
        return address(uint160(uint256(keccak256(bytes.concat(hex"ff", bytes20(DEPLOYER), salt, codeHash)))));
    }
}
