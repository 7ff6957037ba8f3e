"""Contract/Index Basis: how far a contract trades from its index."""

from decimal import Decimal
from math import isfinite, nan
from typing import Final, Literal

from atom.events import Events
from atom.metrics.definition import CLOCK, Definition, Group, Parameter
from atom.metrics.order import Clock, Columns, in_order, table
from fusion.errors import BadInput

_DAY: Final = 86_400 * 10**9
_YEAR: Final = 365  # days
_SOURCE: Final = "Binance, Basis"

BASIS: Final = Group(
    "basis",
    "Contract/Index Basis",
    "atom.metrics.Basis",
    "one row for each price of the index, with the contract's price as last seen",
    (
        Definition(
            "basis",
            "quote",
            "contract - index, exact in the decimals of both and rounded once; the contract's price is that of its "
            "last "
            "trade, or its mark price: `of`",
            _SOURCE,
            ("of",),
            "a price of the contract",
        ),
        Definition(
            "basis_rate",
            "1",
            "basis / index",
            _SOURCE,
            ("of",),
            "a price of the contract",
            "where the index is 0 or less",
        ),
        Definition(
            "basis_annualised",
            "1",
            "basis_rate * 365 / days to expiry",
            _SOURCE,
            ("of", "expiry"),
            "a price of the contract",
            "of a perpetual, and from expiry on",
        ),
    ),
    (
        Parameter("of", "trade", "trade, mark", "1", "which of the contract's prices"),
        Parameter("expiry", "none", "any time", "ns", "when the contract is settled; none of a perpetual"),
        CLOCK,
    ),
)


def basis(contract: float, index: float) -> float:
    """Contract - index, as the decimals that both floats stand for have it: 34414.10 - 34400.15945 is 13.94055."""
    if not (isfinite(contract) and isfinite(index)):
        return nan
    return float(Decimal(repr(float(contract))) - Decimal(repr(float(index))))


def annualised(rate: float, now: int, expiry: int | None) -> float:
    """A rate as one of a year; null without expiry, or past it."""
    return rate * _YEAR / ((expiry - now) / _DAY) if expiry is not None and expiry > now else nan


class Basis:
    """Contract/Index Basis of one contract.

    Args:
        of: which of the contract's prices: "trade" or "mark".
        expiry: when it is settled, ns; None for a perpetual.
        clock: which time tells what was last.
    """

    def __init__(
        self, *, of: Literal["trade", "mark"] = "trade", expiry: int | None = None, clock: Clock = "arrival"
    ) -> None:
        if of not in ("trade", "mark"):
            raise BadInput(f"the contract's price is that of trade or mark, not {of[:20]!r}")
        self._kind = "trade" if of == "trade" else "mark_price"
        self._expiry = expiry
        self._clock: Clock = clock
        self._contract = nan

    def update(self, events: Events) -> Columns:
        """Columns ts, contract, index, basis, basis_rate and basis_annualised."""
        told = []
        number, scale = events.instrument.tick.as_integer_ratio()
        for now, kind, row in in_order(events, (self._kind, "index_price"), self._clock):
            if kind == "trade":
                self._contract = int(row["price"]) * number / scale
            elif kind == "mark_price":
                self._contract = float(row["price"])
            else:
                index = float(row["price"])
                apart = basis(self._contract, index)
                rate = apart / index if index > 0 else nan
                told.append((now, self._contract, index, apart, rate, annualised(rate, now, self._expiry)))
        return table(("contract", "index", "basis", "basis_rate", "basis_annualised"), told)
