"""The order book as numba kernels over arrays: by order with queues, by price, or both. Pure; no I/O, no clock.

A side is a sorted array of levels with the best one last, where most changes are: finding one takes a few steps, and
inserting moves few others. Orders are slots of a pool, found by id through a table with linear probing, and linked at
their level in the order in which they will be filled.

A kernel that runs out of room returns the row it has come to, changes nothing of it, and goes on there once its caller
has made more.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt

from atom.book.freshness import track
from atom.events import Action, Flag, Side

Ints = npt.NDArray[np.int64]

PRICE, SIZE, COUNT, HEAD, TAIL = range(5)
"""Fields of a level: its price, size, orders, first and last order. A free one has the next free one as HEAD."""

ID, SIDE, LEVEL, REST, BEFORE, AFTER = range(6)
"""Fields of an order: its level, what rests of its size, its neighbours in the queue. A free one has the next AFTER."""

VALID, UNKNOWN, ORDERS, FREE_ORDER, FREE_LEVEL, SALT = range(6)
"""Fields of the state: whether it stands on a whole snapshot, deletes of what it does not hold, orders, the first free
order and level, what the places of ids depend on."""

TOP_FIELDS = 6
"""Of a row of tops: row, valid, bid price and size, ask price and size; a size of 0 is no such side."""

_NONE = -1
_NEAR = 16  # levels from the best that are looked at first
_ADD, _MODIFY, _CANCEL, _FILL, _CLEAR = (int(action) for action in Action)
_BID, _BY_PRICE, _LAST = int(Side.BID), int(Flag.BY_PRICE), int(Flag.LAST)
_WHOLE = int(Flag.SNAPSHOT | Flag.LAST)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # an odd number whose product mixes all bits of an id into the upper ones
_SALT: Final = secrets.randbits(63) | 1  # or ids could be chosen that all want one place; no answer depends on it

_Function = TypeVar("_Function", bound=Callable[..., Any])


def jit(function: _Function) -> _Function:
    """Compiles a kernel once a machine. It makes no arrays, so none of them is counted."""
    compiled: _Function = numba.njit(  # type: ignore[call-overload]  # `_nrt` is not in its types
        cache=True, nogil=True, boundscheck=False, _nrt=False
    )(function)
    track(compiled)
    return compiled


class Arrays(NamedTuple):
    """A book's memory.

    Attributes:
        keys: price times the side's sign (bids 1, asks -1), ascending; shape (2, levels).
        slots: where in `levels` the level of that key is, shape (2, levels).
        counts: levels of each side, shape (2,).
        levels: shape (2 * levels, 5).
        orders: shape (orders, 6).
        table: slot of an order + 1 by the place of its id, or 0; a power of two long, at least four times the orders.
        state: shape (7,).
    """

    keys: Ints
    slots: Ints
    counts: Ints
    levels: Ints
    orders: Ints
    table: Ints
    state: Ints


def empty(levels: int, orders: int) -> Arrays:
    """A book with room for so many levels a side, and for so many orders, a power of two."""
    shapes = ((2, levels), (2, levels), 2, (2 * levels, 5), (orders, 6), 4 * orders, 6)
    made = Arrays(*(np.zeros(shape, np.int64) for shape in shapes))
    made.state[SALT] = _SALT
    clear(made)
    return made


@jit
def chain(pool: Ints, following: int, first: int, state: Ints, head: int) -> None:
    """Adds the slots from `first` on to a pool's free ones."""
    for slot in range(first, len(pool)):
        pool[slot, following] = slot + 1
    pool[len(pool) - 1, following] = state[head] if first else _NONE
    state[head] = first


@jit
def clear(book: Arrays) -> None:
    """Empties a book and makes it invalid."""
    book.counts[:] = 0
    book.table[:] = 0
    book.state[VALID] = book.state[ORDERS] = 0
    chain(book.levels, HEAD, 0, book.state, FREE_LEVEL)
    chain(book.orders, AFTER, 0, book.state, FREE_ORDER)


@jit
def _wanted(book: Arrays, order_id: int) -> int:
    """Where an id would stand in an empty table."""
    mixed = np.uint64(order_id) * np.uint64(book.state[SALT])
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _SPREAD
    place: int = np.int64(mixed >> np.uint64(32)) & (len(book.table) - 1)  # type: ignore[assignment]  # numba's
    return place


@jit
def place_of(book: Arrays, order_id: int) -> int:
    """Where an id stands in the table, or would."""
    mask = len(book.table) - 1
    place = _wanted(book, order_id)
    while book.table[place] != 0 and book.orders[book.table[place] - 1, ID] != order_id:
        place = (place + 1) & mask
    return place


@jit
def slot_of(book: Arrays, order_id: int) -> int:
    """Where an order is in `orders`; -1 where the book does not hold it."""
    slot: int = book.table[place_of(book, order_id)] - 1
    return slot


@jit
def _vacate(book: Arrays, place: int) -> None:
    """Empties a place, and moves those after it up, so that each is still found."""
    mask = len(book.table) - 1
    hole = place
    place = (place + 1) & mask
    while book.table[place] != 0:
        wanted = _wanted(book, book.orders[book.table[place] - 1, ID])
        if ((place - wanted) & mask) >= ((place - hole) & mask):
            book.table[hole] = book.table[place]
            hole = place
        place = (place + 1) & mask
    book.table[hole] = 0


@jit
def key_of(side: int, price: int) -> int:
    """What a side is sorted by: the better the price, the greater."""
    return price if side == 0 else -price


@jit
def find(book: Arrays, side: int, key: int) -> int:
    """The index of the first level whose key is not below.

    Keys are distinct, so a key that is n ticks from the best is at most n levels from it: just there where no level is
    missing, as in a busy book.
    """
    row, one = np.uint64(side), np.uint64(1)
    count = book.counts[side]
    if count == 0:
        return 0
    top = book.keys[row, np.uint64(count - 1)]
    if key > top:
        return int(count)
    low, high = np.uint64(0), np.uint64(count)
    below = np.uint64(top) - np.uint64(key)  # without sign, since it may be more than int64 holds
    if below < high:
        low = high - one - below
        if book.keys[row, low] == key:
            return int(np.int64(low))
    if count > _NEAR:
        near = np.uint64(count - _NEAR)
        if near > low and book.keys[row, near] < key:
            low = near + one
        elif near > low:
            high = near
    while low < high:
        middle = (low + high) >> one
        if book.keys[row, middle] < key:
            low = middle + one
        else:
            high = middle
    return int(np.int64(low))


# An index without sign cannot count from the end, which numba would look for at every step: these become one move of
# memory.


@jit
def _push(book: Arrays, side: int, at: int) -> None:
    """Moves the levels that stand from `at` on one place up."""
    row, index, one = np.uint64(side), np.uint64(book.counts[side]), np.uint64(1)
    while index > np.uint64(at):
        book.keys[row, index] = book.keys[row, index - one]
        book.slots[row, index] = book.slots[row, index - one]
        index -= one


@jit
def _pull(book: Arrays, side: int, at: int) -> None:
    """Moves the levels that stand after `at` one place down."""
    row, index, one = np.uint64(side), np.uint64(at), np.uint64(1)
    count = np.uint64(book.counts[side])
    while index + one < count:
        book.keys[row, index] = book.keys[row, index + one]
        book.slots[row, index] = book.slots[row, index + one]
        index += one


@jit
def _open(book: Arrays, side: int, at: int, price: int) -> int:
    """Makes a level of nothing; its slot."""
    _push(book, side, at)
    book.counts[side] += 1
    slot: int = book.state[FREE_LEVEL]
    book.state[FREE_LEVEL] = book.levels[slot, HEAD]
    book.keys[side, at] = key_of(side, price)
    book.slots[side, at] = slot
    book.levels[slot, PRICE] = price
    book.levels[slot, SIZE] = book.levels[slot, COUNT] = 0
    book.levels[slot, HEAD] = book.levels[slot, TAIL] = _NONE
    return slot


@jit
def close(book: Arrays, side: int, at: int) -> None:
    """Takes a level out."""
    slot = book.slots[side, at]
    book.levels[slot, HEAD] = book.state[FREE_LEVEL]
    book.state[FREE_LEVEL] = slot
    _pull(book, side, at)
    book.counts[side] -= 1


@jit
def _by_price(book: Arrays, side: int, change: Any) -> None:
    """The whole size of a level; 0 removes it."""
    size = 0 if change.action == _CANCEL else change.size
    at = find(book, side, key_of(side, change.price))
    known = at < book.counts[side] and book.keys[side, at] == key_of(side, change.price)
    if size > 0:
        slot = book.slots[side, at] if known else _open(book, side, at, change.price)
        book.levels[slot, SIZE] = size
    elif known:
        _desert(book, book.slots[side, at])
        close(book, side, at)
    else:
        book.state[UNKNOWN] += 1


@jit
def _desert(book: Arrays, level: int) -> None:
    """Forgets the orders of a level that goes, where a book by order is told of a level all the same."""
    slot = book.levels[level, HEAD]
    while slot != _NONE:
        _vacate(book, place_of(book, book.orders[slot, ID]))
        after = book.orders[slot, AFTER]
        book.orders[slot, AFTER] = book.state[FREE_ORDER]
        book.state[FREE_ORDER] = slot
        book.state[ORDERS] -= 1
        slot = after


@jit
def _by_order(book: Arrays, side: int, change: Any) -> None:
    action, size = change.action, change.size
    place = place_of(book, change.order_id)
    slot = book.table[place] - 1
    if slot != _NONE:
        left = _left(book, slot, side, change)
        if left > 0:
            book.levels[book.orders[slot, LEVEL], SIZE] -= book.orders[slot, REST] - left
            book.orders[slot, REST] = left
            return
        _take(book, slot)
        _vacate(book, place)
        if size > 0 and action in (_ADD, _MODIFY):
            _rest(book, side, change, place_of(book, change.order_id))
    elif action in (_CANCEL, _FILL):
        book.state[UNKNOWN] += 1
    elif size > 0:
        _rest(book, side, change, place)


@jit
def _left(book: Arrays, slot: int, side: int, change: Any) -> int:
    """What is left of an order that keeps its place in the queue, as one does that becomes smaller; 0 for others."""
    rest, size = book.orders[slot, REST], int(change.size)
    if change.action == _FILL:
        return int(rest - size)
    same = side == book.orders[slot, SIDE] and change.price == book.levels[book.orders[slot, LEVEL], PRICE]
    return size if change.action == _MODIFY and size <= rest and same else 0


@jit
def _take(book: Arrays, slot: int) -> None:
    """Takes an order out of its queue, and its level out of the book if it was the last."""
    level, before, after = book.orders[slot, LEVEL], book.orders[slot, BEFORE], book.orders[slot, AFTER]
    if before == _NONE:
        book.levels[level, HEAD] = after
    else:
        book.orders[before, AFTER] = after
    if after == _NONE:
        book.levels[level, TAIL] = before
    else:
        book.orders[after, BEFORE] = before
    book.levels[level, SIZE] -= book.orders[slot, REST]
    book.levels[level, COUNT] -= 1
    if book.levels[level, COUNT] == 0:
        side, price = book.orders[slot, SIDE], book.levels[level, PRICE]
        close(book, side, find(book, side, key_of(side, price)))
    book.orders[slot, AFTER] = book.state[FREE_ORDER]
    book.state[FREE_ORDER] = slot
    book.state[ORDERS] -= 1


@jit
def _rest(book: Arrays, side: int, change: Any, place: int) -> None:
    """Puts an order at the end of its queue."""
    at = find(book, side, key_of(side, change.price))
    if at < book.counts[side] and book.keys[side, at] == key_of(side, change.price):
        level = book.slots[side, at]
    else:
        level = _open(book, side, at, change.price)
    slot = book.state[FREE_ORDER]
    book.state[FREE_ORDER] = book.orders[slot, AFTER]
    book.state[ORDERS] += 1
    book.table[place] = slot + 1
    last = book.levels[level, TAIL]
    order = book.orders[slot]
    order[ID], order[SIDE], order[LEVEL], order[REST] = change.order_id, side, level, change.size
    order[BEFORE], order[AFTER] = last, _NONE
    if last == _NONE:
        book.levels[level, HEAD] = slot
    else:
        book.orders[last, AFTER] = slot
    book.levels[level, TAIL] = slot
    book.levels[level, SIZE] += change.size
    book.levels[level, COUNT] += 1


@jit
def _note(book: Arrays, tops: Ints, at: int, row: int) -> None:
    tops[at, 0], tops[at, 1] = row, book.state[VALID]
    for side in range(2):
        there = book.state[VALID] == 1 and book.counts[side] > 0
        best = book.slots[side, book.counts[side] - 1] if there else 0
        tops[at, 2 + 2 * side] = book.levels[best, PRICE] if there else 0
        tops[at, 3 + 2 * side] = book.levels[best, SIZE] if there else 0


@jit
def run(book: Arrays, rows: Any, start: int, tops: Ints, noted: int) -> tuple[int, int]:
    """Applies rows of the dtype `atom.events.BOOK` from `start` on.

    Args:
        tops: where the top is noted after each message from the place `noted` on; of length 0 for nowhere.

    Returns:
        the row that there was no room for, or the number of rows; and how many tops there are.
    """
    for row in range(start, len(rows)):
        change, flag = rows[row], rows[row].flags
        if change.action == _CLEAR:
            if book.counts[0] or book.counts[1] or book.state[VALID]:
                clear(book)
        else:
            side = 0 if change.side == _BID else 1
            if book.counts[side] == book.keys.shape[1] or book.state[FREE_ORDER] == _NONE:
                return row, noted
            if flag & _BY_PRICE:
                _by_price(book, side, change)
            else:
                _by_order(book, side, change)
        if flag & _WHOLE == _WHOLE:
            book.state[VALID] = 1
        if flag & _LAST and len(tops) > 0:
            _note(book, tops, noted, row)
            noted += 1
    return len(rows), noted
