// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice What is shown of a license.
/// @param module The module's name.
/// @param license The license's id.
/// @param version The version's id.
/// @param offer The offer's id.
/// @param expiry Time in seconds; zero is perpetual.
struct CardFacts {
    string module;
    uint256 license;
    uint256 version;
    uint256 offer;
    uint256 expiry;
}

/// @title LicenseCard
/// @notice What a license looks like in a wallet: its metadata with a picture, both whole on chain.
/// @dev Nothing is escaped: numbers are numbers, and the registry takes only names of a-z, 0-9 and _.
contract LicenseCard {
    using Strings for uint256;

    uint256 private constant DAY = 86_400;

    /// @notice The metadata as a data URI of JSON.
    function uri(CardFacts calldata facts) external pure returns (string memory) {
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json(facts))));
    }

    /// @notice The metadata, as ERC-721 has it.
    function json(CardFacts memory facts) public pure returns (string memory) {
        return string.concat(
            '{"name":"',
            facts.module,
            " license ",
            facts.license.toString(),
            '","description":"The right to run version ',
            facts.version.toString(),
            " of the module ",
            facts.module,
            ' on Fusion.","attributes":[',
            _attributes(facts),
            '],"image":"data:image/svg+xml;base64,',
            Base64.encode(bytes(svg(facts))),
            '"}'
        );
    }

    /// @notice The picture.
    function svg(CardFacts memory facts) public pure returns (string memory) {
        return string.concat(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 340" font-family="monospace" fill="#e8edf2">'
            '<rect width="600" height="340" rx="24" fill="#10161d"/>'
            '<path d="M32 96h536" stroke="#2dd4a7" stroke-width="2"/>'
            '<text x="32" y="64" font-size="18" fill="#2dd4a7">FUSION LICENSE ',
            facts.license.toString(),
            '</text><text x="32" y="160" font-size="',
            // The longest names fit in the smaller letters.
            bytes(facts.module).length > 30 ? "13" : "28",
            '">',
            facts.module,
            '</text><text x="32" y="220" font-size="18">version ',
            facts.version.toString(),
            '</text><text x="32" y="252" font-size="18">offer ',
            facts.offer.toString(),
            '</text><text x="32" y="300" font-size="18">',
            facts.expiry == 0 ? "perpetual" : string.concat("until ", date(facts.expiry), " UTC"),
            "</text></svg>"
        );
    }

    /// @notice The day of a time in seconds, as year-month-day of the Gregorian calendar.
    /// @dev Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: eras of 400 years, and years
    /// that begin in March.
    // slither-disable-next-line divide-before-multiply: a calendar counts whole days, years and eras
    function date(uint256 time) public pure returns (string memory) {
        // Whole eras, years and months are cut off on purpose.
        // slither-disable-start divide-before-multiply
        uint256 shifted = time / DAY + 719_468;
        uint256 dayOfEra = shifted % 146_097;
        uint256 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        uint256 dayOfYear = dayOfEra + yearOfEra / 100 - 365 * yearOfEra - yearOfEra / 4;
        uint256 shiftedMonth = (5 * dayOfYear + 2) / 153;
        uint256 day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
        uint256 month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        uint256 year = shifted / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0);
        // slither-disable-end divide-before-multiply
        return string.concat(year.toString(), "-", _twoDigits(month), "-", _twoDigits(day));
    }

    function _attributes(CardFacts memory facts) private pure returns (string memory) {
        return string.concat(
            '{"trait_type":"module","value":"',
            facts.module,
            '"},{"trait_type":"version","value":',
            facts.version.toString(),
            '},{"trait_type":"offer","value":',
            facts.offer.toString(),
            '},{"trait_type":"expiry",',
            facts.expiry == 0
                ? '"value":"perpetual"}'
                : string.concat('"display_type":"date","value":', facts.expiry.toString(), "}")
        );
    }

    function _twoDigits(uint256 number) private pure returns (string memory) {
        return number < 10 ? string.concat("0", number.toString()) : number.toString();
    }
}
