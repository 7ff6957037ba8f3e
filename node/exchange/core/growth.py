"""Growth: more room for a market, once its kernel stopped for want of it."""

from node.exchange.core import marks, replay, state
from node.exchange.core.state import Market


def fitted(market: Market) -> Market:
    """A market with room for one command more; the same one where it has it."""
    while not replay.room(market):
        market = marks.grown(market) if marks.full(market) else state.grown(market)
    return market
