"""History: what Atom has of one market, by its name, and the market it is replayed in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from atom import open_feed
from atom.book.picture import picture
from atom.events import Events, Rows, empty
from atom.instrument import Instrument
from atom.store import Store
from fusion.errors import BadInput
from node.exchange.exchange import Commands
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import Delay, recorded
from node.exchange.replay.marked import KINDS, marked
from node.exchange.replay.tape import Model, Tape, stored

LOG: Final = "atom"
"""Names the event log: `atom:binance`."""
ALWAYS: Final = (0, (1 << 63) - 1)
_SECOND: Final = 10**9
_DAY: Final = 86_400 * _SECOND
_BY_BASE: Final = frozenset(("binance_futures", "bitfinex", "bybit", "deribit"))
_INITIAL: Final = Decimal("0.05")  # of what a position is worth, as usual perpetuals ask for
_STABLE: Final = frozenset(("USDC", "USDT"))


@dataclass(frozen=True)
class History:
    """A recorded market.

    Attributes:
        name: its venue and symbol.
        listing: the market it is replayed in, with its ticks and lots.
        events: gives what is recorded in order, piece by piece, each time it is called.
        span: what is wanted of it, ns: from the first time on and before the other. What comes before makes the book.
        perpetual: whether it is of a linear perpetual, whose sizes are of the base asset. It is traded as one.
        told: gives what the venue told of a perpetual beside, as `marked` takes it.
    """

    name: str
    listing: Listing
    events: Callable[[], Iterable[Events]]
    span: tuple[int, int] = ALWAYS
    perpetual: bool = False
    told: Callable[[], Iterable[Mapping[str, Rows]]] = tuple

    @property
    def market(self) -> Listing:
        """The market that it is traded as: a perpetual with usual terms, or the asset itself."""
        if not self.perpetual:
            return self.listing
        return replace(self.listing, initial=_INITIAL, maintenance=_INITIAL / 2, liquidation=_INITIAL / 10)

    def traded(self, model: Model | None = None) -> Iterator[Commands]:
        """As `commands`, with the mark prices and fundings of a perpetual."""
        blocks = self.commands(model)
        return marked(blocks, self.listing, self.told()) if self.perpetual else blocks

    def delays(self, *, clock: str = "event", least: int | None = None) -> Delay:
        """How long its messages took to arrive.

        Args:
            clock: `event` or `recv`: by which of their times a delay is looked up.
            least: ns that the shortest shall be; None: as recorded.

        Raises:
            BadInput: as `latency.recorded`.
        """
        return recorded(np.concatenate([_messages(each.book) for each in self.events()]), least=least, clock=clock)

    def commands(self, model: Model | None = None, market: int = 0) -> Iterator[Commands]:
        """It as commands, block by block; the first has the time of the one after it.

        Args:
            model: of queues, for what is recorded by level.
            market: its number.

        Raises:
            BadInput: there is nothing in it.
        """
        blocks = Tape(self.listing, market, self.events(), model=model).blocks()
        first = next(blocks, None)
        head = None if first is None else first.copy()
        for block in blocks:
            if head is not None:
                head["time"] = block["time"][0]  # it says how to read the others, and has no time
                yield head
                head = None
            yield block[: int(np.searchsorted(block["time"], self.span[1]))]
            if block["time"][-1] >= self.span[1]:
                return
        if head is not None:
            raise BadInput(f"nothing is recorded of {self.name} in the time that was asked for")


def history(
    name: str, *, symbol: str | None = None, span: tuple[int, int] = ALWAYS, log: Path | None = None
) -> History:
    """The history of a name.

    Args:
        name: a feed as `atom.open_feed` knows it; or `atom:VENUE` for what the event log has of a venue.
        symbol: which market, where there are several, such as `BTC-USDT`.
        span: what is wanted of it, ns.
        log: folder of the event log.

    Raises:
        BadInput: there is no such market.
        CaptureError: it cannot be read.
    """
    if span[0] >= span[1]:
        raise BadInput(f"{name}: the time that is asked for ends before it begins")
    kind, _, venue = name.partition(":")
    if kind == LOG:
        return _logged(venue, symbol, span, log)
    if name.startswith("simulated") and symbol is not None:
        raise BadInput(f"{name} has one market: leave the symbol out")
    events = open_feed(name, symbol=symbol).events
    of = events.instrument
    told = name if of.venue == "simulated" else f"{of.venue} {of.symbol}"
    return History(told, listing_of(of), lambda: [events], span, is_perpetual(of), lambda: [events.more])


def _logged(venue: str, symbol: str | None, span: tuple[int, int], log: Path | None) -> History:
    if log is None or not log.is_dir():
        raise BadInput(f"there is no event log{f' at {log}' if log else ''}: record or import market data first")
    store = Store(log)
    there = sorted(name for place, name in store.symbols() if place == venue)
    if not there:
        venues = ", ".join(sorted({place for place, _ in store.symbols()})) or "none"
        raise BadInput(f"the event log has nothing of the venue {venue[:40]!r}; it has {venues}")
    if symbol is None and len(there) == 1:
        symbol = there[0]
    if symbol not in there:
        asked = "choose one" if symbol is None else f"{symbol[:40]!r} is not among them"
        raise BadInput(f"the event log has {', '.join(there)} of {venue}; {asked}")
    days = store.dates(venue, symbol)
    begin = int(datetime.combine(days[0], datetime.min.time(), UTC).timestamp()) * _SECOND
    end = int(datetime.combine(days[-1] + timedelta(1), datetime.min.time(), UTC).timestamp()) * _SECOND
    first, last = max(begin, span[0]), min(end, span[1])
    if first >= last:
        raise BadInput(
            f"the event log has {symbol} of {venue} from {days[0]} to {days[-1]}, and not what was asked for"
        )
    instrument = store.read(venue, symbol, kinds=("book",), start=first, end=first + 1).instrument
    chosen = symbol
    return History(
        f"{venue} {chosen}", listing_of(instrument), lambda: _pieces(store, venue, chosen, (first, last), begin), span,
        is_perpetual(instrument), lambda: _told(store, venue, chosen, (first, last)),
    )  # fmt: skip


def _messages(rows: Rows) -> Rows:
    """The first row of each message."""
    if not len(rows):
        return rows
    changed = (np.diff(rows["ts_event"]) != 0) | (np.diff(rows["ts_recv"]) != 0)
    return rows[np.concatenate(([True], changed))]


def _pieces(store: Store, venue: str, symbol: str, span: tuple[int, int], begin: int) -> Iterator[Events]:
    """The book as it was before the span, and what came in it."""
    if span[0] > begin:
        found = store.book(venue, symbol, span[0] - 1)
        rows = picture(found.book)
        rows["ts_event"] = rows["ts_recv"] = span[0]
        yield Events(found.instrument, rows, empty("trade"), empty("quote"))
    yield from stored(store, venue, symbol, *span)


def _told(store: Store, venue: str, symbol: str, span: tuple[int, int]) -> Iterator[Mapping[str, Rows]]:
    """What the log has of mark prices and fundings, a day after the other."""
    for start in range(*span, _DAY):
        yield store.read(venue, symbol, kinds=KINDS, start=start, end=min(start + _DAY, span[1])).more


def is_perpetual(instrument: Instrument) -> bool:
    """Whether an instrument is a linear perpetual of a venue that trades these by the base asset, not by contracts."""
    base, quote, *kind = [*instrument.symbol.split("-"), ""]
    if instrument.venue == "fusion":
        return base.endswith("PERP")
    return instrument.venue in _BY_BASE and kind[:1] == ["PERP"] and quote in _STABLE


def listing_of(instrument: Instrument) -> Listing:
    """The market that an instrument's record is replayed in: its ticks and lots, and assets fine enough for them."""
    base, quote, *_ = [*instrument.symbol.split("-"), "QUOTE"]
    fine, finer = (max(8, _decimals(each)) for each in (instrument.lot, instrument.tick * instrument.lot))
    most = min(1 << 40, ((1 << 62) - 1) // int(instrument.lot.scaleb(fine)))  # so that 64 bits hold it
    return Listing(
        instrument.symbol, Asset(base, fine), Asset(quote, finer),
        instrument.tick, instrument.lot, instrument.lot, instrument.lot * most, Decimal(0),
    )  # fmt: skip


def _decimals(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))
