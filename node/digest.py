"""The hashes that contracts and operators must agree on, computed here so that no endpoint sees a salt early."""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from fusion.chain.bindings.types import Split
from fusion.chain.contract import encode

__all__ = ["commitment", "keccak", "outcome_hash", "splits_hash"]


def outcome_hash(kind: int, document: bytes) -> bytes:
    """keccak256(abi.encodePacked(kind, document)), as `JobMarket.reveal` and `Panel.reveal` compute it."""
    return keccak(bytes([kind]) + document)


def commitment(chain_id: int, contract: str, number: int, operator: str, *, outcome: bytes, salt: bytes) -> bytes:
    """What `JobMarket.commit` and `Panel.commit` take.

    Bound to chain, contract, job or panel, and operator, so that it cannot be copied.
    """
    types = "commitment(uint256,address,uint256,address,bytes32,bytes32)"
    return keccak(encode(types, [chain_id, contract, number, operator, outcome, salt]))


def splits_hash(splits: Sequence[Split]) -> bytes:
    """keccak256(abi.encode(splits)), as `ModuleRegistry.splitsHash` gives it."""
    return keccak(encode("splits((address,uint64,uint32)[])", [list(splits)]))
