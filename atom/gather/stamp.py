"""Stamp: when and where a message was, and the change of the book that came so."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from atom.events import Flag
from atom.gather.decimals import look
from atom.gather.roster import Order
from atom.gather.tables import MisreadError
from atom.instrument import Ints

Levels = Sequence[Sequence[str]] | Ints
"""[price, size] as the venue writes them, or read: price, its decimals, size, its decimals."""

_NO_EVENT_TIME, _BAD_CLOCK, _NO_SEQUENCE = int(Flag.NO_EVENT_TIME), int(Flag.BAD_CLOCK), int(Flag.NO_SEQUENCE)


class Stamp(NamedTuple):
    """When and where a message was.

    Attributes:
        ts_event: the venue's time, ns, or None.
        ts_recv: arrival, ns.
        place: its line in the capture.
    """

    ts_event: int | None
    ts_recv: int
    place: int

    def columns(self, sequence: int | None, flags: int) -> tuple[int, int, int, int, int]:
        """The common columns and the place."""
        ts_event, ts_recv, place = self
        if ts_event is None:
            flags |= _NO_EVENT_TIME
        elif ts_event > ts_recv:
            flags |= _BAD_CLOCK
        if sequence is None:
            flags |= _NO_SEQUENCE
        return ts_event or 0, ts_recv, sequence or 0, flags, place


class Stamps(NamedTuple):
    """The stamps of many messages.

    Attributes:
        ts_event: the venue's times, ns, or None where it says none.
        ts_recv, place: of each.
    """

    ts_event: Ints | None
    ts_recv: Ints
    place: Ints

    def columns(self, sequence: Ints, flags: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """The common columns and the place."""
        if self.ts_event is None:
            flags |= _NO_EVENT_TIME
        event = np.zeros_like(self.ts_recv) if self.ts_event is None else self.ts_event
        late = np.where(event > self.ts_recv, flags | _BAD_CLOCK, flags)
        return event, self.ts_recv, sequence, late, self.place

    def part(self, first: int, end: int) -> "Stamps":
        """Those from `first` up to `end`."""
        event = None if self.ts_event is None else self.ts_event[first:end]
        return Stamps(event, self.ts_recv[first:end], self.place[first:end])

    def at(self, index: int) -> Stamp:
        """One of them."""
        event = None if self.ts_event is None else int(self.ts_event[index])
        return Stamp(event, int(self.ts_recv[index]), int(self.place[index]))


class Delta(NamedTuple):
    """A change of the book: the updates after `previous` up to and with `last`, of levels or of orders."""

    stamp: Stamp
    previous: int
    last: int
    bids: Levels = ()
    asks: Levels = ()
    orders: Sequence[Order] = ()


def look_at(stamp: Stamp, bids: Levels, asks: Levels, orders: Sequence[Order] = ()) -> None:
    """Refuses a message of the book with a number that is none, before it takes effect."""
    try:
        look([number for levels in (bids, asks) for level in levels for number in (level[0], level[1])])
    except (IndexError, KeyError) as error:
        raise MisreadError(stamp.place, "a level is [price, size]") from error
    look([number for order in orders for number in (order.price, order.size)])
