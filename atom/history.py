"""Backfill of history: pages of a venue into the store, going on where the store's files end."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from atom.events import Events, Rows, empty
from atom.instrument import Instrument, Ints
from atom.recording import Recording
from atom.store import Store
from atom.venues.history import NO_STEP, History
from fusion.errors import BadInput

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a backfill did.

    Attributes:
        venue, symbol, kind, period: of what.
        pages: that the venue was asked for.
        rows: that were new and are kept now.
        held: that the store held before.
    """

    venue: str
    symbol: str
    kind: str
    period: str
    pages: int
    rows: int
    held: int


def fetch_history(
    store: Store, of: History, symbol: str, *, kind: str, period: str, span: tuple[int, int | None], report: Progress
) -> Fetched:
    """Fetches what the store lacks of a span. Each page is on the disk before the next is asked for.

    Args:
        store: where it goes.
        of: the venue's history.
        symbol: Fusion's name.
        kind: of `atom.venues.history.KINDS`.
        period: length of a candle or distance of rows, such as `1m`; of no meaning for funding.
        span: ns from and up to; None for all that is over by now.
        report: told of progress.

    Raises:
        BadInput: the venue, symbol, kind, period or span is none, or the venue refuses.
        Retryable: the venue does not answer; what came before is kept.
        FusionError: the disk refuses.
    """
    width = of.step(kind, period)
    start, end = span[0], min(of.now(), span[1] or 2**63)
    if start >= end:
        raise BadInput("the span of the history is empty: give a --from before --to, and in the past")
    instrument = of.instrument(symbol)
    held = _held(store, instrument.venue, symbol, kind, width)
    at, pages, fresh = _next_missing(held, start, width), 0, 0
    while at < end:
        report(f"{fresh} rows", (at - start) / (end - start))
        page = of.page(symbol, kind, period, at)
        pages += 1
        rows = page.rows[(page.rows["ts_event"] < end) & ~np.isin(page.rows["ts_event"], held)]
        if len(rows):
            rows = rows[np.unique(rows["ts_event"], return_index=True)[1]]
            store.write(_recording(instrument, kind, rows))
            fresh += len(rows)
        if page.end == page.start:
            break
        at = _next_missing(held, page.end, width)
    report(f"{fresh} rows", 1.0)
    return Fetched(instrument.venue, symbol, kind, "" if kind in NO_STEP else period, pages, fresh, len(held))


def _held(store: Store, venue: str, symbol: str, kind: str, width: int) -> Ints:
    """Times of the rows that the store holds already, ascending."""
    if (venue, symbol) not in store.symbols():
        return np.zeros(0, np.int64)
    rows = store.read(venue, symbol, kinds=(kind,)).more.get(kind, empty(kind))
    if "period" in (rows.dtype.names or ()):
        rows = rows[rows["period"] == width]
    return np.unique(rows["ts_event"])


def _next_missing(held: Ints, at: int, width: int) -> int:
    """The first time from `at` on of which the store holds no row, as far as rows have a fixed distance."""
    place = int(np.searchsorted(held, at))
    if not width or place == len(held) or held[place] - at >= width:
        return at
    rest = held[place:]
    follows = np.flatnonzero(np.diff(rest) != width)
    return int(rest[follows[0] if len(follows) else -1]) + width


def _recording(instrument: Instrument, kind: str, rows: Rows) -> Recording:
    events = Events(instrument, empty("book"), empty("trade"), empty("quote"), more={kind: rows})
    return Recording(events, messages=len(rows), unexplained=0, trades=0, gaps=0)
