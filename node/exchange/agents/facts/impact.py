"""Impact: how far a large order, cut into small ones, moves the price of a simulated market.

Each measurement lets the same market go on twice from the same seed, once with the large order and once without, and
takes the difference of the mids: what the price would have done anyway is gone from it.

Source: Toth et al., "Anomalous price impact and the critical nature of liquidity", 2011: the impact of a large order of
size Q grows about with the square root of Q / V, times the volatility, V being what the market trades meanwhile.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

import numpy as np

from atom.instrument import Floats
from node.exchange.agents.facts.simulated import LISTING, PRICE, SECOND, SIZE, WARM
from node.exchange.agents.mix import STANDARD, Climate, Group
from node.exchange.agents.opening import Opening, populate
from node.exchange.agents.population import Population
from node.exchange.core.command import Kind, Type
from node.exchange.core.journal import Record
from node.exchange.exchange import Exchange, command

SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Of the small orders, in orders of the market's usual size."""
LASTS: Final = 60
"""Seconds that a large order takes, one small one a second."""
AFTER: Final = 300
"""Seconds after its end at which it is looked at once more."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What large orders did.

    Attributes:
        share: their sizes as a part of what the market trades meanwhile.
        peak: relative change of the mid when they ended, on average, in the direction of the order; one a size.
        error: standard error of each; NaN of a single seed.
        later: the same AFTER seconds later.
        exponent: of the growth of `peak` with the size; 0.5 is the square root.
        exponent_error: its standard error, from resampled seeds; NaN of a single one.
        prefactor: of `peak` over volatility times the square root of `share`, on average; about 1 in real markets.
    """

    share: Floats
    peak: Floats
    error: Floats
    later: Floats
    exponent: float
    exponent_error: float
    prefactor: float

    def told(self) -> dict[str, float]:
        """As statistics of a market."""
        return {
            "impact_exponent": self.exponent,
            "impact_error": self.exponent_error,
            "impact_prefactor": self.prefactor,
        }


def measure(
    seeds: Sequence[int],
    sizes: Sequence[float] = SIZES,
    groups: Sequence[Group] = STANDARD,
    climate: Climate | None = None,
    processes: int = 1,
) -> Impact:
    """Injects large orders of several sizes, to buy and to sell, into a market of each seed."""
    jobs = [(seed, tuple(sizes), tuple(groups), climate or Climate()) for seed in seeds]
    count = len(jobs)
    if processes > 1:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            found = list(pool.map(_of_seed, jobs))
    else:
        found = [_of_seed(job) for job in jobs]
    peaks, laters = np.array([each[0] for each in found]), np.array([each[1] for each in found])
    volume, variance = np.mean([each[2] for each in found]), np.mean([each[3] for each in found])
    share = np.array(sizes) * SIZE * LASTS / volume
    rng = np.random.Generator(np.random.PCG64(0))
    mean = peaks.mean(axis=0)
    error = peaks.std(axis=0, ddof=1) / np.sqrt(count) if count > 1 else np.full(len(mean), np.nan)
    drawn = [exponent(share, peaks[rng.integers(0, count, count)].mean(axis=0), error) for _ in range(200)]
    return Impact(
        share,
        mean,
        error,
        laters.mean(axis=0),
        exponent(share, mean, error),
        float(np.std(drawn)) if count > 1 else float("nan"),
        float(np.mean(mean / np.sqrt(variance * share))),
    )


def exponent(share: Floats, peak: Floats, error: Floats) -> float:
    """The power of the share by which moves grow: least squares, each move weighed by how well it is known.

    All sizes count, also those that moved the price the wrong way. Between 0 and 2; NaN where no growth fits at all.
    """
    weights = 1.0 / error**2 if np.isfinite(error).all() and (error > 0).all() else 1.0 / share
    powers = share ** _EXPONENTS[:, None]
    factors = (weights * powers * peak).sum(axis=1) / (weights * powers**2).sum(axis=1)
    left = (weights * (peak - factors[:, None] * powers) ** 2).sum(axis=1)
    best = int(np.argmin(left))
    return float(_EXPONENTS[best]) if factors[best] > 0 else float("nan")


_EXPONENTS: Final = np.linspace(0.0, 2.0, 401)


def _of_seed(job: tuple[int, tuple[float, ...], tuple[Group, ...], Climate]) -> tuple[Floats, Floats, float, float]:
    """Impact at the end and later, one a size; the volume traded in the time without it, and the variance then."""
    seed, sizes, groups, climate = job
    plain = _Market(seed, groups, climate)
    plain.go_on(0, 0)
    end, later = plain.end, plain.later
    peaks, laters = np.zeros(len(sizes)), np.zeros(len(sizes))
    for at, size in enumerate(sizes):
        for side, sign in ((0, 1.0), (1, -1.0)):
            moved = _Market(seed, groups, climate)
            moved.go_on(side, round(size * SIZE))
            peaks[at] += 0.5 * sign * (moved.end - end)
            laters[at] += 0.5 * sign * (moved.later - later)
    return peaks, laters, plain.volume, plain.variance


class _Market:
    """A market, and the logarithm of its mid at the end of a large order and later."""

    def __init__(self, seed: int, groups: Sequence[Group], climate: Climate) -> None:
        self.exchange = Exchange([LISTING])
        self.population: Population = populate(self.exchange, Opening(PRICE, SIZE, 0, seed, climate=climate), groups)[0]
        self.account = self.exchange.open_account(0, 0)
        for asset in range(2):
            self.exchange.carry_out(command(kind=Kind.DEPOSIT, account=self.account, order=asset, quantity=1 << 60))
        self.volume = self.end = self.later = self.variance = 0.0
        self._until(WARM)

    def go_on(self, side: int, lots: int) -> None:
        """With a large order, or none of `lots` 0."""
        mids = [self._mid()]
        for second in range(1, LASTS + 1):
            if lots:
                at = (WARM + second - 1) * SECOND
                order = command(
                    time=at, kind=Kind.NEW, side=side, type=Type.MARKET, account=self.account, quantity=lots
                )
                self.population.told(self.exchange.carry_out(order))
            self.volume += self._until(WARM + second)
            mids.append(self._mid())
        self.end, self.variance = mids[-1], float(np.var(np.diff(mids)) * LASTS)
        self._until(WARM + LASTS + AFTER)
        self.later = self._mid()

    def _until(self, second: int) -> float:
        """What was traded up to then, lots."""
        traded = 0
        for block in self.population.run(self.exchange, second * SECOND):
            fills = block.journal["kind"] == Record.FILL
            traded += int(block.journal["quantity"][fills].sum())
        return float(traded)

    def _mid(self) -> float:
        market = self.exchange.markets[0]
        bid, ask = (int(market.top[side] + market.base[side]) for side in range(2))
        return float(np.log(0.5 * (bid - ask)))
