"""Tidy: what holds of a market's memory after every command, told from its places alone."""

import numpy as np

from node.exchange.core import far
from node.exchange.core.command import Side, Type
from node.exchange.core.state import (
    EXPIRES,
    EXPIRING,
    FALLING,
    ICEBERG,
    PENDING,
    QUEUED,
    RECORDED,
    RISING,
    TERMED,
    WAITING,
    Market,
)


def tidy(market: Market) -> None:
    """Counts are of what there is, every order that rests has its level, and heaps are heaps."""
    state = market.state[0]
    live = market.nodes[market.nodes["id"] != 0]
    terms = market.terms[market.nodes["id"] != 0]
    assert state["live"] == len(live)
    assert state["rare"] == np.count_nonzero(live["rare"] & TERMED)
    assert state["parts"] == terms["parts"][live["rare"] & ICEBERG != 0].sum()
    assert state["watch"] - (market.rules["breaker"][0] != 0) == np.count_nonzero(live["rare"] & WAITING)
    assert market.heap_count[EXPIRING] == np.count_nonzero(live["rare"] & EXPIRES)
    rests = live["rare"] & (WAITING | PENDING | QUEUED) == 0
    assert market.levels["orders"].sum() + sum(
        far.held(market, side)["orders"].sum() for side in Side
    ) == np.count_nonzero(rests)
    for heap in (EXPIRING, RISING, FALLING):
        rows = market.heaps[heap, : market.heap_count[heap]]
        assert (market.heap_at[heap, rows["slot"]] == np.arange(len(rows))).all()
        assert (rows["key"][1:] >= rows["key"][(np.arange(1, len(rows)) - 1) // 2]).all()
    assert state["head"] == 0 or state["halted"]
    owned(market)


def owned(market: Market) -> None:
    """Every order that no record tells of is linked with its account's others, the oldest first, and counted."""
    live = market.nodes[(market.nodes["id"] != 0) & (market.nodes["flags"] & RECORDED == 0)]
    for account, owner in enumerate(market.owners):
        mine = live[live["owner"] == account]
        found, slot, before = [], int(owner["oldest"]), 0
        while slot:
            assert market.own["older"][slot] == before
            found.append(int(market.nodes["id"][slot]))
            slot, before = int(market.own["newer"][slot]), slot
        assert owner["newest"] == before
        assert found == sorted(mine["id"].tolist())
        assert (owner["orders"], owner["waiting"]) == (len(mine), np.count_nonzero(mine["type"] > Type.MARKET))
