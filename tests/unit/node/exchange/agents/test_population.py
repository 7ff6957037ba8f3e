"""Agents trade within their means, know their own orders, and do the same again from the same seed."""

from collections.abc import Callable

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.agents.crowd import ROOM, Kind
from node.exchange.agents.mix import STANDARD, Group, mix
from node.exchange.core.journal import Record

SMALL = mix(30)


def test_same_seed_same_journal(market: Callable) -> None:
    one, same, other = (market(SMALL, seed=seed).run(120).tobytes() for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_blocks_do_not_depend_on_how_often_one_asks(market: Callable) -> None:
    whole, parts = market(SMALL, seed=3), market(SMALL, seed=3)
    rows = whole.run(60).tobytes()
    assert rows == b"".join(parts.run(second).tobytes() for second in range(1, 61))


def test_another_agent_changes_no_draws_of_the_others(market: Callable) -> None:
    few, more = (market([Group(Kind.ZERO, count, 1.0), Group(Kind.VALUE, 5, 1.0)], seed=1) for count in (5, 6))
    columns = ["chance", "wake", "margin"]
    agents = more.population.crowd.agents
    assert (np.delete(agents, 5)[columns] == few.population.crowd.agents[columns]).all()


def test_money_stays_and_nobody_is_overdrawn(market: Callable) -> None:
    of = market(SMALL, seed=5, fees=(100, 400))
    rows = of.run(600)
    balances = of.exchange.ledger.balances
    assert (rows["kind"] == Record.FILL).sum() > 1000
    assert (balances.sum(axis=(0, 2)) == 0).all()
    assert (balances[2:] >= 0).all()
    assert (balances[0] > 0).any()  # fees


def test_agents_know_their_open_orders(market: Callable) -> None:
    of = market(SMALL, seed=6)
    of.run(600)
    crowd, nodes = of.population.crowd, of.exchange.markets[0].nodes
    resting = {(int(node["owner"]), int(node["id"]), int(node["left"])) for node in nodes if node["id"]}
    known = {
        (int(agent["account"]), int(order["id"]), int(order["left"]))
        for agent, orders in zip(crowd.agents, crowd.orders, strict=True)
        for order in orders[: agent["count"]]
    }
    assert known == resting
    assert crowd.agents["count"].max() <= ROOM
    assert (crowd.agents["sent"] == 0).all()


def test_goes_on_from_what_was_saved(market: Callable) -> None:
    one, other = market(SMALL, seed=7), market(SMALL, seed=7)
    one.run(60)
    other.run(60)
    saved = one.population.save()
    kept = {name: each.copy() for name, each in saved.items()}
    rows = one.run(120).tobytes()
    other.population.load(kept)
    assert other.run(120).tobytes() == rows


def test_as_a_source_agents_learn_what_became_of_their_orders(market: Callable) -> None:
    of = market(SMALL, seed=8)
    source, rows = of.population, []
    for now in range(0, 60 * 10**9, 5 * 10**7):  # a driver that looks every 50 ms
        while (due := source.next_time()) is not None and due <= now:
            told = of.exchange.carry_out(source.take(of.exchange, now))
            source.told(told)
            rows.append(told)
    kinds = np.concatenate(rows)["kind"]
    assert (kinds == Record.FILL).sum() > 100
    assert (kinds == Record.REJECT).mean() < 0.2
    assert (source.crowd.agents["sent"] == 0).all()
    assert of.touch()[0] < of.touch()[1]


def test_more_agents_than_the_book_had_room_for(market: Callable) -> None:
    of = market([Group(Kind.ZERO, 1200, 0.5)], seed=1)
    of.run(20)
    assert of.exchange.markets[0].state["live"][0] > 3000


@pytest.mark.parametrize(
    ("groups", "more"),
    [
        ([], {}),
        ([Group(Kind.ZERO, 0, 1.0)], {}),
        ([Group(Kind.ARBITRAGE, 1, 1.0)], {}),
        ([Group(Kind.ZERO, 1, 1.0, market=1)], {}),
        (STANDARD, {"price": 0}),
        (STANDARD, {"seed": -1}),
    ],
)
def test_what_makes_no_market_is_refused(market: Callable, groups: list[Group], more: dict) -> None:
    with pytest.raises(BadInput):
        market(groups, **more)


def test_groups_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInput, match="makes no sense"):
        Group(Kind.ZERO, -1, 1.0)
    with pytest.raises(BadInput, match="no market"):
        mix(3)


@pytest.mark.parametrize("count", [10, 37, 100, 1000])
def test_a_mix_has_as_many_as_asked(count: int) -> None:
    assert sum(each.count for each in mix(count)) == count
    assert mix(100) == list(STANDARD)
