// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

import {CardFacts, LicenseCard} from "../../../contracts/LicenseCard.sol";
import {Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// tokenURI(licenseId)
// ├── when the license is unknown or burned: it reverts
// └── otherwise it is a data URI of JSON that says module, version, offer and expiry, with a picture that does too
contract TokenURITest is MarketTest {
    LicenseCard private immutable _card = new LicenseCard();

    function test_IsMetadataWithAPictureWholeOnChain() public {
        uint64 licenseId = _buy(rita, offerId, version);
        string memory json = _decode(market.tokenURI(licenseId), "data:application/json;base64,");
        vm.assertEq(vm.parseJsonString(json, ".name"), "ema license 1");
        vm.assertEq(vm.parseJsonString(json, ".description"), "The right to run version 1 of the module ema on Fusion.");
        vm.assertEq(vm.parseJsonString(json, ".attributes[0].value"), "ema");
        vm.assertEq(vm.parseJsonUint(json, ".attributes[1].value"), version);
        vm.assertEq(vm.parseJsonUint(json, ".attributes[2].value"), offerId);
        vm.assertEq(vm.parseJsonString(json, ".attributes[3].display_type"), "date");
        vm.assertEq(vm.parseJsonUint(json, ".attributes[3].value"), market.license(licenseId).expiry);

        string memory svg = _decode(vm.parseJsonString(json, ".image"), "data:image/svg+xml;base64,");
        vm.assertEq(
            svg,
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 340" font-family="monospace" fill="#e8edf2">'
            '<rect width="600" height="340" rx="24" fill="#10161d"/>'
            '<path d="M32 96h536" stroke="#2dd4a7" stroke-width="2"/>'
            '<text x="32" y="64" font-size="18" fill="#2dd4a7">FUSION LICENSE 1</text>'
            '<text x="32" y="160" font-size="28">ema</text>' '<text x="32" y="220" font-size="18">version 1</text>'
            '<text x="32" y="252" font-size="18">offer 1</text>'
            '<text x="32" y="300" font-size="18">until 2027-02-14 UTC</text></svg>'
        );
    }

    function test_APerpetualLicenseSaysSo() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.duration = 0;
        _set(offerId, terms);
        uint64 licenseId = _buy(rita, offerId, version);
        string memory json = _decode(market.tokenURI(licenseId), "data:application/json;base64,");
        vm.assertEq(vm.parseJsonString(json, ".attributes[3].value"), "perpetual");
        string memory svg = _decode(vm.parseJsonString(json, ".image"), "data:image/svg+xml;base64,");
        vm.assertTrue(vm.contains(svg, ">perpetual</text></svg>"));
    }

    function test_TheLongestNameIsSetInSmallerLetters() public view {
        string memory name = "abcdefghijklmnopqrstuvwxyz_0123456789_abcdefghijklmnopqrstuvwxyz";
        CardFacts memory facts = CardFacts({module: name, license: 7, version: 8, offer: 9, expiry: 1_800_000_000});
        vm.assertTrue(vm.contains(_card.svg(facts), string.concat('font-size="13">', name)));
        vm.assertEq(vm.parseJsonString(_card.json(facts), ".attributes[0].value"), name);
    }

    function test_KnowsTheCalendar() public view {
        string[2][9] memory days_ = [
            ["0", "1970-01-01"],
            ["951782399", "2000-02-28"],
            ["951782400", "2000-02-29"],
            ["951868800", "2000-03-01"],
            ["1709164800", "2024-02-29"],
            ["1735689599", "2024-12-31"],
            ["4107542400", "2100-03-01"],
            ["4107542399", "2100-02-28"],
            ["253402300799", "9999-12-31"]
        ];
        for (uint256 i; i < 9; ++i) {
            vm.assertEq(_card.date(vm.parseUint(days_[i][0])), days_[i][1]);
        }
    }

    function test_RefusesUnknownAndBurnedLicenses() public {
        uint64 licenseId = _onTrial();
        vm.prank(rita);
        market.refund(licenseId);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, licenseId));
        market.tokenURI(licenseId);
    }

    function _decode(string memory uri, string memory prefix) private pure returns (string memory) {
        bytes memory text = bytes(uri);
        uint256 start = bytes(prefix).length;
        bytes memory head = new bytes(start);
        bytes memory tail = new bytes(text.length - start);
        for (uint256 i; i < text.length; ++i) {
            if (i < start) head[i] = text[i];
            else tail[i - start] = text[i];
        }
        vm.assertEq(string(head), prefix);
        return string(Base64.decode(string(tail)));
    }
}
