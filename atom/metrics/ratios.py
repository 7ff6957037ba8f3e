"""Ratios of what venues tell themselves: long against short, buyers against sellers."""

from typing import Final

from atom.events import Events
from atom.metrics.definition import CLOCK, Definition, Group
from atom.metrics.flow import ratio
from atom.metrics.order import Clock, Columns, in_order, table

LONG_SHORT: Final = Group(
    "long_short",
    "Long Short Ratio",
    "atom.metrics.LongShort",
    "one row for each that the venue tells; `crowd` is 1 for accounts, 2 for top accounts, 3 for top positions",
    (
        Definition(
            "long_short_ratio",
            "1",
            "share of longs / share of shorts: of all accounts (a head each), of the top 20 % of accounts by margin (a "
            "head each), or of those by the size of their positions",
            "Binance, Long/Short Ratio and Top Trader Long/Short Ratio (Accounts, Positions)",
            null="where no one is short",
        ),
    ),
    (CLOCK,),
)

TAKER: Final = Group(
    "taker",
    "Taker Volume, as venues tell it",
    "atom.metrics.TakerVolume",
    "one row for each that the venue tells, in ns and base currency",
    (
        Definition(
            "told_taker_ratio",
            "1",
            "volume of buyers who took / volume of sellers who took, in the venue's own period",
            "Binance, Taker Buy/Sell Volume; CryptoQuant, Taker Buy Sell Ratio",
            null="where nobody sold",
        ),
    ),
    (CLOCK,),
)


class LongShort:
    """Long Short Ratio."""

    def __init__(self, *, clock: Clock = "arrival") -> None:
        self._clock: Clock = clock

    def update(self, events: Events) -> Columns:
        """Columns ts, crowd, period, long, short and long_short_ratio."""
        names = ("crowd", "period", "long", "short")
        rows = in_order(events, ("long_short",), self._clock)
        return table(
            (*names, "long_short_ratio"),
            ((now, *(row[name] for name in names), ratio(row["long"], row["short"])) for now, _, row in rows),
        )


class TakerVolume:
    """Taker Volume, as venues tell it."""

    def __init__(self, *, clock: Clock = "arrival") -> None:
        self._clock: Clock = clock

    def update(self, events: Events) -> Columns:
        """Columns ts, period, buy, sell and told_taker_ratio."""
        names = ("period", "buy", "sell")
        rows = in_order(events, ("taker_volume",), self._clock)
        return table(
            (*names, "told_taker_ratio"),
            ((now, *(row[name] for name in names), ratio(row["buy"], row["sell"])) for now, _, row in rows),
        )
