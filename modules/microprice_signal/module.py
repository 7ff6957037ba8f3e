"""A trading signal from the micro-price."""

from typing import NamedTuple

import numpy as np
from requires import ema, order_book_imbalance

from fusion.sdk import Floats, module


class Signal(NamedTuple):
    """The edge and the position it asks for."""

    value: Floats
    position: Floats


@module(lookback=lambda span: 16 * (span + 1))
def microprice_signal(
    bid: Floats, ask: Floats, bid_size: Floats, ask_size: Floats, *, span: int = 20, band: float = 0.2
) -> Signal:
    """How far the smoothed micro-price lies from the mid price, and a target position that follows it.

    The micro-price weighs each best price by the quantity on the other side,

        micro = (ask bid_size + bid ask_size) / (bid_size + ask_size) = mid + imbalance (ask - bid) / 2

    (J. Gatheral and R. Oomen, "Zero-intelligence realized variance estimation", Finance and Stochastics 14, 2010; as an
    estimate of the efficient price: S. Stoikov, "The micro-price", Quantitative Finance 18, 2018). With p the
    exponential moving average of the imbalance,

        value    = 10^4 p (ask - bid) / (2 mid)
        position = sign(p) max(0, |p| - band) / (1 - band)

    The dead band keeps the position at zero while the pressure is within the noise, so that it is not lost to fees.

    Warm-up: that of the moving average, 16 (span + 1) rows. Where a quote is missing or crossed, value is NaN and
    position is 0; such a row's imbalance takes no part in the average.

    Args:
        bid: best bid price.
        ask: best ask price.
        bid_size: quantity at the best bid.
        ask_size: quantity at the best ask.
        span: rows of the moving average.
        band: imbalance below which no position is taken, 0 to below 1.

    Returns:
        value: the edge in basis points of the mid price.
        position: target position, -1 (short) to 1 (long).

    Raises:
        ValueError: span is below 1, or band is outside [0, 1).
    """
    if not 0 <= band < 1:
        raise ValueError(f"band is {band}: give 0 or more and less than 1")
    quoted = np.isfinite(bid) & np.isfinite(ask) & (bid > 0) & (ask > bid)
    imbalance = order_book_imbalance(bid_size, ask_size)
    pressure = ema(np.where(quoted, imbalance, np.nan), span=span)
    low, high = np.where(quoted, bid, 1.0), np.where(quoted, ask, 1.0)
    value = np.where(quoted, 1e4 * pressure * (high - low) / (high + low), np.nan)
    strength = np.maximum(np.abs(pressure) - band, 0.0) / (1.0 - band)
    known = quoted & np.isfinite(pressure)
    return Signal(value, np.where(known, np.sign(pressure) * strength, 0.0))
