"""Columns: what a venue's messages about one symbol become, gathered as numbers and turned into events at the end."""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from atom.decimals import DecimalColumn, UnreadableError, on_one_step
from atom.events import Action, Events, Flag, Rows, Side, Status, StatusKind, empty
from atom.instrument import Instrument
from atom.sync import Step, Sync

Levels = Sequence[Sequence[str]]  # [price, size], as the venue writes them

_WAITING = 10_000  # deltas kept while there is no snapshot; a snapshot older than these would be refetched


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
        if self.ts_event is None:
            flags |= Flag.NO_EVENT_TIME
        elif self.ts_event > self.ts_recv:
            flags |= Flag.BAD_CLOCK
        if sequence is None:
            flags |= Flag.NO_SEQUENCE
        return self.ts_event or 0, self.ts_recv, sequence or 0, int(flags), self.place


class Delta(NamedTuple):
    """A change of the book: the updates after `previous` up to and with `last`."""

    stamp: Stamp
    previous: int
    last: int
    bids: Levels
    asks: Levels


class MisreadError(ValueError):
    """A number at `place` cannot be read."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


class Columns:
    """Gathers one symbol's messages.

    Attributes:
        messages, unexplained, trades: received lines, those nobody understood, trade messages.
        gaps: times the book became invalid because updates were missing.
        status: what happened to the recording so far.
    """

    def __init__(self, *, chained: bool) -> None:
        self.messages = 0
        self.unexplained = 0
        self.trades = 0
        self.gaps = 0
        self.status: list[Status] = []
        self._sync = Sync(chained=chained)
        self._waiting: deque[Delta] = deque(maxlen=_WAITING)
        self._book: list[tuple[int, ...]] = []  # common, place, clear, bids, asks
        self._trade: list[tuple[int, ...]] = []  # common, place, side, trade id
        self._quote: list[tuple[int, ...]] = []  # common, place
        self._prices = {kind: DecimalColumn() for kind in ("book", "trade", "bid", "ask")}
        self._sizes = {kind: DecimalColumn() for kind in ("book", "trade", "bid", "ask")}

    def snapshot(self, stamp: Stamp, last: int, bids: Levels, asks: Levels) -> None:
        """A full picture of the book, then what waited for it."""
        if self._sync.synced and last <= self._sync.last:
            return  # the book is past it already
        if self.gaps and not self._sync.synced:
            self.status.append(Status(StatusKind.RESYNC, stamp.ts_recv, last, f"snapshot {last}"))
        self._sync.snapshot(last)
        self._levels(stamp, last, Flag.SNAPSHOT, bids, asks)
        waiting = list(self._waiting)
        self._waiting.clear()
        for delta in waiting:
            self.delta(delta)

    def delta(self, delta: Delta) -> None:
        """A change of the book; kept back while there is no snapshot to apply it to."""
        if not self._sync.synced:
            self._waiting.append(delta)
            return
        at = self._sync.last
        match self._sync.delta(delta.previous, delta.last):
            case Step.APPLY:
                self._levels(delta.stamp, delta.last, Flag(0), delta.bids, delta.asks)
            case Step.GAP:
                self.gaps += 1
                missing = f"updates {at + 1} to {delta.previous} are missing"
                if delta.previous <= at:
                    missing = f"update {delta.last} follows {delta.previous}, the book is at {at}"
                self.status.append(Status(StatusKind.GAP, delta.stamp.ts_recv, delta.last, missing))
                self._book.append((*delta.stamp.columns(delta.previous, Flag.BY_PRICE | Flag.NO_ORDER), 1, 0, 0))
                self._waiting.append(delta)
            case Step.STALE:
                pass

    def trade(self, stamp: Stamp, trade_id: int, side: Side, of: tuple[str, str], flags: Flag) -> None:
        """One trade; `of` is (price, size)."""
        self._trade.append((*stamp.columns(trade_id, flags | Flag.LAST | Flag.NO_ORDER), side, trade_id))
        self._prices["trade"].append(of[0])
        self._sizes["trade"].append(of[1])

    def quote(self, stamp: Stamp, sequence: int | None, bid: tuple[str, str], ask: tuple[str, str]) -> None:
        """The venue's own top of the book; each side is (price, size)."""
        self._quote.append(stamp.columns(sequence, Flag.LAST | Flag.BY_PRICE))
        for name, (price, size) in (("bid", bid), ("ask", ask)):
            self._prices[name].append(price)
            self._sizes[name].append(size)

    def finish(self, venue: str, symbol: str, venue_symbol: str, tick: Decimal | None, lot: Decimal | None) -> Events:
        """All of it as events.

        Args:
            venue, symbol, venue_symbol: names for the instrument.
            tick, lot: the venue's steps; None takes them from the decimals seen.

        Raises:
            MisreadError: a price or size is no number.
        """
        places = {
            "book": np.repeat(_column(self._book, 4), _column(self._book, 6) + _column(self._book, 7)),
            "trade": _column(self._trade, 4),
            "bid": _column(self._quote, 4),
            "ask": _column(self._quote, 4),
        }
        prices, tick = _integers(self._prices, places, tick)
        sizes, lot = _integers(self._sizes, places, lot)
        quote = _common(empty("quote", len(self._quote)), self._quote)
        for side in ("bid", "ask"):
            quote[f"{side}_price"], quote[f"{side}_size"] = prices[side], sizes[side]
        trade = _common(empty("trade", len(self._trade)), self._trade)
        trade["side"], trade["trade_id"] = _column(self._trade, 5), _column(self._trade, 6)
        trade["price"], trade["size"] = prices["trade"], sizes["trade"]
        return Events(
            instrument=Instrument(venue, symbol, venue_symbol, tick, lot),
            book=_book(self._book, prices["book"], sizes["book"]),
            trade=trade,
            quote=quote,
            status=tuple(self.status),
        )

    def _levels(self, stamp: Stamp, last: int, flags: Flag, bids: Levels, asks: Levels) -> None:
        clear = 1 if flags & Flag.SNAPSHOT else 0
        self._book.append((*stamp.columns(last, flags | Flag.BY_PRICE | Flag.NO_ORDER), clear, len(bids), len(asks)))
        try:
            for levels in (bids, asks):
                self._prices["book"].extend([level[0] for level in levels])
                self._sizes["book"].extend([level[1] for level in levels])
        except (IndexError, KeyError, TypeError) as error:
            raise MisreadError(stamp.place, "a level is [price, size]") from error


def _book(messages: list[tuple[int, ...]], prices: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Rows:
    """Rows of the book: for each message its CLEAR if it has one, its bids, its asks."""
    clear, bids, asks = (_column(messages, index) for index in (5, 6, 7))
    counts = clear + bids + asks
    ends = np.cumsum(counts)
    message = np.repeat(np.arange(len(messages)), counts)
    within = np.arange(len(message)) - np.repeat(ends - counts, counts)
    is_clear = within < clear[message]
    rows = _common(empty("book", len(message)), messages, message)
    rows["flags"][ends[counts > 0] - 1] |= np.uint16(Flag.LAST)
    rows["side"] = np.where(within - clear[message] < bids[message], Side.BID, Side.ASK)
    rows["side"][is_clear] = Side.NONE
    rows["price"][~is_clear] = prices
    rows["size"][~is_clear] = sizes
    rows["action"] = np.where(rows["flags"] & Flag.SNAPSHOT, Action.ADD, Action.MODIFY)
    rows["action"][rows["size"] == 0] = Action.CANCEL
    rows["action"][is_clear] = Action.CLEAR
    return rows


def _common(rows: Rows, messages: list[tuple[int, ...]], pick: npt.NDArray[np.int64] | slice = slice(None)) -> Rows:
    for index, name in enumerate(("ts_event", "ts_recv", "sequence", "flags")):
        rows[name] = _column(messages, index)[pick]
    return rows


def _column(messages: list[tuple[int, ...]], index: int) -> npt.NDArray[np.int64]:
    return np.fromiter((message[index] for message in messages), dtype=np.int64, count=len(messages))


def _integers(
    columns: dict[str, DecimalColumn], places: dict[str, npt.NDArray[np.int64]], step: Decimal | None
) -> tuple[dict[str, npt.NDArray[np.int64]], Decimal]:
    finished = {}
    for kind, column in columns.items():
        try:
            finished[kind] = column.finish()
        except UnreadableError as error:
            raise MisreadError(int(places[kind][error.index]), str(error)) from error
    try:
        return on_one_step(finished, step)
    except OverflowError as error:
        first = min((int(of[0]) for of in places.values() if len(of)), default=0)
        raise MisreadError(first, str(error)) from error
