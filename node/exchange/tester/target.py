"""Target: the stock strategy for a module that says what to hold, from -1 (short) to 1 (long)."""

import numpy as np

from node.exchange.tester.book import Book, Event
from node.exchange.tester.orders import BUY, SELL, Orders
from node.exchange.tester.strategy import Strategy


class Target(Strategy):
    """Holds what the first column of the module says, times `size`, by market orders.

    It trades only once the difference is `step` of `size` or more, and one order is on its way at a time.
    """

    def __init__(self, size: float = 0.01, step: float = 0.1) -> None:
        self.size, self.step = size, step

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        wanted = book.signals[0]
        if orders.open > 0 or np.isnan(wanted):
            return
        missing = book.lots(min(1.0, max(-1.0, wanted)) * self.size) - book.position
        if abs(missing) >= max(1, book.lots(self.step * self.size)):
            orders.market(BUY if missing > 0 else SELL, abs(missing))
