"""Market: what is stored of one symbol, for Python and notebooks.

    >>> from atom import atom
    >>> market = atom("binance", "BTC-USDT")
    >>> market.book(at="2024-08-08T23:56:00", depth=5)
    >>> market.sql("select avg(price) from trade")

Times are nanoseconds since 1970 UTC, or a datetime, or text such as `2024-08-08T23:56:00.5`, in UTC where no zone is
told. All of them are arrivals.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from atom.book import Book
from atom.book.picture import picture
from atom.events import DTYPES, Events, Flag, Rows, Side
from atom.instrument import Instrument
from atom.metrics import Parameters, book_metrics
from atom.store import Store, parquet
from fusion.errors import BadInput
from fusion.settings import Settings

if TYPE_CHECKING:
    import polars as pl

Time: TypeAlias = int | str | datetime
Level: TypeAlias = tuple[Decimal, Decimal]  # price in quote currency, size in base currency

_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Depth:
    """A book as it was known at a moment.

    Attributes:
        instrument: of it.
        valid: whether it stood on a whole snapshot with nothing missing since; else there are no levels.
        bids, asks: (price, size) of the levels, best first, exact.
        book: all of it, in ticks and lots, with its orders.
    """

    instrument: Instrument
    valid: bool
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    book: Book

    @property
    def mid(self) -> float | None:
        """(bid + ask) / 2 in quote currency, or None where a side is missing."""
        return float((self.bids[0][0] + self.asks[0][0]) / 2) if self.bids and self.asks else None

    def polars(self) -> "pl.DataFrame":
        """The levels side by side: bid_size, bid, ask, ask_size as float64, null where a side has no more."""
        import polars as pl  # noqa: PLC0415  # it takes a while to load

        sides = {"bid": self.bids, "ask": self.asks}
        length = max(map(len, sides.values()))
        columns: dict[str, list[float | None]] = {}
        for side, levels in sides.items():
            rest = [None] * (length - len(levels))
            columns[side] = [*(float(price) for price, _ in levels), *rest]
            columns[f"{side}_size"] = [*(float(size) for _, size in levels), *rest]
        names = ("bid_size", "bid", "ask", "ask_size")
        return pl.DataFrame({name: pl.Series(columns[name], dtype=pl.Float64) for name in names})


class Market:
    """What is stored of one symbol.

    Args:
        store: where.
        venue, symbol: which, such as `binance` and `BTC-USDT`.

    What reads raises BadInput where there is nothing of it, and CaptureError where a file is damaged.
    """

    def __init__(self, store: Store, venue: str, symbol: str) -> None:
        self.store, self.venue, self.symbol = store, venue, symbol

    def __repr__(self) -> str:
        return f"atom({self.venue!r}, {self.symbol!r}, folder={str(self.store.folder)!r})"

    def events(self, start: Time | None = None, end: Time | None = None, *, kinds: tuple[str, ...] = ()) -> Events:
        """Events as structured arrays of integers, those that arrived from `start` on and before `end`.

        Args:
            start, end: all by default.
            kinds: types that are wanted, such as ("trade",); all by default.
        """
        wanted = kinds or (*DTYPES, "status")
        return self.store.read(self.venue, self.symbol, kinds=wanted, start=_first(start), end=_until(end))

    def book(self, at: Time | None = None, *, depth: int | None = None) -> Depth:
        """The book as it was known at a time, the newest by default, with so many levels a side, all by default."""
        seen = self.store.book(self.venue, self.symbol, _LATEST if at is None else nanoseconds(at))
        tick, lot = seen.instrument.tick, seen.instrument.lot
        bids, asks = (
            tuple((level.price * tick, level.size * lot) for level in seen.book.levels(side, depth))
            for side in (Side.BID, Side.ASK)
        )
        return Depth(seen.instrument, seen.book.valid, bids, asks, seen.book)

    def trades(self, start: Time | None = None, end: Time | None = None, *, exact: bool = False) -> "pl.DataFrame":
        """Trades; see `polars`."""
        return self.polars("trade", start, end, exact=exact)

    def quotes(self, start: Time | None = None, end: Time | None = None, *, exact: bool = False) -> "pl.DataFrame":
        """The venue's own top of the book; see `polars`. `metrics` has the top of the book that the events make."""
        return self.polars("quote", start, end, exact=exact)

    def polars(
        self, kind: str, start: Time | None = None, end: Time | None = None, *, exact: bool = False
    ) -> "pl.DataFrame":
        """Events of a type as a frame of Polars.

        Args:
            kind: such as "trade" or "funding".
            start, end: arrivals from `start` on and before `end`; all by default.
            exact: prices and sizes as decimals with the scale of tick and lot; else each is the nearest float64.
        """
        if kind not in DTYPES:
            raise BadInput(f"{kind[:40]!r} is no type of events; they are {', '.join(DTYPES)}")
        from atom.store.dataframe import frame  # noqa: PLC0415  # it takes a while to load

        events = self.events(start, end, kinds=(kind,))
        return frame(kind, events.tables().get(kind, np.zeros(0, DTYPES[kind])), events.instrument, exact=exact)

    def metrics(
        self,
        start: Time | None = None,
        end: Time | None = None,
        *,
        parameters: Parameters | None = None,
        periods: bool = False,
    ) -> "pl.DataFrame":
        """The order-book metrics after each message, or at the end of each period; NaN is null.

        With a start, its first row is the book as it stood then.
        """
        import polars as pl  # noqa: PLC0415  # it takes a while to load

        events = self.events(start, end, kinds=("book", "trade"))
        if start is not None:
            events = self._stood(events, nanoseconds(start))
        values = book_metrics(events, parameters)
        told = pl.DataFrame(dict(values.periods if periods else values.messages))
        return told.with_columns(pl.col("ts").cast(pl.Datetime("ns", "UTC")))

    def sql(self, query: str) -> "pl.DataFrame":
        """The answer to a query over this market's events, each type a table: `select ... from trade`.

        Prices and sizes are exact decimals. It sees Parquet; what has arrived since the last rotation is not in it yet.
        """
        from atom.store.query import query as ask  # noqa: PLC0415  # it takes a while to load

        return ask(self.store.folder, query, (self.venue, self.symbol))

    def _stood(self, events: Events, start: int) -> Events:
        """Events with the book before them as a picture."""
        before = self.store.book(self.venue, self.symbol, start - 1)
        rows = picture(before.book)
        rows["ts_recv"] = start
        rows["flags"] |= np.uint16(Flag.NO_EVENT_TIME | Flag.NO_SEQUENCE)
        whole = parquet.finest([before.instrument, events.instrument])
        pieces: list[tuple[Instrument, Rows]] = [(before.instrument, rows), (events.instrument, events.book)]
        trades = parquet.on_steps("trade", events.trade, events.instrument, whole)
        return replace(events, instrument=whole, book=parquet.joined("book", pieces, whole), trade=trades)


def atom(venue: str, symbol: str, *, folder: Path | str | None = None) -> Market:
    """What is stored of a symbol.

    Args:
        venue: such as `binance`.
        symbol: such as `BTC-USDT` or `BTC-USDT-PERP`.
        folder: of the store; `atom` in FUSION_HOME by default.
    """
    return Market(Store(Settings().home / "atom" if folder is None else Path(folder)), venue, symbol)


def nanoseconds(time: Time) -> int:
    """A time as nanoseconds since 1970 UTC; BadInput where it is none."""
    if isinstance(time, int):
        return time
    try:
        if isinstance(time, str):
            whole, _, fraction = time.removesuffix("Z").partition(".")
            if fraction.isdigit():
                return nanoseconds(datetime.fromisoformat(whole)) + int(fraction[:9].ljust(9, "0"))
        moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    except ValueError as error:
        raise BadInput(f"{time!r} is no time; write 2024-08-08T23:56:00, in UTC, or nanoseconds since 1970") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _first(start: Time | None) -> int:
    return 0 if start is None else nanoseconds(start)


def _until(end: Time | None) -> int:
    return 2**63 if end is None else nanoseconds(end)
