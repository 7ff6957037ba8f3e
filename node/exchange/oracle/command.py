"""Command: one row of commands, read."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_ROW = struct.Struct("<qBBBBBBHiiqqqqqqq")


class Command(NamedTuple):
    """What is asked; the fields are those of `core.command.COMMAND`."""

    time: int
    kind: int
    side: int
    type: int
    tif: int
    selftrade: int
    flags: int
    market: int
    account: int
    trail: int
    order: int
    ref: int
    price: int
    quantity: int
    trigger: int
    display: int
    expiry: int


def read(rows: bytes) -> Iterator[Command]:
    """The commands of rows of 80 bytes."""
    return map(Command._make, _ROW.iter_unpack(rows))
