"""Order book imbalance."""

import numpy as np

from fusion.sdk import Floats, module


@module(lookback=1)
def order_book_imbalance(bid_size: Floats, ask_size: Floats) -> Floats:
    """The imbalance of the queues at the best prices, row by row.

        value = (bid_size - ask_size) / (bid_size + ask_size)

    It predicts the direction of the next change of the mid price: M. D. Gould and J. Bonart, "Queue imbalance as a
    one-tick-ahead price predictor in a limit order book", Market Microstructure and Liquidity 2 (2016).

    No warm-up: each row stands alone. NaN where a size is negative or not finite, or where both are zero.

    Args:
        bid_size: quantity at the best bid, in any unit.
        ask_size: quantity at the best ask, in the same unit.
    """
    known = np.isfinite(bid_size) & np.isfinite(ask_size) & (bid_size >= 0) & (ask_size >= 0)
    bid, ask = np.where(known, bid_size, 0.0), np.where(known, ask_size, 0.0)
    total = bid + ask
    return np.where(total > 0, (bid - ask) / np.where(total > 0, total, 1.0), np.nan)
