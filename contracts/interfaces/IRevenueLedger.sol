// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "./IModuleRegistry.sol";

/// @notice One call of `settle`.
struct Settlement {
    uint256 version;
    address token;
    Split[] splits;
}

/// @title RevenueLedger
/// @notice Holds all that versions earned, all that accounts are owed, and what markets hold until it is decided whose
/// it is. Settling is exact and independent of order.
/// @dev Per token: unsettled income + claimable + held = total <= balance. Only `credit` and `hold` book money that came
/// in, and refuse it where the balance does not cover the total; their callers, which are called markets here
/// (LicenseMarket, JobMarket, AssurancePool, OperatorStaking, WindowRegistry, SearchMarket), must have moved the tokens
/// here before. Everything else moves what is booked, without a call to the token: a broken token holds up nobody.
interface IRevenueLedger {
    /// @dev The protocolFee and the referral are not part of `net`; the referral has an `AccountCredited` of its own.
    event Credited(uint256 indexed version, address indexed token, uint256 net, uint256 protocolFee);
    /// @dev Emitted by `credit`, `creditHeld`, `payHeld`, and by `settle` for each row that names an account. The
    /// protocolFee is in `Credited` alone.
    event AccountCredited(address indexed account, address indexed token, uint256 amount);
    event Held(address indexed market, address indexed token, uint256 amount);
    /// @dev The sum of the rows: `AccountCredited` for accounts, `SettledUpstream` for upstream versions.
    event Settled(uint256 indexed version, address indexed token, uint256 amount);
    event SettledUpstream(uint256 indexed version, uint256 indexed upstream, address indexed token, uint256 amount);
    event Claimed(address indexed account, address indexed token, address to, uint256 amount);
    event TokenAllowed(address indexed token, bool allowed);
    /// @dev `from` is the first second of the new fee.
    event ProtocolFeeSet(uint256 bps, uint256 from);

    error NotMarket(address caller);
    error TokenNotAllowed(address token);
    error FeeTooHigh(uint256 bps);
    error SplitsMismatch(uint256 version);
    error NotCovered(address token, uint256 total, uint256 balance);
    error HeldTooLittle(address token, uint256 held, uint256 amount);
    error ZeroAddress();
    error MarketsInvalid(uint256 count);
    error LengthMismatch(uint256 accounts, uint256 amounts);

    /// @notice Books a sale: the protocolFee of `amount` to the treasury, `referral` to `referrer`, the rest to the version.
    /// Reverts for a token that is not allowed. Markets only.
    function credit(uint256 version, address token, uint256 amount, address referrer, uint256 referral) external;

    /// @notice Books money that is held until it is known whose it is. Markets only.
    function hold(address token, uint256 amount) external;

    /// @notice The same as `credit`, of money that is held, whether or not its token is still allowed. Markets only.
    function creditHeld(uint256 version, address token, uint256 amount, address referrer, uint256 referral) external;

    /// @notice Books held money as owed to accounts, free of the protocolFee. Markets only.
    function payHeld(address token, address[] calldata accounts, uint256[] calldata amounts) external;

    /// @notice Passes on what a version received and has not settled, by its published table. Anyone may call.
    /// @dev Row i is owed floor(received*ppm/1e6) - floor(settled*ppm/1e6); the last row takes the rest. Where many small
    /// settlements left the last row ahead of its share, less than 1e6 base units may wait for further income.
    function settle(uint256 version, address token, Split[] calldata splits) external;

    /// @notice Settles one after another. Anyone may call.
    function settleMany(Settlement[] calldata settlements) external;

    /// @notice Pays the sender all it is owed in each token to `to`. A zero balance is skipped.
    function claim(address[] calldata tokens, address to) external;

    /// @notice Pays `account` all it is owed in each token, to itself. Anyone may call.
    function claimFor(address account, address[] calldata tokens) external;

    /// @notice Allows a token for new sales, or stops them. For the deployment's owner alone.
    function allowToken(address token, bool allowed) external;

    /// @notice Sets the protocolFee, at most 500 basis points: lower at once, higher after `feeDelay`. For the
    /// deployment's owner alone.
    function setProtocolFee(uint256 bps) external;

    function tokenAllowed(address token) external view returns (bool);
    function received(uint256 version, address token) external view returns (uint256);
    function settled(uint256 version, address token) external view returns (uint256);
    function claimable(address account, address token) external view returns (uint256);
    /// @notice What the markets hold of a token.
    function held(address token) external view returns (uint256);
    /// @notice All that is owed or held in a token; never above this contract's balance.
    function total(address token) external view returns (uint256);
    /// @notice The protocolFee now, in basis points.
    function protocolFeeBps() external view returns (uint256);
    /// @notice The protocolFee that is set, and the first second it is taken; the present one where no other waits.
    function nextProtocolFee() external view returns (uint256 bps, uint256 from);
    /// @notice Seconds between the setting of a higher fee and its first second.
    function feeDelay() external view returns (uint256);
    function treasury() external view returns (address);
}
