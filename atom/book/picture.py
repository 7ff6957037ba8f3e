"""Pictures: a book as the rows that make it again, queues in their order."""

import numpy as np

from atom.book import engine
from atom.book.book import Book
from atom.book.engine import COUNT, HEAD, ID, PRICE, REST, SIZE, Arrays, Ints
from atom.events import Action, Flag, Rows, Side, empty

_NONE = -1
_BY_ORDER, _BY_PRICE = 0, 1
_FIELDS = 5  # what, side, price, size, order id


def picture(book: Book) -> Rows:
    """Rows of the dtype `atom.events.BOOK` that make any book this one, valid or not; their times are 0.

    `unknown_deletes` is no part of it.
    """
    arrays = book.arrays
    told = np.zeros((2 * int(arrays.counts.sum()) + int(arrays.state[engine.ORDERS]), _FIELDS), np.int64)
    told = told[: _told(arrays, told)]
    rows = empty("book", 1 + len(told))
    rows["action"], rows["action"][0] = Action.ADD, Action.CLEAR
    rows["flags"][0] = Flag.BY_PRICE | Flag.NO_ORDER
    rows["flags"][1:] = np.where(told[:, 0] == _BY_PRICE, int(Flag.BY_PRICE | Flag.NO_ORDER), 0)
    rows["side"][1:] = np.where(told[:, 1] == 0, Side.BID, Side.ASK)
    for place, name in enumerate(("price", "size", "order_id"), start=2):
        rows[name][1:] = told[:, place]
    if book.valid:
        rows["flags"] |= np.uint16(Flag.SNAPSHOT)
        rows["flags"][-1] |= np.uint16(Flag.LAST)
    return rows


@engine.jit
def _told(book: Arrays, rows: Ints) -> int:
    """Fills in what each level holds; the number of rows."""
    at = 0
    for side in range(2):
        for index in range(book.counts[side]):
            level = book.levels[book.slots[side, index]]
            slot, rest = level[HEAD], level[SIZE]
            if level[COUNT] > 0:
                while slot != _NONE:
                    order = book.orders[slot]
                    rows[at, 0], rows[at, 1], rows[at, 2] = _BY_ORDER, side, level[PRICE]
                    rows[at, 3], rows[at, 4] = order[REST], order[ID]
                    rest -= order[REST]
                    slot = order[engine.AFTER]
                    at += 1
            if level[COUNT] == 0 or rest != 0:
                rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3] = _BY_PRICE, side, level[PRICE], level[SIZE]
                at += 1
    return at
