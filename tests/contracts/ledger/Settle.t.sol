// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {IRevenueLedger, Settlement} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";

// settle(version, token, splits)
// ├── when the rows are not the version's published table (another's, stale, none, an unknown version)
// │   └── it reverts with SplitsMismatch
// ├── when nothing waits
// │   └── it changes nothing
// ├── when income waits
// │   ├── accounts are owed the floor of their share, the last row the rest
// │   ├── upstream versions receive theirs, to be settled by themselves
// │   └── it emits AccountCredited, SettledUpstream and Settled
// ├── when the last row is ahead of its share through earlier roundings
// │   └── it settles as far as every row is covered, and the dust waits
// └── whatever the order, the number and the size of the settlements
//     └── all accounts end where the floor rule ends: a diamond, a chain of 50, 32 rows wide, 32 x 32
contract SettleTest is SaleTest {
    function test_PaysEachRowItsShare() public {
        uint64 base = _publish(ben, "base", _all(ben));
        Split[] memory splits = _mostly(ada, base);
        uint64 version = _publish(ada, "ema", splits);
        _income(version, 1_000_001);

        vm.expectEmit(address(ledger));
        emit IRevenueLedger.AccountCredited(ada, address(usd), 877_500);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.SettledUpstream(version, base, address(usd), 97_501);
        vm.expectEmit(address(ledger));
        emit IRevenueLedger.Settled(version, address(usd), 975_001);
        vm.prank(eve);
        ledger.settle(version, address(usd), splits);

        vm.assertEq(ledger.claimable(ada, address(usd)), 877_500);
        vm.assertEq(ledger.received(base, address(usd)), 97_501);
        vm.assertEq(ledger.settled(version, address(usd)), 975_001);
        vm.assertEq(ledger.total(address(usd)), 1_000_001);
    }

    function test_SettlingTwiceChangesNothing() public {
        uint64 version = _publish(ada, "ema", _all(ada));
        _income(version, 1e6);
        ledger.settle(version, address(usd), _all(ada));
        ledger.settle(version, address(usd), _all(ada));
        vm.assertEq(ledger.claimable(ada, address(usd)), 975_000);
    }

    function test_RefusesAnyOtherTable() public {
        uint64 version = _publish(ada, "ema", _all(ada));
        _publish(eve, "other", _all(eve));
        _income(version, 1e6);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.SplitsMismatch.selector, version));
        ledger.settle(version, address(usd), _all(eve));
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.SplitsMismatch.selector, version));
        ledger.settle(version, address(usd), new Split[](0));
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.SplitsMismatch.selector, 9));
        ledger.settle(9, address(usd), new Split[](0));
    }

    function test_ADiamondPaysTheSharedBaseFromBothSides() public {
        uint64 base = _publish(ada, "base", _all(ada));
        uint64 left = _publish(ben, "left", _mostly(ben, base));
        uint64 right = _publish(cyd, "right", _mostly(cyd, base));
        Split[] memory splits = _diamond(left, right);
        uint64 top = _publish(eve, "top", splits);
        _income(top, 4e6);

        ledger.settle(top, address(usd), splits);
        ledger.settle(left, address(usd), _mostly(ben, base));
        ledger.settle(right, address(usd), _mostly(cyd, base));
        ledger.settle(base, address(usd), _all(ada));

        vm.assertEq(ledger.claimable(eve, address(usd)), 1_950_000);
        vm.assertEq(ledger.claimable(ben, address(usd)), 877_500);
        vm.assertEq(ledger.claimable(cyd, address(usd)), 877_500);
        vm.assertEq(ledger.claimable(ada, address(usd)), 195_000);
    }

    function test_AChainOfFiftyVersionsPaysToTheLastUnit() public {
        uint64[] memory chain = new uint64[](50);
        uint256 moduleId = _register(ada, "chain");
        for (uint64 i; i < 50; ++i) {
            string memory semver = string.concat("1.0.", vm.toString(i));
            vm.prank(ada);
            chain[i] =
                uint64(registry.publish(moduleId, _terms(semver), i == 0 ? _all(ada) : _mostly(ada, chain[i - 1])));
        }
        _income(chain[49], 1e12);
        for (uint64 i = 50; i > 0; --i) {
            ledger.settle(chain[i - 1], address(usd), i == 1 ? _all(ada) : _mostly(ada, chain[i - 2]));
        }
        vm.assertEq(ledger.claimable(ada, address(usd)) + ledger.claimable(treasury, address(usd)), 1e12);
    }

    function test_ThirtyTwoUpstreamsSettleFarBelowABlocksGas() public {
        Split[] memory splits = new Split[](32);
        splits[0] = Split({account: ada, version: 0, ppm: 500_032});
        for (uint64 i = 1; i < 32; ++i) {
            string memory name = string.concat("base", vm.toString(i));
            splits[i] = Split({account: address(0), version: _publish(ben, name, _all(ben)), ppm: 16_128});
        }
        uint64 wide = _publish(ada, "wide", splits);
        _income(wide, 1e9);
        uint256 before = gasleft();
        ledger.settle(wide, address(usd), splits);
        vm.assertLe(before - gasleft(), 1_500_000);
        vm.assertEq(ledger.settled(wide, address(usd)), ledger.received(wide, address(usd)));
    }

    /// @dev A table of 32 upstream rows, each of them with such a table: all 33 settle in one transaction.
    function test_ThirtyTwoTimesThirtyTwoSettleInOneTransaction() public {
        Settlement[] memory all = new Settlement[](32);
        Split[] memory leaves = new Split[](32);
        leaves[0] = Split({account: ada, version: 0, ppm: 500_032});
        for (uint64 i = 1; i < 32; ++i) {
            string memory name = string.concat("leaf", vm.toString(i));
            leaves[i] = Split({account: address(0), version: _publish(ben, name, _all(ben)), ppm: 16_128});
        }
        Split[] memory rows = new Split[](32);
        rows[0] = Split({account: cyd, version: 0, ppm: 500_032});
        for (uint64 i = 1; i < 32; ++i) {
            rows[i] = Split({
                account: address(0), version: _publish(ada, string.concat("wide", vm.toString(i)), leaves), ppm: 16_128
            });
            all[i] = Settlement({version: rows[i].version, token: address(usd), splits: leaves});
        }
        uint64 top = _publish(cyd, "top", rows);
        all[0] = Settlement({version: top, token: address(usd), splits: rows});
        uint256 net = _income(top, 1e12);

        uint256 before = gasleft();
        ledger.settleMany(all);
        vm.assertLe(before - gasleft(), 12_000_000);
        uint256 each = net * 16_128 / 1e6;
        vm.assertEq(_owed(cyd), net * 500_032 / 1e6);
        // The last row of the top holds the remainder: its table rounds apart.
        uint256 last = net - _owed(cyd) - 30 * each;
        vm.assertEq(_owed(ada), 30 * (each * 500_032 / 1e6) + last * 500_032 / 1e6);
        vm.assertEq(ledger.received(leaves[1].version, address(usd)), 30 * (each * 16_128 / 1e6) + last * 16_128 / 1e6);
    }

    function test_AStaleTableOfTheSameModuleIsRefused() public {
        uint256 moduleId = _register(ada, "ema");
        vm.startPrank(ada);
        registry.publish(moduleId, _terms("1.0.0"), _all(ada));
        uint64 newer = uint64(registry.publish(moduleId, _terms("1.1.0"), _all(ben)));
        vm.stopPrank();
        _income(newer, 1e6);
        vm.expectRevert(abi.encodeWithSelector(IRevenueLedger.SplitsMismatch.selector, newer));
        ledger.settle(newer, address(usd), _all(ada));
    }

    /// @dev Bits above a row's fields would decode to the same row; the words are hashed as they came.
    function test_RefusesStrayBitsInARow() public {
        uint64 version = _publish(ada, "ema", _all(ada));
        _income(version, 1e6);
        bytes memory data = abi.encodeCall(ledger.settle, (version, address(usd), _all(ada)));
        assembly ("memory-safe") {
            // selector, three words of the head, the length; then the first row's account
            let at := add(data, add(36, mul(4, 32)))
            mstore(at, or(mload(at), shl(200, 1)))
        }
        (bool done,) = address(ledger).call(data);
        vm.assertFalse(done);
        vm.assertEq(_owed(ada), 0);
    }

    /// @dev However the income came in and whenever it was settled, an account holds the floor of its share of all.
    function testFuzz_TheRoundingsOfManySettlementsAreThoseOfOne(uint32[12] memory incomes, uint16 settles, uint32 cut)
        public
    {
        uint32 first = 1 + cut % 333_333;
        (uint64 version, Split[] memory splits) = _threeRows(first, 333_333);
        for (uint256 i; i < incomes.length; ++i) {
            // Small amounts too: dust is where rounding is stolen.
            _income(version, i % 2 == 0 ? incomes[i] % 100 : incomes[i]);
            if (settles >> i & 1 == 1) ledger.settle(version, address(usd), splits);
        }
        _income(version, 1e6);
        ledger.settle(version, address(usd), splits);

        uint256 net = ledger.received(version, address(usd));
        vm.assertEq(ledger.settled(version, address(usd)), net);
        _checkThreeRows(first, 333_333, net);
    }

    /// @dev Dust settled unit by unit under a last row of next to nothing: never refused, never more than is there.
    function testFuzz_DustWaitsRatherThanBeingTakenFromOthers(uint16[24] memory incomes, uint32 first) public {
        first = 1 + first % 999_000;
        uint32 second = 999_990 - first;
        (uint64 version, Split[] memory splits) = _threeRows(first, second);
        for (uint256 i; i < incomes.length; ++i) {
            _income(version, incomes[i] % 10);
            if (incomes[i] % 4 == 0) _income(version, uint256(incomes[i]) * 100);
            ledger.settle(version, address(usd), splits);

            uint256 settled = ledger.settled(version, address(usd));
            vm.assertLe(ledger.received(version, address(usd)) - settled, 999_999);
            _checkThreeRows(first, second, settled);
        }
    }

    function test_DustThatCannotBeSharedWaitsForMoreIncome() public {
        (uint64 version, Split[] memory splits) = _threeRows(499_995, 499_995);
        // Of two units both rows are rounded down to nothing and the last takes all; of three they are owed one each.
        _income(version, 2);
        ledger.settle(version, address(usd), splits);
        vm.assertEq(ledger.claimable(address(0x30), address(usd)), 2);
        _income(version, 1);
        ledger.settle(version, address(usd), splits);
        vm.assertEq(ledger.settled(version, address(usd)), 2);
        _income(version, 1);
        ledger.settle(version, address(usd), splits);
        vm.assertEq(ledger.settled(version, address(usd)), 4);
        _checkThreeRows(499_995, 499_995, 4);
    }

    function test_WhereTheLastRowIsAheadAllButTheDustIsSettled() public {
        Split[] memory splits = new Split[](6);
        for (uint160 i; i < 6; ++i) {
            splits[i] = Split({account: address(i + 1), version: 0, ppm: i < 4 ? 199_999 : i == 4 ? 200_003 : 1});
        }
        uint64 version = _publish(ada, "six", splits);
        _income(version, 4);
        ledger.settle(version, address(usd), splits);
        vm.assertEq(ledger.claimable(address(6), address(usd)), 4);

        vm.assertEq(_income(version, 1_025_643), 1_000_002);
        ledger.settle(version, address(usd), splits);
        vm.assertEq(ledger.settled(version, address(usd)), 999_999);
        vm.assertEq(ledger.claimable(address(1), address(usd)), 199_998);
        vm.assertEq(ledger.claimable(address(6), address(usd)), 5);

        _income(version, 4);
        ledger.settle(version, address(usd), splits);
        vm.assertEq(ledger.settled(version, address(usd)), 1_000_010);
    }

    /// @dev Settled in any order and any number of times, a graph ends where the floor rule in topological order ends.
    function testFuzz_TheOrderOfSettlementsDoesNotMatter(uint32[8] memory incomes, uint256 order) public {
        (uint64[4] memory ids, Split[][4] memory tables) = _graph();
        uint256[4] memory received;
        for (uint256 i; i < incomes.length; ++i) {
            uint256 place = uint256(incomes[i]) % 4;
            received[place] += _income(ids[place], incomes[i]);
            for (uint256 j; j < 3; ++j) {
                ledger.settle(ids[order % 4], address(usd), tables[order % 4]);
                order = uint256(keccak256(abi.encode(order)));
            }
        }
        received[3] += _income(ids[3], 100);
        for (uint256 i = 4; i > 0; --i) {
            ledger.settle(ids[i - 1], address(usd), tables[i - 1]);
            vm.assertEq(ledger.settled(ids[i - 1], address(usd)), ledger.received(ids[i - 1], address(usd)));
        }

        uint256 topOwn = received[3] * 500_000 / 1e6;
        uint256 toLeft = received[3] * 250_000 / 1e6;
        received[1] += toLeft;
        received[2] += received[3] - topOwn - toLeft;
        uint256 leftOwn = received[1] * 900_000 / 1e6;
        uint256 rightOwn = received[2] * 900_000 / 1e6;
        received[0] += received[1] - leftOwn + received[2] - rightOwn;
        vm.assertEq(ledger.claimable(eve, address(usd)), topOwn);
        vm.assertEq(ledger.claimable(ben, address(usd)), leftOwn);
        vm.assertEq(ledger.claimable(cyd, address(usd)), rightOwn);
        vm.assertEq(ledger.claimable(ada, address(usd)), received[0]);
    }

    function _graph() private returns (uint64[4] memory ids, Split[][4] memory tables) {
        tables[0] = _all(ada);
        ids[0] = _publish(ada, "base", tables[0]);
        tables[1] = _mostly(ben, ids[0]);
        ids[1] = _publish(ben, "left", tables[1]);
        tables[2] = _mostly(cyd, ids[0]);
        ids[2] = _publish(cyd, "right", tables[2]);
        tables[3] = _diamond(ids[1], ids[2]);
        ids[3] = _publish(eve, "top", tables[3]);
    }

    function _threeRows(uint32 first, uint32 second) private returns (uint64 version, Split[] memory splits) {
        splits = new Split[](3);
        splits[0] = Split({account: address(0x10), version: 0, ppm: first});
        splits[1] = Split({account: address(0x20), version: 0, ppm: second});
        splits[2] = Split({account: address(0x30), version: 0, ppm: 1_000_000 - first - second});
        version = _publish(ada, "three", splits);
    }

    function _checkThreeRows(uint256 first, uint256 second, uint256 settled) private view {
        uint256 one = settled * first / 1e6;
        uint256 two = settled * second / 1e6;
        vm.assertEq(ledger.claimable(address(0x10), address(usd)), one);
        vm.assertEq(ledger.claimable(address(0x20), address(usd)), two);
        vm.assertEq(ledger.claimable(address(0x30), address(usd)), settled - one - two);
    }

    function _diamond(uint64 left, uint64 right) private view returns (Split[] memory splits) {
        splits = new Split[](3);
        splits[0] = Split({account: eve, version: 0, ppm: 500_000});
        splits[1] = Split({account: address(0), version: left, ppm: 250_000});
        splits[2] = Split({account: address(0), version: right, ppm: 250_000});
    }
}
