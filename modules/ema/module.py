"""Exponential moving average."""

import numpy as np
import pandas as pd

from fusion.sdk import Floats, module


@module(lookback=lambda span: 16 * (span + 1))
def ema(price: Floats, *, span: int = 20) -> Floats:
    """The exponential moving average of a series, row by row.

    With a = 2 / (span + 1) and x the values that are there:

        y[0] = x[0]
        y[t] = a x[t] + (1 - a) y[t - 1]

    (C. C. Holt, "Forecasting seasonals and trends by exponentially weighted moving averages", 1957); the weights'
    centre of mass lies (span - 1) / 2 rows back. A row without a finite value takes no part and repeats the average
    before it; rows before the first value are NaN.

    Warm-up: the first value weighs (1 - a)^t, so a start on other data is forgotten to 1e-14 after 16 (span + 1) rows.

    Args:
        price: any series.
        span: rows; 1 returns the series itself.

    Raises:
        ValueError: span is below 1.
    """
    if span < 1:
        raise ValueError(f"span is {span}: give 1 or more rows")
    there = pd.Series(np.where(np.isfinite(price), price, np.nan))
    return there.ewm(span=span, adjust=False, ignore_na=True).mean().to_numpy()
