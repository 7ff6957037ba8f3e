// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Access, IModuleRegistry, Split, Version, VersionTerms} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {SaleTest} from "../base/SaleTest.sol";

// publish(moduleId, terms, splits)
// ├── when the module is unknown or another's: it reverts with NotAuthor
// ├── when a digest is empty, or an open bundle's differ, or a sealed one's are equal: it reverts
// ├── when the royalty asked for is above half, or the semver is not [0-9A-Za-z.+-]{1,64} or taken: it reverts
// ├── when the table
// │   ├── has no row, more than 32, or a row of zero: it reverts
// │   ├── is not sorted by (version, account), or a row names both or neither: it reverts
// │   ├── does not sum to 1e6: it reverts with SplitSumWrong
// │   ├── names itself, the future or a deprecated version as upstream: it reverts
// │   └── undercuts an upstream, or gives upstreams more than half: it reverts
// └── otherwise
//     ├── the version and the hash of its table are kept
//     └── the same digest may be published by others, before or after
contract PublishTest is SaleTest {
    uint256 internal moduleId;

    function setUp() public override {
        super.setUp();
        moduleId = _register(ada, "ema");
    }

    function test_KeepsTheVersionAndTheHashOfItsTable() public {
        VersionTerms memory terms = _terms("1.0.0");
        terms.minRoyaltyPpm = 50_000;
        Split[] memory splits = _all(ada);
        vm.expectEmit(address(registry));
        emit IModuleRegistry.Published(
            1, moduleId, terms.cidDigest, terms.plainDigest, Access.Open, 50_000, "1.0.0", splits
        );
        vm.prank(ada);
        uint256 versionId = registry.publish(moduleId, terms, splits);

        Version memory version = registry.version(versionId);
        vm.assertEq(version.cidDigest, terms.cidDigest);
        vm.assertEq(version.plainDigest, terms.plainDigest);
        vm.assertEq(version.moduleId, moduleId);
        vm.assertEq(version.publishedAt, vm.getBlockTimestamp());
        vm.assertEq(version.minRoyaltyPpm, 50_000);
        vm.assertFalse(version.deprecated);
        vm.assertEq(registry.splitsHash(versionId), keccak256(abi.encode(splits)));
        vm.assertEq(registry.authorOf(versionId), ada);
        vm.assertEq(registry.versionCount(), 1);
    }

    function test_TheNewOwnerOfAModulePublishes() public {
        vm.prank(ada);
        registry.transferFrom(ada, ben, moduleId);

        _refuse(
            ada, _terms("1.0.0"), _all(ada), abi.encodeWithSelector(IModuleRegistry.NotAuthor.selector, ada, moduleId)
        );
        vm.prank(ben);
        vm.assertEq(registry.authorOf(registry.publish(moduleId, _terms("1.0.0"), _all(ben))), ben);
    }

    /// @dev A digest is not owned by who publishes it first: a copier that runs ahead of the author neither keeps the
    /// author out nor takes a version's name or revenue from it. Whose work it was is for buyers to judge, by author.
    function test_ACopierWhoIsFirstCannotBlockTheAuthorsCid() public {
        uint64 copy = _publish(eve, "ema", _all(eve));
        vm.prank(ada);
        uint256 original = registry.publish(moduleId, _terms("1.0.0"), _all(ada));
        vm.assertEq(original, copy + 1);
        vm.assertEq(registry.version(copy).cidDigest, registry.version(original).cidDigest);
        vm.assertEq(registry.authorOf(copy), eve);
        vm.assertEq(registry.authorOf(original), ada);
    }

    function test_RefusesStrangersAndUnknownModules() public {
        _refuse(
            eve, _terms("1.0.0"), _all(eve), abi.encodeWithSelector(IModuleRegistry.NotAuthor.selector, eve, moduleId)
        );
        moduleId = 99;
        _refuse(ada, _terms("1.0.0"), _all(ada), abi.encodeWithSelector(IModuleRegistry.NotAuthor.selector, ada, 99));
    }

    function test_RefusesEmptyOrMismatchedDigests() public {
        VersionTerms memory terms = _terms("1.0.0");
        terms.cidDigest = 0;
        _refuse(ada, terms, _all(ada), abi.encodeWithSelector(IModuleRegistry.EmptyDigest.selector));
        terms = _terms("1.0.0");
        terms.plainDigest = 0;
        _refuse(ada, terms, _all(ada), abi.encodeWithSelector(IModuleRegistry.EmptyDigest.selector));
        terms.plainDigest = "other";
        _refuse(ada, terms, _all(ada), abi.encodeWithSelector(IModuleRegistry.PlainDigestMismatch.selector));
    }

    function test_ASealedBundleDiffersFromItsPlainText() public {
        VersionTerms memory terms = _terms("1.0.0");
        terms.access = Access.Sealed;
        _refuse(ada, terms, _all(ada), abi.encodeWithSelector(IModuleRegistry.PlainDigestMismatch.selector));
        terms.plainDigest = "plain";
        vm.prank(ada);
        vm.assertEq(registry.version(registry.publish(moduleId, terms, _all(ada))).plainDigest, "plain");
    }

    function test_RefusesASemverTwice() public {
        vm.prank(ada);
        registry.publish(moduleId, _terms("1.0.0"), _all(ada));
        _refuse(
            ada,
            _terms("1.0.0"),
            _all(ada),
            abi.encodeWithSelector(IModuleRegistry.SemverTaken.selector, moduleId, "1.0.0")
        );
    }

    function test_RefusesASemverOfOtherLetters() public {
        string[7] memory semvers = [
            "",
            "1.0 ",
            "1.0\"",
            "1_0",
            "1.0/2",
            unicode"1.0é",
            "1.0.0-12345678901234567890123456789012345678901234567890123456789"
        ];
        for (uint256 i; i < semvers.length; ++i) {
            _refuse(
                ada,
                _terms(semvers[i]),
                _all(ada),
                abi.encodeWithSelector(IModuleRegistry.SemverInvalid.selector, semvers[i])
            );
        }
    }

    function test_EveryByteIsInASemverOrNot() public {
        for (uint256 i; i < 256; ++i) {
            bytes1 letter = bytes1(uint8(i));
            bool accepted = (letter >= "a" && letter <= "z") || (letter >= "A" && letter <= "Z")
                || (letter >= "0" && letter <= "9") || letter == "." || letter == "+" || letter == "-";
            VersionTerms memory terms = _terms("1");
            terms.semver = string(abi.encodePacked("1", letter));
            vm.prank(ada);
            (bool done,) = address(registry).call(abi.encodeCall(registry.publish, (moduleId, terms, _all(ada))));
            vm.assertEq(done, accepted);
        }
        vm.prank(ada);
        registry.publish(
            moduleId, _terms("1.0.0-1234567890123456789012345678901234567890123456789012345678"), _all(ada)
        );
    }

    function test_RefusesARoyaltyThatNobodyCouldPay() public {
        VersionTerms memory terms = _terms("1.0.0");
        terms.minRoyaltyPpm = 500_001;
        _refuse(ada, terms, _all(ada), abi.encodeWithSelector(IModuleRegistry.MinRoyaltyTooHigh.selector, 500_001));
    }

    function test_RefusesTablesOfNoOrTooManyRows() public {
        _refuse(ada, new Split[](0), abi.encodeWithSelector(IModuleRegistry.NoSplits.selector));
        _refuse(ada, _equalRows(33), abi.encodeWithSelector(IModuleRegistry.TooManySplits.selector, 33));
    }

    function test_AcceptsThirtyTwoRows() public {
        vm.prank(ada);
        registry.publish(moduleId, _terms("1.0.0"), _equalRows(32));
    }

    function test_RefusesUnsortedOrRepeatedRows() public {
        Split[] memory splits = _equalRows(4);
        (splits[1], splits[2]) = (splits[2], splits[1]);
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitNotSorted.selector, 2));
        splits[1] = splits[2];
        splits[2] = splits[1];
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitNotSorted.selector, 2));
    }

    function test_RefusesUpstreamsBeforeAccounts() public {
        uint64 upstream = _publish(ben, "base", _all(ben));
        Split[] memory splits = _mostly(ada, upstream);
        (splits[0], splits[1]) = (splits[1], splits[0]);
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitNotSorted.selector, 1));
    }

    function test_ARowNamesAnAccountOrAVersion() public {
        uint64 upstream = _publish(ben, "base", _all(ben));
        Split[] memory splits = _mostly(ada, upstream);
        splits[1].account = ada;
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitTargetInvalid.selector, 1));
        splits[0].account = address(0);
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitTargetInvalid.selector, 0));
    }

    function test_RefusesZeroRowsAndWrongSums() public {
        Split[] memory splits = _mostly(ada, 0);
        splits[1].account = address(type(uint160).max);
        splits[1].ppm = 0;
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitZero.selector, 1));
        splits[1].ppm = 99_999;
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitSumWrong.selector, 999_999));
        splits[1].ppm = type(uint32).max;
        _refuse(
            ada,
            splits,
            abi.encodeWithSelector(IModuleRegistry.SplitSumWrong.selector, 900_000 + uint256(type(uint32).max))
        );
    }

    function test_RefusesItselfAndTheFutureAsUpstream() public {
        _refuse(ada, _mostly(ada, 1), abi.encodeWithSelector(IModuleRegistry.UpstreamNotOlder.selector, 1, 1));
        _refuse(ada, _mostly(ada, 7), abi.encodeWithSelector(IModuleRegistry.UpstreamNotOlder.selector, 7, 1));
    }

    function test_RefusesADeprecatedUpstream() public {
        uint64 upstream = _publish(ben, "base", _all(ben));
        vm.prank(ben);
        registry.deprecate(upstream);
        _refuse(
            ada, _mostly(ada, upstream), abi.encodeWithSelector(IModuleRegistry.UpstreamDeprecated.selector, upstream)
        );
    }

    function test_RefusesToUndercutAnUpstream() public {
        uint256 base = _register(ben, "base");
        VersionTerms memory terms = _terms("1.0.0");
        terms.minRoyaltyPpm = 100_001;
        vm.prank(ben);
        uint64 upstream = uint64(registry.publish(base, terms, _all(ben)));
        _refuse(
            ada,
            _mostly(ada, upstream),
            abi.encodeWithSelector(IModuleRegistry.RoyaltyTooLow.selector, upstream, 100_000, 100_001)
        );
    }

    function test_UpstreamsTakeHalfAtMost() public {
        uint64 upstream = _publish(ben, "base", _all(ben));
        Split[] memory splits = _mostly(ada, upstream);
        (splits[0].ppm, splits[1].ppm) = (499_999, 500_001);
        _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.UpstreamShareTooHigh.selector, 500_001));
        (splits[0].ppm, splits[1].ppm) = (500_000, 500_000);
        vm.prank(ada);
        registry.publish(moduleId, _terms("1.0.0"), splits);
    }

    function testFuzz_AcceptsATableExactlyWhenItSumsToTheWhole(uint256 seed, uint256 rows, int32 off) public {
        rows = 1 + rows % 32;
        Split[] memory splits = _equalRows(rows);
        for (uint256 i; i + 1 < rows; ++i) {
            uint32 moved = uint32(uint256(keccak256(abi.encode(seed, i))) % splits[i].ppm);
            splits[i].ppm -= moved;
            splits[i + 1].ppm += moved;
        }
        int256 last = int256(uint256(splits[rows - 1].ppm)) + off % 1000;
        if (last < 1) last = 1;
        uint256 sum = 1_000_000 - splits[rows - 1].ppm + uint256(last);
        splits[rows - 1].ppm = uint32(uint256(last));

        if (sum != 1_000_000) {
            _refuse(ada, splits, abi.encodeWithSelector(IModuleRegistry.SplitSumWrong.selector, sum));
        }
        splits[rows - 1].ppm = uint32(uint256(last) + 1_000_000 - sum);
        vm.prank(ada);
        vm.assertEq(
            registry.splitsHash(registry.publish(moduleId, _terms("2.0.0"), splits)), keccak256(abi.encode(splits))
        );
    }

    function _equalRows(uint256 rows) private pure returns (Split[] memory splits) {
        splits = new Split[](rows);
        uint32 ppm = uint32(1_000_000 / rows);
        for (uint256 i; i < rows; ++i) {
            splits[i] = Split({account: address(uint160(i + 1)), version: 0, ppm: ppm});
        }
        splits[0].ppm += uint32(1_000_000 - rows * ppm);
    }

    function _refuse(address author, Split[] memory splits, bytes memory reason) private {
        _refuse(author, _terms("1.0.0"), splits, reason);
    }

    function _refuse(address author, VersionTerms memory terms, Split[] memory splits, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(author);
        registry.publish(moduleId, terms, splits);
    }
}
