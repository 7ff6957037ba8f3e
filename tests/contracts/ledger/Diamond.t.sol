// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

/// @notice Fifty modules on five levels, each but the lowest paying several of the level below, sold a thousand times and
/// settled in between by anyone, in any order: every account ends with exactly what the floor rule gives, applied once in
/// topological order to all that was ever earned.
/// @dev With the remark of docs/decisions/0004, that dust may wait for further income. Here none does: at the end every
/// module is sold once more.
/// forge-config: default.isolate = true
contract DiamondTest is SaleTest {
    uint256 private constant LEVELS = 5;
    uint256 private constant WIDTH = 10;
    uint256 private constant MODULES = LEVELS * WIDTH;
    uint256 private constant SALES = 1000;
    uint256 private constant ACCOUNTS = 12;
    uint160 private constant FIRST_ACCOUNT = uint160(0x1111111111111111111111111111111111111111);
    /// @dev A block has forty times as much.
    uint256 private constant SETTLE_CEILING = 400_000;

    mapping(uint256 version => Split[]) private _tables;
    uint64[MODULES] private _offers;
    uint256 private _dice;

    function test_AThousandSalesOfADiamondEndWhereTheFloorRuleEnds() public {
        _dice = uint256(keccak256("diamond"));
        for (uint256 i; i < MODULES; ++i) {
            _grow(i);
        }
        uint256[] memory earned = new uint256[](MODULES + 1);
        uint256 worst;
        uint256 sold;
        for (uint256 i; i < SALES; ++i) {
            // Dust in half of the sales: there rounding would be stolen.
            bool last = i + MODULES >= SALES;
            uint256 module = last ? i + MODULES - SALES : _roll(MODULES);
            uint96 price = uint96(last ? 3e6 + _roll(1e9) : _roll(2) == 0 ? 1 + _roll(100) : 1 + _roll(1e9));
            vm.prank(ada);
            market.setOffer(_offers[module], _offerOf(uint64(module + 1), price, 0));
            _buy(rita, _offers[module], uint64(module + 1));
            earned[module + 1] += _net(price);
            sold += price;
            for (uint256 settles = _roll(4); settles > 0; --settles) {
                worst = _max(worst, _settleOne(1 + _roll(MODULES)));
            }
        }
        for (uint256 version = MODULES; version > 0; --version) {
            worst = _max(worst, _settleOne(version));
            vm.assertEq(ledger.settled(version, address(usd)), ledger.received(version, address(usd)));
        }

        _checkFloorRule(earned);
        _checkSold(sold);
        vm.snapshotValue("settle", "worst of a diamond of 50 modules", worst);
        vm.assertLe(worst, SETTLE_CEILING);
    }

    /// @dev Publishes and offers the next module: one to four accounts, and above the lowest level three to six upstreams.
    function _grow(uint256 index) private {
        uint256 level = index / WIDTH;
        uint256 accounts = 1 + _roll(4);
        uint256 upstreams = level == 0 ? 0 : 3 + _roll(4);
        uint256 left = 1_000_000;
        Split[] memory splits = new Split[](accounts + upstreams);
        uint256 first = _roll(ACCOUNTS - accounts);
        uint256 lowest = level == 0 ? 0 : (level - 1) * WIDTH + 1 + _roll(WIDTH - upstreams + 1);
        for (uint256 i; i < upstreams; ++i) {
            uint256 ppm = 1 + _roll(500_000 / upstreams);
            splits[accounts + i] = Split({account: address(0), version: uint64(lowest + i), ppm: uint32(ppm)});
            left -= ppm;
        }
        for (uint256 i; i < accounts; ++i) {
            uint256 ppm = i + 1 == accounts ? left : 1 + _roll(left / 2);
            splits[i] = Split({account: _account(first + i), version: 0, ppm: uint32(ppm)});
            left -= ppm;
        }
        uint64 version = _publish(ada, string.concat("m", vm.toString(index)), splits);
        vm.assertEq(version, index + 1);
        for (uint256 i; i < splits.length; ++i) {
            _tables[version].push(splits[i]);
        }
        _offers[index] = _offer(ada, version, 1, 0);
    }

    /// @return gas What the settlement cost as a transaction of its own.
    function _settleOne(uint256 version) private returns (uint256 gas) {
        ledger.settle(version, address(usd), _tables[version]);
        return vm.lastCallGas().gasTotalUsed;
    }

    /// @dev The oracle: an upstream's id is below its own, so that from the top down all income is known.
    function _checkFloorRule(uint256[] memory received) private view {
        uint256[] memory owed = new uint256[](ACCOUNTS);
        for (uint256 version = MODULES; version > 0; --version) {
            Split[] memory splits = _tables[version];
            uint256 rest = received[version];
            vm.assertEq(ledger.received(version, address(usd)), rest);
            for (uint256 i; i < splits.length; ++i) {
                bool last = i + 1 == splits.length;
                uint256 share = last ? rest : received[version] * splits[i].ppm / 1_000_000;
                rest -= share;
                if (splits[i].version == 0) owed[uint160(splits[i].account) - FIRST_ACCOUNT] += share;
                else received[splits[i].version] += share;
            }
        }
        for (uint256 i; i < ACCOUNTS; ++i) {
            vm.assertEq(_owed(_account(i)), owed[i]);
        }
    }

    /// @dev Nothing is left over, and all of it can be claimed.
    function _checkSold(uint256 sold) private {
        vm.assertEq(ledger.total(address(usd)), sold);
        for (uint256 i; i < ACCOUNTS; ++i) {
            _claim(_account(i));
        }
        _claim(treasury);
        vm.assertEq(ledger.total(address(usd)), 0);
        vm.assertEq(usd.balanceOf(address(ledger)), 0);
    }

    function _account(uint256 index) private pure returns (address) {
        return address(FIRST_ACCOUNT + uint160(index));
    }

    function _max(uint256 left, uint256 right) private pure returns (uint256) {
        return left > right ? left : right;
    }

    function _roll(uint256 sides) private returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }
}
