"""Each kind of agent does what its name says, in markets where nothing else happens."""

from collections.abc import Callable

import numpy as np

from node.exchange.agents.crowd import Kind
from node.exchange.agents.mix import Climate, Group
from node.exchange.core.command import COMMAND, Tif
from node.exchange.core.command import Kind as Command
from node.exchange.core.journal import Record

CROWD = Group(Kind.ZERO, 12, 0.5)


def taken(rows: np.ndarray, agents: np.ndarray) -> np.ndarray:
    """Lots bought (above zero) or sold by those of the agents that took."""
    fills = rows[(rows["kind"] == Record.FILL) & np.isin(rows["account"], agents["account"])]
    return np.where(fills["side"] == 0, fills["quantity"], -fills["quantity"])


def of(crowd: np.ndarray, kind: Kind) -> np.ndarray:
    return crowd[crowd["kind"] == kind]


def test_makers_quote_both_sides(market: Callable, still: Climate) -> None:
    one = market([Group(Kind.MAKER, 3, 0.2, most=20, width=20.0, margin=2.0, horizon=5.0)], climate=still)
    one.run(60)
    crowd = one.population.crowd
    for agent, orders in zip(crowd.agents, crowd.orders, strict=True):
        assert sorted(orders["side"][: agent["count"]].tolist()) == [0, 1]
    bid, ask = one.touch()
    assert 0 < ask - bid < 1000  # of the 120 ticks that are twenty millionths


def test_makers_sell_what_they_have_too_much_of(market: Callable, still: Climate) -> None:
    quotes = []
    for held in (-8, 0, 8):
        one = market([Group(Kind.MAKER, 1, 0.2, most=10, width=20.0, horizon=5.0)], climate=still)
        maker = one.population.crowd.agents[:1]
        maker["held"], maker["variance"], maker["slow"] = held * 2000, 1e6, 6_000_000
        one.run(1)
        bid, ask = one.touch()
        quotes.append((bid, ask))
    assert quotes[0] > quotes[1] > quotes[2]


def test_value_agents_bring_the_price_to_what_they_think(market: Callable) -> None:
    # What people think jumps by a thousandth at once, and stays.
    value = Group(Kind.VALUE, 10, 0.5, width=20.0, margin=5.0)
    one = market([CROWD, value], climate=Climate(sigma=0.0, jumps=0.0, learn=0.0, anchor=0.0))
    one.run(60)
    before = sum(one.touch()) / 2
    one.population.crowd.scene["away"] += 1e-3
    rows = one.run(300)
    after = sum(one.touch()) / 2
    assert taken(rows, of(one.population.crowd.agents, Kind.VALUE)).sum() > 0
    assert 3000 < after - before < 9000  # of 6,000 ticks


def test_momentum_follows_the_price(market: Callable) -> None:
    one = market([CROWD, Group(Kind.MOMENTUM, 5, 0.5, width=20.0, horizon=20.0)], climate=Climate(sigma=0.0))
    one.run(30)
    agents = one.population.crowd.agents
    followers = agents["kind"] == Kind.MOMENTUM
    agents["slow"][followers] -= 10_000  # so the price has just risen
    rows = one.run(33)
    assert taken(rows, agents[followers]).sum() > 0
    assert (agents["held"][followers] >= 0).all()


def test_noise_agents_cut_large_orders_of_one_side(market: Callable, still: Climate) -> None:
    one = market([CROWD, Group(Kind.NOISE, 1, 0.2, strength=0.0, most=10_000)], climate=still)
    rows = one.run(120)
    signs = np.sign(taken(rows, of(one.population.crowd.agents, Kind.NOISE)))
    assert (signs[1:] == signs[:-1]).mean() > 0.8


def test_herd_moves_together(market: Callable, still: Climate) -> None:
    moods = []
    for strength in (0.0, 0.9):
        one = market([CROWD, Group(Kind.HERD, 40, 0.5, strength=strength)], climate=still)
        seen = []
        for second in range(10, 200, 10):
            one.run(second)
            scene = one.population.crowd.scene[0]
            assert scene["buyers"] == (of(one.population.crowd.agents, Kind.HERD)["side"] == 0).sum()
            seen.append(int(scene["buyers"]))
        moods.append(float(np.abs(np.diff(seen)).mean()))
    assert moods[1] > moods[0]


def test_arbitrage_holds_two_markets_together(market: Callable, still: Climate) -> None:
    both = [CROWD, Group(Kind.ZERO, 12, 0.5, market=1)]
    gaps, traded = [], 0
    for more in ([], [Group(Kind.ARBITRAGE, 3, 0.1, margin=5.0, most=100_000)]):
        one = market([*both, *more], 2, climate=still)
        scale = float(one.population.crowd.agents["scale"][12])
        assert round(scale, 9) == 0.1  # ten times coarser ticks
        told = []
        for second in range(20, 400, 4):
            rows = one.run(second)
            traded += len(taken(rows, of(one.population.crowd.agents, Kind.ARBITRAGE)))
            first, second_mid = (sum(one.touch(number)) / 2 for number in (0, 1))
            told.append(abs(second_mid / scale - first))
        gaps.append(np.mean(told))
    assert traded > 10
    assert gaps[1] < gaps[0]


def test_agents_trade_with_others_at_the_exchange(market: Callable, still: Climate) -> None:
    one = market([CROWD], climate=still)
    one.run(60)
    stranger = one.exchange.open_account(0, 0)
    orders = np.zeros(2, COMMAND)
    orders["account"], orders["time"] = stranger, 60 * 10**9
    orders["kind"], orders["order"], orders["quantity"] = [Command.DEPOSIT, Command.NEW], [1, 0], [10**14, 3000]
    orders["price"], orders["tif"] = [0, 7_000_000], [0, Tif.IOC]
    rows = one.exchange.carry_out(orders)
    fills = rows[rows["kind"] == Record.FILL]
    assert len(fills)
    one.population.told(rows)
    crowd = one.population.crowd
    known = {int(order["id"]): int(order["left"]) for row in crowd.orders for order in row if order["id"]}
    gone = set(fills["other"].tolist()) - {int(each) for each in one.exchange.markets[0].nodes["id"]}
    counted = {
        int(row["id"]) for agent, rest in zip(crowd.agents, crowd.orders, strict=True) for row in rest[: agent["count"]]
    }
    assert known
    assert not gone & counted
