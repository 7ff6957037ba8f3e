// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MockUSD} from "../../../contracts/MockUSD.sol";
import {License, Offer, Sells} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {Split, VersionTerms} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {Settlement} from "../../../contracts/interfaces/IRevenueLedger.sol";
import {LicenseMarket} from "../../../contracts/LicenseMarket.sol";
import {ModuleRegistry} from "../../../contracts/ModuleRegistry.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {SaleTest} from "../base/SaleTest.sol";
import {SaleStore} from "./SaleStore.sol";

/// @notice Everything that anyone may do in a sale, in any order, for the laws to be tried on. A verb is called where it
/// must go through, and what it should have done is kept in the store.
contract SaleHandler is SaleTest {
    SaleStore public immutable store = new SaleStore();
    uint256 private _moduleId;

    function setUp() public override {
        super.setUp();
        address[6] memory actors = [ada, ben, cyd, rita, eve, treasury];
        for (uint256 i; i < 6; ++i) {
            store.addAccount(actors[i]);
        }
        store.addToken(address(usd));
        store.addToken(address(new MockUSD()));
        ledger.allowToken(store.tokens(1), true);
        _moduleId = _register(ada, "laws");
        for (uint256 i; i < 2; ++i) {
            MockUSD token = MockUSD(store.tokens(i));
            token.mint(rita, 1e30);
            vm.prank(rita);
            token.approve(address(market), type(uint256).max);
        }
        for (uint256 i; i < 4; ++i) {
            publish(i, 3);
            offer(i, i, 1e6);
        }
    }

    function publish(uint256 seed, uint256 upstreams) public {
        Split[] memory splits = _table(seed, upstreams % 4);
        uint256 id = _publishNext(splits);
        store.addVersion(registry.version(id), splits);
        store.call("publish");
    }

    /// @dev A table with one thing wrong with it; the registry must refuse it.
    function publishWrong(uint256 seed, uint256 fault) external {
        Split[] memory splits = _table(seed, 2);
        uint256 last = splits.length - 1;
        fault %= 5;
        if (fault == 0) splits[0].ppm += 1;
        if (fault == 1) splits[last].ppm -= 1;
        if (fault == 2) splits[last].version = uint64(registry.versionCount() + 1);
        if (fault == 3) splits[last].account = eve;
        if (fault == 4) (splits[0].ppm, splits[last].ppm) = (splits[0].ppm + splits[last].ppm, 0);
        VersionTerms memory terms = _nextTerms();
        vm.prank(ada);
        try registry.publish(_moduleId, terms, splits) {
            store.takeWrongTable();
        } catch {}
    }

    function deprecate(uint256 which) external {
        uint256 id = 1 + which % store.versionCount();
        // Enough is left to build on and to sell.
        if (store.deprecated(id) || which % 4 != 0) return;
        vm.prank(ada);
        registry.deprecate(id);
        store.deprecate(id);
        store.call("deprecate");
    }

    function offer(uint256 which, uint256 shape, uint96 price) public {
        uint64 version = uint64(1 + which % store.versionCount());
        if (store.deprecated(version)) return;
        Offer memory terms = _offerOf(version, price % 1e12, 0);
        terms.token = store.tokens(shape % 2);
        if (!ledger.tokenAllowed(terms.token)) return;
        terms.trial = shape % 3 == 0 ? 0 : 2 days;
        terms.duration = shape % 5 == 0 ? 0 : 30 days;
        terms.referralBps = uint16(shape % 2001);
        vm.prank(ada);
        store.addOffer(uint64(market.setOffer(0, terms)));
        store.call("offer");
    }

    function reprice(uint256 which, uint96 price) external {
        uint64 id = store.offers(which % store.offerCount());
        Offer memory terms = market.offer(id);
        terms.price = price % 1e12;
        if (store.deprecated(terms.version) || !ledger.tokenAllowed(terms.token)) terms.sells = Sells.Nothing;
        vm.prank(ada);
        market.setOffer(id, terms);
        store.call("reprice");
    }

    function buy(uint256 which, uint256 who, uint96 maxPrice, uint256 referrer) external {
        uint64 id = store.offers(which % store.offerCount());
        Offer memory terms = market.offer(id);
        bool sold = terms.sells == Sells.Both && !store.deprecated(terms.version) && !market.paused()
            && (terms.price == 0 || ledger.tokenAllowed(terms.token));
        // A maximum around the price: what is above it must be refused.
        maxPrice = maxPrice % 2 == 0 ? terms.price : maxPrice % (2 * terms.price + 1);
        uint256 before = MockUSD(terms.token).balanceOf(rita);
        (address recipient, address by) = (_account(who), referrer % 3 == 0 ? address(0) : _account(referrer));
        vm.prank(rita);
        try market.purchase(id, recipient, maxPrice, terms.version, by) {
            store.pay(terms.token, terms.price, before - MockUSD(terms.token).balanceOf(rita), maxPrice);
            vm.assertTrue(sold, "sold what is not on sale");
            store.call("buy");
        } catch {
            vm.assertTrue(!sold || terms.price > maxPrice, "refused a sale that was in order");
        }
    }

    function renew(uint256 which, uint96 maxPrice) external {
        if (market.licenseCount() == 0) return;
        uint256 id = 1 + which % market.licenseCount();
        (bool possible,) = market.canRenew(id);
        if (!possible) return;
        License memory license = market.license(id);
        uint256 price = market.quote(license.offer);
        if (price > maxPrice) return;
        uint256 before = MockUSD(license.token).balanceOf(rita);
        vm.prank(rita);
        market.renew(id, maxPrice);
        store.pay(license.token, price, before - MockUSD(license.token).balanceOf(rita), maxPrice);
        store.call("renew");
    }

    /// @dev Within the trial its holder is always given the price back.
    function refund(uint256 which) external {
        (uint256 id, License memory license, address holder) = _license(which);
        if (holder == address(0) || vm.getBlockTimestamp() >= license.refundableUntil) return;
        uint256 owed = ledger.claimable(holder, license.token);
        vm.prank(holder);
        market.refund(id);
        vm.assertEq(ledger.claimable(holder, license.token) - owed, license.pricePaid, "refunded in full");
        store.call("refund");
    }

    function release(uint256 which) external {
        (uint256 id, License memory license, address holder) = _license(which);
        if (holder == address(0) || license.refundableUntil == 0) return;
        if (vm.getBlockTimestamp() < license.refundableUntil) return;
        market.release(id);
        store.call("release");
    }

    function use(uint256 which) external {
        (uint256 id, License memory license, address holder) = _license(which);
        if (!market.isValid(id, holder, license.version)) return;
        vm.prank(jobsAt);
        market.use(id, holder, license.version);
        store.call("use");
    }

    function transfer(uint256 which, uint256 who) external {
        (uint256 id,, address holder) = _license(which);
        if (holder == address(0)) return;
        address to = _account(who);
        vm.prank(holder);
        market.transferFrom(holder, to, id);
        store.call("transfer");
    }

    function settle(uint256 which, uint256 token) external {
        uint256 id = 1 + which % store.versionCount();
        ledger.settle(id, store.tokens(token % 2), store.rowsOf(id));
        store.call("settle");
    }

    function settleMany(uint256 which, uint256 token) external {
        Settlement[] memory all = new Settlement[](3);
        for (uint256 i; i < 3; ++i) {
            uint256 id = 1 + (which >> (8 * i)) % store.versionCount();
            all[i] = Settlement(id, store.tokens((token >> i) % 2), store.rowsOf(id));
        }
        ledger.settleMany(all);
        store.call("settleMany");
    }

    function claim(uint256 who, uint256 token, uint256 caller) external {
        bool another = caller % 2 == 0;
        address account = _account(who);
        address from = store.tokens(token % 2);
        uint256 owed = ledger.claimable(account, from);
        vm.prank(another ? eve : account);
        if (another) ledger.claimFor(account, _one(from));
        else ledger.claim(_one(from), cyd);
        vm.assertEq(ledger.claimable(account, from), 0);
        store.claim(from, owed);
        store.call("claim");
    }

    /// @dev What jobs, stake and assurance do with the ledger: hold, and pay out what is held.
    function hold(uint256 which, uint96 amount) external {
        address token = store.tokens(which % 2);
        MockUSD(token).mint(address(ledger), amount);
        vm.prank(_markets()[1 + which % 3]);
        ledger.hold(token, amount);
        store.hold(token, amount);
        store.call("hold");
    }

    function payHeld(uint256 which, uint256 who, uint96 part) external {
        address token = store.tokens(which % 2);
        uint256 amount = store.otherHolds(token) * part / type(uint96).max;
        address account = _account(who);
        vm.prank(jobsAt);
        ledger.payHeld(token, _one(account), _one(amount));
        store.unhold(token, amount);
        store.call("payHeld");
    }

    function creditHeld(uint256 which, uint256 version, uint96 part) external {
        address token = store.tokens(which % 2);
        uint256 amount = store.otherHolds(token) * part / type(uint96).max;
        version = 1 + version % store.versionCount();
        vm.prank(jobsAt);
        ledger.creditHeld(version, token, amount, address(0), 0);
        store.unhold(token, amount);
        store.call("creditHeld");
    }

    function donate(uint256 token, uint64 amount) external {
        MockUSD(store.tokens(token % 2)).mint(address(ledger), amount);
        store.donate(store.tokens(token % 2), amount);
    }

    function pass(uint256 time) external {
        _pass(1 + time % 3 days);
    }

    /// @dev The owner's verbs, mostly back to where they were.
    function govern(uint256 what, uint256 bps) external {
        if (what % 4 == 0) ledger.setProtocolFee(bps % 501);
        else if (what % 4 == 1 && !market.paused()) market.pause();
        else if (market.paused()) market.unpause();
        else ledger.allowToken(store.tokens(1), what % 5 != 0);
    }

    function parts() external view returns (ModuleRegistry, LicenseMarket, RevenueLedger) {
        return (registry, market, ledger);
    }

    function _account(uint256 who) private view returns (address) {
        return store.accounts(who % store.accountCount());
    }

    function _license(uint256 which) private view returns (uint256 id, License memory license, address holder) {
        uint256 count = market.licenseCount();
        if (count == 0) return (0, license, address(0));
        // Of two that are asked for, one is among the newest.
        id = which % 2 == 0 && count > 8 ? count - (which >> 1) % 8 : 1 + which % count;
        try market.ownerOf(id) returns (address owner) {
            return (id, market.license(id), owner);
        } catch {}
    }

    /// @dev One to three accounts, and of the upstreams asked for those that may be built on.
    function _table(uint256 seed, uint256 upstreams) private view returns (Split[] memory splits) {
        address[3] memory payees = [ada, ben, cyd];
        _sort(payees);
        uint256 count = registry.versionCount();
        uint256 accounts = 1 + seed % 3;
        Split[] memory rows = new Split[](accounts + upstreams);
        uint256 length = accounts;
        uint256 left = 1_000_000;
        for (uint256 i; i < upstreams && i < count; ++i) {
            uint256 id = i + 1 + (count > upstreams ? count - upstreams : 0);
            if (store.deprecated(id)) continue;
            uint256 ppm = 1 + uint256(keccak256(abi.encode(seed, i))) % 166_666;
            rows[length++] = Split({account: address(0), version: uint64(id), ppm: uint32(ppm)});
            left -= ppm;
        }
        for (uint256 i; i < accounts; ++i) {
            uint256 ppm = i + 1 == accounts ? left : 1 + uint256(keccak256(abi.encode(seed, "a", i))) % (left / 2);
            rows[i] = Split({account: payees[i], version: 0, ppm: uint32(ppm)});
            left -= ppm;
        }
        splits = new Split[](length);
        for (uint256 i; i < length; ++i) {
            splits[i] = rows[i];
        }
    }

    function _sort(address[3] memory list) private pure {
        if (list[0] > list[1]) (list[0], list[1]) = (list[1], list[0]);
        if (list[1] > list[2]) (list[1], list[2]) = (list[2], list[1]);
        if (list[0] > list[1]) (list[0], list[1]) = (list[1], list[0]);
    }

    function _publishNext(Split[] memory splits) private returns (uint256 id) {
        VersionTerms memory terms = _nextTerms();
        vm.prank(ada);
        return registry.publish(_moduleId, terms, splits);
    }

    function _nextTerms() private view returns (VersionTerms memory) {
        return _terms(string.concat("1.0.", vm.toString(registry.versionCount())));
    }
}
