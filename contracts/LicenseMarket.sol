// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Authorizations} from "./Authorizations.sol";
import {CardFacts, LicenseCard} from "./LicenseCard.sol";
import {Terms} from "./Terms.sol";
import {
    Authorization,
    ILicenseMarket,
    License,
    Offer,
    Permit,
    RenewalRefusal,
    Sells
} from "./interfaces/ILicenseMarket.sol";
import {IModuleRegistry} from "./interfaces/IModuleRegistry.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title LicenseMarket
/// @dev It needs no lock: every verb writes its own state before it calls a token, and what follows such a call only books
/// in the ledger what has arrived there.
contract LicenseMarket is ILicenseMarket, ERC721, AccessManaged {
    using SafeERC20 for IERC20;
    using Terms for Offer;
    using Terms for Sells;

    /// @dev A license in one word. Its token is the offer's, which never changes.
    struct Sale {
        uint40 version;
        uint40 offer;
        uint40 expiry;
        uint40 refundableUntil;
        uint96 pricePaid;
    }

    /// @dev What a referrer is paid when the trial of a license ends.
    struct Referral {
        address referrer;
        uint96 amount;
    }

    IModuleRegistry private immutable _registry;
    IRevenueLedger private immutable _ledger;
    address private immutable _jobMarket;
    /// @dev A contract of its own, so that this one stays within the size that the chain allows.
    LicenseCard private immutable _card = new LicenseCard();

    /// @inheritdoc ILicenseMarket
    uint256 public offerCount;
    /// @dev Beside `paused`: every sale reads both.
    uint248 private _licenseCount;
    /// @inheritdoc ILicenseMarket
    bool public paused;

    mapping(uint256 offerId => Offer) private _offers;
    mapping(uint256 licenseId => Sale) private _sales;
    /// @dev Of licenses on trial alone.
    mapping(uint256 licenseId => Referral) private _referrals;

    /// @param authority Decides who may pause sales.
    /// @param registry Where versions and their authors are.
    /// @param ledger Where prices go.
    /// @param jobMarket Where licenses are used.
    constructor(AccessManager authority, IModuleRegistry registry, IRevenueLedger ledger, address jobMarket)
        ERC721("Fusion License", "FLIC")
        AccessManaged(address(authority))
    {
        _registry = registry;
        _ledger = ledger;
        _jobMarket = jobMarket;
    }

    /// @inheritdoc ILicenseMarket
    function setOffer(uint256 offerId, Offer calldata terms) external returns (uint256 id) {
        require(_registry.authorOf(terms.version) == msg.sender, NotAuthor(msg.sender, terms.version));
        terms.check();
        if (offerId != 0) {
            Offer storage present = _known(offerId);
            require(_registry.authorOf(present.version) == msg.sender, NotAuthor(msg.sender, present.version));
            present.checkChange(terms, offerId);
        }
        // An offer can always be withdrawn, whatever became of its token or version.
        if (offerId == 0 || terms.sells != Sells.Nothing) {
            require(_ledger.tokenAllowed(terms.token), TokenNotAllowed(terms.token));
            require(!_registry.isDeprecated(terms.version), VersionDeprecated(terms.version));
        }

        id = offerId == 0 ? ++offerCount : offerId;
        _offers[id] = terms;

        emit OfferSet(id, terms.version, terms);
    }

    /// @inheritdoc ILicenseMarket
    function purchase(uint256 offerId, address recipient, uint256 maxPrice, uint256 expectedVersion, address referrer)
        external
        returns (uint256 licenseId)
    {
        return _purchase(offerId, recipient, maxPrice, expectedVersion, referrer);
    }

    /// @inheritdoc ILicenseMarket
    function purchaseWithPermit(
        uint256 offerId,
        address recipient,
        uint256 maxPrice,
        uint256 expectedVersion,
        address referrer,
        Permit calldata permit
    ) external returns (uint256 licenseId) {
        IERC20Permit token = IERC20Permit(_known(offerId).token);
        // Whoever saw the permit may have spent it already: the allowance is there then, and is all that matters.
        try token.permit(msg.sender, address(this), maxPrice, permit.deadline, permit.v, permit.r, permit.s) {} catch {}
        return _purchase(offerId, recipient, maxPrice, expectedVersion, referrer);
    }

    /// @inheritdoc ILicenseMarket
    function purchaseWithAuthorization(
        uint256 offerId,
        address recipient,
        uint256 expectedVersion,
        address referrer,
        Authorization calldata authorization
    ) external returns (uint256 licenseId) {
        Offer memory terms = _offers[offerId];
        _checkSale(offerId, terms, expectedVersion);
        require(authorization.value == terms.price, AuthorizationNotPrice(authorization.value, terms.price));

        licenseId = _make(offerId, terms, authorization.from, recipient, referrer);

        bytes32 nonce = authorizationNonce(offerId, recipient, expectedVersion, referrer, authorization.salt);
        Authorizations.receiveFrom(terms.token, authorization, nonce);
        IERC20(terms.token).safeTransfer(address(_ledger), terms.price);
        _book(terms, referrer);
    }

    /// @inheritdoc ILicenseMarket
    function renew(uint256 licenseId, uint256 maxPrice) external {
        RenewalRefusal reason = _renewalRefusal(licenseId);
        require(reason == RenewalRefusal.None, NotRenewable(licenseId, reason));
        Sale storage sale = _sales[licenseId];
        Offer memory terms = _offers[sale.offer];
        require(terms.price <= maxPrice, PriceTooLow(maxPrice, terms.price));

        uint256 start = sale.expiry > block.timestamp ? sale.expiry : block.timestamp;
        uint40 expiry = terms.duration == 0 ? 0 : SafeCast.toUint40(start + terms.duration);
        sale.expiry = expiry;

        emit Renewed(licenseId, msg.sender, terms.price, expiry);

        if (terms.price == 0) return;
        IERC20(terms.token).safeTransferFrom(msg.sender, address(_ledger), terms.price);
        _ledger.credit(terms.version, terms.token, terms.price, address(0), 0);
    }

    /// @inheritdoc ILicenseMarket
    function refund(uint256 licenseId) external {
        require(_ownerOf(licenseId) == msg.sender, NotHolder(msg.sender, licenseId));
        Sale memory sale = _sales[licenseId];
        require(block.timestamp < sale.refundableUntil, NotRefundable(licenseId));

        delete _sales[licenseId];
        delete _referrals[licenseId];
        _burn(licenseId);

        emit Refunded(licenseId, msg.sender, sale.pricePaid);

        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (msg.sender, sale.pricePaid);
        _ledger.payHeld(_offers[sale.offer].token, accounts, amounts);
    }

    /// @inheritdoc ILicenseMarket
    function release(uint256 licenseId) external {
        uint256 refundableUntil = _sales[licenseId].refundableUntil;
        require(refundableUntil != 0 && block.timestamp >= refundableUntil, NotReleasable(licenseId));

        _release(licenseId);
    }

    /// @inheritdoc ILicenseMarket
    function use(uint256 licenseId, address user, uint256 version) external {
        require(msg.sender == _jobMarket, NotJobMarket(msg.sender));
        require(isValid(licenseId, user, version), NotLicensed(licenseId, user, version));

        if (_sales[licenseId].refundableUntil != 0) _release(licenseId);
    }

    /// @inheritdoc ILicenseMarket
    function pause() external restricted {
        _setPaused(true);
    }

    /// @inheritdoc ILicenseMarket
    function unpause() external restricted {
        _setPaused(false);
    }

    /// @inheritdoc ILicenseMarket
    function licenseCount() external view returns (uint256) {
        return _licenseCount;
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
            refundableUntil: sale.refundableUntil,
            pricePaid: sale.pricePaid,
            token: _offers[sale.offer].token,
            offer: sale.offer
        });
    }

    /// @inheritdoc ILicenseMarket
    function quote(uint256 offerId) external view returns (uint256 price) {
        Offer storage terms = _known(offerId);
        require(terms.sells.licenses(), NotSold(offerId));
        return terms.price;
    }

    /// @inheritdoc ILicenseMarket
    function canRenew(uint256 licenseId) external view returns (bool possible, RenewalRefusal reason) {
        reason = _renewalRefusal(licenseId);
        return (reason == RenewalRefusal.None, reason);
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 licenseId, uint256 salePrice)
        external
        view
        returns (address receiver, uint256 royaltyAmount)
    {
        _requireOwned(licenseId);
        Sale memory sale = _sales[licenseId];
        return (_registry.authorOf(sale.version), salePrice * _offers[sale.offer].resaleBps / Terms.BPS);
    }

    /// @inheritdoc ILicenseMarket
    // slither-disable-next-line incorrect-equality: ids and holders are equal or are not
    function isValid(uint256 licenseId, address user, uint256 version) public view returns (bool) {
        Sale memory sale = _sales[licenseId];
        // Zero says perpetual; it is no time that could be missed.
        // slither-disable-next-line incorrect-equality
        return sale.version != 0 && sale.version == version && _ownerOf(licenseId) == user
            && (sale.expiry == 0 || block.timestamp < sale.expiry);
    }

    /// @inheritdoc ILicenseMarket
    function authorizationNonce(
        uint256 offerId,
        address recipient,
        uint256 expectedVersion,
        address referrer,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), offerId, recipient, expectedVersion, referrer, salt));
    }

    /// @inheritdoc ERC721
    function tokenURI(uint256 licenseId) public view override returns (string memory) {
        _requireOwned(licenseId);
        Sale memory sale = _sales[licenseId];
        return _card.uri(
            CardFacts({
                module: _registry.moduleName(_registry.version(sale.version).moduleId),
                license: licenseId,
                version: sale.version,
                offer: sale.offer,
                expiry: sale.expiry
            })
        );
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == type(IERC2981).interfaceId || super.supportsInterface(interfaceId);
    }

    function _purchase(uint256 offerId, address recipient, uint256 maxPrice, uint256 expectedVersion, address referrer)
        private
        returns (uint256 licenseId)
    {
        Offer memory terms = _offers[offerId];
        _checkSale(offerId, terms, expectedVersion);
        require(terms.price <= maxPrice, PriceTooLow(maxPrice, terms.price));

        licenseId = _make(offerId, terms, msg.sender, recipient, referrer);

        if (terms.price == 0) return licenseId;
        IERC20(terms.token).safeTransferFrom(msg.sender, address(_ledger), terms.price);
        _book(terms, referrer);
    }

    function _checkSale(uint256 offerId, Offer memory terms, uint256 expectedVersion) private view {
        require(terms.version != 0, UnknownOffer(offerId));
        require(!paused, IsPaused());
        require(terms.sells.licenses(), NotSold(offerId));
        require(terms.version == expectedVersion, VersionChanged(expectedVersion, terms.version));
        // What is divided at once the ledger checks itself; what is free is paid in no token.
        require(!terms.onTrial() || _ledger.tokenAllowed(terms.token), TokenNotAllowed(terms.token));
        require(!_registry.isDeprecated(terms.version), VersionDeprecated(terms.version));
    }

    /// @dev Makes the license; the price is left to be collected.
    function _make(uint256 offerId, Offer memory terms, address buyer, address recipient, address referrer)
        private
        returns (uint256 licenseId)
    {
        licenseId = ++_licenseCount;
        uint256 expiry = terms.duration == 0 ? 0 : block.timestamp + terms.duration;
        uint256 refundableUntil = terms.onTrial() ? block.timestamp + terms.trial : 0;
        _sales[licenseId] = Sale({
            version: SafeCast.toUint40(terms.version),
            offer: SafeCast.toUint40(offerId),
            expiry: SafeCast.toUint40(expiry),
            refundableUntil: SafeCast.toUint40(refundableUntil),
            pricePaid: terms.price
        });
        if (refundableUntil != 0) _keepReferral(licenseId, referrer, terms.referral(referrer));
        _mint(recipient, licenseId);

        emit Purchased(
            licenseId, offerId, terms.version, buyer, recipient, terms.price, expiry, refundableUntil, referrer
        );
    }

    function _keepReferral(uint256 licenseId, address referrer, uint256 amount) private {
        if (amount != 0) _referrals[licenseId] = Referral(referrer, SafeCast.toUint96(amount));
    }

    /// @dev Books a price that the ledger has received: held during a trial, else divided at once.
    function _book(Offer memory terms, address referrer) private {
        if (terms.onTrial()) _ledger.hold(terms.token, terms.price);
        else _ledger.credit(terms.version, terms.token, terms.price, referrer, terms.referral(referrer));
    }

    /// @dev Ends a trial: the price goes to the version.
    function _release(uint256 licenseId) private {
        Sale memory sale = _sales[licenseId];
        Referral memory referral = _referrals[licenseId];

        _sales[licenseId].refundableUntil = 0;
        delete _referrals[licenseId];

        emit Released(licenseId, sale.pricePaid);

        _ledger.creditHeld(sale.version, _offers[sale.offer].token, sale.pricePaid, referral.referrer, referral.amount);
    }

    function _setPaused(bool paused_) private {
        paused = paused_;

        emit PausedSet(paused_);
    }

    // slither-disable-next-line incorrect-equality: zero says that there is none, as everywhere
    function _renewalRefusal(uint256 licenseId) private view returns (RenewalRefusal) {
        Sale memory sale = _sales[licenseId];
        Offer storage terms = _offers[sale.offer];
        // Zeros say that there is none; they are no amounts.
        // slither-disable-start incorrect-equality
        if (sale.version == 0) return RenewalRefusal.UnknownLicense;
        if (sale.expiry == 0) return RenewalRefusal.Perpetual;
        // slither-disable-end incorrect-equality
        if (block.timestamp < sale.refundableUntil) return RenewalRefusal.InTrial;
        if (!terms.sells.licenses()) return RenewalRefusal.NotSold;
        if (terms.version != sale.version) return RenewalRefusal.OfferMoved;
        if (terms.price != 0 && !_ledger.tokenAllowed(terms.token)) return RenewalRefusal.TokenNotAllowed;
        if (_registry.isDeprecated(sale.version)) return RenewalRefusal.VersionDeprecated;
        return paused ? RenewalRefusal.Paused : RenewalRefusal.None;
    }

    function _known(uint256 offerId) private view returns (Offer storage terms) {
        terms = _offers[offerId];
        require(terms.version != 0, UnknownOffer(offerId));
    }
}
