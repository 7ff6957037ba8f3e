// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {MarketTest} from "./MarketTest.sol";

// royaltyInfo(licenseId, salePrice)
// ├── when the license is unknown: it reverts
// └── otherwise it names the author of the version and the part of the price that the offer asks
contract RoyaltyInfoTest is MarketTest {
    function test_NamesTheAuthorAndItsPart() public {
        Offer memory terms = _offerOf(version, PRICE, 0);
        terms.resaleBps = 750;
        _set(offerId, terms);
        uint64 licenseId = _buy(rita, offerId, version);
        _check(licenseId, ada, 75);
        vm.prank(ada);
        registry.transferFrom(ada, ben, 1);
        _check(licenseId, ben, 75);
    }

    function test_AsksNothingWhereTheOfferDoesNot() public {
        _check(_buy(rita, offerId, version), ada, 0);
    }

    function test_RefusesUnknownLicenses() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        market.royaltyInfo(9, 1);
    }

    function test_SaysWhatItIs() public view {
        vm.assertTrue(market.supportsInterface(type(IERC2981).interfaceId));
        vm.assertTrue(market.supportsInterface(type(IERC721).interfaceId));
        vm.assertTrue(market.supportsInterface(type(IERC165).interfaceId));
        vm.assertFalse(market.supportsInterface(0xffffffff));
    }

    function _check(uint64 licenseId, address author, uint256 amount) private view {
        (address receiver, uint256 asked) = market.royaltyInfo(licenseId, 1000);
        vm.assertEq(receiver, author);
        vm.assertEq(asked, amount);
    }
}
