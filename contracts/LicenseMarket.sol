// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Intake} from "./Intake.sol";
import {ILicenseMarket, License, Offer} from "./interfaces/ILicenseMarket.sol";
import {IModuleRegistry} from "./interfaces/IModuleRegistry.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title LicenseMarket
contract LicenseMarket is ILicenseMarket, ERC721, AccessManaged, ReentrancyGuardTransient {
    using Intake for IERC20;

    /// @dev A license in one word. Its token is the offer's, which never changes.
    struct Sale {
        uint64 version;
        uint48 expiry;
        uint48 offer;
        uint96 pricePaid;
    }

    IModuleRegistry private immutable _registry;
    IRevenueLedger private immutable _ledger;

    /// @inheritdoc ILicenseMarket
    uint256 public offerCount;
    /// @inheritdoc ILicenseMarket
    uint256 public licenseCount;
    /// @inheritdoc ILicenseMarket
    mapping(address token => bool) public tokenAllowed;

    mapping(uint256 offerId => Offer) private _offers;
    mapping(uint256 licenseId => Sale) private _sales;

    /// @param authority Decides who may allow tokens.
    /// @param registry Where versions and their authors are.
    /// @param ledger Where prices go.
    constructor(AccessManager authority, IModuleRegistry registry, IRevenueLedger ledger)
        ERC721("Fusion License", "FLIC")
        AccessManaged(address(authority))
    {
        _registry = registry;
        _ledger = ledger;
    }

    /// @inheritdoc ILicenseMarket
    function allowToken(address token, bool allowed) external restricted {
        tokenAllowed[token] = allowed;

        emit TokenAllowed(token, allowed);
    }

    /// @inheritdoc ILicenseMarket
    function setOffer(uint256 offerId, Offer calldata terms) external returns (uint256 id) {
        require(_registry.authorOf(terms.version) == msg.sender, NotAuthor(msg.sender, terms.version));
        if (offerId != 0) {
            Offer storage present = _known(offerId);
            require(_registry.authorOf(present.version) == msg.sender, NotAuthor(msg.sender, present.version));
            require(present.token == terms.token, OfferTokenFixed(offerId, present.token));
        }
        // An offer can always be withdrawn, whatever became of its token or version.
        if (offerId == 0 || terms.active) {
            require(tokenAllowed[terms.token], TokenNotAllowed(terms.token));
            require(!_registry.isDeprecated(terms.version), VersionDeprecated(terms.version));
        }

        id = offerId == 0 ? ++offerCount : offerId;
        _offers[id] = terms;

        emit OfferSet(id, terms.version, terms.token, terms.price, terms.duration, terms.perRunPrice, terms.active);
    }

    /// @inheritdoc ILicenseMarket
    function purchase(uint256 offerId, address recipient, uint256 maxPrice, uint256 expectedVersion)
        external
        nonReentrant
        returns (uint256 licenseId)
    {
        return _purchase(offerId, recipient, maxPrice, expectedVersion);
    }

    /// @inheritdoc ILicenseMarket
    function purchaseWithPermit(
        uint256 offerId,
        address recipient,
        uint256 maxPrice,
        uint256 expectedVersion,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256 licenseId) {
        // Whoever saw the permit may have spent it already: the allowance is there then, and is all that matters.
        try IERC20Permit(_known(offerId).token).permit(msg.sender, address(this), maxPrice, deadline, v, r, s) {}
            catch {}
        return _purchase(offerId, recipient, maxPrice, expectedVersion);
    }

    /// @inheritdoc ILicenseMarket
    function offer(uint256 offerId) external view returns (Offer memory) {
        return _known(offerId);
    }

    /// @inheritdoc ILicenseMarket
    function license(uint256 licenseId) external view returns (License memory) {
        _requireOwned(licenseId);
        Sale memory sale = _sales[licenseId];
        return License({
            version: sale.version,
            expiry: sale.expiry,
            pricePaid: sale.pricePaid,
            token: _offers[sale.offer].token,
            offer: sale.offer
        });
    }

    /// @inheritdoc ILicenseMarket
    function quote(uint256 offerId) external view returns (uint256 price) {
        Offer storage terms = _known(offerId);
        require(terms.active, OfferInactive(offerId));
        return terms.price;
    }

    /// @inheritdoc ILicenseMarket
    function isValid(uint256 licenseId, address user, uint256 version) external view returns (bool) {
        Sale memory sale = _sales[licenseId];
        return sale.version != 0 && sale.version == version && _ownerOf(licenseId) == user
            && (sale.expiry == 0 || block.timestamp < sale.expiry);
    }

    function _purchase(uint256 offerId, address recipient, uint256 maxPrice, uint256 expectedVersion)
        private
        returns (uint256 licenseId)
    {
        Offer memory terms = _known(offerId);
        require(terms.active, OfferInactive(offerId));
        require(terms.version == expectedVersion, VersionChanged(expectedVersion, terms.version));
        require(terms.price <= maxPrice, PriceTooLow(maxPrice, terms.price));
        require(tokenAllowed[terms.token], TokenNotAllowed(terms.token));
        require(!_registry.isDeprecated(terms.version), VersionDeprecated(terms.version));

        licenseId = ++licenseCount;
        uint256 expiry = terms.duration == 0 ? 0 : block.timestamp + terms.duration;
        _sales[licenseId] = Sale({
            version: terms.version,
            expiry: SafeCast.toUint48(expiry),
            offer: SafeCast.toUint48(offerId),
            pricePaid: terms.price
        });
        _mint(recipient, licenseId);

        emit Purchased(licenseId, offerId, terms.version, msg.sender, recipient, terms.token, terms.price, expiry);

        if (terms.price == 0) return licenseId;
        uint256 received = IERC20(terms.token).take(address(_ledger), terms.price);
        require(received >= terms.price, ReceivedTooLittle(received, terms.price));
        _ledger.credit(terms.version, terms.token, terms.price);
    }

    function _known(uint256 offerId) private view returns (Offer storage terms) {
        terms = _offers[offerId];
        require(terms.version != 0, UnknownOffer(offerId));
    }
}
