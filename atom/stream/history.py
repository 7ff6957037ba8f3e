"""History: what a store holds, page by page, in the words of the stream."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from atom.events import DTYPES, Events, Rows, Side, empty
from atom.instrument import Instrument
from atom.store import Store, parquet
from atom.store.view import steadily
from atom.stream import messages
from atom.stream.candles import candles, when
from atom.stream.messages import ADMIN, Scale
from atom.stream.orders import LevelsAlone, queues
from atom.stream.retold import periods, steps, tops
from fusion.errors import BadInput

MOST: Final = 10_000
"""Rows of a page."""
FEEDS: Final = ("trades", "quotes", "status", "top", "metrics", *ADMIN)
"""Of which there are pages."""

_KINDS: Final = {"trades": "trade", "quotes": "quote"}  # of the store's rows, where a feed has another name
_MINUTE: Final = 60 * 10**9  # what is read at first; ever more where there are few rows
_WIDEN: Final = 8
_WIDEST: Final = {"trade": 60 * _MINUTE, "quote": 60 * _MINUTE, "book": 10 * _MINUTE}
_DAY: Final = 24 * 60 * _MINUTE
_BUDGET: Final = 5_000_000  # trades that are read for one page of candles
_CURSOR: Final = re.compile(r"(\d{1,19})-(\d{1,6})")


class UnknownMarket(BadInput):
    """The store holds nothing of that name."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows.

    Attributes:
        lines: each row as JSON, by arrival.
        next: cursor of the page after it; None for the last one.
    """

    lines: Sequence[str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked for: arrivals from `start` on and before `end`, ns, at most `limit` rows, from a cursor on."""

    start: int = 0
    end: int = 2**63 - 1
    limit: int = 1000
    cursor: str | None = None

    @property
    def begin(self) -> tuple[int, int]:
        """The arrival that a page begins at, and how many rows of that arrival came before it."""
        if self.cursor is None:
            return self.start, 0
        match = _CURSOR.fullmatch(self.cursor)
        if match is None or int(match[1]) >= 2**63:
            raise BadInput(f"{self.cursor[:40]!r} is no cursor; take the `next` of the page before")
        return int(match[1]), int(match[2])


class History:
    """Pages of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def symbols(self) -> list[tuple[str, str]]:
        """The (venue, symbol) that there are, sorted."""
        return self._store.symbols()

    def instrument(self, venue: str, symbol: str) -> Instrument:
        """The names and steps of a symbol; UnknownMarket where there is none."""
        self._known(venue, symbol)
        return self._store.read(venue, symbol, kinds=()).instrument

    def bounds(self, venue: str, symbol: str) -> tuple[int | None, int | None]:
        """The first and the last arrival of anything of a symbol, ns; None where there is none."""
        pieces = [piece for kind in DTYPES for piece in self._arrivals(venue, symbol, kind)]
        return min((first for first, _ in pieces), default=None), max((last for _, last in pieces), default=None)

    def _arrivals(self, venue: str, symbol: str, kind: str) -> list[tuple[int, int]]:
        """The least and the greatest arrival of each piece of a type, ns, sorted."""
        held = steadily(self._store.folder, lambda view: view.ordered(venue, symbol, kind))
        return sorted((file.name.first, file.name.last) for file, _ in held)

    def page(self, venue: str, symbol: str, feed: str, span: Span) -> Page:
        """A page of one of `FEEDS`.

        Raises:
            UnknownMarket: there is nothing of that symbol.
            BadInput: the cursor is none.
        """
        self._known(venue, symbol)
        first, skip = span.begin
        if feed == "status":
            noted = self._store.read(venue, symbol, kinds=("status",), start=first, end=span.end).status
            ordered = sorted(noted, key=lambda one: one.ts_recv)
            lines = [_object(messages.status(one)) for one in ordered[skip : skip + span.limit]]
            return Page(lines, _next([one.ts_recv for one in ordered], skip, span.limit))
        if feed == "metrics":
            books, trades = (self._arrivals(venue, symbol, kind) for kind in ("book", "trade"))
            whole = (span.start, span.end)  # a period ends after what is in it, so that without a cursor all are wanted
            ends, told = periods(self._store, (venue, symbol), (books, trades), whole, (first, span.limit + 1))
            more = len(told) > span.limit
            return Page([_object(line) for line in told[: span.limit]], f"{ends[span.limit]}-0" if more else None)
        if feed == "top":
            pieces = self._arrivals(venue, symbol, "book")
            retold, at, before = tops(self._store, (venue, symbol), pieces, (first, span.end), skip + span.limit + 1)
            lines = [_object(line) for line in retold[skip : skip + span.limit]]
            more = len(retold) > skip + span.limit
            return Page(lines, f"{at}-{skip + span.limit - before}" if more else None)
        kind = _KINDS.get(feed, feed)
        instrument, rows = self._first((venue, symbol), kind, (first, span.end), skip + span.limit + 1)
        lines = _lines(feed, rows[skip : skip + span.limit], instrument)
        return Page(lines, _next(rows["ts_recv"].tolist(), skip, span.limit))

    def book(self, venue: str, symbol: str, at: int, depth: int | None, *, orders: bool = False) -> str:
        """The book as it was known at a moment, as JSON; of an invalid one no levels.

        Args:
            venue, symbol: whose.
            at: ns since 1970 UTC.
            depth: levels a side; None for all.
            orders: with the orders of each level; BadInput where its venue tells levels alone.
        """
        self._known(venue, symbol)
        found = self._store.book(venue, symbol, at)
        scale, book = Scale(found.instrument), found.book
        stamp = f',"venue":{_json(venue)},"symbol":{_json(symbol)},"at":"{at}"'
        if not book.valid:
            return _object(messages.invalid(stamp))
        if orders:
            queued = queues(book, scale, depth)
            if queued is None:
                raise LevelsAlone(venue, symbol)
            return _object(messages.orders(stamp, *queued))
        sides = (
            [(scale.price(price), scale.size(size)) for price, size in book.levels(side, depth)]
            for side in (Side.BID, Side.ASK)
        )
        return _object(messages.book("snapshot", stamp, *sides))

    def candles(
        self, venue: str, symbol: str, interval: int, span: Span
    ) -> tuple[list[dict[str, str | int]], str | None]:
        """A page of candles of trades that happened in a span, and the cursor of the next.

        A trade counts that arrived within a minute of the venue's time.
        """
        self._known(venue, symbol)
        pieces = self._arrivals(venue, symbol, "trade")
        chunk = interval * max(1, 60 * _MINUTE // interval)
        at, found, read = span.begin[0], list[dict[str, str | int]](), 0
        while True:
            ahead = [max(first - _MINUTE, at) for first, last in pieces if last + _MINUTE >= at]
            if not ahead or min(ahead) >= span.end:
                return found, None
            at = min(ahead)
            until = at - at % interval + chunk
            events = self._store.read(
                venue, symbol, kinds=("trade",), start=max(0, at - _MINUTE), end=min(until + _MINUTE, 2**63 - 1)
            )
            times = when(events.trade)
            those = events.trade[(times >= at) & (times < min(until, span.end))]
            found += candles(those, events.instrument, interval)
            read += len(those)
            at = until
            if len(found) > span.limit:
                return found[: span.limit], f"{found[span.limit]['ts']}-0"
            if read > _BUDGET:
                return found, f"{at}-0"

    def _stretches(self, venue: str, symbol: str, kind: str, span: tuple[int, int]) -> Iterator[Events]:
        """The rows of a type in a span of arrivals, one stretch of time after the other, ever longer ones."""
        pieces, widest = self._arrivals(venue, symbol, kind), _WIDEST.get(kind, _DAY)
        for start, end in steps(pieces, span, _MINUTE, widen=_WIDEN, widest=widest):
            yield self._store.read(venue, symbol, kinds=(kind,), start=start, end=end)

    def _first(self, of: tuple[str, str], kind: str, span: tuple[int, int], most: int) -> tuple[Instrument, Rows]:
        """At least `most` rows of a span, by arrival, and those of one arrival as they took effect; all if fewer."""
        told: list[tuple[Instrument, Rows]] = []
        for events in self._stretches(*of, kind, span):
            rows = events.tables()[kind] if kind in events.tables() else empty(kind)
            told.append((events.instrument, rows[np.argsort(rows["ts_recv"], kind="stable")]))
            if sum(len(rows) for _, rows in told) >= most:
                break
        if not told:
            told = [(self.instrument(*of), empty(kind))]
        whole = parquet.finest([instrument for instrument, _ in told])
        return whole, parquet.joined(kind, told, whole)

    def _known(self, venue: str, symbol: str) -> None:
        if not steadily(self._store.folder, lambda view: view.has(venue, symbol)):
            raise UnknownMarket(
                f"nothing of {symbol[:40]!r} on {venue[:40]!r} is recorded here; /market/symbols tells what is"
            )


def _lines(feed: str, rows: Rows, instrument: Instrument) -> list[str]:
    scale = Scale(instrument)
    match feed:
        case "trades":
            bodies = messages.trades(rows, scale)
        case "quotes":
            bodies = messages.quotes(rows, scale)
        case _:
            bodies = messages.notes(feed, rows)
    return [_object(body) for body in bodies]


def _next(at: Sequence[int], skip: int, limit: int) -> str | None:
    """The cursor of the row after a page, from the arrivals of all rows from the page's first arrival on."""
    following = skip + limit
    if following >= len(at):
        return None
    return f"{at[following]}-{following - at.index(at[following])}"


def _object(body: str) -> str:
    """What follows a message's number, as an object of its own."""
    return "{" + body[1:]


def _json(text: str) -> str:
    return orjson.dumps(text).decode()
