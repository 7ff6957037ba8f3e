"""Book: what a strategy may read. It is a copy of what had reached the strategy by now, never the market itself."""

import ctypes
from typing import Final

import numpy as np

from node.exchange.tester.shape import FLOAT, INT, Shared, dtype_of

DEPTH: Final = 10
"""Levels a side that a strategy may see."""
SIGNALS: Final = 16
"""Columns of modules that a strategy may see."""
MOST: Final = float(1 << 62)
"""Ticks or lots that are more than there can be."""

BOOK, TRADE, ACK, FILL, CANCEL, EXPIRE, AMEND, REJECT, REFUSED, TRIGGER = range(10)
FUNDING, LIQUIDATION, ADL, INSURANCE = range(10, 14)
"""Kinds of events. Of the market: its book changed; somebody traded. Of own orders: taken; filled, in part or whole;
cancelled; expired; amended; refused; its cancel or amendment was refused; a stop woke. Of the own position in a
perpetual: funding was paid or got; it is liquidated; it was closed against another's; the insurance fund paid what it
lacked."""

_Levels = (INT * 2) * DEPTH


class Book(ctypes.Structure, Shared):
    """Prices are whole ticks and sizes whole lots, so that they compare exactly; `tick` and `lot` turn them into money.

    Attributes:
        time: now, where the strategy is; ns UTC.
        bid, ask, bid_size, ask_size: the best levels; 0 where a side is empty.
        last, last_size: the last trade; 0 before the first.
        mark: a perpetual's mark price; 0 where there is none.
        mid: (bid + ask) / 2, ticks; NaN where a side is empty.
        bought, sold: lots that takers bought and sold since the strategy was last woken.
        events: how many there were since then.
        position: lots bought less lots sold by this strategy, as far as it has been told.
        base, quote: what the account has, base units of its assets, open orders included. In a perpetual: its position;
            and what is free, held and margin, less what the position cost.
        equity: the account's worth since the start, quote currency: cash at the start, and what was won or lost; at the
            mid price, in a perpetual at the mark price.
        buying, selling: lots of own orders that are open or on their way.
        open: how many these orders are.
        tick, lot: what one of them is, quote and base currency.
        levels: of `bids` and `asks`, how many are kept up.
        bids, asks: rows of (price, size), best first; 0 below the last level.
        signals: the modules' columns, each as its last row that had reached the strategy; NaN before.
    """

    time: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int
    last: int
    last_size: int
    mark: int
    mid: float
    bought: int
    sold: int
    events: int
    position: int
    base: int
    quote: int
    equity: float
    buying: int
    selling: int
    open: int
    tick: float
    lot: float
    levels: int

    _fields_ = [
        ("time", INT),
        ("bid", INT),
        ("ask", INT),
        ("bid_size", INT),
        ("ask_size", INT),
        ("last", INT),
        ("last_size", INT),
        ("mark", INT),
        ("mid", FLOAT),
        ("bought", INT),
        ("sold", INT),
        ("events", INT),
        ("position", INT),
        ("base", INT),
        ("quote", INT),
        ("equity", FLOAT),
        ("buying", INT),
        ("selling", INT),
        ("open", INT),
        ("tick", FLOAT),
        ("lot", FLOAT),
        ("levels", INT),
        ("bids", _Levels),
        ("asks", _Levels),
        ("signals", FLOAT * SIGNALS),
    ]

    def ticks(self, price: float) -> int:
        """A price or distance in quote currency as the nearest whole number of ticks; ValueError for NaN and what is
        too much.
        """
        count = np.rint(price / self.tick)
        if not abs(count) < MOST:
            raise ValueError("book.ticks: this price is no number of ticks")
        return int(count)

    def lots(self, quantity: float) -> int:
        """A quantity in base currency as the nearest whole number of lots; ValueError for NaN and what is too much."""
        count = np.rint(quantity / self.lot)
        if not abs(count) < MOST:
            raise ValueError("book.lots: this quantity is no number of lots")
        return int(count)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"book.{name} is told to a strategy, who cannot change it")


class Event(ctypes.Structure, Shared):
    """What happened last.

    Attributes:
        time: when it happened at the exchange, ns UTC; `book.time` is when it was told.
        kind: BOOK, TRADE, ACK, FILL ...
        side: of TRADE the taker's; of own orders the order's.
        price, quantity: of a trade or fill; of an own order what is asked; 0 for BOOK. Of FUNDING the mark price and
            base units of the quote asset that were got, below 0 paid, and so of INSURANCE; of LIQUIDATION the price at
            which the margin is gone and the position's lots; of ADL what was closed.
        ref: of own orders: which; else 0. The order that a liquidation sends has none.
        reason: why an own order was refused or expired: a `Reason` of the journal; LIQUIDATED of a
            liquidation's fills. EXPIRE with SELF_TRADE may be of a part alone (`Selftrade.DECREMENT`):
            `orders.left(ref)` is what stands.
        maker: 1 where an own order that had rested was filled.
    """

    time: int
    kind: int
    side: int
    price: int
    quantity: int
    ref: int
    reason: int
    maker: int

    _fields_ = [(name, INT) for name in ("time", "kind", "side", "price", "quantity", "ref", "reason", "maker")]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"event.{name} is told to a strategy, who cannot change it")


Book.dtype = dtype_of(Book)
Event.dtype = dtype_of(Event)
