"""What a fold knows of a log beside its fields, and how values of the chain become columns."""

from dataclasses import dataclass

NOBODY = "0x" + "00" * 20
_UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log stands: its block's number and time (seconds), its index in the block, its transaction.

    `treasury` is whom the ledger books the protocolFee to, `stake_token` what stakes, jobFees and bonds are paid in;
    they never change, and no log names them.
    """

    block: int
    time: int
    log_index: int
    tx: str
    treasury: str
    stake_token: str


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def digest(data: bytes) -> str | None:
    """A bytes32 as hex, or None for zero, which the contracts use for "none"."""
    return hexed(data) if any(data) else None


def account(address: str) -> str | None:
    """An address, or None for zero, which the contracts use for "nobody"."""
    return None if address == NOBODY else address


def text(value: str) -> str:
    """Text of a stranger as a database can store it: no NUL, no lone surrogates."""
    return value.translate(_UNSTORABLE)
