"""Shown: what a record shows of its market first: a mid price, and how large a usual trade is."""

from typing import Final

import numpy as np

from fusion.errors import BadInput
from node.exchange.core import replay
from node.exchange.core.command import Kind, Told
from node.exchange.exchange import Exchange
from node.exchange.replay.reel import Reel

USUAL: Final = 1000
"""Lots of a usual order, where no trades tell it."""
_LOOK: Final = 1 << 16
"""Commands among which trades are looked for."""
_TRADED: Final = (int(Kind.REPLAY_TRADE), int(Kind.REPLAY_FILL))


def mid(exchange: Exchange) -> int:
    """The mid price of the first market, whole ticks; 0 where a side is empty."""
    market = exchange.markets[0]
    if min(market.top) < 0:
        return 0
    bid, ask = (market.top + market.base).tolist()
    return int(bid - ask) // 2


def first_mid(exchange: Exchange, commands: Reel) -> tuple[int, int]:
    """The first mid price, ticks, and when it is, ns; the exchange has carried out the commands up to there.

    Raises:
        BadInput: there never is one.
    """
    if price := mid(exchange):
        return price, commands.begin
    for part in commands.parts():
        recorded = (part["kind"] >= replay.FIRST) & (part["kind"] < replay.PAST)
        at = 0
        for end in (np.flatnonzero(~recorded | (part["flags"] & Told.LAST != 0)) + 1).tolist():
            exchange.carry_out(part[at:end])
            at = end
            if price := mid(exchange):
                return price, int(part["time"][end - 1])
        exchange.carry_out(part[at:])
    raise BadInput("the record never has both a bid and an ask: choose another, or another time")


def usual(commands: Reel) -> int:
    """Lots of a usual trade: the median of the first ones."""
    first = commands.cut(0, _LOOK).parts()
    sizes = np.concatenate([np.zeros(0), *(part["quantity"][np.isin(part["kind"], _TRADED)] for part in first)])
    return max(1, int(np.median(sizes))) if len(sizes) else USUAL
