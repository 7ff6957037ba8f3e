// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// setProtocolFee(bps)
// ├── when the sender is not the owner: it reverts
// ├── when it is above 500: it reverts with FeeTooHigh
// ├── when it is not above the present one: it holds at once, and a raise that waited is forgotten
// └── when it is above: it holds from the first second after `feeDelay`, and setting it again begins the delay anew
// the owner's delay
// ├── what was not scheduled, or not long enough ago, is refused, called or through the manager
// ├── what was scheduled is done once
// └── the delay itself cannot be shortened at once
contract ProtocolFeeTest is SaleTest {
    uint64 private constant OWNER = 7;
    uint32 private constant OWNER_DELAY = 1 days;

    function test_ALowerFeeHoldsAtOnce() public {
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.ProtocolFeeSet(100, vm.getBlockTimestamp());
        ledger.setProtocolFee(100);
        vm.assertEq(ledger.protocolFeeBps(), 100);
        _checkNext(100, vm.getBlockTimestamp());
    }

    function test_AHigherFeeHoldsAfterTheDelay() public {
        uint256 from = vm.getBlockTimestamp() + FEE_DELAY;
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.ProtocolFeeSet(500, from);
        ledger.setProtocolFee(500);
        vm.assertEq(ledger.protocolFeeBps(), FEE_BPS);
        _checkNext(500, from);
        _pass(FEE_DELAY - 1);
        vm.assertEq(ledger.protocolFeeBps(), FEE_BPS);
        _pass(1);
        vm.assertEq(ledger.protocolFeeBps(), 500);
    }

    function test_SettingItAgainBeginsTheDelayAnew() public {
        ledger.setProtocolFee(500);
        _pass(FEE_DELAY - 1);
        ledger.setProtocolFee(499);
        _pass(FEE_DELAY - 1);
        vm.assertEq(ledger.protocolFeeBps(), FEE_BPS);
        _pass(1);
        vm.assertEq(ledger.protocolFeeBps(), 499);
    }

    /// @dev Lowering and raising again is no way round the delay.
    function test_ALowerFeeForgetsARaiseThatWaited() public {
        ledger.setProtocolFee(500);
        ledger.setProtocolFee(FEE_BPS);
        _pass(FEE_DELAY);
        vm.assertEq(ledger.protocolFeeBps(), FEE_BPS);
        ledger.setProtocolFee(0);
        ledger.setProtocolFee(1);
        vm.assertEq(ledger.protocolFeeBps(), 0);
    }

    function test_TheFeeIsAtMostFivePerCent() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.FeeTooHigh.selector, 501));
        ledger.setProtocolFee(501);
    }

    function test_OnlyTheOwnerSetsIt() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, eve));
        vm.prank(eve);
        ledger.setProtocolFee(0);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, treasury));
        vm.prank(treasury);
        ledger.setProtocolFee(0);
    }

    function test_AnOwnerWithADelayMustScheduleFirst() public {
        bytes memory call = _delayed();
        bytes32 id = manager.hashOperation(cyd, address(ledger), call);

        vm.startPrank(cyd);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, id));
        ledger.setProtocolFee(500);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, id));
        manager.execute(address(ledger), call);

        manager.schedule(address(ledger), call, 0);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, id));
        manager.execute(address(ledger), call);
        _pass(OWNER_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, id));
        ledger.setProtocolFee(500);
        _pass(1);
        manager.execute(address(ledger), call);
        _checkNext(500, vm.getBlockTimestamp() + FEE_DELAY);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, id));
        manager.execute(address(ledger), call);
    }

    function test_TheDelayIsNotBypassed() public {
        bytes memory call = _delayed();
        // Something else scheduled is no leave for this, nor is another's schedule.
        vm.startPrank(cyd);
        manager.schedule(address(ledger), abi.encodeCall(ledger.setProtocolFee, (400)), 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerUnauthorizedCall.selector, cyd, address(ledger), ledger.allowToken.selector
            )
        );
        manager.schedule(address(ledger), abi.encodeCall(ledger.allowToken, (eve, true)), 0);
        _pass(OWNER_DELAY);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerNotScheduled.selector, manager.hashOperation(cyd, address(ledger), call)
            )
        );
        ledger.setProtocolFee(500);
        // Nor does the owner give itself, or the ledger, another authority.
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, cyd, manager.ADMIN_ROLE())
        );
        manager.grantRole(OWNER, cyd, 0);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, cyd));
        ledger.setAuthority(cyd);
        vm.stopPrank();
        // Even whoever grants roles shortens a delay only after the difference has passed.
        manager.grantRole(OWNER, cyd, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerNotScheduled.selector, manager.hashOperation(cyd, address(ledger), call)
            )
        );
        vm.prank(cyd);
        ledger.setProtocolFee(500);
        vm.assertEq(ledger.protocolFeeBps(), FEE_BPS);
    }

    /// @dev Cyd owns the fee, with a delay; returns a call that raises it.
    function _delayed() private returns (bytes memory call) {
        bytes4[] memory verbs = new bytes4[](1);
        verbs[0] = ledger.setProtocolFee.selector;
        manager.setTargetFunctionRole(address(ledger), verbs, OWNER);
        manager.grantRole(OWNER, cyd, OWNER_DELAY);
        return abi.encodeCall(ledger.setProtocolFee, (500));
    }

    function _checkNext(uint256 bps, uint256 from) private view {
        (uint256 nextBps, uint256 nextFrom) = ledger.nextProtocolFee();
        vm.assertEq(nextBps, bps);
        vm.assertEq(nextFrom, from);
    }
}
