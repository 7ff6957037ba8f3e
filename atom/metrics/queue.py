"""How far an order is from being filled that joined the end of the best queue when the period began. Kernels.

By order it is exact: the last order ahead is remembered, and the one before it when that leaves. By price it is an
estimate: what is traded at the price is taken from the front, what else disappears is spread evenly over the queue.

Source: Moallemi and Yuan, "A model for queue position valuation in a limit order book", 2016; for the estimate by
price Rigtorp, "Estimating order queue position", 2013, with cancels in proportion to what stands ahead.
"""

from typing import Any, Final

import numpy as np

from atom.book.engine import (
    BEFORE,
    COUNT,
    PRICE,
    REST,
    SIDE,
    SIZE,
    TAIL,
    Arrays,
    find,
    jit,
)
from atom.book.engine import ID as ORDER_ID
from atom.events import Action, Flag, Side
from atom.metrics.machine import QUEUE_MARK, QUEUE_PRICE, QUEUE_SIZE, QUEUE_TRADED, State, size

_BY_PRICE, _BUY = int(Flag.BY_PRICE), int(Side.BID)
_MODIFY, _FILL, _CLEAR = int(Action.MODIFY), int(Action.FILL), int(Action.CLEAR)
_LEVELS: Final = -2  # marks of a queue by price, and of one that a new picture of the book has replaced
_LOST: Final = -3


@jit
def join(book: Arrays, state: State, side: int) -> None:
    """Puts an order at the end of the best queue of a sound book."""
    level, queue = book.slots[side, book.counts[side] - 1], state.queues[side]
    queue[QUEUE_PRICE], queue[QUEUE_SIZE] = book.levels[level, PRICE], book.levels[level, SIZE]
    queue[QUEUE_TRADED] = 0
    queue[QUEUE_MARK] = book.levels[level, TAIL] if book.levels[level, COUNT] else _LEVELS
    state.ahead[side] = size(state, queue[QUEUE_SIZE])


@jit
def before_row(book: Arrays, state: State, row: Any) -> None:
    """Remembers the order before the last one ahead, where a row takes that one from its place."""
    if row.flags & _BY_PRICE and row.action != _CLEAR:
        return
    for side in range(2):
        queue = state.queues[side]
        mark = queue[QUEUE_MARK]
        if mark < 0:
            continue
        if row.action == _CLEAR:
            queue[QUEUE_MARK] = _LOST
        elif book.orders[mark, ORDER_ID] == row.order_id:
            rest = book.orders[mark, REST]
            stays = row.action == _FILL and row.size < rest
            if row.action == _MODIFY and 0 < row.size <= rest and row.price == queue[QUEUE_PRICE]:
                stays = book.orders[mark, SIDE] == (0 if row.side == _BUY else 1)
            if not stays:
                queue[QUEUE_MARK] = book.orders[mark, BEFORE]


@jit
def trade(state: State, row: Any) -> None:
    """Notes what was traded at the price of a queue."""
    for side in range(2):
        queue = state.queues[side]
        if row.price == queue[QUEUE_PRICE] and (row.side == _BUY) == (side == 1) and row.side != 0 and row.size > 0:
            queue[QUEUE_TRADED] += row.size


@jit
def after_message(book: Arrays, state: State, side: int) -> None:
    """Brings what stands ahead up to date with a whole message."""
    queue = state.queues[side]
    if queue[QUEUE_MARK] == _LOST:
        state.ahead[side] = np.nan
        return
    if queue[QUEUE_MARK] != _LEVELS:
        ahead, order = 0, queue[QUEUE_MARK]
        while order >= 0:
            ahead += book.orders[order, REST]
            order = book.orders[order, BEFORE]
        state.ahead[side] = size(state, ahead)
        return
    key = queue[QUEUE_PRICE] if side == 0 else -queue[QUEUE_PRICE]
    at = find(book, side, key)
    there = at < book.counts[side] and book.keys[side, at] == key
    now = book.levels[book.slots[side, at], SIZE] if there else 0
    left = queue[QUEUE_SIZE] - queue[QUEUE_TRADED]  # of the level after the trades, if nobody cancelled
    ahead = max(0.0, state.ahead[side] - size(state, queue[QUEUE_TRADED]))
    if now < left:
        ahead *= float(now) / float(left)
    state.ahead[side] = min(ahead, size(state, now))
    queue[QUEUE_SIZE], queue[QUEUE_TRADED] = now, 0
