"""Pool: the places that orders' nodes are in; the last one given back is the first to be taken."""

import numpy as np

from node.exchange.core import own
from node.exchange.core.compiled import Int, inlined
from node.exchange.core.state import ICEBERG, NONE, RECORDED, Market

U = np.uint64


@inlined
def take(market: Market) -> Int:
    """A free place; there must be one."""
    state = market.state[0]
    slot = state.free
    if slot != NONE:
        state.free = market.nodes[U(slot)].after
    else:
        slot = state.fresh
        state.fresh += 1
    state.live += 1
    return int(slot)


@inlined
def give(market: Market, slot: Int) -> None:
    """Gives a place back; whoever knows the order's id finds it no more."""
    state, node = market.state[0], market.nodes[U(slot)]
    if node.rare:
        state.rare -= 1
        if node.rare & ICEBERG:
            state.parts -= market.terms[U(slot)].parts
    if node.flags & RECORDED:
        market.replay[0].nodes -= 1
    else:
        own.leave(market, slot)
    node.id = 0
    node.after = state.free
    state.free = slot
    state.live -= 1
