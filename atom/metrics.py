"""Metrics of the top of the book. Pure functions: one definition serves a whole column and a single moment alike.

Each takes bid, ask (prices in quote currency), bid_size and ask_size (sizes in base currency) as float64 numbers or
arrays of one shape and returns the same shape. A null is NaN: a side that is missing, and whatever needs it. None of
them needs warm-up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Number: TypeAlias = np.float64 | Floats
Formula: TypeAlias = Callable[[Number, Number, Number, Number], Number]

_NULL = np.float64(np.nan)


def mid(bid: Number, ask: Number, bid_size: Number, ask_size: Number) -> Number:
    """(bid + ask) / 2, in quote currency."""
    return (bid + ask) / 2


def spread(bid: Number, ask: Number, bid_size: Number, ask_size: Number) -> Number:
    """The difference ask - bid, in quote currency; below zero in a crossed book."""
    return ask - bid


def imbalance(bid: Number, ask: Number, bid_size: Number, ask_size: Number) -> Number:
    """(bid_size - ask_size) / (bid_size + ask_size), from -1 (only asks) to 1 (only bids), without unit.

    Null where both sizes are zero.

    Source: Gould and Bonart, "Queue imbalance as a one-tick-ahead price predictor in a limit order book", 2016, eq. 1.
    """
    return (bid_size - ask_size) / _positive(bid_size + ask_size)


def microprice(bid: Number, ask: Number, bid_size: Number, ask_size: Number) -> Number:
    """(bid * ask_size + ask * bid_size) / (bid_size + ask_size), in quote currency.

    The mid weighted by the opposite sizes: it leans to the side that is about to be used up. Null where both sizes are
    zero.

    Source: Gatheral and Oomen, "Zero-intelligence realized variance estimation", 2010, section 2 (there "micro-price").
    """
    return (bid * ask_size + ask * bid_size) / _positive(bid_size + ask_size)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by name.

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
        columns = (np.asarray(table[name], dtype=np.float64) for name in INPUTS)
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(self.formula(*columns), dtype=np.float64)

    def step(self, bid: float, ask: float, bid_size: float, ask_size: float) -> float:
        """The metric of one moment: the same bits that `batch` gives in that row."""
        values = (np.float64(value) for value in (bid, ask, bid_size, ask_size))
        with np.errstate(invalid="ignore", over="ignore"):
            return float(self.formula(*values))


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


def _positive(total: Number) -> Number:
    return np.where(total > 0, total, _NULL)
