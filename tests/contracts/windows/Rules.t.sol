// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {WindowRegistry} from "../../../contracts/WindowRegistry.sol";
import {IWindowRegistry, RecordingRules, WindowKey} from "../../../contracts/interfaces/IWindowRegistry.sol";
import {WindowTest} from "./WindowTest.sol";

// constructor
// ├── when there are more than 16 recorders, none, no majority, no time or no lock: it reverts with RulesInvalid
// └── otherwise it keeps the rules
// keyOf(window), recordableUntil(end)
// └── they say what the interface says
contract RulesTest is WindowTest {
    function test_KeepsTheRules() public view {
        vm.assertEq(keccak256(abi.encode(windows.rules())), keccak256(abi.encode(_rules())));
        vm.assertEq(windows.authority(), address(manager));
        vm.assertEq(windows.recordableUntil(END), END + COMMIT + REVEAL);
        vm.assertEq(windows.keyOf(_window()), keccak256(abi.encode("binance", "BTCUSDT", START, END)));
    }

    function test_NamesCannotBeShiftedIntoOneAnother() public view {
        WindowKey memory shifted = WindowKey({venue: "binanceB", symbol: "TCUSDT", start: START, end: END});
        vm.assertTrue(windows.keyOf(shifted) != key);
    }

    function test_RefusesRulesThatDecideNothing() public {
        RecordingRules[8] memory wrong;
        for (uint256 i; i < 8; ++i) {
            wrong[i] = _rules();
        }
        wrong[0].n = 17;
        wrong[0].k = 9;
        (wrong[1].n, wrong[1].k) = (0, 0);
        wrong[2].k = 1;
        (wrong[3].n, wrong[3].k) = (4, 2);
        wrong[4].k = 4;
        wrong[5].commit = 0;
        wrong[6].reveal = 0;
        wrong[7].lock = 0;
        for (uint256 i; i < 8; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IWindowRegistry.RulesInvalid.selector));
            new WindowRegistry(manager, ledger, IERC20(usd), wrong[i]);
        }
        wrong[0].n = 16;
        new WindowRegistry(manager, ledger, IERC20(usd), wrong[0]);
    }
}
