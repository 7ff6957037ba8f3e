"""Expiry: what happens by time alone: orders that end, and a pause that does."""

import numpy as np

from node.exchange.core import heap
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import EXPIRES, EXPIRING, NEVER, NONE, Market

U = np.uint64


@jit
def watch(market: Market, slot: Int) -> None:
    """Lets an order end at the time of its terms."""
    market.nodes[U(slot)].rare |= EXPIRES
    heap.push(market, EXPIRING, slot, market.terms[U(slot)].expiry)
    plan(market)


@jit
def forget(market: Market, slot: Int) -> None:
    """An order left before its time."""
    heap.remove(market, EXPIRING, slot)
    plan(market)


@jit
def plan(market: Market) -> None:
    """Finds out when the next thing is due."""
    state = market.state[0]
    first = market.heaps[U(EXPIRING), U(0)].key if market.heap_count[U(EXPIRING)] > 0 else NEVER
    state.due = min(first, state.resume)


@jit
def ended(market: Market) -> Int:
    """The order that ends at the time that is due; NONE where a pause does."""
    state = market.state[0]
    return NONE if state.resume == state.due else int(market.heaps[U(EXPIRING), U(0)].slot)
