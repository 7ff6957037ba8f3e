"""Scene: a market as a strategy comes to it, with the agents who trade there."""

from typing import Final, NamedTuple

import numpy as np

from fusion.errors import BadInput
from node.exchange.agents.mix import AROUND, mix
from node.exchange.agents.opening import Opening, populate
from node.exchange.agents.population import Population
from node.exchange.core.command import COMMAND
from node.exchange.exchange import Exchange
from node.exchange.keeper import EIGHT_HOURS, SECOND, Keeper
from node.exchange.listing import Listing
from node.exchange.replay.reel import Reel
from node.exchange.replay.shown import USUAL, mid, usual
from node.exchange.source import Source
from node.exchange.tester import made
from node.exchange.tester.kept import Kept

_WARM: Final = 60 * 10**9
"""ns that agents trade by themselves before a strategy comes."""


class Scene(NamedTuple):
    """A market as a strategy comes to it.

    Attributes:
        price: its mid price, ticks: the first that there is.
        commands: what comes.
        source: who gives more, and sees what everybody does.
        begin, end: ns.
    """

    exchange: Exchange
    price: int
    commands: Reel
    source: Source | None
    begin: int
    end: int


def crowd(listing: Listing, agents: int, lasts: int, seed: int, funding: int = EIGHT_HOURS) -> Scene:
    """Agents alone, for `lasts` ns; BadInput where they make no market. In a perpetual there are a mark price from the
    first moment on, and each `funding` ns a funding.
    """
    exchange, begin = Exchange([listing]), made.OPENS
    opening = Opening(made.PRICE, USUAL, start=begin - _WARM, seed=seed)
    found, _ = populate(exchange, opening, mix(agents))
    for _block in found.run(exchange, begin):
        pass
    price = mid(exchange)
    if not price:
        raise BadInput(f"{agents} agents make no market; let there be more")
    source: Source = found
    if listing.initial:
        scene = found.crowd.scene
        keeper = Keeper(
            exchange, 0, begin - SECOND, every=funding, index=lambda: float(scene["fair"][0]), beside=[found]
        )
        source = Kept(found, keeper)
    return Scene(exchange, price, Reel(np.zeros(0, COMMAND)), source, begin, begin + lasts)


def around(exchange: Exchange, price: int, commands: Reel, agents: int, seed: int) -> Population:
    """Agents who trade around what is recorded. Their orders are as large as its usual trades, and what they take the
    asset to be worth follows its price.
    """
    opening = Opening(price, usual(commands), start=commands.begin, seed=seed, climate=AROUND)
    return populate(exchange, opening, mix(agents))[0]
