"""Tape: a market's latest trades."""

from typing import Final

import numpy as np

from node.exchange.exchange import Ints, Journal
from node.exchange.service.trade import TRADE, Count, Trades, trades

KEPT: Final = 1 << 13
"""Trades that are kept in memory, at the least."""


class Tape:
    """Trades of one market; the older ones are in the journal.

    Attributes:
        count: where the market's numbers stand.
    """

    def __init__(self, market: int) -> None:
        self._market = market
        self._rows: Trades = np.zeros(2 * KEPT, TRADE)
        self._end = 0
        self.count = Count()

    def take(self, rows: Journal, times: Ints) -> Trades:
        """The new trades among journal rows, which are kept."""
        made, self.count = trades(rows, times, self._market, self.count)
        self._keep(made)
        return made

    def recent(self, limit: int) -> Trades:
        """The newest, oldest first."""
        return self._rows[max(0, self._end - limit) : self._end].copy()

    @property
    def first(self) -> int:
        """Number of the oldest one that is kept."""
        return self.count.trades - self._end

    @property
    def last(self) -> int:
        """Lots of the newest one; 0 where there was none."""
        return int(self._rows["quantity"][self._end - 1]) if self._end else 0

    def since(self, first: int, limit: int) -> Trades:
        """Those from number `first` on that are kept, at most `limit`."""
        begin = max(0, self._end - (self.count.trades - first))
        return self._rows[min(begin, self._end) : min(begin + limit, self._end)].copy()

    def restore(self, count: Count, kept: Trades) -> None:
        """Goes on where `count` was, with the newest trades before it."""
        self.count, self._end = count, 0
        self._keep(kept)

    def _keep(self, made: Trades) -> None:
        made = made[-KEPT:]
        if self._end + len(made) > len(self._rows):
            kept = self._rows[self._end - KEPT : self._end].copy()
            self._rows[:KEPT], self._end = kept, KEPT
        self._rows[self._end : self._end + len(made)] = made
        self._end += len(made)
