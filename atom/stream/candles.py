"""Candles: trades summed by spans of the venue's time. Pure."""

import re
from typing import Final

import numpy as np

from atom.events import Rows, Side
from atom.instrument import Instrument, Ints
from atom.stream.messages import Scale
from fusion.errors import BadInput

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_INTERVAL: Final = re.compile(r"([1-9]\d{0,4})([smhd])")
_LONGEST: Final = 7 * 86_400 * 10**9


def interval_ns(text: str) -> int:
    """`1s`, `5m`, `4h` or `1d` as ns; BadInput for others, and above a week."""
    match = _INTERVAL.fullmatch(text)
    span = int(match[1]) * _UNITS[match[2]] * 10**9 if match else 0
    if not 0 < span <= _LONGEST:
        raise BadInput(f"an interval is a number with s, m, h or d, up to 7d, such as 5m; not {text[:40]!r}")
    return span


def candles(trades: Rows, instrument: Instrument, interval: int) -> list[dict[str, str | int]]:
    """A candle for each span of `interval` ns in which there were trades, from the beginning of 1970 UTC on.

    Args:
        trades: rows of the dtype `TRADE`, in order; those of one span need not stand together.

    Returns:
        ts (ns, when it opens), open, high, low, close (quote currency), volume, buy_volume, sell_volume (base currency,
        by aggressor), trades (rows). Numbers of the market are decimal text.
    """
    times = when(trades)
    trades = trades[np.argsort(times, kind="stable")]
    spans, first, count = np.unique(np.sort(times) // interval, return_index=True, return_counts=True)
    if not len(spans):
        return []
    price, size, side = trades["price"], trades["size"], trades["side"]
    scale, last = Scale(instrument), first + count - 1
    prices = (price[first], np.maximum.reduceat(price, first), np.minimum.reduceat(price, first), price[last])
    of_sides = (np.add.reduceat(np.where(side == one, size, 0), first) for one in (Side.BID, Side.ASK))
    sizes = (np.add.reduceat(size, first), *of_sides)
    return [
        {
            "ts": str(span * interval),
            **dict(zip(("open", "high", "low", "close"), map(scale.price, row[:4]), strict=True)),
            **dict(zip(("volume", "buy_volume", "sell_volume"), map(scale.size, row[4:7]), strict=True)),
            "trades": row[7],
        }
        for span, *row in zip(*(column.tolist() for column in (spans, *prices, *sizes, count)), strict=True)
    ]


def when(trades: Rows) -> Ints:
    """When trades happened by the venue's clock, or arrived where that is unknown; ns."""
    return np.where(trades["ts_event"] > 0, trades["ts_event"], trades["ts_recv"])
