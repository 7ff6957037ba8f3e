"""Simulated: a tape of a market that only agents trade in."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from typing import Final

import numpy as np

from atom.instrument import Floats
from node.exchange.agents.facts.tape import EDGES, Tape, depth_of, shares
from node.exchange.agents.mix import STANDARD, Climate, Group
from node.exchange.agents.opening import Opening, populate
from node.exchange.core.journal import Record
from node.exchange.core.state import Market
from node.exchange.exchange import Exchange, Journal
from node.exchange.listing import Asset, Listing

SECOND: Final = 1_000_000_000
LISTING: Final = Listing(
    *("BTC-USDT", Asset("BTC"), Asset("USDT"), Decimal("0.01"), Decimal("0.00001")),
    *(Decimal("0.00001"), Decimal(9000), Decimal(5)),
)
"""As Binance lists it, which the recording is of."""
PRICE: Final = 6_000_000
SIZE: Final = 2000
WARM: Final = 600
"""Seconds before anything is measured."""


def simulate_many(
    seconds: int,
    seeds: Sequence[int],
    groups: Sequence[Group] = STANDARD,
    processes: int = 1,
    report: Callable[[float], None] = lambda share: None,
) -> list[Tape]:
    """`simulate` for each seed, in so many processes; tapes come in the order of the seeds."""
    done: list[Tape] = []
    if processes == 1:
        for seed in seeds:
            done.append(simulate(seconds, seed, groups, report=lambda part: report((len(done) + part) / len(seeds))))
        return done
    with ProcessPoolExecutor(min(processes, len(seeds)), get_context("spawn")) as pool:
        for tape in pool.map(partial(simulate, seconds, groups=groups), seeds):
            done.append(tape)
            report(len(done) / len(seeds))
    return done


def simulate(
    seconds: int,
    seed: int = 0,
    groups: Sequence[Group] = STANDARD,
    climate: Climate | None = None,
    report: Callable[[float], None] = lambda share: None,
) -> Tape:
    """Lets agents trade, and keeps what the statistics need.

    Args:
        seconds: of the market's time, after those in which it forms.
        report: is told which share is done.
    """
    exchange = Exchange([LISTING])
    opening = Opening(PRICE, SIZE, seed=seed, sample=SECOND, climate=climate or Climate())
    population, _ = populate(exchange, opening, groups)
    for _ in population.run(exchange, WARM * SECOND):
        pass
    bids, asks, taken, depth = [], [], [], np.zeros(len(EDGES) - 1)
    every = max(10, seconds // 2000)  # s between two looks at the depth
    for at in range(0, seconds, every):
        until = min(at + every, seconds)
        for block in population.run(exchange, (WARM + until) * SECOND):
            bids.append(block.samples["bid"].astype(float))
            asks.append(block.samples["ask"].astype(float))
            taken.append(takers(block.journal))
        depth += _depth(exchange.markets[0])
        report(until / seconds)
    bid, ask = np.concatenate(bids), np.concatenate(asks)
    bid[bid == 0], ask[ask == 0] = np.nan, np.nan
    signs, prices, sizes = (np.concatenate(column) for column in zip(*taken, strict=True))
    mids = 0.5 * (bid + ask)
    return Tape("simulated", 1.0, mids, ask - bid, 1e6 / PRICE, signs.astype(np.int64), prices, sizes, shares(depth))


def takers(journal: Journal) -> tuple[Floats, Floats, Floats]:
    """Of each order that took: 1 or -1, the last price it traded at, and what it took."""
    fills = journal[journal["kind"] == Record.FILL]
    if not len(fills):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    first = np.flatnonzero(np.diff(fills["order"], prepend=fills["order"][0] - 1))
    last = np.append(first[1:], len(fills)) - 1
    signs = 1.0 - 2.0 * fills["side"][first]
    return signs, fills["price"][last].astype(float), np.add.reduceat(fills["quantity"], first).astype(float)


def _depth(market: Market) -> Floats:
    """Depth by distance, within the windows that the book's ladders stand at."""
    prices, sizes = [], []
    for side, sign in ((0, 1), (1, -1)):
        levels = np.flatnonzero(market.levels[side]["size"])
        prices.append(sign * (levels + market.base[side]).astype(float))
        sizes.append(market.levels[side]["size"][levels].astype(float))
    if not len(prices[0]) or not len(prices[1]):
        return np.zeros(len(EDGES) - 1)
    mid = 0.5 * (prices[0].max() + prices[1].min())
    return depth_of(mid, np.concatenate(prices), np.concatenate(sizes))
