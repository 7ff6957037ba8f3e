"""Heap: orders sorted by a key, of those that wait for a price then by `trail`, and then by their id. Each may be taken
out at any time.
"""

import numpy as np

from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import EXPIRING, Market

U = np.uint64


@jit
def push(market: Market, heap: Int, slot: Int, key: Int) -> None:
    """Puts an order in; it must not be there."""
    at = market.heap_count[U(heap)]
    market.heap_count[U(heap)] = at + 1
    _up(market, heap, at, slot, key)


@jit
def remove(market: Market, heap: Int, slot: Int) -> None:
    """Takes an order out; it must be there."""
    count = market.heap_count[U(heap)] - 1
    market.heap_count[U(heap)] = count
    at = np.int64(market.heap_at[U(heap), U(slot)])
    if at == count:
        return
    last = market.heaps[U(heap), U(count)]
    moved, key = last.slot, last.key
    if at > 0 and _first(market, heap, key, moved, (at - 1) >> 1):
        _up(market, heap, at, moved, key)
    else:
        _down(market, heap, at, moved, key)


@jit
def _first(market: Market, heap: Int, key: Int, slot: Int, at: Int) -> bool:
    """Whether an order comes before the one that stands at a place."""
    other = market.heaps[U(heap), U(at)]
    if key != other.key:
        return bool(key < other.key)
    if heap != EXPIRING:
        mine, theirs = market.terms[U(slot)].trail, market.terms[U(other.slot)].trail
        if mine != theirs:
            return bool(mine < theirs)
    return bool(market.nodes[U(slot)].id < market.nodes[U(other.slot)].id)


@jit
def _put(market: Market, heap: Int, at: Int, slot: Int, key: Int) -> None:
    row = market.heaps[U(heap), U(at)]
    row.key, row.slot = key, slot
    market.heap_at[U(heap), U(slot)] = at


@jit
def _up(market: Market, heap: Int, at: Int, slot: Int, key: Int) -> None:
    while at > 0:
        parent = (at - 1) >> 1
        if not _first(market, heap, key, slot, parent):
            break
        row = market.heaps[U(heap), U(parent)]
        _put(market, heap, at, row.slot, row.key)
        at = parent
    _put(market, heap, at, slot, key)


@jit
def _down(market: Market, heap: Int, at: Int, slot: Int, key: Int) -> None:
    count = market.heap_count[U(heap)]
    while 2 * at + 1 < count:
        child = 2 * at + 1
        row = market.heaps[U(heap), U(child)]
        if child + 1 < count:
            other = market.heaps[U(heap), U(child + 1)]
            if _first(market, heap, other.key, other.slot, child):
                child, row = child + 1, other
        if _first(market, heap, key, slot, child):
            break
        _put(market, heap, at, row.slot, row.key)
        at = child
    _put(market, heap, at, slot, key)
