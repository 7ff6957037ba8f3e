"""Tape: what the statistics need of a market, wherever it comes from."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from atom.instrument import Floats, Ints

EDGES: Final = np.concatenate([[0.0], np.geomspace(1.0, 4096.0, 25)])
"""Distances from the mid between which depth is told, ppm."""


@dataclass(frozen=True, slots=True)
class Tape:
    """A stretch of a market.

    Attributes:
        name: whose it is.
        step: seconds between two mids.
        mids: at even times, any unit; NaN where there was none.
        spreads: at the same times, ticks.
        tick: of the mid, ppm.
        signs: of the orders that took, 1 for a buyer, -1 for a seller, one after another.
        prices: the last price that each of these traded at, in the unit of the mids.
        sizes: what each of them took.
        depth: mean size between each two `EDGES`, both sides together, a ppm; shares of what is within all of them.
    """

    name: str
    step: float
    mids: Floats
    spreads: Floats
    tick: float
    signs: Ints
    prices: Floats
    sizes: Floats
    depth: Floats

    @property
    def seconds(self) -> float:
        return self.step * len(self.mids)

    def returns(self, seconds: float) -> Floats:
        """Relative changes of the mid over spans of so many seconds that do not overlap."""
        every = max(1, round(seconds / self.step))
        logs = np.log(self.mids[::every])
        changes = np.diff(logs)
        return changes[np.isfinite(changes)]


def depth_of(mid: float, prices: Floats, sizes: Floats) -> Floats:
    """Size between each two `EDGES` of a book's levels."""
    away = np.abs(prices / mid - 1.0) * 1e6
    return np.histogram(away, EDGES, weights=sizes)[0]


def shares(depth: Floats) -> Floats:
    """As `Tape.depth`, of the sums that `depth_of` gave."""
    total = depth.sum()
    return depth / np.diff(EDGES) / (total if total > 0 else 1.0)
