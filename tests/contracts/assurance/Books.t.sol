// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IAssurancePool} from "../../../contracts/interfaces/IAssurancePool.sol";
import {AssuranceTest} from "./AssuranceTest.sol";

/// fund
/// ├── without the allowance: reverts
/// └── else: held by the ledger, and the pool's
/// deposit
/// ├── from another than the JobMarket: reverts
/// └── else: the pool's, and one more assured job
/// pay
/// ├── from another than the JobMarket: reverts
/// ├── the pool is short: what it has
/// └── else: owed to the account, out of the deposits first
contract BooksTest is AssuranceTest {
    function test_TakesGifts() public {
        vm.expectEmit(address(pool));
        emit IAssurancePool.Deposited(ben, 500, 500);
        _give(500);
        vm.assertEq(pool.balance(), 500);
        vm.assertEq(ledger.held(address(usd)), 500);
        vm.assertEq(usd.balanceOf(address(ledger)), 500);
        vm.assertEq(pool.assuredJobs(), 0);
    }

    function test_RefusesAGiftWithoutAllowance() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(pool), 0, 500));
        vm.prank(eve);
        pool.fund(500);
    }

    function test_TakesDepositsOfTheJobMarketAlone() public {
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.NotJobMarket.selector, eve));
        vm.prank(eve);
        pool.deposit(500);

        usd.mint(address(ledger), 500);
        vm.prank(jobsAt);
        ledger.hold(address(usd), 500);
        vm.expectEmit(address(pool));
        emit IAssurancePool.Deposited(address(jobs), 500, 500);
        vm.prank(address(jobs));
        pool.deposit(500);
        vm.assertEq(pool.balance(), 500);
        vm.assertEq(pool.assuredJobs(), 1);
    }

    function test_PaysForTheJobMarketAlone() public {
        vm.expectRevert(abi.encodeWithSelector(IAssurancePool.NotJobMarket.selector, eve));
        vm.prank(eve);
        pool.pay(eve, 1, 500);
    }

    function test_OwesAuditorsInTheLedger() public {
        _give(100);
        _deposit(500);
        vm.expectEmit(address(pool));
        emit IAssurancePool.Spent(cyd, 4, 550, 50);
        vm.assertEq(_pay(cyd, 4, 550), 550);
        vm.assertEq(_owed(cyd), 550);
        vm.assertEq(pool.balance(), 50);
        vm.assertEq(ledger.held(address(usd)), 50);
    }

    function test_PaysWhatItHas() public {
        _deposit(500);
        vm.assertEq(_pay(cyd, 4, 501), 500);
        vm.expectEmit(address(pool));
        emit IAssurancePool.Spent(cyd, 5, 0, 0);
        vm.assertEq(_pay(cyd, 5, 1), 0);
        vm.assertEq(_owed(cyd), 500);
    }

    function testFuzz_TheBalanceIsWhatCameLessWhatWent(uint64[12] memory amounts, uint256 verbs) public {
        uint256 expected;
        for (uint256 i; i < amounts.length; ++i) {
            uint256 amount = amounts[i] % 1e11;
            uint256 verb = (verbs >> (2 * i)) % 4;
            if (verb == 0) _give(amount);
            else if (verb == 1) _deposit(amount);
            else expected -= _pay(cyd, i, amount);
            if (verb < 2) expected += amount;
            vm.assertEq(pool.balance(), expected);
            vm.assertEq(ledger.held(address(usd)), expected);
        }
    }
}
