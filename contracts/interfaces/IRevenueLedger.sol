// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split} from "./IModuleRegistry.sol";

/// @title RevenueLedger
/// @notice Holds all that versions earned and all that accounts are owed. Settling is exact and independent of order.
/// @dev The money of jobs under way lies here too, and is booked when they end: the balance may be above `total`.
/// Callers of `credit` and `creditAccounts` (the markets) must have moved the tokens here before the call.
interface IRevenueLedger {
    event Credited(uint256 indexed version, address indexed token, uint256 net, uint256 protocolFee);
    /// @dev Emitted by `creditAccounts`, and by `settle` for each row that names an account. The protocolFee is in
    /// `Credited` alone.
    event AccountCredited(address indexed account, address indexed token, uint256 amount);
    /// @dev The sum of the rows: `AccountCredited` for accounts, `SettledUpstream` for upstream versions.
    event Settled(uint256 indexed version, address indexed token, uint256 amount);
    event SettledUpstream(uint256 indexed version, uint256 indexed upstream, address indexed token, uint256 amount);
    event Claimed(address indexed account, address indexed token, address to, uint256 amount);

    error NotMarket(address caller);
    error FeeTooHigh(uint256 bps);
    error SplitsMismatch(uint256 version);
    error NotCovered(address token, uint256 total, uint256 balance);
    error ZeroAddress();
    error MarketsInvalid(uint256 count);
    error LengthMismatch(uint256 accounts, uint256 amounts);

    /// @notice Books income of a version: the protocolFee to the treasury, the rest to be settled. Markets only.
    function credit(uint256 version, address token, uint256 amount) external;

    /// @notice Books amounts owed to accounts directly, free of the protocolFee. Markets only.
    function creditAccounts(address token, address[] calldata accounts, uint256[] calldata amounts) external;

    /// @notice Passes on what a version received and has not settled, by its published table. Anyone may call.
    /// @dev Row i is owed floor(received*ppm/1e6) - floor(settled*ppm/1e6); the last row takes the rest. Where many small
    /// settlements left the last row ahead of its share, less than 1e6 base units may wait for further income.
    function settle(uint256 version, address token, Split[] calldata splits) external;

    /// @notice Pays the sender all it is owed in each token to `to`. A zero balance is skipped.
    function claim(address[] calldata tokens, address to) external;

    function received(uint256 version, address token) external view returns (uint256);
    function settled(uint256 version, address token) external view returns (uint256);
    function claimable(address account, address token) external view returns (uint256);
    /// @notice All that is owed in a token, settled or not; never above this contract's balance.
    function total(address token) external view returns (uint256);
    function protocolFeeBps() external view returns (uint256);
    function treasury() external view returns (address);
}
