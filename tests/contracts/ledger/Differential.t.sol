// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice The ledger beside the same rule in Python's fractions; see revenue.py.
contract DifferentialTest is SaleTest {
    function test_SettlesAsPythonsFractionsDo() public {
        ledger.setProtocolFee(0);
        string memory json = vm.readFile("tests/contracts/ledger/revenue.json");
        uint256 count;
        for (; vm.keyExistsJson(json, _at(count, "")); ++count) {
            uint256[] memory ppm = vm.parseJsonUintArray(json, _at(count, ".ppm"));
            Split[] memory splits = new Split[](ppm.length);
            for (uint160 i; i < ppm.length; ++i) {
                splits[i] = Split({account: _account(count, i), version: 0, ppm: uint32(ppm[i])});
            }
            uint64 version = _publish(ada, string.concat("m", vm.toString(count)), splits);
            _replay(
                version,
                splits,
                vm.parseJsonUintArray(json, _at(count, ".incomes")),
                vm.parseJsonUintArray(json, _at(count, ".settled"))
            );
            uint256[] memory owed = vm.parseJsonUintArray(json, _at(count, ".owed"));
            for (uint160 i; i < owed.length; ++i) {
                vm.assertEq(_owed(_account(count, i)), owed[i]);
            }
        }
        vm.assertEq(count, 96);
    }

    function _replay(uint64 version, Split[] memory splits, uint256[] memory incomes, uint256[] memory settled)
        private
    {
        for (uint256 i; i < incomes.length; ++i) {
            usd.mint(address(ledger), incomes[i]);
            vm.prank(address(market));
            ledger.credit(version, address(usd), incomes[i], address(0), 0);
            _settle(version, splits);
            vm.assertEq(ledger.settled(version, address(usd)), settled[i]);
        }
    }

    function _account(uint256 number, uint160 row) private pure returns (address) {
        return address(uint160(1 + number) * 100 + row);
    }

    function _at(uint256 number, string memory key) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(number), "]", key);
    }
}
