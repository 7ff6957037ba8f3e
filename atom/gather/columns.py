"""Columns: what a venue's messages about one symbol become, gathered as numbers and turned into events when asked."""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from atom.book.checksum import Checker
from atom.events import Events, Flag, Rows, Side, Status, StatusKind
from atom.gather import tables
from atom.gather.audit import Audit
from atom.gather.clock import VenueClock
from atom.gather.decimals import DecimalColumn, look
from atom.gather.roster import Order, Roster
from atom.gather.rules import Rules
from atom.gather.stamp import Delta, Levels, Stamp, Stamps, look_at
from atom.gather.sync import Step, Sync, gap
from atom.gather.tables import MisreadError
from atom.instrument import Instrument, Ints, common_step, rescale

__all__ = ["KINDS", "Columns", "Delta", "Levels", "Order", "Rules", "Stamp"]

KINDS = ("book", "trade", "bid", "ask")
"""Columns of numbers: of the book, of trades, and of the sides of quotes."""

_Told: TypeAlias = tuple[Levels, Levels, Sequence[Order]]  # bids, asks, orders
_PLAIN = Flag(0)
_LAST, _SNAPSHOT, _BY_PRICE = int(Flag.LAST), int(Flag.SNAPSHOT), int(Flag.BY_PRICE)
_NO_ORDER, _NO_TRADE_ID, _NO_SEQUENCE = int(Flag.NO_ORDER), int(Flag.NO_TRADE_ID), int(Flag.NO_SEQUENCE)
_OF_LEVELS, _OF_QUOTE = _BY_PRICE | _NO_ORDER, _LAST | _BY_PRICE
_ANEW = 10 * 10**9  # ns by which no message is newer than one that came before it
_WAITING = 10_000  # deltas kept while there is no snapshot; a snapshot older than these would be refetched


class Columns:
    """Gathers one symbol's messages.

    Args:
        rules: how the venue keeps its books.

    Attributes:
        messages, unexplained, trades: received lines, those nobody understood, trade messages.
        updates: messages of the book, whether they took effect or not.
        gaps: times the book became invalid because updates were missing.
        checksums_ok, checksums_bad: checksums of the venue that came so, and did not.
        status: what happened to the recording since the last `take`.
        careful: numbers are looked at as they come, so that a message with a bad one has no effect, and is refused with
            a ValueError; else `take` finds it.
    """

    def __init__(self, rules: Rules = Rules()) -> None:  # noqa: B008  # it cannot be changed
        self.messages = self.unexplained = self.trades = self.updates = self.gaps = 0
        self.checksums_ok = self.checksums_bad = 0
        self.careful = False
        self.status: list[Status] = []
        self._whole = self._was_lost = False
        self._sync = Sync(chained=rules.chained, timed=rules.timed)
        self._waiting: deque[Delta] = deque(maxlen=_WAITING)
        self._roster = Roster() if rules.remaining else None
        self._written = rules.form is not None
        self._audit = Audit(Checker(rules.form, rules.depth)) if rules.form or rules.depth else None
        self._clock = VenueClock()
        self._changed: int | None = None  # venue's time of the last change of the book
        self._step: dict[str, Decimal] = {}  # of prices and of sizes, so far
        self._empty()

    def _empty(self) -> None:
        self._book = tables.Messages(8)  # see `atom.gather.tables`
        self._orders = tables.Messages(3)  # action, side, id
        self._checks: list[tuple[int, int]] = []  # message of the book, what the venue says
        self._depths: list[tuple[int, int]] = []  # message of the book, how many levels from there on
        self._trade = tables.Messages(9)  # common, place, side, trade id, orders of maker and taker
        self._quote = tables.Messages(5)  # common, place
        self._notes: dict[str, list[tuple[float, ...]]] = {}
        self._prices, self._sizes = (
            {kind: DecimalColumn(as_written=self._written and kind == "book") for kind in KINDS} for _ in range(2)
        )

    @property
    def stale(self) -> bool:
        """Whether the book waits for a full picture."""
        return not (self._whole or self._sync.synced) or (self._audit is not None and self._audit.broken)

    @property
    def waits(self) -> bool:
        """Whether deltas have come that a full picture is needed for."""
        return bool(self._waiting)

    @property
    def pending(self) -> bool:
        """Whether there is something to take."""
        return any(len(each) for each in (self._book, self._trade, self._quote, self._notes, self.status))

    def begin(self, stamp: Stamp) -> None:
        """A recording begins: whatever was known of the book from before is not served."""
        self._book.append((*stamp.columns(None, _OF_LEVELS), 1, 0, 0))

    def give_up(self, stamp: Stamp) -> None:
        """Gives up what was gathered and cannot be taken."""
        self._empty()
        self.lost(stamp)
        self._clear(stamp, None)

    def snapshot(
        self, stamp: Stamp, last: int | None, bids: Levels = (), asks: Levels = (), orders: Sequence[Order] = ()
    ) -> None:
        """A full picture of the book, then what waited for it.

        Args:
            stamp: when and where.
            last: the update that it holds as its last; None where the venue does not say, and all that waited is
                applied, which must do no harm where the picture holds it already.
        """
        self._updated(stamp, bids, asks, orders)
        if last is None:
            last = self._sync.last if self._sync.synced else None
            last = self._waiting[0].previous if self._waiting else last
        elif self._sync.synced and last <= self._sync.last:
            return  # the book is past it already
        self._resynced(stamp, last)
        self._sync.snapshot(last)
        self._change(stamp, last, _SNAPSHOT, (bids, asks, orders))
        waiting = list(self._waiting)
        self._waiting.clear()
        for delta in waiting:
            self.delta(delta)

    def delta(self, delta: Delta) -> None:
        """A change of the book; kept back while there is no snapshot to apply it to."""
        self._updated(delta.stamp, delta.bids, delta.asks, delta.orders)
        if not self._sync.synced:
            if len(self._waiting) == _WAITING:
                self._unplaced(self._waiting.popleft())
            self._waiting.append(delta)
            return
        at = self._sync.last
        match self._sync.delta(delta.previous, delta.last):
            case Step.APPLY:
                self._change(delta.stamp, delta.last, 0, delta[3:])
            case Step.GAP:
                self.gaps += 1
                detail = gap(at, delta.previous, delta.last)
                self.status.append(Status(StatusKind.GAP, delta.stamp.ts_recv, delta.last, detail))
                self._clear(delta.stamp, delta.previous)
                self._waiting.append(delta)
            case Step.REPEATED:
                self.repeated(delta.stamp, delta.last)

    def follows(self, previous: int, last: int) -> bool:
        """Whether a delta begins exactly where the book stands."""
        return self._sync.follows(previous, last)

    def deltas_read(self, stamps: Stamps, last: Ints, counts: Ints, levels: Ints) -> None:
        """Many changes of the book, the first of which `follows`, and each next one the one before it.

        Args:
            stamps: of each.
            last: its last update.
            counts: its bids and asks, shape (deltas, 2).
            levels: of all of them, bids before asks; see `Levels`.
        """
        self.updates += len(last)
        common = stamps.columns(last, _OF_LEVELS)
        self._book.extend(np.stack((*common, np.zeros_like(last), counts[:, 0], counts[:, 1]), axis=1))
        self._prices["book"].extend_read(levels[:, :2])
        self._sizes["book"].extend_read(levels[:, 2:])
        self._sync.advance(int(last[-1]))
        self._changed = stamps.at(len(last) - 1).ts_event

    def whole(
        self,
        stamp: Stamp,
        last: int | None,
        bids: Levels,
        asks: Levels,
        checksum: int | None = None,
        *,
        orders: Sequence[Order] = (),
        depth: int | None = None,
    ) -> None:
        """A full picture of the book, of a venue that numbers no updates; from now on of `depth` levels a side."""
        self._updated(stamp, bids, asks, orders)
        if depth is not None:
            self._depths.append((len(self._book), depth))
        self._resynced(stamp, last)
        self._whole = True
        self._change(stamp, last, _SNAPSHOT, (bids, asks, orders), checksum)

    def change(
        self,
        stamp: Stamp,
        last: int | None,
        bids: Levels,
        asks: Levels,
        checksum: int | None = None,
        *,
        orders: Sequence[Order] = (),
    ) -> None:
        """A change of the book, of such a venue; of a book that nobody has seen whole it says nothing."""
        self._updated(stamp, bids, asks, orders)
        if self._whole:
            self._change(stamp, last, 0, (bids, asks, orders), checksum)

    def missed(self, stamp: Stamp, last: int | None, detail: str) -> None:
        """Something before this message is missing; the book waits for the next full picture."""
        if self._whole or self._sync.synced:
            self.gaps += 1
            self.status.append(Status(StatusKind.GAP, stamp.ts_recv, last, detail))
            self.lost(stamp)

    def repeated(self, stamp: Stamp, last: int) -> None:
        """A message has come before, and changes nothing; but if it is newer than the book, the venue counts anew."""
        if stamp.ts_event and self._changed and stamp.ts_event - self._changed > _ANEW:
            self.missed(stamp, last, f"update {last} is newer than the book, whose numbers are higher")
            return
        self.status.append(Status(StatusKind.REPEATED, stamp.ts_recv, last, f"update {last} came before"))

    def lost(self, stamp: Stamp) -> None:
        """The stream of the book has ended: what it was is not served, until the next full picture."""
        if self._whole or self._sync.synced:
            self._clear(stamp, None)
        self._whole = False
        self._sync.lost()
        self.abandon()

    def abandon(self) -> None:
        """No picture will come for the changes that wait: what they say of orders is told of a book that is invalid."""
        while self._waiting:
            self._unplaced(self._waiting.popleft())

    def trade(
        self,
        stamp: Stamp,
        trade_id: int | None,
        side: Side,
        of: tuple[str, str],
        flags: Flag = _PLAIN,
        *,
        sequence: int | None = None,
        orders: tuple[int, int] | None = None,
    ) -> None:
        """One trade.

        Args:
            stamp: when and where.
            trade_id: the venue's number; its sequence too, where it has no other and no flag says that it has none.
            side: the aggressor's.
            of: price and size.
            flags: what else is known.
            sequence: the venue's number of the message, where it has one.
            orders: ids of maker and taker.
        """
        if self.careful:
            look(of)
        bits = int(flags) | _LAST
        if trade_id is None:
            bits |= _NO_TRADE_ID
        if orders is None:
            bits |= _NO_ORDER
        number = None if bits & _NO_SEQUENCE else trade_id if sequence is None else sequence
        self._trade.append((*stamp.columns(number, bits), side, trade_id or 0, *(orders or (0, 0))))
        self._prices["trade"].append(of[0])
        self._sizes["trade"].append(of[1])

    def trades_read(self, stamps: Stamps, trade_id: Ints, sells: Ints, of: tuple[Ints, Ints], flags: int) -> None:
        """Many trades; `of` is price and size, each digits and decimals, shape (trades, 2)."""
        none = np.zeros_like(trade_id)
        side = np.where(sells == 1, int(Side.ASK), int(Side.BID))
        common = stamps.columns(trade_id, flags | _LAST | _NO_ORDER)
        self._trade.extend(np.stack((*common, side, trade_id, none, none), axis=1))
        self._prices["trade"].extend_read(of[0])
        self._sizes["trade"].extend_read(of[1])

    def quote(
        self, stamp: Stamp, sequence: int | None, bid: tuple[str, str], ask: tuple[str, str], *, flags: Flag = _PLAIN
    ) -> None:
        """The venue's own top of the book; each side is (price, size), with size 0 where there is none."""
        if self.careful:
            look((*bid, *ask))
        self._quote.append(stamp.columns(sequence, int(flags) | _OF_QUOTE))
        for name, (price, size) in (("bid", bid), ("ask", ask)):
            self._prices[name].append(price)
            self._sizes[name].append(size)

    def quotes_read(self, stamps: Stamps, sequence: Ints, bid: tuple[Ints, Ints], ask: tuple[Ints, Ints]) -> None:
        """Many tops of the book; each side is price and size, each digits and decimals, shape (quotes, 2)."""
        self._quote.extend(np.stack(stamps.columns(sequence, _OF_QUOTE), axis=1))
        for name, (price, size) in (("bid", bid), ("ask", ask)):
            self._prices[name].extend_read(price)
            self._sizes[name].extend_read(size)

    def note(self, kind: str, stamp: Stamp, *values: float, sequence: int | None = None) -> None:
        """Administrative data: a row of `kind`, the fields of its dtype after the common ones in their order."""
        self._notes.setdefault(kind, []).append((*stamp.columns(sequence, _LAST)[:4], *values))

    def take(self, venue: str, symbol: str, venue_symbol: str, tick: Decimal | None, lot: Decimal | None) -> Events:
        """All of it since the last time, as events. Steps may become finer from one time to the next, never coarser.

        Args:
            venue, symbol, venue_symbol: names for the instrument.
            tick, lot: the venue's steps; None takes them from the decimals seen.

        Raises:
            MisreadError: a price or size is no number.
        """
        told, trade, quote = self._book.array(), self._trade.array(), self._quote.array()
        places = {"trade": trade[:, tables.PLACE], "bid": quote[:, tables.PLACE], "ask": quote[:, tables.PLACE]}
        places["book"] = np.repeat(told[:, tables.PLACE], told[:, tables.BIDS] + told[:, tables.ASKS])
        prices, tick = self._on_step("price", *tables.integers(self._prices, places, tick))
        sizes, lot = self._on_step("size", *tables.integers(self._sizes, places, lot))
        rows = self._audited(tables.book(told, prices["book"], sizes["book"], self._orders.array()), told)
        trades, quotes = tables.trades(trade, prices["trade"], sizes["trade"]), tables.quotes(quote, prices, sizes)
        self.status += self._clock.look(book=rows, trade=trades, quote=quotes)
        taken = Events(
            instrument=Instrument(venue, symbol, venue_symbol, tick, lot),
            book=rows,
            trade=trades,
            quote=quotes,
            status=tuple(sorted(self.status, key=lambda status: status.ts_recv)),
            more={kind: tables.notes(kind, told) for kind, told in sorted(self._notes.items())},
        )
        self.status = []
        self._empty()
        return taken

    def _updated(self, stamp: Stamp, bids: Levels, asks: Levels, orders: Sequence[Order]) -> None:
        self.updates += 1
        if self.careful:
            look_at(stamp, bids, asks, orders)

    def _change(self, stamp: Stamp, last: int | None, flags: int, told: _Told, checksum: int | None = None) -> None:
        bids, asks, orders = told
        self._changed = stamp.ts_event
        clear = 1 if flags & _SNAPSHOT else 0
        if self._roster is not None:
            if clear:
                self._roster.clear()
            orders = self._roster.complete(orders)
        if orders:
            self._book.append((*stamp.columns(last, flags), clear, len(orders), 0))
            for order in orders:
                self._orders.append((order.action, order.side, order.order_id))
            self._prices["book"].extend([order.price for order in orders])
            self._sizes["book"].extend([order.size for order in orders])
        else:
            self._book.append((*stamp.columns(last, flags | _OF_LEVELS), clear, len(bids), len(asks)))
            self._levels(stamp, bids, asks)
        if checksum is not None and clear + len(orders or bids) + len(asks):  # what changes nothing says nothing new
            self._checks.append((len(self._book) - 1, checksum))

    def _levels(self, stamp: Stamp, bids: Levels, asks: Levels) -> None:
        if isinstance(bids, np.ndarray) and isinstance(asks, np.ndarray):
            self._prices["book"].extend_read(np.concatenate((bids[:, :2], asks[:, :2])))
            self._sizes["book"].extend_read(np.concatenate((bids[:, 2:], asks[:, 2:])))
            return
        try:
            for levels in (bids, asks):
                self._prices["book"].extend([level[0] for level in levels])
                self._sizes["book"].extend([level[1] for level in levels])
        except (IndexError, KeyError, TypeError) as error:
            raise MisreadError(stamp.place, "a level is [price, size]") from error

    def _unplaced(self, delta: Delta) -> None:
        if delta.orders:
            self._change(delta.stamp, delta.last, 0, ((), (), delta.orders))

    def _clear(self, stamp: Stamp, last: int | None) -> None:
        self._was_lost = True
        if self._roster is not None:
            self._roster.clear()
        self._book.append((*stamp.columns(last, _OF_LEVELS), 1, 0, 0))

    def _resynced(self, stamp: Stamp, last: int | None) -> None:
        if self._was_lost:
            detail = "snapshot" if last is None else f"snapshot {last}"
            self.status.append(Status(StatusKind.RESYNC, stamp.ts_recv, last, detail))
        self._was_lost = False

    def _on_step(self, of: str, columns: dict[str, Ints], step: Decimal) -> tuple[dict[str, Ints], Decimal]:
        """Numbers on a step of which all before were multiples too."""
        before = self._step.get(of, step)
        self._step[of] = now = step if step == before else common_step(step, before)
        if now != before and self._audit is not None:
            self._audit.rescale(of, int(before / now))
        return {kind: rescale(values, step, now) for kind, values in columns.items()} if now != step else columns, now

    def _audited(self, rows: Rows, told: Ints) -> Rows:
        if self._audit is None:
            return rows
        written = (self._prices["book"].written(), self._sizes["book"].written()) if self._written else None
        rows, status = self._audit.check(rows, tables.counts(told), (self._checks, self._depths), written)
        self.checksums_ok, self.checksums_bad = self._audit.right, self._audit.wrong
        self.status += status
        return rows
