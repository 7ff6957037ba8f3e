"""Growth: more room for a market, before commands come or once its kernel stopped for want of it."""

from typing import Final

from fusion.errors import StorageFull
from node.exchange.core import marks, replay, state
from node.exchange.core.rules import Rules
from node.exchange.core.state import Market

SPARED: Final = 1 << 16
"""Places for orders that users leave to what must not be refused, since it is kept before it is known: what agents, a
record and liquidations place.
"""


def fitted(market: Market, commands: int = 1, spared: int = 0) -> Market:
    """A market with room for so many commands more; the same one where it has it.

    Raises:
        StorageFull: it would have less than `spared` places for orders then.
    """
    needed = int(market.state["live"][0]) + replay.PLACED * commands
    if needed + spared >= state.MOST:
        raise StorageFull(f"a market has room for {state.MOST - spared - 1:,} orders; wait until some have left")
    while needed >= len(market.nodes):
        market = state.grown(market)
    while not replay.room(market):
        if marks.full(market):
            market = marks.grown(market)
        elif marks.noted(market):
            market = marks.noting(market)
        else:
            market = state.grown(market)
    return market


def misshapen(market: Market, rules: Rules) -> str:
    """Which of a market's arrays have not the shape that kernels rely on, or tell of other rules; empty where none."""
    if len(market.rules) != 1 or market.rules[0].tolist() != rules.row():
        return "rules"
    orders, known = len(market.nodes), len(market.marks)
    if not 1 < orders <= state.MOST:
        return "nodes"
    if known < 2 or known & (known - 1):
        return "marks"
    if len(market.pending) < known:
        return "pending"
    like = state.market(rules, orders, len(market.owners))._replace(marks=market.marks, pending=market.pending)
    theirs = like._asdict()
    return next((name for name, mine in market._asdict().items() if mine.shape != theirs[name].shape), "")


def widened(market: Market, accounts: int) -> Market:
    """The same market with room for so many accounts at least."""
    if len(market.owners) >= accounts:
        return market  # a snapshot keeps the room of a market, and only the accounts that there are
    like = state.market(Rules(0, 0, 1, 1, 1, initial=int(market.rules["initial"][0])), 1, accounts)
    for new, old in ((like.owners, market.owners), (like.positions, market.positions)):
        new[: len(old)] = old
    return market._replace(owners=like.owners, positions=like.positions)
