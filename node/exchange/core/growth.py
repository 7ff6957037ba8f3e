"""Growth: more room for a market, once its kernel stopped for want of it."""

import numpy as np

from node.exchange.core import marks, replay, state
from node.exchange.core.state import Market


def fitted(market: Market) -> Market:
    """A market with room for one command more; the same one where it has it."""
    while not replay.room(market):
        market = marks.grown(market) if marks.full(market) else state.grown(market)
    return market


def widened(market: Market, accounts: int) -> Market:
    """The same perpetual market with positions of so many accounts."""
    positions = np.zeros(accounts, market.positions.dtype)
    positions[: len(market.positions)] = market.positions
    return market._replace(positions=positions)
