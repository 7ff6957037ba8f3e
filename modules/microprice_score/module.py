"""A score of the micro-price signal, after the cost of trading it."""

from typing import NamedTuple

import numpy as np
from requires import microprice_signal

from fusion.sdk import Floats, module


class Score(NamedTuple):
    """The one number that settings are compared by."""

    score: float


@module
def microprice_score(
    bid: Floats, ask: Floats, bid_size: Floats, ask_size: Floats, *, span: int = 20, band: float = 0.2
) -> Score:
    """The Sharpe ratio of following the micro-price signal over these rows, as a t-statistic.

    With p the position that `microprice_signal` asks for in a row, m the mid price and h half the spread, each row but
    the first earns

        e[t] = (p[t-1] (m[t] - m[t-1]) - |p[t-1] - p[t-2]| h[t-1]) / m[t-1]

    that is, a position is taken at the quote of the row that asks for it, crosses half the spread, and is held to the
    next row. Then

        score = sqrt(rows) mean(e) / std(e)

    (W. F. Sharpe, "The Sharpe ratio", Journal of Portfolio Management 21, 1994; that the square root of the number of
    observations makes it a t-statistic of the mean: A. W. Lo, "The statistics of Sharpe ratios", Financial Analysts
    Journal 58, 2002). Rows whose quote, or the quote before, is missing or crossed earn nothing and do not count, and
    the first position is free, since every setting would pay it. Positions that never earn or lose anything score 0.

    Every setting is searched: what a search may not vary stands in this code.

    Args:
        bid: best bid price.
        ask: best ask price.
        bid_size: quantity at the best bid.
        ask_size: quantity at the best ask.
        span: rows of the signal's moving average.
        band: imbalance below which no position is taken, 0 to below 1.

    Returns:
        score: in standard errors of the mean; the best is the highest.

    Raises:
        ValueError: span is below 1, band is outside [0, 1), or fewer than 2 rows count.
    """
    position = microprice_signal(bid, ask, bid_size, ask_size, span=span, band=band).position
    quoted = np.isfinite(bid) & np.isfinite(ask) & (bid > 0) & (ask > bid)
    low, high = np.where(quoted, bid, 1.0), np.where(quoted, ask, 1.0)
    middle, half = (low + high) / 2, (high - low) / 2
    traded = np.abs(np.diff(position, prepend=position[:1]))
    counted = quoted[1:] & quoted[:-1]
    earned = (position[:-1] * np.diff(middle) - traded[:-1] * half[:-1]) / middle[:-1]
    earned = earned[counted]
    if len(earned) < 2:
        raise ValueError(f"{len(earned)} rows count: give at least 2 beside the first with a quote before them")
    spread = earned.std()
    return Score(float(np.sqrt(len(earned)) * earned.mean() / spread) if spread > 0 else 0.0)
