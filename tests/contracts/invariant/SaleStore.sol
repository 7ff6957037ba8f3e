// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Split, Version} from "../../../contracts/interfaces/IModuleRegistry.sol";

/// @notice What the laws remember of what was done: a ghost beside the contracts.
contract SaleStore {
    address[] public accounts;
    address[] public tokens;
    uint64[] public offers;
    uint256 public versionCount;
    /// @dev Of the record as it was published.
    mapping(uint256 version => bytes32) public recordHash;
    mapping(uint256 version => bytes32) public rowsHash;
    mapping(uint256 version => Split[]) private _tables;
    mapping(uint256 version => bool) public deprecated;

    /// @dev Given to the ledger for nothing.
    mapping(address token => uint256) public donated;
    /// @dev What buyers paid, less what was given back to them.
    mapping(address token => uint256) public paid;
    /// @dev What markets other than the LicenseMarket hold.
    mapping(address token => uint256) public otherHolds;
    /// @dev Purchases and renewals that cost their payer something else than the price, or more than its maximum.
    uint256 public overcharged;
    /// @dev Tables that the registry took though they do not sum to 1e6, or point to themselves or up.
    uint256 public wrongTables;
    /// @dev How often a verb was done, by its name.
    mapping(bytes32 verb => uint256) public calls;

    function addAccount(address account) external {
        accounts.push(account);
    }

    function addToken(address token) external {
        tokens.push(token);
    }

    function addOffer(uint64 offer) external {
        offers.push(offer);
    }

    function addVersion(Version calldata published, Split[] calldata splits) external {
        uint256 id = ++versionCount;
        recordHash[id] = keccak256(abi.encode(published));
        rowsHash[id] = keccak256(abi.encode(splits));
        uint256 sum;
        bool older = true;
        for (uint256 i; i < splits.length; ++i) {
            sum += splits[i].ppm;
            older = older && splits[i].version < id;
            _tables[id].push(splits[i]);
        }
        if (sum != 1_000_000 || !older) ++wrongTables;
    }

    function deprecate(uint256 id) external {
        deprecated[id] = true;
    }

    function donate(address token, uint256 amount) external {
        donated[token] += amount;
    }

    function pay(address token, uint256 price, uint256 cost, uint256 maxPrice) external {
        paid[token] += cost;
        if (cost != price || cost > maxPrice) ++overcharged;
    }

    function hold(address token, uint256 amount) external {
        paid[token] += amount;
        otherHolds[token] += amount;
    }

    function unhold(address token, uint256 amount) external {
        otherHolds[token] -= amount;
    }

    function claim(address token, uint256 amount) external {
        paid[token] -= amount;
    }

    function takeWrongTable() external {
        ++wrongTables;
    }

    function call(bytes32 verb) external {
        ++calls[verb];
    }

    function rowsOf(uint256 id) external view returns (Split[] memory) {
        return _tables[id];
    }

    function accountCount() external view returns (uint256) {
        return accounts.length;
    }

    function offerCount() external view returns (uint256) {
        return offers.length;
    }
}
