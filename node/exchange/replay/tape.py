"""Tape: what is recorded of one market, as blocks of commands; never more of it in memory than a block of events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

import numpy as np

from atom.events import BOOK, TRADE, Events, Rows
from atom.instrument import Instrument
from atom.store import Store
from fusion.errors import BadInput
from node.exchange.core.command import COMMAND, Kind, Queue
from node.exchange.core.state import WORLD
from node.exchange.exchange import Commands
from node.exchange.listing import Listing
from node.exchange.replay.commands import EVENT, HEAD, RECV, merge

ROWS: Final = 1 << 14
"""Commands of a block."""
LATE_NS: Final = 5 * 10**9
"""How long after a message of the book a trade that it shows may arrive."""
_SPAN_NS: Final = 600 * 10**9
_ALWAYS: Final = 2**63 - 1
_MOST_POWER: Final = 64


@dataclass(frozen=True, slots=True)
class Model:
    """How to guess where orders stand in a level whose size alone is recorded.

    Attributes:
        queue: whose orders leave a level that shrinks with no trade.
        power: of Queue.POWER, from 1 to 64.
    """

    queue: Queue = Queue.RISK_AVERSE
    power: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.power <= _MOST_POWER:
            raise BadInput(f"the power of a queue model is from 1 to {_MOST_POWER}, not {self.power}")


class Tape:
    """A recorded market.

    Args:
        listing: the market it is replayed in. Its tick divides the instrument's; sizes below its lot are not there.
        number: of that market.
        events: the record in order, piece by piece.
        model: of queues.
        clock: `event` for the venue's time, as a market sees its orders; `recv` for the recorder's.
    """

    def __init__(
        self,
        listing: Listing,
        number: int,
        events: Iterable[Events],
        *,
        model: Model | None = None,
        clock: Literal["event", "recv"] = "event",
    ) -> None:
        if clock not in ("event", "recv"):
            raise BadInput(f"a record is replayed by `event` or `recv` time, not {clock!r}")
        self.listing, self.number, self.model = listing, number, model or Model()
        self._events, self._clock = events, EVENT if clock == "event" else RECV

    def blocks(self) -> Iterator[Commands]:
        """The commands from the beginning on, at most ROWS at once, in an array that the next block takes over.

        Raises:
            BadInput: the instrument's ticks are none of the market's.
        """
        out, head = np.zeros(ROWS, COMMAND), np.zeros(1, HEAD)
        book, trades = np.zeros(0, BOOK), np.zeros(0, TRADE)
        head["clock"], head["market"] = self._clock, self.number
        scale: tuple[int, Fraction] | None = None
        for events in self._events:
            found = scale_of(self.listing, events.instrument)
            if scale is None:
                yield self._begin(found[1])
            elif found != scale:
                raise BadInput(f"{self.listing.symbol} changed its tick or lot within the record; replay up to there")
            scale = found
            book = _joined(book[int(head["row"][0]) :], events.book)
            trades = _joined(trades[int(head["trade"][0]) :], events.trade)
            head["row"] = head["trade"] = 0
            head["finer"] = scale[0]
            head["until"] = book["ts_recv"][-1] - LATE_NS if len(book) else 0
            yield from _merged(book, trades, head, out)
        head["until"] = _ALWAYS
        yield from _merged(book, trades, head, out)

    def _begin(self, size: Fraction) -> Commands:
        row = np.zeros(1, COMMAND)
        row["kind"], row["account"], row["market"] = Kind.REPLAY_BEGIN, WORLD, self.number
        row["type"], row["display"] = self.model.queue, self.model.power
        row["price"] = max(1, int(Decimal(1) / self.listing.lot))
        row["quantity"], row["trigger"] = size.numerator, size.denominator
        return row


def scale_of(listing: Listing, instrument: Instrument) -> tuple[int, Fraction]:
    """Ticks of a market in one of an instrument, and lots in one of its lots; BadInput where the ticks do not fit."""
    ticks, lots = (
        Fraction(theirs) / Fraction(mine)
        for theirs, mine in ((instrument.tick, listing.tick), (instrument.lot, listing.lot))
    )
    if ticks.denominator != 1:
        raise BadInput(
            f"prices of {instrument.symbol} are multiples of {instrument.tick}, those of the market {listing.symbol} "
            f"of {listing.tick}; give the market that tick, or one that divides it"
        )
    return ticks.numerator, lots


def stored(store: Store, venue: str, symbol: str, start: int, end: int, *, span_ns: int = _SPAN_NS) -> Iterator[Events]:
    """What a store holds of a market, arrivals from `start` on and before `end` (ns), one span after the other."""
    for first in range(start, end, span_ns):
        yield store.read(venue, symbol, kinds=("book", "trade"), start=first, end=min(first + span_ns, end))


def _merged(book: Rows, trades: Rows, head: Rows, out: Commands) -> Iterator[Commands]:
    while count := int(merge(book, trades, head, out)):
        yield out[:count]


def _joined(rest: Rows, more: Rows) -> Rows:
    return np.concatenate((rest, more)) if len(rest) else more
