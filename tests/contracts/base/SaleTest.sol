// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {LicenseMarket} from "../../../contracts/LicenseMarket.sol";
import {MockUSD} from "../../../contracts/MockUSD.sol";
import {ModuleRegistry} from "../../../contracts/ModuleRegistry.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {Offer, Sells} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {Access, Split, VersionTerms} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {VM, Vm} from "./Vm.sol";

/// @notice The contracts that sell, with the parameters of the local network, their actors, and the steps that tests
/// share. Those that run jobs stand where `BaseTest` deploys them; here they are accounts without code.
abstract contract SaleTest {
    Vm internal constant vm = VM;

    uint256 internal constant FEE_BPS = 250;
    uint256 internal constant FEE_DELAY = 60;
    uint96 internal constant PRICE = 10e6;

    address internal immutable ada = _actor("ada");
    address internal immutable ben = _actor("ben");
    address internal immutable cyd = _actor("cyd");
    address internal immutable rita = _actor("rita");
    address internal immutable eve = _actor("eve");
    address internal immutable treasury = _actor("treasury");

    MockUSD internal usd;
    AccessManager internal manager;
    ModuleRegistry internal registry;
    LicenseMarket internal market;
    RevenueLedger internal ledger;
    address internal stakingAt;
    address internal panelAt;
    address internal poolAt;
    address internal jobsAt;
    address internal windowsAt;
    address internal searchesAt;

    function setUp() public virtual {
        vm.roll(1000);
        vm.warp(1_800_000_000);
        _deploy();
        ledger.allowToken(address(usd), true);
        _fund(rita, 1_000_000e6);
    }

    function _deploy() internal virtual {
        uint256 nonce = vm.getNonce(address(this));
        address ledgerAt = vm.computeCreateAddress(address(this), nonce + 4);
        stakingAt = vm.computeCreateAddress(address(this), nonce + 5);
        panelAt = vm.computeCreateAddress(address(this), nonce + 6);
        poolAt = vm.computeCreateAddress(address(this), nonce + 7);
        jobsAt = vm.computeCreateAddress(address(this), nonce + 8);
        windowsAt = vm.computeCreateAddress(address(this), nonce + 9);
        searchesAt = vm.computeCreateAddress(address(this), nonce + 10);
        usd = new MockUSD();
        manager = new AccessManager(address(this));
        registry = new ModuleRegistry();
        market = new LicenseMarket(manager, registry, RevenueLedger(ledgerAt), jobsAt);
        ledger = new RevenueLedger(manager, registry, treasury, FEE_BPS, FEE_DELAY, _markets());
        vm.assertEq(address(ledger), ledgerAt);
    }

    /// @dev Those that bring money to the ledger, in its order.
    function _markets() internal view returns (address[] memory list) {
        list = new address[](6);
        (list[0], list[1], list[2], list[3]) = (address(market), jobsAt, poolAt, stakingAt);
        (list[4], list[5]) = (windowsAt, searchesAt);
    }

    function _key(string memory name) internal pure returns (uint256) {
        return uint256(keccak256(bytes(name)));
    }

    function _actor(string memory name) internal returns (address account) {
        account = vm.addr(_key(name));
        vm.label(account, name);
    }

    /// @dev Mints, and allows the contracts that take money.
    function _fund(address account, uint256 amount) internal {
        usd.mint(account, amount);
        vm.startPrank(account);
        usd.approve(address(market), type(uint256).max);
        usd.approve(jobsAt, type(uint256).max);
        usd.approve(stakingAt, type(uint256).max);
        usd.approve(poolAt, type(uint256).max);
        usd.approve(windowsAt, type(uint256).max);
        usd.approve(searchesAt, type(uint256).max);
        vm.stopPrank();
    }

    /// @dev Lets `count` blocks of one second pass.
    function _mine(uint256 count) internal {
        vm.roll(vm.getBlockNumber() + count);
        vm.warp(vm.getBlockTimestamp() + count);
    }

    function _pass(uint256 time) internal {
        vm.warp(vm.getBlockTimestamp() + time);
    }

    function _one(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }

    function _one(uint256 amount) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = amount;
    }

    function _all(address account) internal pure returns (Split[] memory splits) {
        splits = new Split[](1);
        splits[0] = Split({account: account, version: 0, ppm: 1_000_000});
    }

    /// @dev Ninety per cent to the account, ten to the upstream version.
    function _mostly(address account, uint64 upstream) internal pure returns (Split[] memory splits) {
        splits = new Split[](2);
        splits[0] = Split({account: account, version: 0, ppm: 900_000});
        splits[1] = Split({account: address(0), version: upstream, ppm: 100_000});
    }

    function _terms(string memory semver) internal pure returns (VersionTerms memory) {
        bytes32 digest = keccak256(bytes(semver));
        return
            VersionTerms({
                cidDigest: digest, plainDigest: digest, access: Access.Open, minRoyaltyPpm: 0, semver: semver
            });
    }

    function _register(address author, string memory name) internal returns (uint256 moduleId) {
        vm.prank(author);
        return registry.registerModule(name);
    }

    function _publish(address author, string memory name, Split[] memory splits) internal returns (uint64 version) {
        uint256 moduleId = _register(author, name);
        vm.prank(author);
        return uint64(registry.publish(moduleId, _terms("1.0.0"), splits));
    }

    function _offer(address author, uint64 version, uint96 price, uint96 perRunPrice) internal returns (uint64 id) {
        vm.prank(author);
        return uint64(market.setOffer(0, _offerOf(version, price, perRunPrice)));
    }

    function _offerOf(uint64 version, uint96 price, uint96 perRunPrice) internal view returns (Offer memory) {
        return Offer({
            token: address(usd),
            version: version,
            duration: 30 days,
            price: price,
            perRunPrice: perRunPrice,
            trial: 0,
            referralBps: 0,
            resaleBps: 0,
            sells: Sells.Both
        });
    }

    function _buy(address buyer, uint64 offerId, uint64 version) internal returns (uint64 licenseId) {
        uint256 price = market.quote(offerId);
        vm.prank(buyer);
        return uint64(market.purchase(offerId, buyer, price, version, address(0)));
    }

    /// @dev Brings a sale to the ledger, past the market.
    function _income(uint64 version, uint256 amount) internal returns (uint256 net) {
        usd.mint(address(ledger), amount);
        vm.prank(address(market));
        ledger.credit(version, address(usd), amount, address(0), 0);
        return _net(amount);
    }

    /// @dev Has the ledger owe something to an account, free of the protocolFee.
    function _owe(MockUSD token, address account, uint256 amount) internal {
        token.mint(address(ledger), amount);
        vm.startPrank(jobsAt);
        ledger.hold(address(token), amount);
        ledger.payHeld(address(token), _one(account), _one(amount));
        vm.stopPrank();
    }

    function _settle(uint64 version, Split[] memory splits) internal {
        ledger.settle(version, address(usd), splits);
    }

    function _claim(address account) internal {
        vm.prank(account);
        ledger.claim(_one(address(usd)), account);
    }

    function _owed(address account) internal view returns (uint256) {
        return ledger.claimable(account, address(usd));
    }

    /// @dev What is left of an amount after the protocolFee.
    function _net(uint256 amount) internal pure returns (uint256) {
        return amount - amount * FEE_BPS / 10_000;
    }
}
