// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {WindowRegistry} from "../../../contracts/WindowRegistry.sol";
import {IRevenueLedger} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {IWindowRegistry} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {FeeToken, ReentrantToken} from "../tokens/HostileTokens.sol";
import {WindowTest} from "./WindowTest.sol";

// deposit(amount)
// ├── when it is nothing: it reverts with NothingToMove
// ├── when less arrives: it reverts with NotCovered
// └── otherwise it is free and held
// withdraw(amount)
// ├── when it is nothing: it reverts with NothingToMove
// ├── when it is more than is free, also what is tied to a window: it reverts with BondTooLow
// └── otherwise it is owed to the recorder
contract BondTest is WindowTest {
    function test_DepositsAreHeld() public {
        uint256 held = ledger.held(address(usd));
        vm.assertEq(held, N * 2 * LOCK);
        _fund(eve, 5);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.BondDeposited(eve, 5, 5);
        vm.prank(eve);
        windows.deposit(5);
        vm.assertEq(ledger.held(address(usd)), held + 5);
        vm.assertEq(usd.balanceOf(eve), 0);
        vm.assertEq(windows.recorder(eve).free, 5);
    }

    function test_RefusesToMoveNothing() public {
        vm.startPrank(recorders[0]);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.NothingToMove.selector));
        windows.deposit(0);
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.NothingToMove.selector));
        windows.withdraw(0);
    }

    function test_RefusesATokenThatKeepsAFee() public {
        FeeToken token = new FeeToken();
        vm.etch(address(usd), address(token).code);
        _fund(eve, 100);
        uint256 total = ledger.total(address(usd));
        bytes memory reason =
            abi.encodeWithSelector(IRevenueLedger.NotCovered.selector, address(usd), total + 100, total + 99);
        vm.expectRevert(reason);
        vm.prank(eve);
        windows.deposit(100);
    }

    function test_WithdrawsWhatIsFree() public {
        vm.warp(END);
        _commitWindow(0, DIGEST);
        _checkBond(0, LOCK, LOCK);
        vm.startPrank(recorders[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IWindowRegistry.BondTooLow.selector, recorders[0], uint256(LOCK), LOCK + 1)
        );
        windows.withdraw(LOCK + 1);
        vm.expectEmit(address(windows));
        emit IWindowRegistry.BondWithdrawn(recorders[0], LOCK, 0);
        windows.withdraw(LOCK);
        vm.stopPrank();
        vm.assertEq(_owed(recorders[0]), LOCK);
        _claim(recorders[0]);
        vm.assertEq(usd.balanceOf(recorders[0]), LOCK);
        _checkBond(0, 0, LOCK);
    }

    /// @dev A token that calls back finds the door shut: what is not there yet cannot be taken out.
    function test_Attack_WithdrawInsideADeposit() public {
        ReentrantToken token = new ReentrantToken();
        vm.etch(address(usd), address(token).code);
        _fund(eve, 10);
        ReentrantToken(address(usd)).arm(address(windows), abi.encodeCall(windows.withdraw, (10)));
        vm.expectRevert(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        vm.prank(eve);
        windows.deposit(10);
    }

    function test_NobodyNeedsToBeListedToTakeItsOwn() public {
        WindowRegistry other = new WindowRegistry(manager, ledger, IERC20(usd), _rules());
        vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.BondTooLow.selector, eve, 0, 1));
        vm.prank(eve);
        other.withdraw(1);
    }
}
