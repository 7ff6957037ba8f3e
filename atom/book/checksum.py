"""Checksums of a venue over the top of its book, computed from the numbers as the venue wrote them.

A venue's text is rebuilt from two integers: the number's digits, and how many of them stand after the dot.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from atom.book import engine
from atom.book.engine import Arrays, Ints, jit
from atom.book.growth import grown
from atom.book.scale import rescale
from atom.events import Action, Flag, Rows


class Form(IntEnum):
    """How a venue writes the top of its book before it takes the CRC32.

    OKX: of 25 levels `price:size` of bid and ask in turn, joined by `:`, and the sum as a signed number.
    Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel, "Checksum".
    KRAKEN: of 10 asks, then of 10 bids, price and size without dot and leading zeros, joined by nothing; where the book
    is by order, of each order of these levels in its place in the queue.
    Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v1, "Book checksum", and ../spot-ws-l3-v2.
    """

    OKX = 1
    KRAKEN = 2


class Written(NamedTuple):
    """Numbers as they were written, each by its digits and the count of those after the dot.

    Attributes:
        price, size: digits of each row.
        price_decimals, size_decimals: of each row.
    """

    price: Ints
    price_decimals: Ints
    size: Ints
    size_decimals: Ints


_LEVELS = 25
_TABLE = np.arange(256, dtype=np.uint32)
for _ in range(8):
    _TABLE = np.where(_TABLE & 1, (_TABLE >> 1) ^ np.uint32(0xEDB88320), _TABLE >> 1).astype(np.uint32)
_COLON, _DOT, _ZERO = (ord(each) for each in ":.0")
_ALL = 0xFFFFFFFF
_ROW, _CHECK, _OUT, _KEEP, _DEPTH, _BROKEN, _STATE = range(7)
"""Of the state: where it stands in rows, checks, rows out and depths; the depth now; whether it is broken: 1 until
the next full picture, 2 until that one is right."""
_CANCEL, _CLEAR = int(Action.CANCEL), int(Action.CLEAR)
_LAST, _SNAPSHOT, _DERIVED, _BY_PRICE = (int(flag) for flag in (Flag.LAST, Flag.SNAPSHOT, Flag.DERIVED, Flag.BY_PRICE))
_OF_LEVELS = _BY_PRICE | int(Flag.NO_ORDER)
_ALWAYS = np.zeros((0, 2), np.int64)


class Verdict(IntEnum):
    """Of a checksum: wrong, right, right after a wrong one, or not looked at since the book is lost."""

    WRONG = 0
    RIGHT = 1
    RESYNCED = 2
    SKIPPED = 3


class Checker:
    """Follows a book and adds to its rows what the venue's rules imply and its messages do not say.

    A level below the depth that the venue keeps is cancelled, order by order where there are any. After a wrong
    checksum the book is cleared, and what follows is left out until a full picture comes.

    Args:
        form: of the checksums, if there are any.
        depth: levels a side that the venue keeps until it says otherwise, if it does not keep all.
    """

    def __init__(self, form: Form | None, depth: int | None) -> None:
        self._form = form
        self._book = engine.empty(1024, 2)
        self._marks = _Marks(*(np.zeros((len(of), 4), np.int64) for of in (self._book.levels, self._book.orders)))
        self._state = np.zeros(_STATE, np.int64)
        self._state[_DEPTH] = depth or 0

    @property
    def broken(self) -> bool:
        """Whether it waits for a full picture since a checksum was wrong."""
        return bool(self._state[_BROKEN] == 1)

    def rescale(self, of: str, factor: int) -> None:
        """Takes "price" or "size" in steps that are `factor` times finer."""
        rescale(self._book, factor if of == "price" else 1, factor if of == "size" else 1)

    def check(
        self, rows: Rows, written: Written | None, checked: Ints, expected: Ints, depths: Ints = _ALWAYS
    ) -> tuple[Rows, Ints]:
        """The rows as they took effect, and a `Verdict` on each checksum.

        Args:
            rows: of the dtype `atom.events.BOOK`.
            written: of each row; of a CLEAR anything. None where there are no checksums.
            checked: the rows after which there is a checksum, ascending.
            expected: what the venue says, as an unsigned number.
            depths: from which row on it keeps how many levels; shape (changes, 2), ascending.
        """
        held = int(self._book.counts.sum() + self._book.state[engine.ORDERS])  # all of which may fall below the depth
        told = _Told(
            rows,
            np.zeros((len(rows), 4), np.int64) if written is None else np.stack(written, axis=1),
            np.stack((checked, expected, np.full_like(checked, Verdict.SKIPPED)), axis=1),
            depths,
            np.zeros(2 * len(rows) + len(checked) + held, rows.dtype),
            np.zeros((0, engine.TOP_FIELDS), np.int64),
        )
        self._state[[_ROW, _CHECK, _OUT, _KEEP]] = 0
        while not _run(self._book, self._marks, told, self._state, int(self._form or 0)):
            self._book = grown(self._book)
            room = len(self._book.levels), len(self._book.orders)
            self._marks = _Marks(*(_grown(*each) for each in zip(self._marks, room, strict=True)))
        return told.out[: self._state[_OUT]], told.checks[:, 2]


class _Marks(NamedTuple):
    """How numbers were written: digits and decimals of price and size of each slot of levels and of orders."""

    levels: Ints
    orders: Ints


def _grown(marks: Ints, room: int) -> Ints:
    return np.concatenate((marks, np.zeros((room - len(marks), 4), np.int64)))


class _Told(NamedTuple):
    """What a kernel reads and writes.

    Attributes:
        written: digits and decimals of price and size of each row, shape (rows, 4).
        checks: after which row, what is expected, and the verdict; shape (checks, 3).
        depths: from which row on, how many levels; shape (changes, 2).
        out: rows as they took effect.
        nowhere: to note tops in.
    """

    rows: Any
    written: Ints
    checks: Ints
    depths: Ints
    out: Any
    nowhere: Ints


@jit
def _run(book: Arrays, marks: _Marks, told: _Told, state: Ints, form: int) -> bool:
    """Goes on from where the state says; whether it came to the end, else there is no room."""
    for row in range(state[_ROW], len(told.rows)):
        change = told.rows[row]
        if state[_KEEP] < len(told.depths) and told.depths[state[_KEEP], 0] == row:
            state[_DEPTH] = told.depths[state[_KEEP], 1]
            state[_KEEP] += 1
        if state[_BROKEN] == 1 and change.action == _CLEAR:
            state[_BROKEN] = 2
        if state[_BROKEN] != 1:
            done, _ = engine.run(book, told.rows[row : row + 1], 0, told.nowhere, 0)
            if done == 0:
                state[_ROW] = row
                return False
            _mark(book, marks, change, told.written[row])
            told.out[state[_OUT]] = change
            state[_OUT] += 1
            if state[_DEPTH] and change.flags & _LAST:
                _cut(book, told, state)
        if state[_CHECK] < len(told.checks) and told.checks[state[_CHECK], 0] == row:
            check = told.checks[state[_CHECK]]
            state[_CHECK] += 1
            if state[_BROKEN] != 1:
                _judge(check, _sum(book, marks, form), book, told.out, state)
    return True


@jit
def _mark(book: Arrays, marks: _Marks, change: Any, written: Ints) -> None:
    if change.side == 0:
        return
    if change.flags & _BY_PRICE == 0:
        slot = engine.slot_of(book, change.order_id)
        if slot >= 0:
            marks.orders[slot, 0], marks.orders[slot, 1] = written[0], written[1]
            marks.orders[slot, 2], marks.orders[slot, 3] = written[2], written[3]
        return
    side = 0 if change.side == 1 else 1
    key = change.price if side == 0 else -change.price
    place = engine.find(book, side, key)
    if place < book.counts[side] and book.keys[side, place] == key:
        for field in range(4):
            marks.levels[book.slots[side, place], field] = written[field]


@jit
def _cut(book: Arrays, told: _Told, state: Ints) -> None:
    """Cancels the levels below the depth that the venue keeps, or their orders; the message is whole after them."""
    for side in range(2):
        while book.counts[side] > state[_DEPTH]:
            level = book.levels[book.slots[side, 0]]
            row = _derived(told.out, state, _CANCEL)
            row.side, row.price = side + 1, level[engine.PRICE]
            row.flags |= _OF_LEVELS
            if level[engine.COUNT] > 0:
                row.flags &= ~np.uint16(_OF_LEVELS)
                row.order_id = book.orders[level[engine.HEAD], engine.ID]
            engine.run(book, told.out[state[_OUT] - 1 : state[_OUT]], 0, told.nowhere, 0)


@jit
def _derived(out: Any, state: Ints, action: int) -> Any:
    """A row of ours at the end of the message before it."""
    before, row = out[state[_OUT] - 1], out[state[_OUT]]
    state[_OUT] += 1
    row.ts_event, row.ts_recv, row.sequence = before.ts_event, before.ts_recv, before.sequence
    row.flags = before.flags | _DERIVED
    before.flags &= ~np.uint16(_LAST)
    row.action = action
    return row


@jit
def _judge(check: Ints, found: int, book: Arrays, out: Any, state: Ints) -> None:
    if found == check[1]:
        check[2] = 2 if state[_BROKEN] == 2 else 1
        state[_BROKEN] = 0
    else:
        check[2] = 0
        state[_BROKEN] = 1
        _derived(out, state, _CLEAR).flags &= ~np.uint16(_SNAPSHOT)
        engine.clear(book)


@jit
def _sum(book: Arrays, marks: _Marks, form: int) -> int:
    crc = np.uint32(_ALL)
    if form == 1:
        first = True
        for depth in range(_LEVELS):
            for side in range(2):
                at = book.counts[side] - 1 - depth
                if at >= 0:
                    mark = marks.levels[book.slots[side, at]]
                    if not first:
                        crc = _byte(crc, _COLON)
                    first = False
                    crc = _number(crc, mark[0], mark[1])
                    crc = _byte(crc, _COLON)
                    crc = _number(crc, mark[2], mark[3])
    else:
        for side in (1, 0):
            for depth in range(10):
                at = book.counts[side] - 1 - depth
                if at >= 0:
                    crc = _level(crc, book, marks, book.slots[side, at])
    return int(crc ^ np.uint32(_ALL))


@jit
def _level(crc: Any, book: Arrays, marks: _Marks, level: int) -> Any:
    if book.levels[level, engine.COUNT] == 0:
        crc = _number(crc, marks.levels[level, 0], 0)
        return _number(crc, marks.levels[level, 2], 0)
    order = book.levels[level, engine.HEAD]
    while order >= 0:
        crc = _number(crc, marks.orders[order, 0], 0)
        crc = _number(crc, marks.orders[order, 2], 0)
        order = book.orders[order, engine.AFTER]
    return crc


@jit
def _number(crc: Any, digits: int, decimals: int) -> Any:
    scale = 1
    count = 1
    while digits // scale >= 10 or count <= decimals:
        scale *= 10
        count += 1
    while count > 0:
        crc = _byte(crc, _ZERO + digits // scale % 10)
        count -= 1
        scale //= 10
        if count == decimals and decimals > 0:
            crc = _byte(crc, _DOT)
    return crc


@jit
def _byte(crc: Any, byte: int) -> Any:
    return np.uint32(_TABLE[(crc ^ np.uint32(byte)) & np.uint32(255)] ^ (crc >> np.uint32(8)))
