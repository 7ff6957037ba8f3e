"""Growth: a book with more room."""

import numpy as np

from atom.book.engine import AFTER, FREE_LEVEL, FREE_ORDER, HEAD, ID, Arrays, chain, jit, place_of

_NONE = -1


def grown(book: Arrays) -> Arrays:
    """The same book with room for twice as much of what it is out of."""
    if book.counts.max() == book.keys.shape[1]:
        keys, slots = (np.concatenate((each, np.zeros_like(each)), axis=1) for each in (book.keys, book.slots))
        levels = np.concatenate((book.levels, np.zeros_like(book.levels)))
        chain(levels, HEAD, len(book.levels), book.state, FREE_LEVEL)
        book = book._replace(keys=keys, slots=slots, levels=levels)
    if book.state[FREE_ORDER] == _NONE:
        old = len(book.orders)
        orders = np.concatenate((book.orders, np.zeros_like(book.orders)))
        book = book._replace(orders=orders, table=np.zeros(2 * len(book.table), np.int64))
        _enter(book, old)
        chain(orders, AFTER, old, book.state, FREE_ORDER)
    return book


@jit
def _enter(book: Arrays, count: int) -> None:
    """Enters the first orders of the pool, all of which are in use, into an empty table."""
    for slot in range(count):
        book.table[place_of(book, book.orders[slot, ID])] = slot + 1
