"""Open interest in one unit, per venue and over all: EOI and AOPV."""

from math import isnan, nan
from typing import Final

from atom.events import Events, Rows, Unit
from atom.metrics.definition import CLOCK, UNDEFINED, Definition, Group, Parameter
from atom.metrics.order import Clock, Columns, in_order, table
from fusion.errors import BadInput

_HOUR: Final = 3_600 * 10**9
_DOLLARS: Final = ("USD", "USDT", "USDC", "FDUSD", "BUSD")
_WARM: Final = "an open interest, and a mark price where it is not told in the unit"
_NULL: Final = "where a price or the size of a contract is unknown"

INTEREST: Final = Group(
    "interest",
    "Open interest over venues",
    "atom.metrics.OpenInterest",
    "one row for each open interest that a venue tells, of all whose base currency is the same",
    (
        Definition(
            "eoi",
            "base",
            "exchange open interest: what is told as base currency; contracts * contract size, or the value "
            "of inverse ones / mark; quote currency / mark",
            UNDEFINED,
            ("stale",),
            _WARM,
            _NULL,
        ),
        Definition(
            "eoi_total", "base", "the sum of eoi over venues and contracts", UNDEFINED, ("stale",), _WARM, _NULL
        ),
        Definition(
            "aopv",
            "USD",
            "value of the open positions of one contract: eoi * mark, or what is told as quote currency, * dollars a "
            "unit "
            "of quote currency",
            UNDEFINED,
            ("dollars", "stale"),
            _WARM,
            _NULL,
        ),
        Definition(
            "aopv_total",
            "USD",
            "aggregated open position value: the sum of aopv over venues and contracts",
            UNDEFINED,
            ("dollars", "stale"),
            _WARM,
            _NULL,
        ),
        Definition(
            "contracts",
            "count",
            "how many contracts the sums hold; those told last before `stale` are left out",
            UNDEFINED,
        ),
    ),
    (
        Parameter(
            "dollars", "1 for " + ", ".join(_DOLLARS), "any", "USD / quote", "what a unit of a quote currency is worth"
        ),
        Parameter("stale", str(_HOUR), "above 0", "ns", "what was told longer ago counts in no sum"),
        CLOCK,
    ),
)


def base(row: Rows, mark: float) -> float:
    """An open interest in base currency; `mark` is NaN where it is unknown."""
    size, value = float(row["size"]), float(row["value"])
    if row["unit"] == Unit.CONTRACTS and isnan(value):
        return size * float(row["contract_size"])
    if row["unit"] == Unit.BASE:
        return size
    return (size if row["unit"] == Unit.QUOTE else value) / mark if mark > 0 else nan


def quote(row: Rows, mark: float) -> float:
    """An open interest in quote currency: as it is told, else at the mark price."""
    if row["unit"] == Unit.QUOTE:
        return float(row["size"])
    if row["unit"] == Unit.CONTRACTS and not isnan(row["value"]):
        return float(row["value"])
    at_mark = base(row, mark) * mark
    return float(row["value"]) if isnan(at_mark) else at_mark


class OpenInterest:
    """EOI and AOPV over any number of venues and contracts.

    Args:
        dollars: dollars a unit of quote currency; by default those that are dollars count as one, and others are null.
        stale: what was told longer ago counts in no sum, ns.
        clock: which time tells what was last.
    """

    def __init__(
        self, *, dollars: dict[str, float] | None = None, stale: int = _HOUR, clock: Clock = "arrival"
    ) -> None:
        if stale <= 0:
            raise BadInput(f"stale is a time above 0 ns, not {stale}")
        self._dollars = dict.fromkeys(_DOLLARS, 1.0) if dollars is None else dict(dollars)
        self._stale = stale
        self._clock: Clock = clock
        self._marks: dict[tuple[str, str], float] = {}
        self._told: dict[tuple[str, str], tuple[int, float, float]] = {}  # when, eoi, aopv

    def update(self, events: Events) -> Columns:
        """Columns ts, eoi, eoi_total, aopv, aopv_total and contracts, of the events of any one contract."""
        of = (events.instrument.venue, events.instrument.symbol)
        currency, of_quote = (*of[1].split("-"), "", "")[:2]
        told = []
        for now, kind, row in in_order(events, ("mark_price", "open_interest"), self._clock):
            if kind == "mark_price":
                self._marks[of] = float(row["price"])
                continue
            mark = self._marks.get(of, nan)
            mine = base(row, mark), quote(row, mark) * self._dollars.get(of_quote, nan)
            self._told[of] = now, *mine
            fresh = [
                self._told[each]
                for each in sorted(self._told)  # so that sums do not depend on who came first
                if each[1].split("-")[0] == currency and self._told[each][0] > now - self._stale
            ]
            totals = (sum(one[place] for one in fresh) for place in (1, 2))
            told.append((now, *mine, *totals, len(fresh)))
        return table(("eoi", "aopv", "eoi_total", "aopv_total", "contracts"), told)
