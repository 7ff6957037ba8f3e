"""Command: one row of commands, read."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from node.exchange.core.command import Flag

POST_ONLY, BY_QUOTE, REDUCE_ONLY = int(Flag.POST_ONLY), int(Flag.BY_QUOTE), int(Flag.REDUCE_ONLY)
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

    @property
    def post_only(self) -> bool:
        """Whether it is refused rather than takes."""
        return self.flags & POST_ONLY != 0

    @property
    def reduce_only(self) -> bool:
        """Whether it may only make a position smaller."""
        return self.flags & REDUCE_ONLY != 0

    @property
    def by_quote(self) -> bool:
        """Whether its quantity is of the quote asset, not lots."""
        return self.flags & BY_QUOTE != 0


def read(rows: bytes) -> Iterator[Command]:
    """The commands of rows of 80 bytes."""
    return map(Command._make, _ROW.iter_unpack(rows))
