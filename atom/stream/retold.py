"""Retold: the top of a recorded book and its metrics, as the stream told them."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np

from atom.book.picture import picture
from atom.events import Events, Rows, empty
from atom.instrument import Instrument
from atom.metrics import BookMetrics
from atom.store import Store, parquet
from atom.stream.market import Market
from atom.stream.periods import bodies

_STEP: Final = 10 * 10**9  # ns of arrivals that are read at once
_LONG_STEP: Final = 600 * 10**9  # where each row costs little
_APART: Final = 60 * 10**9  # ns that rows may stand out of the order of their arrival
_FEED: Final = "top"

Pieces: TypeAlias = Sequence[tuple[int, int]]


def tops(
    store: Store, of: tuple[str, str], pieces: Pieces, span: tuple[int, int], most: int
) -> tuple[list[str], int, int]:
    """Lines of the top of the book after their number, of the rows of the book that arrived in a span.

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
    for start, end in steps(pieces, span, _STEP):
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


def periods(
    store: Store, of: tuple[str, str], pieces: tuple[Pieces, Pieces], span: tuple[int, int], after: tuple[int, int]
) -> tuple[list[int], list[str]]:
    """The metrics of periods in a span: their ends, ns, and their lines after the number.

    They are made from the beginning of the span on, of the book as it stood then, wherever a page begins.

    Args:
        store: where they are.
        of: venue and symbol.
        pieces: the least and the greatest arrival of each piece of that book, and of its trades.
        span: arrivals, ns, from, and before.
        after: the first end that is wanted, and how many are enough.

    Raises:
        BadInput: it is not told when the events arrived, or their numbers are too large.
    """
    machine: BookMetrics | None = None
    instrument: Instrument | None = None
    ends, lines = list[int](), list[str]()
    for start, end in steps([*pieces[0], *pieces[1]], span, _LONG_STEP):
        margin = max(0, start - _APART), min(end + _APART, 2**63 - 1)
        events = store.read(*of, kinds=("book", "trade"), start=margin[0], end=margin[1])
        whole = parquet.finest([instrument or events.instrument, events.instrument])
        if machine is None:
            machine = BookMetrics(whole)
            if any(first < span[0] for first, _ in pieces[0]):
                machine, whole = _standing(store, of, span[0], whole)
        instrument = whole
        book, trade = (
            parquet.on_steps(kind, _cut(rows, start, end), events.instrument, whole)
            for kind, rows in (("book", events.book), ("trade", events.trade))
        )
        told = machine.update(Events(whole, book, trade, empty("quote"))).periods
        wanted = {name: column[told["ts"] >= after[0]] for name, column in told.items()}
        ends += wanted["ts"].tolist()
        lines += bodies(wanted)
        if len(lines) >= after[1]:
            break
    return ends, lines


def _standing(store: Store, of: tuple[str, str], start: int, instrument: Instrument) -> tuple[BookMetrics, Instrument]:
    """What makes metrics of what comes from `start` on: it has seen the book stand there."""
    known = store.book(*of, start - 1)
    rows = picture(known.book)
    rows["ts_recv"] = start
    whole = parquet.finest([known.instrument, instrument])
    machine = BookMetrics(whole)
    machine.update(_events(whole, parquet.on_steps("book", rows, known.instrument, whole)))
    return machine, whole


def steps(
    pieces: Pieces, span: tuple[int, int], step: int, *, widen: int = 1, widest: int = 0
) -> Iterator[tuple[int, int]]:
    """Spans in which there may be rows, one after the other.

    Args:
        pieces: the least and the greatest arrival of each piece of what is stored.
        span: arrivals, ns, from, and before.
        step: the length of the first.
        widen: how many times as long each next one is, up to `widest`.
        widest: the longest, if they become longer.
    """
    at = span[0]
    while True:
        ahead = [max(first, at) for first, last in pieces if last >= at]
        if not ahead or min(ahead) >= span[1]:
            return
        start = min(ahead)
        at = min(start + step, span[1])
        yield start, at
        step = min(step * widen, max(step, widest))


def _cut(rows: Rows, start: int, end: int) -> Rows:
    """From the first row that arrived at `start` or later to before the first that arrived at `end` or later."""
    first, last = np.searchsorted(np.maximum.accumulate(rows["ts_recv"]), (start, end))
    return rows[first:last]


def _events(instrument: Instrument, book: Rows) -> Events:
    return Events(instrument, book, empty("trade"), empty("quote"))
