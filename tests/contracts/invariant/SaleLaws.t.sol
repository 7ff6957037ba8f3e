// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {LicenseMarket} from "../../../contracts/LicenseMarket.sol";
import {ModuleRegistry} from "../../../contracts/ModuleRegistry.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {License} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {Version} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {VM, Vm} from "../base/Vm.sol";
import {SaleHandler} from "./SaleHandler.sol";
import {SaleStore} from "./SaleStore.sol";

/// @notice The laws of sales, revenue and escrow that hold whatever anyone does, one function each.
contract SaleLawsTest {
    Vm internal constant vm = VM;

    SaleHandler private _handler;
    SaleStore private _store;
    ModuleRegistry private _registry;
    LicenseMarket private _market;
    RevenueLedger private _ledger;

    function setUp() public {
        _handler = new SaleHandler();
        _handler.setUp();
        _store = _handler.store();
        (_registry, _market, _ledger) = _handler.parts();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[20] memory verbs = [
            SaleHandler.publish.selector,
            SaleHandler.publishWrong.selector,
            SaleHandler.deprecate.selector,
            SaleHandler.offer.selector,
            SaleHandler.reprice.selector,
            SaleHandler.buy.selector,
            SaleHandler.buy.selector,
            SaleHandler.renew.selector,
            SaleHandler.refund.selector,
            SaleHandler.release.selector,
            SaleHandler.use.selector,
            SaleHandler.transfer.selector,
            SaleHandler.settle.selector,
            SaleHandler.settleMany.selector,
            SaleHandler.claim.selector,
            SaleHandler.hold.selector,
            SaleHandler.payHeld.selector,
            SaleHandler.creditHeld.selector,
            SaleHandler.donate.selector,
            SaleHandler.pass.selector
        ];
        bytes4[] memory selectors = new bytes4[](24);
        for (uint256 i; i < 20; ++i) {
            selectors[i] = verbs[i];
        }
        // Sales come more often than what follows them.
        (selectors[20], selectors[21]) = (SaleHandler.govern.selector, SaleHandler.buy.selector);
        (selectors[22], selectors[23]) = (SaleHandler.buy.selector, SaleHandler.settle.selector);
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({addr: address(_handler), selectors: selectors});
    }

    /// @dev That the laws are tried on something: a long walk does every verb more than once.
    function test_AWalkDoesEveryVerb() public {
        bytes4[] memory selectors = this.targetSelectors()[0].selectors;
        uint256 dice = uint256(keccak256("walk"));
        for (uint256 i; i < 1500; ++i) {
            dice = uint256(keccak256(abi.encode(dice)));
            bytes memory words = abi.encode(dice, uint256(uint64(dice >> 7)), uint256(uint96(dice >> 50)), dice >> 90);
            (bool done,) = address(_handler).call(abi.encodePacked(selectors[(dice >> 200) % selectors.length], words));
            vm.assertTrue(done);
        }
        bytes32[16] memory verbs = [
            bytes32("publish"),
            "deprecate",
            "offer",
            "reprice",
            "buy",
            "renew",
            "refund",
            "release",
            "use",
            "transfer",
            "settle",
            "settleMany",
            "claim",
            "hold",
            "payHeld",
            "creditHeld"
        ];
        for (uint256 i; i < verbs.length; ++i) {
            vm.assertTrue(_store.calls(verbs[i]) >= 5, string(abi.encodePacked("seldom done: ", verbs[i])));
        }
        invariant_AllMoneyIsBookedOnceAndCovered();
        invariant_EscrowCoversEveryRefund();
    }

    /// @dev For each token: unsettled income + claimable + held = total = what was paid in and not out, and the balance
    /// covers it.
    function invariant_AllMoneyIsBookedOnceAndCovered() public view {
        for (uint256 i; i < 2; ++i) {
            address token = _store.tokens(i);
            uint256 total = _ledger.total(token);
            vm.assertEq(_unsettled(token) + _claimable(token) + _ledger.held(token), total, "booked once");
            vm.assertEq(_store.paid(token), total, "what came in and did not go out");
            vm.assertEq(IERC20(token).balanceOf(address(_ledger)), total + _store.donated(token), "covered");
        }
    }

    /// @dev What the LicenseMarket holds is exactly what licenses on trial could be returned for.
    function invariant_EscrowCoversEveryRefund() public view {
        for (uint256 i; i < 2; ++i) {
            address token = _store.tokens(i);
            uint256 escrow;
            for (uint256 id = 1; id <= _market.licenseCount(); ++id) {
                try _market.license(id) returns (License memory license) {
                    if (license.token == token && license.refundableUntil != 0) escrow += license.pricePaid;
                } catch {}
            }
            vm.assertEq(_ledger.held(token), escrow + _store.otherHolds(token));
        }
    }

    function invariant_NobodyPaysAnythingButThePriceNorAboveItsMaximum() public view {
        vm.assertEq(_store.overcharged(), 0);
    }

    function invariant_EveryTableSumsToTheWholeAndPointsDown() public view {
        vm.assertEq(_store.wrongTables(), 0);
        vm.assertEq(_registry.versionCount(), _store.versionCount());
    }

    /// @dev But for the one-way `deprecated`.
    function invariant_VersionsNeverChange() public view {
        for (uint256 id = 1; id <= _store.versionCount(); ++id) {
            Version memory present = _registry.version(id);
            vm.assertEq(present.deprecated, _store.deprecated(id));
            present.deprecated = false;
            vm.assertEq(keccak256(abi.encode(present)), _store.recordHash(id));
            vm.assertEq(_registry.splitsHash(id), _store.rowsHash(id));
        }
    }

    function invariant_NoVersionSettlesMoreThanItReceived() public view {
        for (uint256 id = 1; id <= _store.versionCount(); ++id) {
            for (uint256 i; i < 2; ++i) {
                address token = _store.tokens(i);
                vm.assertLe(_ledger.settled(id, token), _ledger.received(id, token));
            }
        }
    }

    function invariant_TheProtocolTakesAtMostFivePerCent() public view {
        vm.assertLe(_ledger.protocolFeeBps(), 500);
    }

    function _unsettled(address token) private view returns (uint256 sum) {
        for (uint256 id = 1; id <= _store.versionCount(); ++id) {
            sum += _ledger.received(id, token) - _ledger.settled(id, token);
        }
    }

    function _claimable(address token) private view returns (uint256 sum) {
        for (uint256 i; i < _store.accountCount(); ++i) {
            sum += _ledger.claimable(_store.accounts(i), token);
        }
    }
}
