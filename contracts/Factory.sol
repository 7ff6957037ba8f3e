// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Factory
/// @notice Creates the contracts of a deployment in order, for one account. What stands at its n-th address depends on
/// that account, on a salt and on n alone: not on the network, nor on what the contracts are made with.
/// @dev It is made by the deterministic deployer 0x4e59b44847b379578588920cA78FbF26c0B4956C, so its own address says what
/// its code and its owner are. It keeps no power over what it made.
contract Factory {
    event Created(uint256 indexed index, address created, bytes32 codeHash);

    error NotOwner(address caller);
    error NotNext(uint256 index, uint256 next);

    /// @notice The account that it creates for.
    address public immutable owner;
    /// @notice The block in which it was made: nothing that it creates is older.
    uint256 public immutable since;
    /// @notice keccak256 of the creation code, with its arguments, of each contract that was created.
    bytes32[] public codeHashes;

    constructor(address owner_) {
        owner = owner_;
        since = block.number;
    }

    /// @notice Creates contract number `index`, which must be the next: the same call twice does no harm. What a
    /// constructor reverts with is passed on.
    function create(uint256 index, bytes memory code) external returns (address created) {
        require(msg.sender == owner, NotOwner(msg.sender));
        require(index == codeHashes.length, NotNext(index, codeHashes.length));

        bytes32 codeHash = keccak256(code);
        codeHashes.push(codeHash);
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
            if iszero(created) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }

        emit Created(index, created, codeHash);
    }

    /// @notice How many contracts were created.
    function count() external view returns (uint256) {
        return codeHashes.length;
    }
}
