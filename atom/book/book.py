"""Order book: levels rebuilt from events, by order or by price.

A book is invalid from a CLEAR until a snapshot is whole, and an invalid book answers with None and empty lists: what
may be stale is not served.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from atom.book import engine, queues
from atom.book.growth import grown
from atom.book.scale import rescale
from atom.events import Rows, Side, empty

Change: TypeAlias = tuple[int, int, int, int, int, int]  # flags, action, side, price, size, order_id

_FIELDS = ("flags", "action", "side", "price", "size", "order_id")
_LEVELS, _ORDERS = 256, 256
_NO_TOPS = np.zeros((0, engine.TOP_FIELDS), np.int64)


class Level(NamedTuple):
    """A price in ticks and the size resting there in lots."""

    price: int
    size: int


class Order(NamedTuple):
    """An order's id and what rests of it in lots."""

    order_id: int
    size: int


class Book:
    """The book of one instrument."""

    def __init__(self) -> None:
        self._arrays = engine.empty(_LEVELS, _ORDERS)

    @property
    def arrays(self) -> engine.Arrays:
        """Its memory, for kernels that only look."""
        return self._arrays

    @property
    def valid(self) -> bool:
        """Whether it stands on a whole snapshot with nothing missing since."""
        return bool(self._arrays.state[engine.VALID])

    @property
    def unknown_deletes(self) -> int:
        """Cancels and fills of an order or level that it does not hold.

        By price these are normal: a snapshot is cut at some depth, and the venue goes on telling of levels beyond it.
        """
        return int(self._arrays.state[engine.UNKNOWN])

    @property
    def best_bid(self) -> Level | None:
        """The highest bid, or None where there is none or the book is invalid."""
        return next(iter(self.levels(Side.BID, 1)), None)

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask, or None where there is none or the book is invalid."""
        return next(iter(self.levels(Side.ASK, 1)), None)

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
        index = _side(side)
        count = int(self._arrays.counts[index])
        first = 0 if depth is None else max(0, count - depth)
        slots = self._arrays.slots[index, first:count][::-1]
        return [Level(*row) for row in self._arrays.levels[slots][:, [engine.PRICE, engine.SIZE]].tolist()]

    def orders(self, side: Side, price: int) -> list[Order]:
        """The orders at a price, the one to be filled first first; none while invalid, or by price."""
        return [Order(*row) for row in queues.queue(self._arrays, _side(side), price)] if self.valid else []

    def ahead(self, order_id: int) -> tuple[int, int] | None:
        """How many orders will be filled before an order, and their size in lots; None where it is not held."""
        number, size = queues.ahead(self._arrays, order_id)
        return (number, size) if self.valid and number >= 0 else None

    def apply(self, rows: Rows) -> None:
        """Applies rows of the dtype `atom.events.BOOK` in order."""
        self._run(rows, _NO_TOPS)

    def step(self, change: Change) -> None:
        """Applies one row."""
        row = empty("book", 1)
        for name, value in zip(_FIELDS, change, strict=True):
            row[name] = value
        self._run(row, _NO_TOPS)

    def rescale(self, prices: int, sizes: int) -> None:
        """Takes prices and sizes in ticks and lots that are so many times finer."""
        rescale(self._arrays, prices, sizes)

    def _run(self, rows: Rows, tops: engine.Ints) -> int:
        """How many tops were noted."""
        row = noted = 0
        while True:
            row, noted = engine.run(self._arrays, rows, row, tops, noted)
            if row == len(rows):
                return noted
            self._arrays = grown(self._arrays)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a book went through.

    Attributes:
        tops: one row of the dtype `TOP` after each message of the book.
        book: the book at the end.
    """

    tops: Rows
    book: Book

    @property
    def crossed(self) -> int:
        """Messages after which it stood crossed."""
        return int(self.stood_crossed.sum())

    @property
    def stood_crossed(self) -> npt.NDArray[np.bool_]:
        """Whether it stood crossed, after each message."""
        tops = self.tops
        both = (tops["bid_size"] > 0) & (tops["ask_size"] > 0)
        return np.asarray(both & (tops["bid_price"] >= tops["ask_price"]), np.bool_)

    @property
    def became_crossed(self) -> npt.NDArray[np.int64]:
        """The messages by which it became so."""
        crossed = self.stood_crossed
        return np.flatnonzero(crossed & ~np.concatenate(([False], crossed[:-1])))


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


def replay(rows: Rows, book: Book | None = None) -> Replay:
    """Runs a book over rows of the dtype `atom.events.BOOK` and notes its top after each message.

    Args:
        rows: in order.
        book: which goes on from where it is; a fresh one by default.
    """
    book = Book() if book is None else book
    told = np.zeros((len(rows) + 1, engine.TOP_FIELDS), np.int64)
    told = told[: book._run(rows, told)]
    tops = np.zeros(len(told), TOP)
    for place, name in enumerate(TOP.names or ()):
        tops[name] = told[:, place]
    return Replay(tops, book)


def changes(rows: Rows) -> Iterable[Change]:
    """The fields of rows that change a book, as plain integers."""
    return zip(*(rows[name].tolist() for name in _FIELDS), strict=True)


def _side(side: Side) -> int:
    """The index of a side in the engine."""
    return 0 if side == Side.BID else 1
