"""Insurance Fund Health: what a fund could bear."""

from collections import deque
from math import nan
from typing import Final

from atom.events import Events, Rows, Side
from atom.metrics.definition import CLOCK, OURS, Definition, Group, Parameter
from atom.metrics.flow import ratio
from atom.metrics.interest import quote
from atom.metrics.order import Clock, Columns, in_order, table
from fusion.errors import BadInput

_DAY: Final = 86_400 * 10**9

INSURANCE: Final = Group(
    "insurance",
    "Insurance Fund Health",
    "atom.metrics.InsuranceFund",
    "one row for each balance that the venue tells",
    (
        Definition(
            "fund_to_interest",
            "1",
            "balance * worth / open interest in quote currency",
            OURS,
            ("worth",),
            "an open interest, and a mark price where it is told in base currency",
            "where there is no open interest",
        ),
        Definition(
            "fund_to_shortfall",
            "1",
            "balance * worth / shortfall; of each liquidation in the trailing time its size * how much worse than "
            "the mark "
            "price it was filled",
            OURS,
            ("worth", "trailing"),
            "none; until the trailing time is over it sums what there was",
            "where no liquidation fell short",
        ),
        Definition("fund_drawdown", "1", "1 - balance / the highest balance so far", OURS, null="while that is 0"),
    ),
    (
        Parameter("worth", "1", "above 0", "quote", "what a unit of the fund's currency is worth"),
        Parameter("trailing", str(_DAY), "above 0", "ns", "how far back liquidations count"),
        CLOCK,
    ),
)


class InsuranceFund:
    """Insurance Fund Health of one contract, or of all that a fund insures.

    Args:
        worth: quote currency a unit of the fund's currency.
        trailing: how far back liquidations count, ns.
        clock: which time tells what was last.
    """

    def __init__(self, *, worth: float = 1.0, trailing: int = _DAY, clock: Clock = "arrival") -> None:
        if not worth > 0 or trailing <= 0:
            raise BadInput(f"worth and trailing are above 0, not {worth} and {trailing}")
        self._worth = worth
        self._trailing = trailing
        self._clock: Clock = clock
        self._mark = self._interest = nan
        self._peak = 0.0
        self._shortfalls: deque[tuple[int, float]] = deque()
        self._now = 0

    def update(self, events: Events) -> Columns:
        """Columns ts, balance, fund_to_interest, fund_to_shortfall and fund_drawdown."""
        told = []
        for now, kind, row in in_order(
            events, ("mark_price", "open_interest", "liquidation", "insurance_fund"), self._clock
        ):
            self._now = max(self._now, now)
            if kind == "mark_price":
                self._mark = float(row["price"])
            elif kind == "open_interest":
                self._interest = quote(row, self._mark)
            elif kind == "liquidation":
                self._liquidated(row)
            else:
                told.append((self._now, *self._health(float(row["balance"]))))
        return table(("balance", "fund_to_interest", "fund_to_shortfall", "fund_drawdown"), told)

    def _liquidated(self, row: Rows) -> None:
        sign = 1 if row["side"] == Side.ASK else -1  # a long is closed by selling
        short = sign * (self._mark - float(row["price"])) * float(row["size"])
        if short > 0:
            self._shortfalls.append((self._now, short))

    def _health(self, balance: float) -> tuple[float, float, float, float]:
        while self._shortfalls and self._shortfalls[0][0] <= self._now - self._trailing:
            self._shortfalls.popleft()
        shortfall = sum(short for _, short in self._shortfalls)
        self._peak = max(self._peak, balance)
        of_peak = ratio(balance, self._peak)
        return (
            balance,
            ratio(balance * self._worth, self._interest),
            ratio(balance * self._worth, shortfall),
            1 - of_peak,
        )
