// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Verdict
/// @notice Who is paid what when a job ends: pure arithmetic in base units, of what came in as fee, bond and slashed stake.
library Verdict {
    uint256 private constant PPM = 1e6;
    /// @dev What a challenger is paid for its own run of the job, in percent of a seat's pay.
    uint256 private constant CHALLENGER_PERCENT = 110;

    /// @notice What a panel's verdict divides, beside the jobFee.
    /// @param fee The jobFee.
    /// @param pay One seat's pay.
    /// @param bond What the challenger put up.
    /// @param slashed What was taken from those it proved wrong.
    /// @param majority Panelists that are paid beside the jobFee: none where there was no quorum to begin with.
    /// @param challenged Whether somebody challenged.
    /// @param upheld Whether the outcome that was proposed is final.
    struct Case {
        uint256 fee;
        uint256 pay;
        uint256 bond;
        uint256 slashed;
        uint256 majority;
        bool challenged;
        bool upheld;
    }

    /// @notice Where bond and slashed stake go; their sum is that of both.
    /// @param bondToPanel Of the bond, to the panel's majority.
    /// @param bondBack Of the bond, back to the challenger.
    /// @param toPanel Of what was slashed, to the panel's majority.
    /// @param toChallenger Of what was slashed, to the challenger.
    /// @param toRequester Of what was slashed, to the requester.
    /// @param burned What is left of it.
    struct Award {
        uint256 bondToPanel;
        uint256 bondBack;
        uint256 toPanel;
        uint256 toChallenger;
        uint256 toRequester;
        uint256 burned;
    }

    /// @notice Where the money of a job that failed goes.
    /// @param toSeats To all seats that revealed, together.
    /// @param toPanel To all panelists that revealed, together.
    /// @param refund Of the jobFee, back to the requester.
    /// @param bondBack Of the bond, back to the challenger.
    struct Loss {
        uint256 toSeats;
        uint256 toPanel;
        uint256 refund;
        uint256 bondBack;
    }

    /// @notice The part of a jobFee that pays for checking, where `ppm` is the probability of an audit: F*d/(n + d).
    function assurance(uint256 fee, uint256 ppm, uint256 n) internal pure returns (uint256) {
        return fee * ppm / (n * PPM + ppm);
    }

    /// @notice The equal share of one among `count`; the first takes what division leaves over.
    function share(uint256 amount, uint256 count, uint256 index) internal pure returns (uint256) {
        return amount / count + (index == 0 ? amount % count : 0);
    }

    /// @notice Divides bond and slashed stake after a panel's verdict.
    function award(Case memory c) internal pure returns (Award memory a) {
        bool lost = c.challenged && c.upheld;
        if (lost) a.bondToPanel = c.bond;
        else a.bondBack = c.bond;

        uint256 rest = c.slashed;
        if (!lost) a.toPanel = Math.min(c.majority * c.pay, rest);
        rest -= a.toPanel;
        if (c.challenged && !c.upheld) a.toChallenger = Math.min(c.pay * CHALLENGER_PERCENT / 100, rest);
        rest -= a.toChallenger;
        a.toRequester = Math.min(c.fee, rest);
        a.burned = rest - a.toRequester;
    }

    /// @notice Divides fee and bond of a job that failed: `base` to each who revealed, as far as it goes.
    function loss(uint256 fee, uint256 bond, uint256 base, uint256 seats, uint256 panelists)
        internal
        pure
        returns (Loss memory l)
    {
        l.toSeats = Math.min(base * seats, fee);
        l.refund = fee - l.toSeats;
        l.bondBack = bond;
        if (bond == 0) {
            l.toPanel = Math.min(base * panelists, l.refund);
            l.refund -= l.toPanel;
        } else {
            l.toPanel = Math.min(base * panelists, bond);
            l.bondBack -= l.toPanel;
        }
    }
}
