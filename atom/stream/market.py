"""Market: one symbol as its subscribers see it, message by message."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from atom.events import Events, Flag, Rows, Side, empty
from atom.instrument import Instrument, Ints
from atom.metrics import METRICS
from atom.metrics.top import INPUTS
from atom.stream import messages, requests
from atom.stream.levels import ENDED, VALID, LevelBook, Stretch
from atom.stream.messages import ADMIN, FEEDS, Key, Scale
from atom.stream.orders import LevelsAlone, OrderFeed, deltas, queues
from atom.stream.periods import PeriodFeed, bodies
from fusion.errors import BadInput

_BEST = slice(2, 6)  # of a row of tops
_NOTHING_YET = ',"ts_event":null,"ts_recv":null,"sequence":null,"flags":0'

Bools: TypeAlias = npt.NDArray[np.bool_]
Lines: TypeAlias = dict[str, list[str]]


class Market:
    """The book of a symbol, and how many messages each of its feeds has had.

    A message counts whether somebody reads it or not, and is written out for the feeds that somebody reads. What is
    written depends on the events alone, not on how they came in batches.

    Args:
        venue, symbol: whose.
    """

    def __init__(self, venue: str, symbol: str) -> None:
        self.book = LevelBook()
        self.orders = OrderFeed()
        self._periods = PeriodFeed()
        self._unmeasured = False  # its metrics were refused
        self.seq = dict.fromkeys(FEEDS, 0)
        self._of = venue, symbol
        self._heads = {feed: messages.head(Key(venue, symbol, feed)) for feed in FEEDS}
        self._scale: Scale | None = None
        self._last: Rows | None = None  # row of the last message of the book
        self._was_valid = False
        self._best = np.zeros(4, np.int64)  # of the last sound book: bid price and size, ask price and size; else zeros

    def picture(self, feed: str) -> str:
        """The book or its orders as they stand: what a new subscriber begins with, under the last message's number."""
        stamp = _NOTHING_YET if self._last is None else messages.stamps(self._last)[0]
        pictured = self._pictured if feed == "book" else self._queued
        return f"{self._heads[feed]}{self.seq[feed]}{pictured(stamp)}"

    def take(self, events: Events, wanted: Collection[str]) -> Lines:
        """The lines of the wanted feeds that these events make; they hold whole messages."""
        scale = self._scaled(events.instrument)
        lines: Lines = {feed: [] for feed in FEEDS if feed in wanted}
        self._tell(lines, "status", len(events.status), lambda: map(messages.status, events.status))
        self._tell_periods(lines, events)
        self.orders.begin(events.book)
        for stretch in self.book.follow(events.book, orders="orders" in lines):
            self._tell_orders(lines, events.book, stretch, scale)
            self._tell_book(lines, events.book, stretch)
            self._tell_top(lines, events.book, stretch, scale)
        self._tell(lines, "trades", len(events.trade), lambda: messages.trades(events.trade, scale))
        self._tell(lines, "quotes", len(events.quote), lambda: messages.quotes(events.quote, scale))
        for kind in ADMIN:
            rows = events.more.get(kind, empty(kind))
            self._tell(lines, kind, len(rows), partial(messages.notes, kind, rows))
        return lines

    def _tell(self, lines: Lines, feed: str, count: int, bodies: Callable[[], Iterable[str]]) -> None:
        seq, head = self.seq[feed], self._heads[feed]
        self.seq[feed] += count
        if count and feed in lines:
            lines[feed] += [f"{head}{number}{body}" for number, body in enumerate(bodies(), seq + 1)]

    def _scaled(self, instrument: Instrument) -> Scale:
        """The scale of these events; the book is brought to it."""
        if self._scale is None:
            self._scale = Scale(instrument)
        elif self._scale.instrument != instrument:
            old = self._scale.instrument
            finer = instrument.finer_than(old)
            if finer is None:
                raise ValueError(f"the steps of {instrument} do not divide those of {old}")
            self.book.rescale(*finer)
            self._best *= np.array(2 * finer, np.int64)
            self._scale = Scale(instrument)
        return self._scale

    def _tell_book(self, lines: Lines, rows: Rows, stretch: Stretch) -> None:
        valid = stretch.tops[:, VALID] == 1
        told = np.flatnonzero(valid | np.append(self._was_valid, valid[:-1]))  # an invalid book has nothing to tell
        self._was_valid = bool(valid[-1])
        self._last = rows[stretch.tops[-1:, ENDED]]
        self._tell(lines, "book", len(told), lambda: self._books(rows, stretch, valid, told))

    def _books(self, rows: Rows, stretch: Stretch, valid: Ints, told: Ints) -> Iterator[str]:
        ends = rows[stretch.tops[told, ENDED]]
        full = valid[told] & _full(ends)
        cuts = np.searchsorted(stretch.levels[:, 0], np.stack((told, told + 1))).T.tolist()
        levels = stretch.levels[:, 1:].tolist()
        for stamp, is_valid, is_full, (first, end) in zip(messages.stamps(ends), valid[told], full, cuts, strict=True):
            if not is_valid:
                yield messages.invalid(stamp)
                continue
            if is_full:
                yield self._pictured(stamp)
                continue
            changed = {(side, price): size for side, price, size in levels[first:end]}
            sides = ([(price, size) for (at, price), size in changed.items() if at == side] for side in (0, 1))
            yield messages.book("delta", stamp, *map(self._texts, sides))

    def _tell_periods(self, lines: Lines, events: Events) -> None:
        """Comes before the book takes the events. Periods are counted while somebody reads them: they are made then."""
        if "metrics" not in lines:
            self._periods.end()
            self._unmeasured = False
            return
        if self._unmeasured:
            return
        try:
            told = self._periods.begun(events, self.book).update(events).periods
        except BadInput as error:
            self._unmeasured = True
            lines["metrics"].append(requests.error("cannot_subscribe", str(error)))
            return
        self._tell(lines, "metrics", len(told["ts"]), lambda: bodies(told))

    def _tell_orders(self, lines: Lines, rows: Rows, stretch: Stretch, scale: Scale) -> None:
        told, valid, refused = self.orders.states(stretch)
        before = len(lines.get("orders", ()))
        self._tell(lines, "orders", len(told), lambda: self._orders(rows, stretch, valid, told, scale))
        if "orders" in lines:
            for place in np.searchsorted(told, refused, side="right").tolist()[::-1]:
                error = requests.error("cannot_subscribe", str(LevelsAlone(*self._of)))
                lines["orders"].insert(before + place, error)

    def _orders(self, rows: Rows, stretch: Stretch, valid: Ints, told: Ints, scale: Scale) -> Iterator[str]:
        ends = rows[stretch.tops[told, ENDED]]
        full = _full(ends)
        stamps = messages.stamps(ends)
        changes = deltas(stamps, stretch, told, scale)
        for stamp, is_valid, is_full, delta in zip(stamps, valid[told], full, changes, strict=True):
            if not is_valid:
                yield messages.invalid(stamp)
            else:
                yield self._queued(stamp) if is_full else delta

    def _queued(self, stamp: str) -> str:
        told = queues(self.book, self._scale) if self._scale is not None and self.book.valid else None
        return messages.invalid(stamp) if told is None else messages.orders(stamp, *told)

    def _tell_top(self, lines: Lines, rows: Rows, stretch: Stretch, scale: Scale) -> None:
        best = stretch.tops[:, _BEST]
        sound = (stretch.tops[:, VALID] == 1) & (best[:, 1] > 0) & (best[:, 3] > 0) & (best[:, 0] < best[:, 2])
        best = best * sound[:, None]
        told = np.flatnonzero((best != np.vstack((self._best, best[:-1]))).any(axis=1))
        self._best = best[-1]
        self._tell(lines, "top", len(told), lambda: _tops(rows[stretch.tops[told, ENDED]], best[told], scale))

    def _pictured(self, stamp: str) -> str:
        if not self.book.valid:
            return messages.invalid(stamp)
        sides = (self.book.levels(side) for side in (Side.BID, Side.ASK))
        return messages.book("snapshot", stamp, *map(self._texts, sides))

    def _texts(self, levels: Iterable[tuple[int, int]]) -> list[tuple[str, str]]:
        scale = self._scale
        return [] if scale is None else [(scale.price(price), scale.size(size)) for price, size in levels]


def _full(ends: Rows) -> Bools:
    """Which messages are full pictures; each ends a stretch, so that the book stands there."""
    full: Bools = ends["flags"] & Flag.SNAPSHOT != 0
    return full


def _tops(ends: Rows, best: Ints, scale: Scale) -> Iterator[str]:
    """Of tops of the book after messages that end with these rows; zeros are none."""
    of = scale.instrument
    bid, bid_size, ask, ask_size = best.T
    inputs = (of.prices(bid), of.prices(ask), of.sizes(bid_size), of.sizes(ask_size))
    table = dict(zip(INPUTS, inputs, strict=True))
    values = messages.numbers(tuple(METRICS), [metric.batch(table).tolist() for metric in METRICS.values()])
    for stamp, four, numbers in zip(messages.stamps(ends), best.tolist(), values, strict=True):
        if four[1]:
            yield f'{stamp},"state":"valid",{messages.top(scale, *four)},{numbers}}}'
        else:
            yield messages.invalid(stamp)
