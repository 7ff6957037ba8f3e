"""Queues: who waits at a level, and who before whom."""

from atom.book import engine
from atom.book.engine import Arrays, jit

_NONE = -1


@jit
def ahead(book: Arrays, order_id: int) -> tuple[int, int]:
    """Orders before an order in its queue, and their size; -1 where the book does not hold it."""
    slot = book.table[engine.place_of(book, order_id)] - 1
    if slot == _NONE:
        return _NONE, _NONE
    number = size = 0
    slot = book.orders[slot, engine.BEFORE]
    while slot != _NONE:
        number += 1
        size += book.orders[slot, engine.REST]
        slot = book.orders[slot, engine.BEFORE]
    return number, size


def queue(book: Arrays, side: int, price: int) -> list[tuple[int, int]]:
    """Id and size of the orders of a level, the one to be filled first first."""
    at, found = engine.find(book, side, engine.key_of(side, price)), []
    if at < book.counts[side] and book.keys[side, at] == engine.key_of(side, price):
        slot = book.levels[book.slots[side, at], engine.HEAD]
        while slot != _NONE:
            found.append((int(book.orders[slot, engine.ID]), int(book.orders[slot, engine.REST])))
            slot = book.orders[slot, engine.AFTER]
    return found
