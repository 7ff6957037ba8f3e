"""Opening: agents get accounts, an opinion and something to trade with, and a market gets its first hours."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import BadInput
from node.exchange.agents.chance import exponential, seed_of, uniform
from node.exchange.agents.crowd import AGENT, ORDER, ROOM, Crowd, Kind
from node.exchange.agents.mix import STANDARD, Climate, Group
from node.exchange.agents.population import Population, scratch
from node.exchange.agents.scene import SCENE
from node.exchange.core.command import COMMAND
from node.exchange.core.command import Kind as Command
from node.exchange.exchange import Commands, Exchange, Journal

Rows = npt.NDArray[Any]

_CLIMATE = [each.name for each in fields(Climate)]
WEALTH = 1000
"""Orders' worth that an agent has of either asset at first, or four times what it may gain where that is more."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a simulated market begins.

    Attributes:
        price: ticks of the first market.
        size: lots of the first market that a usual order has.
        start: when agents begin to wake, ns UTC.
        seed: of everything that is left to chance; at least 0.
        fees: ppm a maker and a taker pays.
        sample: ns between samples of the best prices; 0: none.
        climate: what the asset is worth.
    """

    price: int
    size: int
    start: int = 0
    seed: int = 0
    fees: tuple[int, int] = (0, 0)
    sample: int = 0
    climate: Climate = field(default_factory=Climate)

    def __post_init__(self) -> None:
        if self.price < 1 or self.size < 1 or self.seed < 0 or self.sample < 0:
            raise BadInput(
                f"a market opens at 1 tick or more with orders of 1 lot or more, a seed of 0 or more, not {self}"
            )


def populate(
    exchange: Exchange,
    opening: Opening,
    groups: Sequence[Group] = STANDARD,
    markets: tuple[int, int] = (0, 0),
) -> tuple[Population, Journal]:
    """Opens an account for each agent and pays in what it trades with.

    Args:
        markets: of the exchange: one number twice, or two markets whose quote assets are worth the same.

    Returns:
        the agents, and the journal of what they were paid.
    """
    one, other = markets
    if not (0 <= one < len(exchange.markets) and 0 <= other < len(exchange.markets)):
        raise BadInput(f"there are no markets {one} and {other}; there are {len(exchange.markets)}")
    if one == other and any(each.market or each.kind is Kind.ARBITRAGE for each in groups):
        raise BadInput("arbitrage and agents of a second market need two markets")
    agents = np.concatenate([np.zeros(0, AGENT), *(_agents(each, at, opening.seed) for at, each in enumerate(groups))])
    if not len(agents):
        raise BadInput("there are no agents")
    _measure(agents, exchange, markets, opening)
    agents["account"] = [exchange.open_account(*opening.fees) for _ in agents]
    for agent in agents:
        agent["wake"] = opening.start + int(agent["gap"] * exponential(agent))
    by_account = np.full(exchange.accounts, -1, np.int64)
    by_account[agents["account"]] = np.arange(len(agents))
    orders, queue = np.zeros((len(agents), ROOM), ORDER), np.arange(len(agents))
    scene = _scene(agents, opening)
    scene["first"], scene["second"] = markets
    population = Population(Crowd(agents, orders, queue, by_account, scene, *scratch()))
    return population, exchange.carry_out(_payments(exchange, agents, markets, opening))


def _agents(group: Group, number: int, seed: int) -> Rows:
    rows = np.zeros(group.count, AGENT)
    rows["kind"], rows["market"], rows["side"] = group.kind, group.market, np.arange(group.count) % 2
    rows["chance"] = [seed_of(seed, (number + 1) << 32 | place) for place in range(group.count)]
    for row in rows:
        row["margin"] = 2.0 * uniform(row)  # no two are alike in what they want to gain
    rows["gap"], rows["horizon"], rows["strength"] = group.gap * 1e9, group.horizon * 1e9, group.strength
    rows["width"] = group.width  # ppm until it is measured, as the margin
    rows["margin"] *= group.margin
    rows["size"], rows["most"] = 1000 * group.size, group.most  # thousandths of an order, and orders
    return rows


def _measure(agents: Rows, exchange: Exchange, markets: tuple[int, int], opening: Opening) -> None:
    """Turns what groups say into each market's ticks and lots."""
    one, other = (exchange.markets[number].rules[0] for number in markets)
    # what a tick of the one is worth in ticks of the other, for the same amount of the base asset
    scale = float(one["unit"]) / float(one["lot"]) / (float(other["unit"]) / float(other["lot"]))
    crossing = agents["kind"] == Kind.ARBITRAGE
    second = agents["market"] == 1
    agents["scale"] = np.where(second | crossing, scale, 1.0)
    ticks = opening.price * np.where(second, scale, 1.0) / 1e6
    agents["width"] *= ticks
    agents["margin"] *= ticks
    usual = opening.size * np.where(second, float(one["lot"]) / float(other["lot"]), 1.0)
    agents["size"] = np.maximum(1, agents["size"] * usual / 1000)
    agents["most"] = np.maximum(agents["size"], agents["most"] * agents["size"])


def _scene(agents: Rows, opening: Opening) -> Rows:
    scene = np.zeros(1, SCENE)
    herd = agents["kind"] == Kind.HERD
    told = {
        "time": opening.start,
        "chance": seed_of(opening.seed, 0),
        "start": opening.price,
        "fair": opening.price,
        "activity": 1.0,
        "herd": int(herd.sum()),
        "buyers": int((herd & (agents["side"] == 0)).sum()),
        "sample": opening.start + opening.sample,
        "every": opening.sample,
        **{name: getattr(opening.climate, name) for name in _CLIMATE},
    }
    for name, value in told.items():
        scene[name] = value
    return scene


def _payments(exchange: Exchange, agents: Rows, markets: tuple[int, int], opening: Opening) -> Commands:
    rows = []
    for agent in agents:
        for number in dict.fromkeys(markets if agent["kind"] == Kind.ARBITRAGE else [markets[agent["market"]]]):
            rules = exchange.markets[number].rules[0]
            lots = max(WEALTH * int(agent["size"]), 4 * int(agent["most"]))
            at = int(opening.price * (agent["scale"] if number == markets[1] else 1.0))
            amounts = [(rules["quote"], lots * at * int(rules["unit"]))]
            if not rules["initial"]:  # of a perpetual's base asset nothing is held
                amounts.insert(0, (rules["base"], lots * int(rules["lot"])))
            for asset, amount in amounts:
                rows.append((int(agent["account"]), number, int(asset), amount))
    commands = np.zeros(len(rows), COMMAND)
    commands["time"], commands["kind"] = opening.start, Command.DEPOSIT
    commands["account"], commands["market"], commands["order"], commands["quantity"] = np.array(rows).T
    return commands
