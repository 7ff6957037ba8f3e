"""Queue: orders that woke and are to run, in the order of their waking."""

import numpy as np

from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import NONE, QUEUED, Market

U = np.uint64


@jit
def push(market: Market, slot: Int) -> None:
    """Puts an order that stands nowhere at the end."""
    state, node = market.state[0], market.nodes[U(slot)]
    node.rare |= QUEUED
    node.before, node.after = state.tail, NONE
    if state.tail == NONE:
        state.head = slot
    else:
        market.nodes[U(state.tail)].after = slot
    state.tail = slot


@jit
def remove(market: Market, slot: Int) -> None:
    """Takes an order out of it."""
    state, node = market.state[0], market.nodes[U(slot)]
    node.rare &= ~QUEUED & 255
    if node.before == NONE:
        state.head = node.after
    else:
        market.nodes[U(node.before)].after = node.after
    if node.after == NONE:
        state.tail = node.before
    else:
        market.nodes[U(node.after)].before = node.before
