"""Metrics of the top of the book, each a formula of four numbers.

One compiled formula serves a whole column of quotes, a single moment, and the pass over a book in `atom.metrics.walk`.
Each takes bid, ask (prices in quote currency), bid_size and ask_size (sizes in base currency). A null is NaN: a side
that is missing, and whatever needs it. None of them needs warm-up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from atom.book.engine import jit
from atom.instrument import Floats

Formula: TypeAlias = Callable[[float, float, float, float], float]


@jit
def mid(bid: float, ask: float, bid_size: float, ask_size: float) -> float:
    """(bid + ask) / 2, in quote currency."""
    return (bid + ask) / 2


@jit
def spread(bid: float, ask: float, bid_size: float, ask_size: float) -> float:
    """The difference ask - bid, in quote currency; below zero in a crossed book."""
    return ask - bid


@jit
def imbalance(bid: float, ask: float, bid_size: float, ask_size: float) -> float:
    """(bid_size - ask_size) / (bid_size + ask_size), from -1 (only asks) to 1 (only bids), without unit.

    Null where both sizes are zero.

    Source: Gould and Bonart, "Queue imbalance as a one-tick-ahead price predictor in a limit order book", 2016, eq. 1.
    """
    total = bid_size + ask_size
    return (bid_size - ask_size) / total if total > 0 else np.nan


@jit
def microprice(bid: float, ask: float, bid_size: float, ask_size: float) -> float:
    """(bid * ask_size + ask * bid_size) / (bid_size + ask_size), in quote currency.

    The mid weighted by the opposite sizes: it leans to the side that is about to be used up. Null where both sizes are
    zero.

    Source: Gatheral and Oomen, "Zero-intelligence realized variance estimation", 2010, section 2 (there "micro-price");
    Stoikov, "The micro-price", 2018, calls it the weighted mid.
    """
    total = bid_size + ask_size
    return (bid * ask_size + ask * bid_size) / total if total > 0 else np.nan


@jit
def _column(place: int, inputs: Floats, out: Floats) -> None:
    """Carries out the formula at `place` in FORMULAS. By number: a kernel that is handed another is never kept."""
    for row in range(len(out)):
        bid, ask, bid_size, ask_size = inputs[0, row], inputs[1, row], inputs[2, row], inputs[3, row]
        if place == 0:
            out[row] = mid(bid, ask, bid_size, ask_size)
        elif place == 1:
            out[row] = spread(bid, ask, bid_size, ask_size)
        elif place == 2:
            out[row] = imbalance(bid, ask, bid_size, ask_size)
        else:
            out[row] = microprice(bid, ask, bid_size, ask_size)


FORMULAS: Final[tuple[Formula, ...]] = (mid, spread, imbalance, microprice)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the top by name.

    Attributes:
        name: its name, and its column's.
        unit: "quote" for quote currency, "1" for none.
        formula: its definition.
    """

    name: str
    unit: str
    formula: Formula

    def batch(self, table: Mapping[str, npt.NDArray[np.float64 | np.int64]]) -> Floats:
        """The metric of each row of a table with the columns bid, ask, bid_size and ask_size."""
        inputs = np.array([table[name] for name in INPUTS], dtype=np.float64)
        out = np.empty(inputs.shape[1])
        _column(FORMULAS.index(self.formula), inputs, out)
        return out

    def step(self, bid: float, ask: float, bid_size: float, ask_size: float) -> float:
        """The metric of one moment: the same bits that `batch` gives in that row."""
        return float(self.formula(float(bid), float(ask), float(bid_size), float(ask_size)))


INPUTS: Final = ("bid", "ask", "bid_size", "ask_size")

METRICS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        Metric("mid", "quote", mid),
        Metric("spread", "quote", spread),
        Metric("imbalance", "1", imbalance),
        Metric("microprice", "quote", microprice),
    )
}
