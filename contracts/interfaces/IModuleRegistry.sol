// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice Open bundles are public; sealed ones are ciphertext whose plain text is named by `plainDigest`.
enum Access {
    Open,
    Sealed
}

/// @notice One row of a version's revenue table: parts per million to an account, or to an upstream version.
/// @dev Exactly one of `account` and `version` is not zero. One row fills one word.
/// @param account Who is paid; zero in a row for an upstream version.
/// @param version The upstream version that is paid; zero in a row for an account.
/// @param ppm Parts per million.
struct Split {
    address account;
    uint64 version;
    uint32 ppm;
}

/// @notice What an author states when publishing a version.
/// @param cidDigest SHA-256 digest of the bundle's CIDv1 root (dag-pb).
/// @param plainDigest The same digest of the plain bundle; equal to `cidDigest` when the access is open.
/// @param access Whether the bundle is public.
/// @param minRoyaltyPpm The least share that whoever builds on this version must pay to it, in parts per million. It binds
/// those whose tables name this version; who builds on one of them owes that one's least alone.
/// @param semver Semantic version, unique within the module: [0-9A-Za-z.+-]{1,64}.
struct VersionTerms {
    bytes32 cidDigest;
    bytes32 plainDigest;
    Access access;
    uint32 minRoyaltyPpm;
    string semver;
}

/// @notice What the registry keeps of a published version. It never changes but for the one-way `deprecated`.
/// @param cidDigest SHA-256 digest of the bundle's root.
/// @param plainDigest The same of the plain bundle.
/// @param moduleId The module it belongs to.
/// @param publishedAt Time in seconds.
/// @param minRoyaltyPpm The least share of whoever builds on it.
/// @param access Whether the bundle is public.
/// @param deprecated Whether new versions may no longer build on it.
struct Version {
    bytes32 cidDigest;
    bytes32 plainDigest;
    uint64 moduleId;
    uint64 publishedAt;
    uint32 minRoyaltyPpm;
    Access access;
    bool deprecated;
}

/// @title ModuleRegistry
/// @notice Who owns which module, and which immutable versions it has. One ERC-721 token is one module.
interface IModuleRegistry is IERC721 {
    event ModuleRegistered(uint256 indexed moduleId, address indexed author, string name);
    event Published(
        uint256 indexed versionId,
        uint256 indexed moduleId,
        bytes32 indexed cidDigest,
        bytes32 plainDigest,
        Access access,
        uint32 minRoyaltyPpm,
        string semver,
        Split[] splits
    );
    event Deprecated(uint256 indexed versionId);

    error NameInvalid(string name);
    error NameTaken(address author, string name);
    error NotAuthor(address caller, uint256 moduleId);
    error UnknownVersion(uint256 versionId);
    error EmptyDigest();
    error SemverInvalid(string semver);
    error SemverTaken(uint256 moduleId, string semver);
    error PlainDigestMismatch();
    error NoSplits();
    error TooManySplits(uint256 count);
    error SplitNotSorted(uint256 index);
    error SplitTargetInvalid(uint256 index);
    error SplitZero(uint256 index);
    error SplitSumWrong(uint256 sum);
    error UpstreamNotOlder(uint256 upstream, uint256 versionId);
    error UpstreamDeprecated(uint256 upstream);
    error RoyaltyTooLow(uint256 upstream, uint256 ppm, uint256 minimum);
    error UpstreamShareTooHigh(uint256 sum);
    error MinRoyaltyTooHigh(uint256 ppm);
    error AlreadyDeprecated(uint256 versionId);

    /// @notice Registers a module to the sender. A name is unique among the modules that one account registered,
    /// and is what module.toml allows: [a-z][a-z0-9_]{0,63}.
    function registerModule(string calldata name) external returns (uint256 moduleId);

    /// @notice Publishes an immutable version of a module that the sender owns.
    /// @dev A digest belongs to nobody. A copier that publishes a bundle before its author keeps no one out and has no part
    /// in the author's versions; who wrote it is for buyers to judge, by the module's owner.
    /// @param splits At most 32 rows, sorted strictly by (version, account), summing to 1e6; account rows come first.
    function publish(uint256 moduleId, VersionTerms calldata terms, Split[] calldata splits)
        external
        returns (uint256 versionId);

    /// @notice Marks a version as deprecated: no new version may build on it. It cannot be undone.
    function deprecate(uint256 versionId) external;

    /// @notice The version; reverts for an unknown id, as every view that returns a record does.
    function version(uint256 versionId) external view returns (Version memory);
    /// @notice Whether new versions may no longer build on it.
    function isDeprecated(uint256 versionId) external view returns (bool);
    /// @notice keccak256(abi.encode(splits)) of the version's revenue table; zero for an unknown version.
    function splitsHash(uint256 versionId) external view returns (bytes32);
    /// @notice The module's owner, which is its author.
    function authorOf(uint256 versionId) external view returns (address);
    /// @notice The id of the module that `author` registered as `name`, or zero.
    function moduleOf(address author, string calldata name) external view returns (uint256 moduleId);
    function moduleName(uint256 moduleId) external view returns (string memory);
    function moduleCount() external view returns (uint256);
    function versionCount() external view returns (uint256);
}
