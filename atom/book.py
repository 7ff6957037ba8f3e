"""Order book: levels rebuilt from events, by order or by price. Pure; no I/O, no clock.

A book is invalid from a CLEAR until a snapshot is whole, and an invalid book answers with None and empty lists: what
may be stale is not served.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from atom.events import Action, Flag, Rows, Side

_WHOLE_SNAPSHOT = int(Flag.SNAPSHOT | Flag.LAST)
_BY_PRICE = int(Flag.BY_PRICE)
_LAST = int(Flag.LAST)


Change: TypeAlias = tuple[int, int, int, int, int, int]  # flags, action, side, price, size, order_id


class Level(NamedTuple):
    """A price in ticks and the size resting there in lots."""

    price: int
    size: int


class _Ladder:
    """One side: sizes by price, and the prices in order, the best one last, where most changes are."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[int] = []  # sign * price, ascending
        self.sizes: dict[int, int] = {}

    def set(self, price: int, size: int) -> bool:
        """Sets a level's size, 0 removes it; False where there was nothing to remove."""
        if size > 0:
            if price not in self.sizes:
                insort(self._keys, self._sign * price)
            self.sizes[price] = size
            return True
        if self.sizes.pop(price, None) is None:
            return False
        del self._keys[bisect_left(self._keys, self._sign * price)]
        return True

    def best(self) -> Level | None:
        if not self._keys:
            return None
        price = self._sign * self._keys[-1]
        return Level(price, self.sizes[price])

    def levels(self, depth: int | None) -> list[Level]:
        keys = self._keys[::-1] if depth is None else self._keys[: -depth - 1 : -1]
        return [Level(self._sign * key, self.sizes[self._sign * key]) for key in keys]

    def clear(self) -> None:
        self._keys.clear()
        self.sizes.clear()


class Book:
    """The book of one instrument.

    Attributes:
        valid: whether it stands on a whole snapshot with nothing missing since.
        unknown_deletes: cancels and fills of an order or level that it does not hold. By price these are normal: a
            snapshot is cut at some depth, and the venue goes on telling of levels beyond it.
    """

    def __init__(self) -> None:
        self.valid = False
        self.unknown_deletes = 0
        self._bids = _Ladder(1)
        self._asks = _Ladder(-1)
        self._orders: dict[int, tuple[int, int, int]] = {}  # id -> side, price, size

    @property
    def best_bid(self) -> Level | None:
        """The highest bid, or None where there is none or the book is invalid."""
        return self._bids.best() if self.valid else None

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask, or None where there is none or the book is invalid."""
        return self._asks.best() if self.valid else None

    @property
    def crossed(self) -> bool:
        """Whether a bid stands at or above an ask, which a real market does not leave standing."""
        bid, ask = self.best_bid, self.best_ask
        return bid is not None and ask is not None and bid.price >= ask.price

    def levels(self, side: Side, depth: int | None = None) -> list[Level]:
        """The best `depth` levels of a side, best first; all of them by default, none while invalid."""
        if depth is not None and depth < 0:
            raise ValueError(f"depth is at least 0, not {depth}")
        if not self.valid:
            return []
        return self._ladder(side).levels(depth)

    def apply(self, rows: Rows) -> None:
        """Applies rows of the dtype `atom.events.BOOK` in order."""
        for row in changes(rows):
            self.step(row)

    def step(self, change: Change) -> None:
        """Applies one row."""
        flags, action, side, price, size, order_id = change
        if action == Action.CLEAR:
            self._clear()
        elif flags & _BY_PRICE:
            if not self._ladder(side).set(price, 0 if action == Action.CANCEL else size):
                self.unknown_deletes += 1
        else:
            self._order(action, side, price, size, order_id)
        if flags & _WHOLE_SNAPSHOT == _WHOLE_SNAPSHOT:
            self.valid = True

    def _order(self, action: int, side: int, price: int, size: int, order_id: int) -> None:
        held = self._orders.pop(order_id, None)
        if held is not None:
            self._add(held[0], held[1], -held[2])
        elif action in (Action.CANCEL, Action.FILL):
            self.unknown_deletes += 1
            return
        if action == Action.FILL and held is not None:
            side, price, size = held[0], held[1], held[2] - size
        if action != Action.CANCEL and size > 0:
            self._orders[order_id] = (side, price, size)
            self._add(side, price, size)

    def _add(self, side: int, price: int, change: int) -> None:
        ladder = self._ladder(side)
        ladder.set(price, ladder.sizes.get(price, 0) + change)

    def _clear(self) -> None:
        self.valid = False
        self._bids.clear()
        self._asks.clear()
        self._orders.clear()

    def _ladder(self, side: int) -> _Ladder:
        return self._bids if side == Side.BID else self._asks


@dataclass(frozen=True, slots=True)
class Replay:
    """What a book went through.

    Attributes:
        tops: one row of the dtype `TOP` after each message of the book.
        book: the book at the end.
        crossed: messages after which it stood crossed.
    """

    tops: Rows
    book: Book
    crossed: int


TOP = np.dtype(
    [
        ("row", "<i8"),  # the message's last row in the batch
        ("valid", "?"),
        ("bid_price", "<i8"),
        ("bid_size", "<i8"),  # 0: no bid
        ("ask_price", "<i8"),
        ("ask_size", "<i8"),  # 0: no ask
    ],
)


def replay(rows: Rows) -> Replay:
    """Runs a fresh book over rows of the dtype `atom.events.BOOK` and notes its top after each message."""
    book = Book()
    none = Level(0, 0)
    tops: list[tuple[int, bool, int, int, int, int]] = []
    for index, row in enumerate(changes(rows)):
        book.step(row)
        if row[0] & _LAST:
            tops.append((index, book.valid, *(book.best_bid or none), *(book.best_ask or none)))
    noted = np.array(tops, dtype=TOP)
    two_sided = (noted["bid_size"] > 0) & (noted["ask_size"] > 0)
    crossed = int((two_sided & (noted["bid_price"] >= noted["ask_price"])).sum())
    return Replay(noted, book, crossed)


def changes(rows: Rows) -> Iterable[Change]:
    """The fields of rows that change a book, as plain integers."""
    names = ("flags", "action", "side", "price", "size", "order_id")
    return zip(*(rows[name].tolist() for name in names), strict=True)
