// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {JobMarket} from "../../../contracts/JobMarket.sol";
import {LicenseMarket} from "../../../contracts/LicenseMarket.sol";
import {MockUSD} from "../../../contracts/MockUSD.sol";
import {ModuleRegistry} from "../../../contracts/ModuleRegistry.sol";
import {OperatorStaking} from "../../../contracts/OperatorStaking.sol";
import {RevenueLedger} from "../../../contracts/RevenueLedger.sol";
import {Windows} from "../../../contracts/interfaces/IJobMarket.sol";
import {Offer} from "../../../contracts/interfaces/ILicenseMarket.sol";
import {Access, Split, VersionTerms} from "../../../contracts/interfaces/IModuleRegistry.sol";
import {VM, Vm} from "./Vm.sol";

/// @notice A deployment with the parameters of the local network, its actors, and the steps that tests share.
abstract contract BaseTest {
    Vm internal constant vm = VM;

    uint256 internal constant MINIMUM_STAKE = 1000e6;
    uint256 internal constant UNBOND_PERIOD = 1 days;
    uint256 internal constant MINIMUM_FEE = 0.03e6;
    uint256 internal constant LOCK_MULTIPLE = 10;
    uint256 internal constant FEE_BPS = 250;
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
    OperatorStaking internal staking;
    JobMarket internal jobs;
    address[] internal operators;

    function setUp() public virtual {
        vm.roll(1000);
        vm.warp(1_800_000_000);
        _deploy();
        market.allowToken(address(usd), true);
        _fund(rita, 1_000_000e6);
    }

    function _deploy() private {
        uint256 nonce = vm.getNonce(address(this));
        address ledgerAt = vm.computeCreateAddress(address(this), nonce + 4);
        address jobsAt = vm.computeCreateAddress(address(this), nonce + 6);
        usd = new MockUSD();
        manager = new AccessManager(address(this));
        registry = new ModuleRegistry();
        market = new LicenseMarket(manager, registry, RevenueLedger(ledgerAt));
        address[] memory markets = new address[](2);
        (markets[0], markets[1]) = (address(market), jobsAt);
        ledger = new RevenueLedger(registry, treasury, FEE_BPS, markets);
        staking = new OperatorStaking(IERC20(usd), jobsAt, MINIMUM_STAKE, UNBOND_PERIOD);
        jobs = new JobMarket(registry, market, ledger, staking, MINIMUM_FEE, LOCK_MULTIPLE, _windows());
        vm.assertEq(address(jobs), jobsAt);
        vm.assertEq(address(ledger), ledgerAt);
    }

    function _windows() internal pure returns (Windows memory) {
        return Windows({open: 120, commit: 60, reveal: 60, challenge: 2, fuelPerSecond: 500_000_000, confirmations: 2});
    }

    function _key(string memory name) internal pure returns (uint256) {
        return uint256(keccak256(bytes(name)));
    }

    function _actor(string memory name) internal returns (address account) {
        account = vm.addr(_key(name));
        vm.label(account, name);
    }

    /// @dev Mints, and allows the three contracts that take money.
    function _fund(address account, uint256 amount) internal {
        usd.mint(account, amount);
        vm.startPrank(account);
        usd.approve(address(market), type(uint256).max);
        usd.approve(address(jobs), type(uint256).max);
        usd.approve(address(staking), type(uint256).max);
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
            active: true
        });
    }

    function _buy(address buyer, uint64 offerId, uint64 version) internal returns (uint64 licenseId) {
        vm.prank(buyer);
        return uint64(market.purchase(offerId, buyer, type(uint96).max, version));
    }

    function _claim(address account) internal {
        vm.prank(account);
        ledger.claim(_one(address(usd)), account);
    }

    /// @dev Registers and stakes `count` operators named operator0, operator1 and so on.
    function _addOperators(uint256 count, uint256 amount) internal {
        for (uint256 i; i < count; ++i) {
            string memory name = string.concat("operator", string(abi.encodePacked(uint8(48 + operators.length))));
            address account = _actor(name);
            _fund(account, amount);
            vm.startPrank(account);
            staking.register("http://127.0.0.1:9000/ipfs");
            staking.stake(amount);
            vm.stopPrank();
            operators.push(account);
        }
    }
}
