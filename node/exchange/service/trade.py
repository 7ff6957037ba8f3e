"""Trades: a market's, numbered, made from the journal's fills."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.journal import Record
from node.exchange.exchange import Ints, Journal

TRADE = np.dtype(
    [
        ("id", "<i8"),  # ascending by one in a market, from 0
        ("aggregate", "<i8"),  # the same for trades of one taker at one price
        ("time", "<i8"),  # ns UTC
        ("price", "<i8"),  # ticks
        ("quantity", "<i8"),  # lots
        ("taker_order", "<i8"),
        ("maker_order", "<i8"),
        ("taker_fee", "<i8"),
        ("maker_fee", "<i8"),
        ("taker", "<i4"),
        ("maker", "<i4"),
        ("market", "<u2"),
        ("side", "u1"),  # the taker's
    ]
)
Trades = npt.NDArray[Any]
"""Rows of dtype TRADE."""
_HAS_TIME = ~np.isin(np.arange(256), (Record.FILL, Record.PREVENTED))
"""By its kind, whether a row tells its time."""


class Count(NamedTuple):
    """Where a market's numbers stand.

    Attributes:
        trades: how many there were.
        aggregates: how many aggregates there were.
        taker, price: of the last trade.
    """

    trades: int = 0
    aggregates: int = 0
    taker: int = -1
    price: int = 0


def times(rows: Journal, since: Ints) -> Ints:
    """When each row happened, ns: its own time or, of a fill, the one of the row before it in its market.

    Args:
        since: the newest time of each market before these rows; it goes on with them.
    """
    known = np.where(_HAS_TIME[rows["kind"]], rows["time"], 0)
    for market in range(len(since)):
        of = slice(None) if len(since) == 1 else np.flatnonzero(rows["market"] == market)
        own = known[of]
        if len(own):
            known[of] = own = np.maximum(np.maximum.accumulate(own), since[market])
            since[market] = own[-1]
    return known


def trades(rows: Journal, at: Ints, market: int, count: Count) -> tuple[Trades, Count]:
    """A market's trades among journal rows.

    Args:
        rows: of all markets.
        at: when each happened.
        market: its number.
        count: where its numbers stand before.
    """
    chosen = np.flatnonzero((rows["kind"] == Record.FILL) & (rows["market"] == market))
    made = np.zeros(len(chosen), TRADE)
    if not len(chosen):
        return made, count
    fills = rows[chosen]
    for name, column in _COLUMNS.items():
        made[name] = fills[column]
    made["id"] = np.arange(count.trades, count.trades + len(made))
    made["time"], made["market"] = at[chosen], market
    taker, price = made["taker_order"], made["price"]
    fresh = np.ones(len(made), bool)
    fresh[0] = count.aggregates == 0 or taker[0] != count.taker or price[0] != count.price
    fresh[1:] = (taker[1:] != taker[:-1]) | (price[1:] != price[:-1])
    made["aggregate"] = count.aggregates - 1 + np.cumsum(fresh)
    return made, Count(count.trades + len(made), count.aggregates + int(fresh.sum()), int(taker[-1]), int(price[-1]))


_COLUMNS = {
    "price": "price", "quantity": "quantity", "taker_order": "order", "maker_order": "other", "taker_fee": "fee",
    "maker_fee": "other_fee", "taker": "account", "maker": "other_account", "side": "side",
}  # fmt: skip
