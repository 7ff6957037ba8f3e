// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IModuleRegistry, Split} from "./interfaces/IModuleRegistry.sol";
import {IRevenueLedger, Settlement} from "./interfaces/IRevenueLedger.sol";

/// @title RevenueLedger
contract RevenueLedger is IRevenueLedger, AccessManaged {
    using SafeERC20 for IERC20;

    /// @dev Both only grow; what lies between them waits to be settled.
    struct Income {
        uint128 received;
        uint128 settled;
    }

    /// @dev All that is owed or held in a token, the part of it that is the treasury's protocolFees, and whether sales in it
    /// are allowed, in one word: every sale reads and writes it.
    struct Book {
        uint120 total;
        uint120 protocolFees;
        bool allowed;
    }

    /// @dev The protocolFee is `present` until `from`, and `next` from then on.
    struct FeeSchedule {
        uint16 present;
        uint16 next;
        uint64 from;
    }

    uint256 private constant PPM = 1_000_000;
    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_PROTOCOL_FEE_BPS = 500;
    uint256 private constant MARKETS = 6;

    IModuleRegistry private immutable _registry;
    address private immutable _licenseMarket;
    address private immutable _jobMarket;
    address private immutable _assurancePool;
    address private immutable _operatorStaking;
    address private immutable _windowRegistry;
    address private immutable _searchMarket;
    /// @inheritdoc IRevenueLedger
    address public immutable treasury;
    /// @inheritdoc IRevenueLedger
    uint256 public immutable feeDelay;

    /// @inheritdoc IRevenueLedger
    mapping(address token => uint256) public held;

    FeeSchedule private _fee;
    mapping(address token => Book) private _books;
    /// @dev Without the treasury's protocolFees, which are in `_books`.
    mapping(address account => mapping(address token => uint256)) private _credits;
    mapping(uint256 version => mapping(address token => Income)) private _income;

    modifier onlyMarket() {
        _checkMarket();
        _;
    }

    /// @param authority Decides who may allow tokens and set the protocolFee.
    /// @param registry Where the revenue tables are.
    /// @param treasury_ Who is credited the protocolFee.
    /// @param protocolFeeBps_ The protocolFee in basis points, at most 500.
    /// @param feeDelay_ Seconds between the setting of a higher fee and its first second.
    /// @param markets LicenseMarket, JobMarket, AssurancePool, OperatorStaking, WindowRegistry and SearchMarket: those that
    /// bring money.
    constructor(
        AccessManager authority,
        IModuleRegistry registry,
        address treasury_,
        uint256 protocolFeeBps_,
        uint256 feeDelay_,
        address[] memory markets
    ) AccessManaged(address(authority)) {
        require(protocolFeeBps_ <= MAX_PROTOCOL_FEE_BPS, FeeTooHigh(protocolFeeBps_));
        require(markets.length == MARKETS, MarketsInvalid(markets.length));
        require(address(registry) != address(0) && treasury_ != address(0), ZeroAddress());
        for (uint256 i; i < MARKETS; ++i) {
            require(markets[i] != address(0), ZeroAddress());
        }

        _registry = registry;
        treasury = treasury_;
        feeDelay = feeDelay_;
        (_licenseMarket, _jobMarket, _assurancePool, _operatorStaking) =
        (markets[0], markets[1], markets[2], markets[3]);
        (_windowRegistry, _searchMarket) = (markets[4], markets[5]);
        _setFee(protocolFeeBps_, protocolFeeBps_, block.timestamp);
    }

    /// @inheritdoc IRevenueLedger
    function credit(uint256 version, address token, uint256 amount, address referrer, uint256 referral)
        external
        onlyMarket
    {
        Book memory book = _books[token];
        require(book.allowed, TokenNotAllowed(token));

        uint256 protocolFee = _creditVersion(version, token, amount, referrer, referral);
        book.protocolFees = SafeCast.toUint120(book.protocolFees + protocolFee);
        _cover(token, book, amount);
    }

    /// @inheritdoc IRevenueLedger
    function hold(address token, uint256 amount) external onlyMarket {
        held[token] += amount;

        emit Held(msg.sender, token, amount);

        _cover(token, _books[token], amount);
    }

    /// @inheritdoc IRevenueLedger
    function creditHeld(uint256 version, address token, uint256 amount, address referrer, uint256 referral)
        external
        onlyMarket
    {
        _unhold(token, amount);
        uint256 protocolFee = _creditVersion(version, token, amount, referrer, referral);
        Book storage book = _books[token];
        book.protocolFees = SafeCast.toUint120(book.protocolFees + protocolFee);
    }

    /// @inheritdoc IRevenueLedger
    function payHeld(address token, address[] calldata accounts, uint256[] calldata amounts) external onlyMarket {
        require(accounts.length == amounts.length, LengthMismatch(accounts.length, amounts.length));

        uint256 sum;
        for (uint256 i; i < accounts.length; ++i) {
            sum += amounts[i];
            _creditAccount(accounts[i], token, amounts[i]);
        }
        _unhold(token, sum);
    }

    /// @inheritdoc IRevenueLedger
    function settle(uint256 version, address token, Split[] calldata splits) external {
        _settle(version, token, splits);
    }

    /// @inheritdoc IRevenueLedger
    function settleMany(Settlement[] calldata settlements) external {
        for (uint256 i; i < settlements.length; ++i) {
            _settle(settlements[i].version, settlements[i].token, settlements[i].splits);
        }
    }

    /// @inheritdoc IRevenueLedger
    function claim(address[] calldata tokens, address to) external {
        require(to != address(0), ZeroAddress());

        _claim(msg.sender, tokens, to);
    }

    /// @inheritdoc IRevenueLedger
    function claimFor(address account, address[] calldata tokens) external {
        _claim(account, tokens, account);
    }

    /// @inheritdoc IRevenueLedger
    function allowToken(address token, bool allowed) external restricted {
        _books[token].allowed = allowed;

        emit TokenAllowed(token, allowed);
    }

    /// @inheritdoc IRevenueLedger
    function setProtocolFee(uint256 bps) external restricted {
        require(bps <= MAX_PROTOCOL_FEE_BPS, FeeTooHigh(bps));
        uint256 present = protocolFeeBps();

        _setFee(present, bps, bps > present ? block.timestamp + feeDelay : block.timestamp);
    }

    /// @inheritdoc IRevenueLedger
    function tokenAllowed(address token) external view returns (bool) {
        return _books[token].allowed;
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

    /// @inheritdoc IRevenueLedger
    function protocolFeeBps() public view returns (uint256) {
        FeeSchedule memory fee = _fee;
        return block.timestamp < fee.from ? fee.present : fee.next;
    }

    /// @inheritdoc IRevenueLedger
    function nextProtocolFee() external view returns (uint256 bps, uint256 from) {
        return (_fee.next, _fee.from);
    }

    function _checkMarket() private view {
        require(
            msg.sender == _licenseMarket || msg.sender == _jobMarket || msg.sender == _assurancePool
                || msg.sender == _operatorStaking || msg.sender == _windowRegistry || msg.sender == _searchMarket,
            NotMarket(msg.sender)
        );
    }

    function _setFee(uint256 present, uint256 next, uint256 from) private {
        _fee = FeeSchedule(SafeCast.toUint16(present), SafeCast.toUint16(next), SafeCast.toUint64(from));

        emit ProtocolFeeSet(next, from);
    }

    function _settle(uint256 version, address token, Split[] calldata splits) private {
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

    // slither-disable-next-line incorrect-equality: nothing owed is skipped; it is no balance
    function _claim(address account, address[] calldata tokens, address to) private {
        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i];
            uint256 amount = claimable(account, token);
            // What is booked, no balance that a gift could move.
            // slither-disable-next-line incorrect-equality
            if (amount == 0) continue;

            Book storage book = _books[token];
            book.total = SafeCast.toUint120(book.total - amount);
            if (account == treasury) book.protocolFees = 0;
            _credits[account][token] = 0;

            emit Claimed(account, token, to, amount);

            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @dev Divides a sale between protocol, referrer and version; the protocolFee is left to the caller to book.
    function _creditVersion(uint256 version, address token, uint256 amount, address referrer, uint256 referral)
        private
        returns (uint256 protocolFee)
    {
        protocolFee = amount * protocolFeeBps() / BPS;
        uint256 net = amount - protocolFee - referral;

        _income[version][token].received += SafeCast.toUint128(net);

        emit Credited(version, token, net, protocolFee);

        _creditAccount(referrer, token, referral);
    }

    function _creditAccount(address account, address token, uint256 amount) private {
        if (amount == 0) return;

        _credits[account][token] += amount;

        emit AccountCredited(account, token, amount);
    }

    function _unhold(address token, uint256 amount) private {
        uint256 present = held[token];
        require(present >= amount, HeldTooLittle(token, present, amount));

        held[token] = present - amount;
    }

    /// @dev Books `amount` as come in. The balance must cover it already.
    function _cover(address token, Book memory book, uint256 amount) private {
        uint256 sum = book.total + amount;

        book.total = SafeCast.toUint120(sum);
        _books[token] = book;

        uint256 balance = IERC20(token).balanceOf(address(this));
        require(sum <= balance, NotCovered(token, sum, balance));
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
        // Rounded down on purpose.
        // slither-disable-next-line divide-before-multiply
        // slither-disable-next-line divide-before-multiply: the next lower multiple is what is meant
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
