"""Far: the levels below a side's window, in ascending order of their keys.

They lie in blocks, and `far_blocks` tells the order of these; two neighbours hold more than JOINED levels together. So
one that comes or goes moves no more than the rows of its block, and there are never more blocks than room was made for.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import BLOCK, JOINED, NONE, Market

U = np.uint64
LOWEST = -(1 << 62)
"""No level has so low a key."""


@jit
def _row(market: Market, side: Int, at: Int, row: Int) -> Any:
    return market.far[U(side), U(market.far_blocks[U(side), U(at)]), U(row)]


@jit
def _used(market: Market, side: Int, at: Int) -> Int:
    return int(market.far_used[U(side), U(market.far_blocks[U(side), U(at)])])


@jit
def _use(market: Market, side: Int, at: Int, count: Int) -> None:
    market.far_used[U(side), U(market.far_blocks[U(side), U(at)])] = count


@jit
def _find(market: Market, side: Int, key: Int) -> tuple[Int, Int]:
    """The block that a key belongs to, and its first row there that is not below the key; one past the last where all
    are.
    """
    low: Int = 0
    high = market.far_count[U(side)] - 1
    if high < 0:
        return 0, 0
    while low < high:
        middle = (low + high + 1) >> 1
        if _row(market, side, middle, 0).key <= key:
            low = middle
        else:
            high = middle - 1
    first: Int = 0
    past = _used(market, side, low)
    while first < past:
        middle = (first + past) >> 1
        if _row(market, side, low, middle).key < key:
            first = middle + 1
        else:
            past = middle
    return int(low), int(first)


@jit
def holds(market: Market, side: Int, key: Int) -> bool:
    """Whether an order rests at a key."""
    if market.far_count[U(side)] == 0:
        return False
    at, row = _find(market, side, key)
    return bool(row < _used(market, side, at) and _row(market, side, at, row).key == key)


@jit
def level(market: Market, side: Int, key: Int) -> Any:
    """The level of a key at which an order rests."""
    at, row = _find(market, side, key)
    return _row(market, side, at, row)


@jit
def worse(market: Market, side: Int, key: Int) -> Int:
    """The best key below `key` at which an order rests; LOWEST where there is none."""
    if market.far_count[U(side)] == 0:
        return LOWEST
    at, row = _find(market, side, key)
    if row == 0:
        at -= 1
        if at < 0:
            return LOWEST
        row = _used(market, side, at)
    return int(_row(market, side, at, row - 1).key)


@jit
def make(market: Market, side: Int, key: Int) -> Any:
    """The level of a key, made where no order rests there yet."""
    if holds(market, side, key):
        return level(market, side, key)
    at, row = _find(market, side, key)
    count = market.far_count[U(side)]
    if count == 0 or (at == count - 1 and row == _used(market, side, at)):
        return append(market, side, key)
    if _used(market, side, at) == BLOCK:
        _split(market, side, at)
        at, row = _find(market, side, key)
    past = _used(market, side, at)
    for place in range(past, row, -1):
        _copy(_row(market, side, at, place - 1), _row(market, side, at, place))
    _use(market, side, at, past + 1)
    return _begin(_row(market, side, at, row), key)


@jit
def append(market: Market, side: Int, key: Int) -> Any:
    """A new level that is better than all others."""
    at = market.far_count[U(side)] - 1
    if at < 0 or _used(market, side, at) == BLOCK:
        at += 1
        _insert(market, side, at)
    row = _used(market, side, at)
    _use(market, side, at, row + 1)
    return _begin(_row(market, side, at, row), key)


@jit
def _begin(row: Any, key: Int) -> Any:
    row.key, row.head, row.tail, row.size, row.orders = key, NONE, NONE, 0, 0
    return row


@jit
def remove(market: Market, side: Int, key: Int) -> None:
    """Takes out the level of a key, which is empty."""
    at, row = _find(market, side, key)
    count = _used(market, side, at) - 1
    for place in range(row, count):
        _copy(_row(market, side, at, place + 1), _row(market, side, at, place))
    _use(market, side, at, count)
    if count == 0:
        _drop(market, side, at)
    else:
        _join(market, side, at)
    _join(market, side, at - 1)


@jit
def last(market: Market, side: Int) -> Any:
    """The best far level; there must be one."""
    at = market.far_count[U(side)] - 1
    return _row(market, side, at, _used(market, side, at) - 1)


@jit
def remove_last(market: Market, side: Int) -> None:
    """Takes out the best far level."""
    at = market.far_count[U(side)] - 1
    count = _used(market, side, at) - 1
    _use(market, side, at, count)
    if count == 0:
        _drop(market, side, at)


@jit
def settle(market: Market, side: Int) -> None:
    """After levels were removed from the end: the last block may join the one before it."""
    _join(market, side, market.far_count[U(side)] - 2)


@jit
def _insert(market: Market, side: Int, at: Int) -> None:
    """A new block, empty, at a place of the order; blocks in no use stand behind those in use."""
    blocks, count = market.far_blocks[U(side)], market.far_count[U(side)]
    new = blocks[U(count)]
    for place in range(count, at, -1):
        blocks[U(place)] = blocks[U(place - 1)]
    blocks[U(at)] = new
    market.far_count[U(side)] = count + 1
    _use(market, side, at, 0)


@jit
def _drop(market: Market, side: Int, at: Int) -> None:
    blocks, count = market.far_blocks[U(side)], market.far_count[U(side)] - 1
    old = blocks[U(at)]
    for place in range(at, count):
        blocks[U(place)] = blocks[U(place + 1)]
    blocks[U(count)] = old
    market.far_count[U(side)] = count


@jit
def _split(market: Market, side: Int, at: Int) -> None:
    """Moves the upper half of a full block to a new one; each half joins its other neighbour where it may."""
    _insert(market, side, at + 1)
    half = BLOCK // 2
    for row in range(half):
        _copy(_row(market, side, at, half + row), _row(market, side, at + 1, row))
    _use(market, side, at, half)
    _use(market, side, at + 1, half)
    _join(market, side, at + 1)
    _join(market, side, at - 1)


@jit
def _join(market: Market, side: Int, at: Int) -> None:
    """A block and the next one become one, where that leaves room."""
    if at < 0 or at + 1 >= market.far_count[U(side)]:
        return
    count, more = _used(market, side, at), _used(market, side, at + 1)
    if count + more > JOINED:
        return
    for row in range(more):
        _copy(_row(market, side, at + 1, row), _row(market, side, at, count + row))
    _use(market, side, at, count + more)
    _drop(market, side, at + 1)


@jit
def _copy(source: Any, target: Any) -> None:
    target.key, target.head, target.tail = source.key, source.head, source.tail
    target.size, target.orders = source.size, source.orders


def held(market: Market, side: int) -> npt.NDArray[Any]:
    """The far levels of a side, ascending; a copy of dtype FAR."""
    blocks = market.far_blocks[side, : market.far_count[side]]
    return np.concatenate(
        [market.far[side, :0, 0], *(market.far[side, at, : market.far_used[side, at]] for at in blocks)]
    )
