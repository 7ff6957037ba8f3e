// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice Standing terms of sale for a version.
/// @param token ERC-20 the price is paid in; allow-listed.
/// @param version The version sold.
/// @param duration Seconds a license lasts; zero is perpetual.
/// @param price Base units for a license.
/// @param perRunPrice Base units for one run without a license; zero means that runs are not sold.
/// @param active Whether it can be bought now.
struct Offer {
    address token;
    uint64 version;
    uint32 duration;
    uint96 price;
    uint96 perRunPrice;
    bool active;
}

/// @notice A buyer's right to run a version; the offer's terms as they were at purchase.
/// @param version The version that may be run.
/// @param expiry First second at which it is no longer valid; zero is perpetual.
/// @param pricePaid Base units paid.
/// @param token What they were paid in.
/// @param offer The offer bought.
struct License {
    uint64 version;
    uint64 expiry;
    uint128 pricePaid;
    address token;
    uint64 offer;
}

/// @title LicenseMarket
/// @notice Sells licenses to versions. One ERC-721 token is one license.
interface ILicenseMarket is IERC721 {
    event TokenAllowed(address indexed token, bool allowed);
    event OfferSet(
        uint256 indexed offerId,
        uint256 indexed version,
        address token,
        uint256 price,
        uint256 duration,
        uint256 perRunPrice,
        bool active
    );
    event Purchased(
        uint256 indexed licenseId,
        uint256 indexed offerId,
        uint256 indexed version,
        address buyer,
        address recipient,
        address token,
        uint256 price,
        uint256 expiry
    );

    error NotAuthor(address caller, uint256 version);
    error TokenNotAllowed(address token);
    error UnknownOffer(uint256 offerId);
    error OfferInactive(uint256 offerId);
    error PriceTooLow(uint256 maxPrice, uint256 price);
    error VersionChanged(uint256 expected, uint256 actual);
    error VersionDeprecated(uint256 version);
    error ReceivedTooLittle(uint256 received, uint256 price);
    error OfferTokenFixed(uint256 offerId, address token);

    /// @notice Makes an offer (`offerId` zero) or changes one. Licenses already sold keep their terms.
    /// @dev An offer may move to another version of the author's; its token never changes.
    function setOffer(uint256 offerId, Offer calldata terms) external returns (uint256 id);

    /// @notice Buys a license for `recipient`; reverts when the price is above `maxPrice` or the version is another.
    function purchase(uint256 offerId, address recipient, uint256 maxPrice, uint256 expectedVersion)
        external
        returns (uint256 licenseId);

    /// @notice The same in one transaction, with an ERC-2612 permit for `maxPrice`. A permit spent by a front-runner does no harm.
    function purchaseWithPermit(
        uint256 offerId,
        address recipient,
        uint256 maxPrice,
        uint256 expectedVersion,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 licenseId);

    /// @notice Allows a payment token, or stops new sales in it. For the deployment's owner alone.
    function allowToken(address token, bool allowed) external;

    function tokenAllowed(address token) external view returns (bool);
    function offer(uint256 offerId) external view returns (Offer memory);
    function license(uint256 licenseId) external view returns (License memory);
    /// @notice What a purchase would cost now, in base units of the offer's token.
    function quote(uint256 offerId) external view returns (uint256 price);
    /// @notice Whether `user` holds that license, it is for that version, and it has not expired.
    function isValid(uint256 licenseId, address user, uint256 version) external view returns (bool);
    function offerCount() external view returns (uint256);
    function licenseCount() external view returns (uint256);
}
