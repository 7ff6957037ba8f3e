// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IModuleRegistry, Split} from "./interfaces/IModuleRegistry.sol";
import {IRevenueLedger} from "./interfaces/IRevenueLedger.sol";

/// @title RevenueLedger
contract RevenueLedger is IRevenueLedger {
    using SafeERC20 for IERC20;

    /// @dev Both only grow; what lies between them waits to be settled.
    struct Income {
        uint128 received;
        uint128 settled;
    }

    /// @dev All that is owed in a token, and the part of it that is the treasury's protocolFees, in one word: every sale
    /// writes both.
    struct Book {
        uint128 total;
        uint128 protocolFees;
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

    mapping(address token => Book) private _books;
    /// @dev Without the treasury's protocolFees, which are in `_books`.
    mapping(address account => mapping(address token => uint256)) private _credits;
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

        _income[version][token].received += SafeCast.toUint128(net);

        emit Credited(version, token, net, protocolFee);

        _cover(token, amount, protocolFee);
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

        _cover(token, sum, 0);
    }

    /// @inheritdoc IRevenueLedger
    function settle(uint256 version, address token, Split[] calldata splits) external {
        require(_registry.splitsHash(version) == _hash(splits), SplitsMismatch(version));
        Income memory income = _income[version][token];
        (uint256 from, uint256 to) = (income.settled, income.received);
        (bool covered, uint256[] memory shares) = _shares(from, to, splits);
        if (!covered) {
            to = _coveredAmount(to);
            if (to > from) (, shares) = _shares(from, to, splits);
        }
        if (to <= from) return;

        _income[version][token].settled = SafeCast.toUint128(to);
        for (uint256 i; i < splits.length; ++i) {
            uint256 share = shares[i];
            if (share == 0) continue;
            Split calldata split = splits[i];
            if (split.version == 0) {
                _creditAccount(split.account, token, share);
            } else {
                _income[split.version][token].received += SafeCast.toUint128(share);
                emit SettledUpstream(version, split.version, token, share);
            }
        }

        emit Settled(version, token, to - from);
    }

    /// @inheritdoc IRevenueLedger
    function claim(address[] calldata tokens, address to) external {
        require(to != address(0), ZeroAddress());

        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i];
            uint256 amount = claimable(msg.sender, token);
            if (amount == 0) continue;

            Book storage book = _books[token];
            book.total = SafeCast.toUint128(book.total - amount);
            if (msg.sender == treasury) book.protocolFees = 0;
            _credits[msg.sender][token] = 0;

            emit Claimed(msg.sender, token, to, amount);

            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @inheritdoc IRevenueLedger
    function claimable(address account, address token) public view returns (uint256) {
        uint256 credits = _credits[account][token];
        return account == treasury ? credits + _books[token].protocolFees : credits;
    }

    /// @inheritdoc IRevenueLedger
    function total(address token) external view returns (uint256) {
        return _books[token].total;
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
        _credits[account][token] += amount;
        emit AccountCredited(account, token, amount);
    }

    /// @dev Books `amount` as owed, `protocolFee` of it to the treasury. The balance must cover it already.
    function _cover(address token, uint256 amount, uint256 protocolFee) private {
        Book memory book = _books[token];
        book.total = SafeCast.toUint128(book.total + amount);
        book.protocolFees = SafeCast.toUint128(book.protocolFees + protocolFee);
        _books[token] = book;
        uint256 balance = IERC20(token).balanceOf(address(this));
        require(book.total <= balance, NotCovered(token, book.total, balance));
    }

    /// @dev keccak256(abi.encode(splits)), of the words as they came: a field with stray bits hashes to something else.
    function _hash(Split[] calldata splits) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let size := mul(splits.length, 96)
            mstore(start, 32)
            mstore(add(start, 32), splits.length)
            calldatacopy(add(start, 64), splits.offset, size)
            hash := keccak256(start, add(size, 64))
        }
    }

    /// @dev What the rows are owed of the income between `from` and `to`. It is not covered in the rare moment in which
    /// the last row holds the remainder of so many roundings that the other rows' shares exceed what is there.
    function _shares(uint256 from, uint256 to, Split[] calldata splits)
        private
        pure
        returns (bool covered, uint256[] memory shares)
    {
        uint256 last = splits.length - 1;
        uint256 rest = to - from;
        shares = new uint256[](splits.length);
        for (uint256 i; i < last; ++i) {
            uint256 share = _owed(from, to, splits[i].ppm);
            if (share > rest) return (false, shares);
            shares[i] = share;
            rest -= share;
        }
        shares[last] = rest;
        return (true, shares);
    }

    /// @dev The last amount up to `received_` that is always covered: one short of a multiple of PPM. There every row but
    /// the last is rounded down by as much as it can be, so that the last row's share is never below what it holds.
    function _coveredAmount(uint256 received_) private pure returns (uint256) {
        uint256 multiple = (received_ + 1) / PPM * PPM;
        return multiple == 0 ? 0 : multiple - 1;
    }

    /// @dev What a row is owed of all income up to `to`, less what it was owed of that up to `from`: the roundings of many
    /// settlements add up to that of one. Amounts are of 128 bits and `from` is not above `to`: nothing overflows.
    function _owed(uint256 from, uint256 to, uint256 ppm) private pure returns (uint256) {
        unchecked {
            return to * ppm / PPM - from * ppm / PPM;
        }
    }
}
