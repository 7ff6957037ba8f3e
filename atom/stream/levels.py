"""Levels: a book that tells, message by message, which of its levels changed and how large they are now."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from atom.book import Book, engine
from atom.book.growth import grown
from atom.events import Action, Flag, Rows

_ADD, _MODIFY, _CLEAR = int(Action.ADD), int(Action.MODIFY), int(Action.CLEAR)
_BY_PRICE, _LAST, _WHOLE = int(Flag.BY_PRICE), int(Flag.LAST), int(Flag.SNAPSHOT | Flag.LAST)
_DONE, _FULL, _SNAPSHOT = range(3)
_ROW, _TOPS, _TOLD, _SINCE = range(4)
_TOLD_FIELDS = 4


class Stretch(NamedTuple):
    """Some messages of the book, one after the other.

    Attributes:
        tops: of each message: its last row, valid, bid price and size, ask price and size; a size of 0 is no such side.
        levels: message, side (0 bid, 1 ask), price, size after it; 0 is a level that is gone. A level may be named
            twice, and then with the same size.
    """

    tops: engine.Ints
    levels: engine.Ints


class LevelBook(Book):
    """A book of one instrument that is followed level by level, whether its venue tells of levels or of orders."""

    def follow(self, rows: Rows) -> Iterator[Stretch]:
        """Applies rows of the dtype `atom.events.BOOK`, which hold whole messages.

        A stretch ends with each full picture and with the rows, and the book then stands where the stretch ends.
        """
        tops = np.zeros((len(rows), engine.TOP_FIELDS), np.int64)
        levels = np.zeros((2 * len(rows), _TOLD_FIELDS), np.int64)
        at = np.zeros(4, np.int64)
        done, first = _SNAPSHOT, (0, 0)
        while done != _DONE:
            done = _follow(self._arrays, rows, tops, levels, at)
            if done == _FULL:
                self._arrays = grown(self._arrays)
                continue
            last = int(at[_TOPS]), int(at[_TOLD])
            if last[0] > first[0]:
                told = levels[first[1] : last[1]]
                told[:, 0] -= first[0]
                yield Stretch(tops[first[0] : last[0]], told)
            first = last


@engine.jit
def _follow(book: engine.Arrays, rows: Rows, tops: engine.Ints, levels: engine.Ints, at: engine.Ints) -> int:
    """Applies rows until there is no room, or a full picture is whole, or the end."""
    while at[_ROW] < len(rows):
        row = at[_ROW]
        change, told = rows[row], at[_TOLD]
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
        reached, noted = engine.run(book, rows[: row + 1], row, tops, at[_TOPS])
        if reached == row:
            return _FULL
        at[_ROW] = reached
        at[_TOLD] = told
        if noted > at[_TOPS]:
            for index in range(at[_SINCE], told):
                levels[index, 0] = at[_TOPS]
                levels[index, 3] = _size(book, levels[index, 1], levels[index, 2])
            at[_TOPS], at[_SINCE] = noted, told
            if change.flags & _WHOLE == _WHOLE:
                return _SNAPSHOT
    return _DONE


@engine.jit
def _size(book: engine.Arrays, side: int, price: int) -> int:
    key = price if side == 0 else -price
    index = engine.find(book, side, key)
    if index == book.counts[side] or book.keys[side, index] != key:
        return 0
    return int(book.levels[book.slots[side, index], engine.SIZE])
