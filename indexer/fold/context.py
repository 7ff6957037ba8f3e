"""What a fold knows of a log beside its fields, and how values of the chain become columns."""

from dataclasses import dataclass
from enum import IntEnum

_UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log stands: its block's number and time (seconds), its index in the block, its transaction.

    `treasury` is whom the ledger books the protocolFee to; it never changes, and no log names it.
    """

    block: int
    time: int
    log_index: int
    tx: str
    treasury: str


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def digest(data: bytes) -> str | None:
    """A bytes32 as hex, or None for zero, which the contracts use for "none"."""
    return hexed(data) if any(data) else None


def word(member: IntEnum) -> str:
    """An enum's member as the contracts and the glossary write it: MODULE_ERROR is ModuleError."""
    return member.name.title().replace("_", "")


def text(value: str) -> str:
    """Text of a stranger as a database can store it: no NUL, no lone surrogates."""
    return value.translate(_UNSTORABLE)
