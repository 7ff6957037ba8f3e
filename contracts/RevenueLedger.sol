// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IModuleRegistry, Split} from "./interfaces/IModuleRegistry.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title RevenueLedger
contract RevenueLedger is IRevenueLedger {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev Both only grow; what lies between them waits to be settled.
    struct Income {
        uint128 received;
        uint128 settled;
    }

    uint256 private constant PPM = 1_000_000;
    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_PROTOCOL_FEE_BPS = 500;

    IModuleRegistry private immutable _registry;
    address private immutable _licenseMarket;
    address private immutable _jobMarket;
    /// @inheritdoc IRevenueLedger
    address public immutable treasury;
    /// @inheritdoc IRevenueLedger
    uint256 public immutable protocolFeeBps;

    /// @inheritdoc IRevenueLedger
    mapping(address account => mapping(address token => uint256)) public claimable;
    /// @inheritdoc IRevenueLedger
    mapping(address token => uint256) public total;

    mapping(uint256 version => mapping(address token => Income)) private _income;

    modifier onlyMarket() {
        _checkMarket();
        _;
    }

    /// @param registry Where the revenue tables are.
    /// @param treasury_ Who is credited the protocolFee.
    /// @param protocolFeeBps_ The protocolFee in basis points, at most 500.
    /// @param markets The LicenseMarket and the JobMarket: the two that may credit.
    constructor(IModuleRegistry registry, address treasury_, uint256 protocolFeeBps_, address[] memory markets) {
        require(protocolFeeBps_ <= MAX_PROTOCOL_FEE_BPS, FeeTooHigh(protocolFeeBps_));
        require(markets.length == 2, MarketsInvalid(markets.length));
        require(
            address(registry) != address(0) && treasury_ != address(0) && markets[0] != address(0)
                && markets[1] != address(0),
            ZeroAddress()
        );

        _registry = registry;
        treasury = treasury_;
        protocolFeeBps = protocolFeeBps_;
        _licenseMarket = markets[0];
        _jobMarket = markets[1];
    }

    /// @inheritdoc IRevenueLedger
    function credit(uint256 version, address token, uint256 amount) external onlyMarket {
        uint256 protocolFee = amount * protocolFeeBps / BPS;
        uint256 net = amount - protocolFee;

        _income[version][token].received += net.toUint128();
        claimable[treasury][token] += protocolFee;

        emit Credited(version, token, net, protocolFee);

        _cover(token, amount);
    }

    /// @inheritdoc IRevenueLedger
    function creditAccounts(address token, address[] calldata accounts, uint256[] calldata amounts)
        external
        onlyMarket
    {
        require(accounts.length == amounts.length, LengthMismatch(accounts.length, amounts.length));

        uint256 sum;
        for (uint256 i; i < accounts.length; ++i) {
            sum += amounts[i];
            _creditAccount(accounts[i], token, amounts[i]);
        }

        _cover(token, sum);
    }

    /// @inheritdoc IRevenueLedger
    function settle(uint256 version, address token, Split[] calldata splits) external {
        require(_registry.splitsHash(version) == keccak256(abi.encode(splits)), SplitsMismatch(version));
        uint256 from = _income[version][token].settled;
        uint256 to = _payable(from, _income[version][token].received, splits);
        if (to <= from) return;

        _income[version][token].settled = to.toUint128();
        uint256 rest = to - from;
        for (uint256 i; i < splits.length; ++i) {
            uint256 owed = i == splits.length - 1 ? rest : _owed(from, to, splits[i].ppm);
            rest -= owed;
            if (owed == 0) continue;
            if (splits[i].version == 0) {
                _creditAccount(splits[i].account, token, owed);
            } else {
                _income[splits[i].version][token].received += owed.toUint128();
                emit SettledUpstream(version, splits[i].version, token, owed);
            }
        }

        emit Settled(version, token, to - from);
    }

    /// @inheritdoc IRevenueLedger
    function claim(address[] calldata tokens, address to) external {
        require(to != address(0), ZeroAddress());

        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i];
            uint256 amount = claimable[msg.sender][token];
            if (amount == 0) continue;

            claimable[msg.sender][token] = 0;
            total[token] -= amount;

            emit Claimed(msg.sender, token, to, amount);

            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @inheritdoc IRevenueLedger
    function received(uint256 version, address token) external view returns (uint256) {
        return _income[version][token].received;
    }

    /// @inheritdoc IRevenueLedger
    function settled(uint256 version, address token) external view returns (uint256) {
        return _income[version][token].settled;
    }

    function _checkMarket() private view {
        require(msg.sender == _licenseMarket || msg.sender == _jobMarket, NotMarket(msg.sender));
    }

    function _creditAccount(address account, address token, uint256 amount) private {
        claimable[account][token] += amount;
        emit AccountCredited(account, token, amount);
    }

    /// @dev Books `amount` as owed, which the balance must cover already.
    function _cover(address token, uint256 amount) private {
        uint256 owed = total[token] + amount;
        total[token] = owed;
        uint256 balance = IERC20(token).balanceOf(address(this));
        require(owed <= balance, NotCovered(token, owed, balance));
    }

    /// @dev How far a version can be settled. That is all it received, but for the rare moment in which the last row holds
    /// the remainder of so many roundings that the other rows' shares exceed what is there. Then it is the last amount that
    /// falls one short of a multiple of PPM: there every other row is rounded down by as much as it can be, so that the
    /// last row's share is never below what it holds.
    function _payable(uint256 from, uint256 received_, Split[] calldata splits) private pure returns (uint256) {
        uint256 shares;
        for (uint256 i; i + 1 < splits.length; ++i) {
            shares += _owed(from, received_, splits[i].ppm);
        }
        if (shares <= received_ - from) return received_;
        uint256 multiple = (received_ + 1) / PPM * PPM;
        return multiple == 0 ? 0 : multiple - 1;
    }

    /// @dev What a row is owed of all income up to `to`, less what it was owed of that up to `from`: the roundings of many
    /// settlements add up to that of one.
    function _owed(uint256 from, uint256 to, uint256 ppm) private pure returns (uint256) {
        return to * ppm / PPM - from * ppm / PPM;
    }
}
