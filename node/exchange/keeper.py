"""Keeper: tells a perpetual its mark price each second, and what its positions pay one another now and then.

The index is what the asset is worth outside; where nobody knows that, it is the market's own middle. The mark price is
the middle one of three: the index, the index plus a moving average of the distance to it over five minutes, and the
last price. So neither one trade nor one side of the book alone can move it far.

A funding rate is the average premium, (middle - index) / index at each second since the last funding, plus `INTEREST`
less that premium, which is bounded to half a thousandth either way; in all at most three quarters of the maintenance.

Sources: the pages "Introduction to Binance Futures funding rates" and "Mark price and price index" of Binance's help
centre. All is reckoned in whole numbers, so that it is the same wherever it runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.state import Market
from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.source import Source

SECOND: Final = 1_000_000_000
HOUR: Final = 3600 * SECOND
EIGHT_HOURS: Final = 8 * HOUR
INTEREST: Final = 100_000
"""ppb that eight hours cost."""
_BOUND: Final = 500_000  # ppb
_FINE: Final = 1 << 16  # parts of a tick
_AVERAGE: Final = 300  # seconds
_BILLION: Final = 1_000_000_000
_KEPT: Final = 1000
Index = Callable[[], float]
"""What the asset is worth outside, ticks."""


class Funding(NamedTuple):
    """Positions paid one another.

    Attributes:
        time: ns UTC.
        rate: ppb of their worth; above 0: the bought paid.
        mark: ticks.
    """

    time: int
    rate: int
    mark: int


class Keeper:
    """A source for one perpetual.

    Args:
        exchange: has the market.
        number: of the market.
        start: when it begins, ns UTC.
        every: ns between fundings, which are at whole multiples of that.
        index: None where nobody knows.
        beside: who else gives orders there: each second is told before they go on.

    Attributes:
        number, every: as given.
        index: ticks, as it was last; 0 before.
        history: the last fundings, oldest first.
    """

    listens: Final = False

    def __init__(
        self,
        exchange: Exchange,
        number: int,
        start: int,
        *,
        every: int = EIGHT_HOURS,
        index: Index | None = None,
        beside: Sequence[Source] = (),
    ) -> None:
        self.number, self.every, self._outside, self._beside = number, every, index, beside
        rules = exchange.markets[number].rules[0]
        self._most = int(rules["maintenance"]) * 1000 * 3 // 4
        self._next = start - start % SECOND + SECOND
        self.next_funding = start - start % every + every
        self.index, self._away, self._premiums, self._seconds = 0, 0, 0, 0
        self.history: list[Funding] = []

    @property
    def rate(self) -> int:
        """What the next funding would be if it were now, ppb."""
        premium = self._premiums // max(1, self._seconds)
        interest = INTEREST * self.every // EIGHT_HOURS
        rate = premium + max(-_BOUND, min(_BOUND, interest - premium))
        return max(-self._most, min(self._most, rate))

    def next_time(self) -> int | None:
        return self._next

    def take(self, exchange: Exchange, until: int) -> Commands:
        """One mark price for all seconds in which nobody else did anything, which count each.

        A funding that comes due among them follows a mark price of the second before.
        """
        times = [each for source in self._beside if (each := source.next_time()) is not None]
        until = max(self._next, min([until, *times]))
        market = exchange.markets[self.number]
        mark = int(market.state["mark"][0])
        told: list[tuple[int, Kind, int]] = []
        while self.next_funding <= self._next + (until - self._next) // SECOND * SECOND:
            if self._next < self.next_funding:
                mark = self._pass(market, self.next_funding - 1, told) or mark
            if mark:
                told.append((self.next_funding, Kind.FUNDING, self.rate))
                self.history = [*self.history, Funding(self.next_funding, self.rate, mark)][-_KEPT:]
            self.next_funding += self.every
            self._premiums = self._seconds = 0
        self._pass(market, until, told)
        rows = np.zeros(len(told), COMMAND)
        rows["market"] = self.number
        for row, (time, kind, amount) in zip(rows, told, strict=True):
            row["time"], row["kind"], row["price" if kind == Kind.MARK else "quantity"] = time, kind, amount
        return rows

    def _pass(self, market: Market, until: int, told: list[tuple[int, Kind, int]]) -> int:
        """Tells the mark price of the last second up to a time, as it was in all those before; 0: there is none."""
        seconds = (until - self._next) // SECOND + 1
        self._next += seconds * SECOND
        if mark := self._look(market, seconds):
            told.append((self._next - SECOND, Kind.MARK, mark))
        return mark

    def _look(self, market: Market, seconds: int) -> int:
        """The mark price after so many seconds in which the market was as it is; 0 where there is none."""
        middle, last = mid(market), int(market.state["last"][0])
        outside = round(self._outside()) if self._outside is not None else middle
        self.index = outside if outside > 0 else last
        if self.index == 0:
            return 0
        if middle:
            for _ in range(seconds):
                step = ((middle - self.index) * _FINE - self._away) // _AVERAGE
                if step == 0:
                    break
                self._away += step
            self._premiums += (middle - self.index) * _BILLION // self.index * seconds
            self._seconds += seconds
        average = self.index + self._away // _FINE
        return max(1, sorted((self.index, average, last or average))[1])

    def skip(self, until: int) -> None:
        """Leaves out the time before `until` (ns), and the fundings in it."""
        self._next = max(self._next, until - until % SECOND + SECOND)
        self.next_funding = max(self.next_funding, until - until % self.every + self.every)

    def told(self, rows: Journal) -> None:
        """It looks at the market itself."""

    def save(self) -> dict[str, npt.NDArray[Any]]:
        now = (self._next, self.next_funding, self.index, self._away, self._premiums, self._seconds)
        return {"now": np.array(now, np.int64), "history": np.array(self.history, np.int64).reshape(-1, 3)}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        now = saved["now"].tolist()
        self._next, self.next_funding, self.index, self._away, self._premiums, self._seconds = now
        self.history = [Funding(*each) for each in saved["history"].tolist()]


def mid(market: Market) -> int:
    """The middle of a market's best prices, ticks, rounded down; 0 where a side is empty."""
    if min(market.top) < 0:
        return 0
    bid, ask = (market.top + market.base).tolist()
    return int(bid - ask) // 2
