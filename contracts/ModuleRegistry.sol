// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Access, IModuleRegistry, Split, Version, VersionTerms} from "./interfaces/IModuleRegistry.sol";

/// @title ModuleRegistry
contract ModuleRegistry is IModuleRegistry, ERC721 {
    uint256 private constant PPM = 1_000_000;
    /// @dev Most that upstream versions may take of a version, together; so also the most one may ask for.
    uint256 private constant MAX_UPSTREAM_PPM = 500_000;
    uint256 private constant MAX_SPLITS = 32;
    uint256 private constant MAX_TEXT = 64;

    /// @inheritdoc IModuleRegistry
    uint256 public moduleCount;
    /// @inheritdoc IModuleRegistry
    uint256 public versionCount;
    /// @inheritdoc IModuleRegistry
    mapping(uint256 versionId => bytes32) public splitsHash;

    mapping(uint256 versionId => Version) private _versions;
    mapping(uint256 moduleId => string) private _names;
    mapping(address author => mapping(bytes32 nameHash => uint256 moduleId)) private _moduleOf;
    mapping(uint256 moduleId => mapping(bytes32 semverHash => bool)) private _semverTaken;

    constructor() ERC721("Fusion Module", "FMOD") {}

    /// @inheritdoc IModuleRegistry
    function registerModule(string calldata name_) external returns (uint256 moduleId) {
        require(_isName(bytes(name_)), NameInvalid(name_));
        bytes32 nameHash = keccak256(bytes(name_));
        require(_moduleOf[msg.sender][nameHash] == 0, NameTaken(msg.sender, name_));

        moduleId = ++moduleCount;
        _moduleOf[msg.sender][nameHash] = moduleId;
        _names[moduleId] = name_;
        _mint(msg.sender, moduleId);

        emit ModuleRegistered(moduleId, msg.sender, name_);
    }

    /// @inheritdoc IModuleRegistry
    function publish(uint256 moduleId, VersionTerms calldata terms, Split[] calldata splits)
        external
        returns (uint256 versionId)
    {
        require(_ownerOf(moduleId) == msg.sender, NotAuthor(msg.sender, moduleId));
        require(terms.cidDigest != 0 && terms.plainDigest != 0, EmptyDigest());
        // An open bundle is its own plain text, a sealed one never is.
        require((terms.access == Access.Open) == (terms.plainDigest == terms.cidDigest), PlainDigestMismatch());
        require(terms.minRoyaltyPpm <= MAX_UPSTREAM_PPM, MinRoyaltyTooHigh(terms.minRoyaltyPpm));
        require(_isSemver(bytes(terms.semver)), SemverInvalid(terms.semver));
        bytes32 semverHash = keccak256(bytes(terms.semver));
        require(!_semverTaken[moduleId][semverHash], SemverTaken(moduleId, terms.semver));
        versionId = versionCount + 1;
        _checkSplits(splits, versionId);

        versionCount = versionId;
        _semverTaken[moduleId][semverHash] = true;
        splitsHash[versionId] = keccak256(abi.encode(splits));
        _versions[versionId] = Version({
            cidDigest: terms.cidDigest,
            plainDigest: terms.plainDigest,
            moduleId: SafeCast.toUint64(moduleId),
            publishedAt: SafeCast.toUint64(block.timestamp),
            minRoyaltyPpm: terms.minRoyaltyPpm,
            access: terms.access,
            deprecated: false
        });

        emit Published(
            versionId,
            moduleId,
            terms.cidDigest,
            terms.plainDigest,
            terms.access,
            terms.minRoyaltyPpm,
            terms.semver,
            splits
        );
    }

    /// @inheritdoc IModuleRegistry
    function deprecate(uint256 versionId) external {
        Version storage stored = _known(versionId);
        require(_ownerOf(stored.moduleId) == msg.sender, NotAuthor(msg.sender, stored.moduleId));
        require(!stored.deprecated, AlreadyDeprecated(versionId));

        stored.deprecated = true;

        emit Deprecated(versionId);
    }

    /// @inheritdoc IModuleRegistry
    function version(uint256 versionId) external view returns (Version memory) {
        return _known(versionId);
    }

    /// @inheritdoc IModuleRegistry
    function isDeprecated(uint256 versionId) external view returns (bool) {
        Version storage stored = _versions[versionId];
        // Both are read at once: every sale asks.
        (uint64 moduleId, bool deprecated) = (stored.moduleId, stored.deprecated);
        require(moduleId != 0, UnknownVersion(versionId));
        return deprecated;
    }

    /// @inheritdoc IModuleRegistry
    function authorOf(uint256 versionId) external view returns (address) {
        return ownerOf(_known(versionId).moduleId);
    }

    /// @inheritdoc IModuleRegistry
    function moduleOf(address author, string calldata name_) external view returns (uint256 moduleId) {
        return _moduleOf[author][keccak256(bytes(name_))];
    }

    /// @inheritdoc IModuleRegistry
    function moduleName(uint256 moduleId) external view returns (string memory) {
        _requireOwned(moduleId);
        return _names[moduleId];
    }

    function _known(uint256 versionId) private view returns (Version storage stored) {
        stored = _versions[versionId];
        require(stored.moduleId != 0, UnknownVersion(versionId));
    }

    /// @dev What module.toml allows: [a-z][a-z0-9_]{0,63}.
    function _isName(bytes calldata text) private pure returns (bool) {
        if (text.length == 0 || text.length > MAX_TEXT || !_isLower(text[0])) return false;
        for (uint256 i = 1; i < text.length; ++i) {
            if (!_isLower(text[i]) && !_isDigit(text[i]) && text[i] != "_") return false;
        }
        return true;
    }

    /// @dev The letters of a semantic version: [0-9A-Za-z.+-]{1,64}.
    function _isSemver(bytes calldata text) private pure returns (bool) {
        if (text.length == 0 || text.length > MAX_TEXT) return false;
        for (uint256 i; i < text.length; ++i) {
            bytes1 letter = text[i];
            bool allowed = _isDigit(letter) || _isLower(letter) || (letter >= "A" && letter <= "Z") || letter == "."
                || letter == "+" || letter == "-";
            if (!allowed) return false;
        }
        return true;
    }

    function _isLower(bytes1 letter) private pure returns (bool) {
        return letter >= "a" && letter <= "z";
    }

    function _isDigit(bytes1 letter) private pure returns (bool) {
        return letter >= "0" && letter <= "9";
    }

    /// @dev Reverts unless the rows are a revenue table that `versionId` may have. Upstream ids below its own make the
    /// graph of versions acyclic.
    function _checkSplits(Split[] calldata splits, uint256 versionId) private view {
        require(splits.length != 0, NoSplits());
        require(splits.length <= MAX_SPLITS, TooManySplits(splits.length));

        uint256 sum;
        uint256 upstreamSum;
        uint256 previous;
        for (uint256 i; i < splits.length; ++i) {
            Split calldata split = splits[i];
            uint256 key = (uint256(split.version) << 160) | uint160(split.account);
            require((split.account == address(0)) != (split.version == 0), SplitTargetInvalid(i));
            require(key > previous, SplitNotSorted(i));
            require(split.ppm != 0, SplitZero(i));
            if (split.version != 0) {
                _checkUpstream(split, versionId);
                upstreamSum += split.ppm;
            }
            sum += split.ppm;
            previous = key;
        }
        require(sum == PPM, SplitSumWrong(sum));
        require(upstreamSum <= MAX_UPSTREAM_PPM, UpstreamShareTooHigh(upstreamSum));
    }

    function _checkUpstream(Split calldata split, uint256 versionId) private view {
        require(split.version < versionId, UpstreamNotOlder(split.version, versionId));
        Version storage upstream = _versions[split.version];
        require(!upstream.deprecated, UpstreamDeprecated(split.version));
        require(split.ppm >= upstream.minRoyaltyPpm, RoyaltyTooLow(split.version, split.ppm, upstream.minRoyaltyPpm));
    }
}
