"""What a fold knows of a log beside its fields, and how values of the chain become columns."""

from dataclasses import dataclass

_UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log stands: its block's number and time (seconds), its index in the block, its transaction."""

    block: int
    time: int
    log_index: int
    tx: str


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def digest(data: bytes) -> str | None:
    """A bytes32 as hex, or None for zero, which the contracts use for "none"."""
    return hexed(data) if any(data) else None


def text(value: str) -> str:
    """Text of a stranger as a database can store it: no NUL, no lone surrogates."""
    return value.translate(_UNSTORABLE)
