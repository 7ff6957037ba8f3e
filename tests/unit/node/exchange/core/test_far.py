"""Levels below the window are found and kept in order however they come and go, and their blocks never run out."""

import numpy as np
import pytest

from node.exchange.core import far, state
from node.exchange.core.compiled import Int, jit
from node.exchange.core.rules import Rules
from node.exchange.core.state import BLOCK, JOINED, Market

ORDERS = 600
ADD, REMOVE, POP, APPEND = range(4)


@jit
def change(market: Market, what: Int, key: Int) -> None:
    if what == ADD:
        far.make(market, 1, key).size += 1
    elif what == REMOVE:
        far.remove(market, 1, key)
    elif what == APPEND:
        far.append(market, 1, key).size += 1
    else:
        far.remove_last(market, 1)
        far.settle(market, 1)


@jit
def look(market: Market, key: Int) -> tuple[bool, Int]:
    return far.holds(market, 1, key), far.worse(market, 1, key)


def empty() -> Market:
    return state.market(Rules(0, 0, 1, 1, 1), ORDERS)


def check(market: Market, sizes: dict[int, int]) -> None:
    rows = far.held(market, 1)
    assert dict(zip(rows["key"].tolist(), rows["size"].tolist(), strict=True)) == sizes
    assert rows["key"].tolist() == sorted(sizes)
    count = int(market.far_count[1])
    assert sorted(market.far_blocks[1].tolist()) == list(range(market.far.shape[1]))
    used = market.far_used[1][market.far_blocks[1, :count]]
    assert ((used > 0) & (used <= BLOCK)).all()
    assert (used[1:] + used[:-1] > JOINED).all()


@pytest.mark.parametrize("crowded", [False, True])
def test_levels_come_and_go(crowded: bool) -> None:
    market, sizes, dice = empty(), dict[int, int](), np.random.Generator(np.random.PCG64(crowded))
    for turn in range(4000):
        key = int(dice.integers(-400, 400)) if crowded else int(dice.integers(-(1 << 61), 1 << 61))
        filling = turn // 700 % 2 == 0
        if len(sizes) < ORDERS and dice.random() < (0.9 if filling else 0.3):
            change(market, ADD, key)
            sizes[key] = sizes.get(key, 0) + 1
        elif sizes and dice.random() < 0.1:
            change(market, POP, 0)
            del sizes[max(sizes)]
        elif sizes:
            gone = sorted(sizes)[int(dice.integers(len(sizes)))]
            change(market, REMOVE, gone)
            del sizes[gone]
        assert look(market, key) == (key in sizes, max((each for each in sizes if each < key), default=far.LOWEST))
        if turn % 50 == 0:
            check(market, sizes)
    check(market, sizes)


def test_the_most_blocks_that_levels_can_need_are_there() -> None:
    """Every block is thinned until it may just not join the next one."""
    market, sizes = empty(), {}
    for key in range(ORDERS):
        change(market, APPEND, key)
        sizes[key] = 1
    for _ in range(3):
        for key in sorted(sizes)[::2]:
            change(market, REMOVE, key)
            del sizes[key]
        for key in range(ORDERS):
            if key not in sizes and len(sizes) < ORDERS - 1:
                change(market, ADD, key)
                sizes[key] = 1
        check(market, sizes)
    grown = state.grown(market)
    check(grown, sizes)
    assert grown.far.shape == state.market(Rules(0, 0, 1, 1, 1), 2 * ORDERS).far.shape
