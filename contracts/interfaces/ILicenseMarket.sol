// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice What an offer sells: nothing (it is withdrawn), licenses, single runs, or both.
enum Sells {
    Nothing,
    Licenses,
    Runs,
    Both
}

/// @notice Standing terms of sale for a version.
/// @param token ERC-20 the price is paid in; allow-listed.
/// @param version The version sold.
/// @param duration Seconds a license lasts; zero is perpetual.
/// @param price Base units for a license; zero gives it away.
/// @param perRunPrice Base units for one run without a license; zero gives it away.
/// @param trial Seconds in which an unused license may be returned for its price; zero is no trial.
/// @param referralBps Part of the price for whoever referred the buyer, in basis points, at most 2,000.
/// @param resaleBps What the author asks of a license's resale, in basis points, at most 1,000: a signal (ERC-2981).
/// @param sells What can be bought now.
struct Offer {
    address token;
    uint64 version;
    uint32 duration;
    uint96 price;
    uint96 perRunPrice;
    uint24 trial;
    uint16 referralBps;
    uint16 resaleBps;
    Sells sells;
}

/// @notice A buyer's right to run a version; the offer's terms as they were at purchase.
/// @param version The version that may be run.
/// @param expiry First second at which it is no longer valid; zero is perpetual.
/// @param refundableUntil First second at which it can no longer be returned; zero where it cannot, or was used.
/// @param pricePaid Base units paid at purchase.
/// @param token What they were paid in.
/// @param offer The offer bought.
struct License {
    uint64 version;
    uint64 expiry;
    uint64 refundableUntil;
    uint128 pricePaid;
    address token;
    uint64 offer;
}

/// @notice Why a license cannot be renewed now; None when it can.
enum RenewalRefusal {
    None,
    UnknownLicense,
    Perpetual,
    InTrial,
    NotSold,
    OfferMoved,
    TokenNotAllowed,
    VersionDeprecated,
    Paused
}

/// @notice An ERC-2612 permit of the buyer's for the market, for as much as the most it would pay.
struct Permit {
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice An ERC-3009 authorization to receive exactly the price. Its nonce is `authorizationNonce` of the purchase,
/// so that whoever submits it can change nothing of it.
/// @param from The buyer, an account or an ERC-1271 wallet.
/// @param value What was signed for; equal to the price.
/// @param validAfter Last second at which it is not valid yet.
/// @param validBefore First second at which it is no longer valid.
/// @param salt Makes the nonce one of its own.
/// @param signature Of 65 bytes, or whatever the wallet takes where the token asks wallets.
struct Authorization {
    address from;
    uint256 value;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 salt;
    bytes signature;
}

/// @title LicenseMarket
/// @notice Sells licenses to versions. One ERC-721 token is one license.
/// @dev The price of a license on trial is held in the RevenueLedger until the trial ends or the license is used.
interface ILicenseMarket is IERC721, IERC2981 {
    event OfferSet(uint256 indexed offerId, uint256 indexed version, Offer terms);
    event Purchased(
        uint256 indexed licenseId,
        uint256 indexed offerId,
        uint256 indexed version,
        address buyer,
        address recipient,
        uint256 price,
        uint256 expiry,
        uint256 refundableUntil,
        address referrer
    );
    event Renewed(uint256 indexed licenseId, address indexed payer, uint256 price, uint256 expiry);
    /// @dev `price` is owed to `holder` in the RevenueLedger; the license is burned.
    event Refunded(uint256 indexed licenseId, address indexed holder, uint256 price);
    /// @dev The trial ended or the license was used: its price went to the version.
    event Released(uint256 indexed licenseId, uint256 price);
    event PausedSet(bool paused);

    error NotAuthor(address caller, uint256 version);
    error NotJobMarket(address caller);
    error NotHolder(address caller, uint256 licenseId);
    error TokenNotAllowed(address token);
    error UnknownOffer(uint256 offerId);
    error NotSold(uint256 offerId);
    error PriceTooLow(uint256 maxPrice, uint256 price);
    error AuthorizationNotPrice(uint256 value, uint256 price);
    error AuthorizationRefused(address from);
    error VersionChanged(uint256 expected, uint256 actual);
    error VersionDeprecated(uint256 version);
    error OfferTokenFixed(uint256 offerId, address token);
    error OfferShortened(uint256 offerId);
    error ReferralTooHigh(uint256 bps);
    error ResaleTooHigh(uint256 bps);
    error TrialOutlastsLicense(uint256 trial, uint256 duration);
    error NotRenewable(uint256 licenseId, RenewalRefusal reason);
    error NotRefundable(uint256 licenseId);
    error NotReleasable(uint256 licenseId);
    error NotLicensed(uint256 licenseId, address user, uint256 version);
    error IsPaused();

    /// @notice Makes an offer (`offerId` zero) or changes one. Licenses already sold keep their terms.
    /// @dev An offer may move to another version of the author's. Its token never changes, and its duration and its trial
    /// only grow: with `maxPrice` and `expectedVersion` that is all a buyer counts on.
    function setOffer(uint256 offerId, Offer calldata terms) external returns (uint256 id);

    /// @notice Buys a license for `recipient`; reverts when the price is above `maxPrice` or the version is another.
    /// @param referrer Who is paid the offer's referral; zero for nobody.
    function purchase(uint256 offerId, address recipient, uint256 maxPrice, uint256 expectedVersion, address referrer)
        external
        returns (uint256 licenseId);

    /// @notice The same in one transaction, with an ERC-2612 permit for `maxPrice`. A permit spent by a front-runner does
    /// no harm.
    function purchaseWithPermit(
        uint256 offerId,
        address recipient,
        uint256 maxPrice,
        uint256 expectedVersion,
        address referrer,
        Permit calldata permit
    ) external returns (uint256 licenseId);

    /// @notice The same with an ERC-3009 authorization, which anyone may submit for the buyer. It moves exactly what it
    /// says, so the price must be that.
    function purchaseWithAuthorization(
        uint256 offerId,
        address recipient,
        uint256 expectedVersion,
        address referrer,
        Authorization calldata authorization
    ) external returns (uint256 licenseId);

    /// @notice Adds the offer's duration to a license, from its expiry or from now, whichever is later. Anyone may pay
    /// for it: the price comes from the caller, by the offer's present terms.
    function renew(uint256 licenseId, uint256 maxPrice) external;

    /// @notice Returns an unused license within its trial: it is burned, and its holder is owed the price paid.
    function refund(uint256 licenseId) external;

    /// @notice Passes the price of a license whose trial has ended to its version. Anyone may call.
    function release(uint256 licenseId) external;

    /// @notice Reverts unless `user` may run `version` by that license now; ends its trial. JobMarket only.
    function use(uint256 licenseId, address user, uint256 version) external;

    /// @notice Stops sales and renewals; refunds and releases go on. For the deployment's guardian, at once.
    function pause() external;
    /// @notice Allows sales and renewals again. For the deployment's owner alone.
    function unpause() external;

    function paused() external view returns (bool);
    function offer(uint256 offerId) external view returns (Offer memory);
    function license(uint256 licenseId) external view returns (License memory);
    /// @notice What a purchase would cost now, in base units of the offer's token; reverts where it sells no licenses.
    function quote(uint256 offerId) external view returns (uint256 price);
    /// @notice Whether a license can be renewed now, and why not.
    function canRenew(uint256 licenseId) external view returns (bool possible, RenewalRefusal reason);
    /// @notice Whether `user` holds that license, it is for that version, and it has not expired.
    function isValid(uint256 licenseId, address user, uint256 version) external view returns (bool);
    /// @notice The nonce that an ERC-3009 authorization for this purchase must have.
    function authorizationNonce(
        uint256 offerId,
        address recipient,
        uint256 expectedVersion,
        address referrer,
        bytes32 salt
    ) external view returns (bytes32);
    function offerCount() external view returns (uint256);
    function licenseCount() external view returns (uint256);
}
