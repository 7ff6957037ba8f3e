"""Whatever is asked, in whatever order: no more rows come than room was made for, every unit that is locked is an open
order's, and what an order stood in forgets it with it.
"""

from decimal import Decimal

import numpy as np
import pytest

from node.exchange.core import door
from node.exchange.core.command import COMMAND, Kind, Side, Type
from node.exchange.core.state import (
    FIRST_USER,
    ICEBERG,
    LOCKED,
    PAIRED,
    PENDING,
    Market,
)  # fmt: skip
from node.exchange.exchange import Commands
from tests.unit.node.exchange.core.floor import Floor
from tests.unit.node.exchange.core.tidy import tidy

HUGE = np.array([0, -1, 1, (1 << 63) - 1, -(1 << 63), 1 << 62, 1 << 40, 255])
KINDS = np.array([Kind.NEW] * 12 + [Kind.CANCEL] * 4 + [Kind.AMEND] * 4 + [Kind.GROUP] * 4 + [Kind.TIMER])
RARE = np.array([Kind.HALT, Kind.RESUME, Kind.RESUME, Kind.CANCEL_ALL, Kind.MASS_CANCEL, Kind.LEG, 0, 13, 255])


def asked(random: np.random.Generator, count: int) -> Commands:
    """Commands that mostly make sense; those of groups have their further orders behind them."""
    rows = np.zeros(count, COMMAND)

    def among(*values: int) -> Commands:
        return random.choice(np.array(values), count)

    rows["kind"] = np.where(random.random(count) < 0.03, random.choice(RARE, count), random.choice(KINDS, count))
    rows["time"] = np.cumsum(among(0, 0, 1, 1, 5))
    rows["account"] = among(*range(FIRST_USER, FIRST_USER + 3))
    rows["side"], rows["type"] = among(0, 1), among(0, 0, 0, 0, 1, 2, 3, 4, 5)
    rows["tif"], rows["selftrade"] = among(0, 0, 0, 0, 1, 2, 3, 4), among(0, 0, 1, 2, 3, 4)
    rows["flags"] = among(0, 0, 0, 0, 1, 2)
    rows["price"] = 100 + among(-9, -3, -2, -1, 0, 0, 1, 2, 3, 9)
    rows["quantity"] = random.integers(1, 60, count)
    waits = rows["type"] > Type.MARKET
    rows["trigger"] = np.where(waits, 100 + among(-6, -4, -2, 0, 2, 4, 6), 0)
    rows["trail"] = np.where(waits, among(0, 0, 20_000, 1), 0)
    rows["display"] = among(0, 0, 0, 1, 2, 7)
    rows["expiry"] = rows["time"] + among(1, 10, 100, 1000)
    rows["order"][rows["kind"] == Kind.GROUP] = among(1, 2, 3)[rows["kind"] == Kind.GROUP]
    for at in np.flatnonzero(rows["kind"] == Kind.GROUP):
        legs = rows[at + 1 : at + (3 if rows["order"][at] == 3 else 2)]
        legs["kind"], legs["account"], legs["time"] = Kind.LEG, rows["account"][at], rows["time"][at]
        legs["side"], legs["quantity"] = rows["side"][at], rows["quantity"][at]
        if rows["order"][at] != 1:
            rows["type"][at], rows["trigger"][at], rows["trail"][at] = Type.LIMIT, 0, 0
            legs["side"] ^= 1
    wild = random.random(count) < 0.04
    for name in ("order", "price", "quantity", "trigger", "display", "expiry"):
        rows[name][wild] = random.choice(HUGE, int(wild.sum()))
    for name in ("side", "type", "tif", "selftrade", "flags"):
        rows[name][random.random(count) < 0.005] = random.integers(0, 256)
    rows["account"][random.random(count) < 0.01] = random.choice([-1, 0, 1, 99, 1 << 30])
    return rows


def held(market: Market) -> dict[tuple[int, int], int]:
    """What open orders hold by account and asset, told from their places; an OCO's once."""
    found: dict[tuple[int, int], int] = {}
    for slot in np.flatnonzero(market.nodes["id"]):
        node, terms = market.nodes[slot], market.terms[slot]
        one = needed(market, int(slot))
        if node["rare"] & PENDING or (node["rare"] & PAIRED and terms["sibling"] < slot):
            continue
        if node["rare"] & PAIRED:
            one = max(one, needed(market, int(terms["sibling"])))
        of = int(node["owner"]), 1 if node["side"] == Side.BUY else 0
        found[of] = found.get(of, 0) + one
    return {of: amount for of, amount in found.items() if amount}


def needed(market: Market, slot: int) -> int:
    node = market.nodes[slot]
    lots = int(node["left"]) + (int(market.terms[slot]["hidden"]) if node["rare"] & ICEBERG else 0)
    return abs(int(node["key"])) * lots if node["side"] == Side.BUY else lots


def check(floor: Floor) -> None:
    market = floor.exchange.markets[0]
    balances = floor.exchange.ledger.balances
    locked = {
        (int(account), int(asset)): int(balances[account, asset, LOCKED])
        for account, asset in np.argwhere(balances[..., LOCKED])
    }
    assert locked == held(market)
    assert not balances.sum(axis=(0, 2)).any()
    assert (balances[FIRST_USER:] >= 0).all()
    tidy(market)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("guarded", [False, True])
def test_hostile_flows_stay_inside_their_room(seed: int, guarded: bool) -> None:
    floor = Floor(
        **({"breaker": Decimal("0.05"), "window": 20, "pause": 30, "band": Decimal("0.08")} if guarded else {})
    )
    random = np.random.default_rng(seed)
    rows = asked(random, 3000)
    ids = [0]
    at = 0
    while at < len(rows):
        end = at + 1
        while end < len(rows) and rows["kind"][end] == Kind.LEG:
            end += 1
        part = rows[at:end]
        if part["kind"][0] in (Kind.CANCEL, Kind.AMEND) and random.random() < 0.9:
            part["order"] = ids[-1 - int(min(random.geometric(0.05), len(ids) - 1))]
            known = floor.exchange.markets[0].nodes[int(part["order"][0]) & 0xFFF]["owner"]
            part["account"] = known if random.random() < 0.9 else part["account"]
        room = door.rows_needed(floor.exchange.table, 0)
        told = floor.exchange.carry_out(part)
        assert len(told) <= room + end - at
        ids += [int(each) for each in told["order"][told["kind"] == 1]]
        if at % 20 == 0:
            check(floor)
        at = end
    check(floor)


def test_an_avalanche_has_room() -> None:
    """One lot wakes stops that sweep icebergs of a hundred parts, which wakes more."""
    floor = Floor()
    floor.trade(1000)
    for index in range(8):
        floor.buy(f"ice{index}", account_of(index), 200, 990 - index, display=2)
    for index in range(40):
        floor.sell(f"stop{index}", account_of(index + 1), 40, type=Type.STOP_LOSS, trigger=990 - index // 5)

    rows = floor.sell("x", FIRST_USER, 1)

    assert sum(each.startswith("FILL") for each in rows) > 800
    floor.empty()


def account_of(index: int) -> int:
    return FIRST_USER + index % 3
