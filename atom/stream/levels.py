"""Levels: a book that tells, message by message, which of its levels changed, and what became of its orders."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from atom.book import Book, engine
from atom.book.growth import grown
from atom.events import Action, Flag, Rows

ENDED, VALID = 0, 1
"""Of a row of tops."""

_ADD, _MODIFY, _CANCEL, _FILL, _CLEAR = (int(action) for action in Action)
_BY_PRICE, _LAST, _WHOLE = int(Flag.BY_PRICE), int(Flag.LAST), int(Flag.SNAPSHOT | Flag.LAST)
_DONE, _FULL, _SNAPSHOT = range(3)
_ROW, _TOPS, _TOLD, _SINCE, _CHANGED, _CHANGED_SINCE = range(6)
_TOLD_FIELDS, _CHANGE_FIELDS = 4, 6


class Stretch(NamedTuple):
    """Some messages of the book, one after the other.

    Attributes:
        tops: of each message: its last row, valid, bid price and size, ask price and size; a size of 0 is no such side.
        levels: message, side (0 bid, 1 ask), price, size after it; 0 is a level that is gone. A level may be named
            twice, and then with the same size.
        changes: where they are wanted, what became of orders: message, action, side, price, size, id. ADD joins the end
            of its queue; MODIFY sets price and size, and keeps its place at the same price and a size no larger, else
            goes to the end; CANCEL takes all that rests, which is its size; FILL takes its size off.
    """

    tops: engine.Ints
    levels: engine.Ints
    changes: engine.Ints


class LevelBook(Book):
    """A book of one instrument that is followed level by level, whether its venue tells of levels or of orders."""

    def follow(self, rows: Rows, *, orders: bool = False) -> Iterator[Stretch]:
        """Applies rows of the dtype `atom.events.BOOK`, which hold whole messages.

        A stretch ends with each full picture and with the rows, and the book then stands where the stretch ends.

        Args:
            rows: in order.
            orders: whether what became of orders is wanted.
        """
        out = Stretch(
            np.zeros((len(rows), engine.TOP_FIELDS), np.int64),
            np.zeros((2 * len(rows), _TOLD_FIELDS), np.int64),
            np.zeros((2 * len(rows) if orders else 0, _CHANGE_FIELDS), np.int64),
        )
        at = np.zeros(6, np.int64)
        done, first = _SNAPSHOT, (0, 0, 0)
        while done != _DONE:
            done = _follow(self._arrays, rows, out, at)
            if done == _FULL:
                self._arrays = grown(self._arrays)
                continue
            last = int(at[_TOPS]), int(at[_TOLD]), int(at[_CHANGED])
            if last[0] > first[0]:
                told = out.levels[first[1] : last[1]]
                changed = out.changes[first[2] : last[2]]
                told[:, 0] -= first[0]
                changed[:, 0] -= first[0]
                yield Stretch(out.tops[first[0] : last[0]], told, changed)
            first = last


@engine.jit
def _follow(book: engine.Arrays, rows: Rows, out: Stretch, at: engine.Ints) -> int:
    """Applies rows until there is no room, or a full picture is whole, or the end."""
    tops, levels, changes = out.tops, out.levels, out.changes
    while at[_ROW] < len(rows):
        row = at[_ROW]
        change, told, changed = rows[row], at[_TOLD], at[_CHANGED]
        if change.action != _CLEAR:
            if not change.flags & _BY_PRICE:  # where the order was
                slot = engine.slot_of(book, change.order_id)
                if slot >= 0:
                    levels[told, 1] = book.orders[slot, engine.SIDE]
                    levels[told, 2] = book.levels[book.orders[slot, engine.LEVEL], engine.PRICE]
                    told += 1
            if change.flags & _BY_PRICE or change.action in (_ADD, _MODIFY):
                levels[told, 1] = 0 if change.side == 1 else 1
                levels[told, 2] = change.price
                told += 1
            if len(changes) > 0 and not change.flags & _BY_PRICE:
                changed = _became(book, change, changes, changed)
        reached, noted = engine.run(book, rows[: row + 1], row, tops, at[_TOPS])
        if reached == row:
            return _FULL
        at[_ROW] = reached
        at[_TOLD], at[_CHANGED] = told, changed
        if noted > at[_TOPS]:
            for index in range(at[_SINCE], told):
                levels[index, 0] = at[_TOPS]
                levels[index, 3] = _size(book, levels[index, 1], levels[index, 2])
            for index in range(at[_CHANGED_SINCE], changed):
                changes[index, 0] = at[_TOPS]
            at[_TOPS], at[_SINCE], at[_CHANGED_SINCE] = noted, told, changed
            if change.flags & _WHOLE == _WHOLE:
                return _SNAPSHOT
    return _DONE


@engine.jit
def _became(book: engine.Arrays, change: Any, changes: engine.Ints, at: int) -> int:
    """Notes what a row will do to the order that it names, in at most two steps; where the next note goes."""
    slot, side = engine.slot_of(book, change.order_id), 0 if change.side == 1 else 1
    size = int(change.size)
    sets = change.action in (_ADD, _MODIFY) and size > 0
    if slot < 0:
        return _note(changes, at, (_ADD, side, int(change.price), size, int(change.order_id))) if sets else at
    held, rest = int(book.orders[slot, engine.SIDE]), int(book.orders[slot, engine.REST])
    price = int(book.levels[book.orders[slot, engine.LEVEL], engine.PRICE])
    if change.action == _FILL:
        size = min(size, rest)
        return _note(changes, at, (_FILL, held, price, size, int(change.order_id))) if size != 0 else at
    if change.action == _MODIFY and sets:
        return _note(changes, at, (_MODIFY, side, int(change.price), size, int(change.order_id)))
    at = _note(changes, at, (_CANCEL, held, price, rest, int(change.order_id)))
    return _note(changes, at, (_ADD, side, int(change.price), size, int(change.order_id))) if sets else at


@engine.jit
def _note(changes: engine.Ints, at: int, told: tuple[int, int, int, int, int]) -> int:
    for place in range(5):
        changes[at, 1 + place] = told[place]
    return at + 1


@engine.jit
def _size(book: engine.Arrays, side: int, price: int) -> int:
    key = price if side == 0 else -price
    index = engine.find(book, side, key)
    if index == book.counts[side] or book.keys[side, index] != key:
        return 0
    return int(book.levels[book.slots[side, index], engine.SIZE])
