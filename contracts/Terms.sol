// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILicenseMarket, Offer, Sells} from "./interfaces/ILicenseMarket.sol";

/// @title Terms
/// @notice What terms of sale may be, how they may change, and what follows from them.
library Terms {
    uint256 internal constant BPS = 10_000;
    uint256 private constant MAX_REFERRAL_BPS = 2000;
    uint256 private constant MAX_RESALE_BPS = 1000;

    /// @notice Reverts unless an offer may have these terms.
    function check(Offer calldata terms) internal pure {
        require(terms.referralBps <= MAX_REFERRAL_BPS, ILicenseMarket.ReferralTooHigh(terms.referralBps));
        require(terms.resaleBps <= MAX_RESALE_BPS, ILicenseMarket.ResaleTooHigh(terms.resaleBps));
        require(
            terms.duration == 0 || terms.trial <= terms.duration,
            ILicenseMarket.TrialOutlastsLicense(terms.trial, terms.duration)
        );
    }

    /// @notice Reverts where a buyer who saw the present terms would get another token, or less time, than those said.
    function checkChange(Offer storage present, Offer calldata terms, uint256 offerId) internal view {
        require(present.token == terms.token, ILicenseMarket.OfferTokenFixed(offerId, present.token));
        bool lasts = terms.duration == 0 || (present.duration != 0 && terms.duration >= present.duration);
        require(lasts && terms.trial >= present.trial, ILicenseMarket.OfferShortened(offerId));
    }

    /// @notice Whether licenses are sold, not runs alone.
    function licenses(Sells sells) internal pure returns (bool) {
        return uint8(sells) & uint8(Sells.Licenses) != 0;
    }

    /// @notice Whether a license begins on trial. What was given away cannot be returned for money.
    function onTrial(Offer memory terms) internal pure returns (bool) {
        return terms.trial != 0 && terms.price != 0;
    }

    /// @notice What the referrer of a sale is paid, in base units.
    function referral(Offer memory terms, address referrer) internal pure returns (uint256) {
        return referrer == address(0) ? 0 : uint256(terms.price) * terms.referralBps / BPS;
    }
}
