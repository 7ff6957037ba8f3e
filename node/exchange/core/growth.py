"""Growth: more room for a market, once its kernel stopped for want of it."""

from node.exchange.core import marks, replay, state
from node.exchange.core.rules import Rules
from node.exchange.core.state import Market


def fitted(market: Market) -> Market:
    """A market with room for one command more; the same one where it has it."""
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
    if not 1 < orders <= 1 << state.SLOT_BITS:
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
