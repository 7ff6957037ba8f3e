"""What is seen of a book that is whole: top, depth, imbalances, clusters. Kernels.

A book is sound while it is valid, has both sides and is not crossed; any other gives null. What is told in basis points
of the mid is null where that is not above zero.
"""

from typing import Final

import numpy as np

from atom.book.engine import COUNT, PRICE, SIZE, VALID, Arrays, jit
from atom.instrument import Floats
from atom.metrics import top
from atom.metrics.machine import ASK, ASK_SIZE, BID, BID_SIZE, LEVELS, RANGE, WIDTH, State, price, size

VIEW: Final = ("mid", "spread", "imbalance", "microprice", "imbalance_levels", "imbalance_orders")
"""Metrics of the book after a message; then the depths of bids and asks by distance."""

_MID, _SPREAD, _IMBALANCE, _MICRO, _OF_LEVELS, _OF_ORDERS, _DEPTHS = range(7)
_BPS: Final = 10_000


@jit
def is_sound(book: Arrays) -> bool:
    """Whether a market stands in the book: valid, with both sides, not crossed."""
    if book.state[VALID] == 0 or book.counts[0] == 0 or book.counts[1] == 0:
        return False
    return bool(book.keys[0, book.counts[0] - 1] < -book.keys[1, book.counts[1] - 1])


@jit
def look(book: Arrays, state: State) -> None:
    """Takes the metrics of a sound book into `state.seen`, and its top into `state.ints`."""
    ints, seen = state.ints, state.seen
    bid, ask = book.slots[0, book.counts[0] - 1], book.slots[1, book.counts[1] - 1]
    ints[BID], ints[BID_SIZE] = book.levels[bid, PRICE], book.levels[bid, SIZE]
    ints[ASK], ints[ASK_SIZE] = book.levels[ask, PRICE], book.levels[ask, SIZE]
    best_bid, best_ask = price(state, ints[BID]), price(state, ints[ASK])
    bid_size, ask_size = size(state, ints[BID_SIZE]), size(state, ints[ASK_SIZE])
    seen[_MID] = top.mid(best_bid, best_ask, bid_size, ask_size)
    seen[_SPREAD] = top.spread(best_bid, best_ask, bid_size, ask_size)
    seen[_IMBALANCE] = top.imbalance(best_bid, best_ask, bid_size, ask_size)
    seen[_MICRO] = top.microprice(best_bid, best_ask, bid_size, ask_size)
    bids, bid_orders = _best(book, 0, ints[LEVELS])
    asks, ask_orders = _best(book, 1, ints[LEVELS])
    seen[_OF_LEVELS] = top.imbalance(best_bid, best_ask, size(state, bids), size(state, asks))
    seen[_OF_ORDERS] = top.imbalance(best_bid, best_ask, float(bid_orders), float(ask_orders))
    for side in range(2):
        _depth(book, state, side)


@jit
def _best(book: Arrays, side: int, levels: int) -> tuple[int, int]:
    """Lots and orders of the best levels of a side."""
    lots = orders = 0
    for at in range(book.counts[side] - 1, max(-1, book.counts[side] - 1 - levels), -1):
        lots += book.levels[book.slots[side, at], SIZE]
        orders += book.levels[book.slots[side, at], COUNT]
    return lots, orders


@jit
def _depth(book: Arrays, state: State, side: int) -> None:
    """Size within each distance of the mid: 2 * mid is a whole number of ticks, so the bound is exact."""
    twice, sign = state.ints[BID] + state.ints[ASK], 1 - 2 * side
    lots, at = 0, book.counts[side] - 1
    for index in range(len(state.depths)):
        limit = sign * twice * (_BPS - sign * state.depths[index])
        while at >= 0 and 2 * _BPS * book.keys[side, at] >= limit:
            lots += book.levels[book.slots[side, at], SIZE]
            at -= 1
        state.seen[_DEPTHS + 2 * index + side] = size(state, lots) if twice > 0 else np.nan


@jit
def profile(book: Arrays, state: State, side: int) -> int:
    """Takes the lots of a side by distance from the mid into `state.profile`, and tells their sum."""
    state.profile[:] = 0
    twice, sign = state.ints[BID] + state.ints[ASK], 1 - 2 * side
    if twice <= 0:
        return 0
    step = twice * state.ints[WIDTH]
    bucket, edge, total = 0, step, 0
    for at in range(book.counts[side] - 1, -1, -1):
        away = _BPS * (sign * twice - 2 * book.keys[side, at])  # in bps of the mid, times 2 * mid
        if away >= twice * state.ints[RANGE]:
            break
        while away >= edge:
            bucket += 1
            edge += step
        lots = book.levels[book.slots[side, at], SIZE]
        state.profile[bucket] += lots
        total += lots
    return int(total)


@jit
def cluster(book: Arrays, state: State, side: int, out: Floats) -> None:
    """The bucket of prices that holds most of a side: how far its middle is from the mid, its share of the range."""
    out[0] = out[1] = np.nan
    total = profile(book, state, side)
    if total == 0:
        return
    most = 0
    for bucket in range(1, len(state.profile)):
        if state.profile[bucket] > state.profile[most]:
            most = bucket
    out[0] = (most + 0.5) * state.ints[WIDTH]
    out[1] = float(state.profile[most]) / float(total)
