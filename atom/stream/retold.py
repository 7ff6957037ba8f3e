"""Retold: the metrics of a recorded book, as the stream told them."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from atom.book.picture import picture
from atom.events import Events, Rows, empty
from atom.instrument import Instrument
from atom.store import Store, parquet
from atom.stream.market import Market

_STEP: Final = 10 * 10**9  # ns of arrivals that are read at once
_APART: Final = 60 * 10**9  # ns that rows may stand out of the order of their arrival
_FEED: Final = "metrics"


def metrics(
    store: Store, of: tuple[str, str], pieces: Sequence[tuple[int, int]], span: tuple[int, int], most: int
) -> tuple[list[str], int, int]:
    """Lines of metrics after their number, of the rows of the book that arrived in a span.

    A row that stands after one which arrived later counts as arrived with that one.

    Args:
        store: where they are.
        of: venue and symbol.
        pieces: the least and the greatest arrival of each piece of that book.
        span: arrivals, ns, from, and before.
        most: how many lines are enough.

    Returns:
        the lines of whole steps until there are enough, where the last step begins, and how many lines came before it.
    """
    lines: list[str] = []
    at, before = span[0], 0
    market = Market(*of)
    instrument: Instrument | None = None
    for start, end in _steps(pieces, span):
        if instrument is None:  # all that stands before the first row that arrived then or later
            known = store.book(*of, start - 1)
            instrument = known.instrument
            market.take(_events(instrument, picture(known.book)), ())
        at, before = start, len(lines)
        events = store.read(*of, kinds=("book",), start=max(0, start - _APART), end=min(end + _APART, 2**63 - 1))
        whole = parquet.finest([instrument, events.instrument])
        rows = parquet.on_steps("book", _cut(events.book, start, end), events.instrument, whole)
        told = market.take(_events(whole, rows), {_FEED})[_FEED]
        instrument = whole
        lines += [line[line.index(',"ts_event"') :] for line in told]
        if len(lines) >= most:
            break
    return lines, at, before


def _steps(pieces: Sequence[tuple[int, int]], span: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Spans in which there may be rows."""
    at = span[0]
    while True:
        ahead = [max(first, at) for first, last in pieces if last >= at]
        if not ahead or min(ahead) >= span[1]:
            return
        start = min(ahead)
        at = min(start + _STEP, span[1])
        yield start, at


def _cut(rows: Rows, start: int, end: int) -> Rows:
    """From the first row that arrived at `start` or later to before the first that arrived at `end` or later."""
    first, last = np.searchsorted(np.maximum.accumulate(rows["ts_recv"]), (start, end))
    return rows[first:last]


def _events(instrument: Instrument, book: Rows) -> Events:
    return Events(instrument, book, empty("trade"), empty("quote"))
