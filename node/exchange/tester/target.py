"""Target: the stock strategy for a module that says what to hold, from -1 (short) to 1 (long)."""

from typing import Final

import numpy as np

from node.exchange.tester.book import EXPIRE, REJECT, Book, Event
from node.exchange.tester.orders import BUY, SELL, Orders
from node.exchange.tester.strategy import Strategy

PAUSE: Final = 10**9
"""ns."""


class Target(Strategy):
    """Holds what the first column of the module says, times `size`, by market orders.

    It trades only once the difference is `step` of `size` or more, and one order is on its way at a time. After one
    that was refused, or met too little, it waits for a second: the same order again would fare the same.
    """

    def __init__(self, size: float = 0.01, step: float = 0.1) -> None:
        self.size, self.step, self.again = size, step, 0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        wanted = book.signals[0]
        if event.kind in (REJECT, EXPIRE):
            self.again = book.time + PAUSE
        if orders.open > 0 or np.isnan(wanted) or book.time < self.again:
            return
        missing = book.lots(min(1.0, max(-1.0, wanted)) * self.size) - book.position
        if abs(missing) >= max(1, book.lots(self.step * self.size)):
            orders.market(BUY if missing > 0 else SELL, abs(missing))
