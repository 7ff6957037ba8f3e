"""ADL: in which order profitable positions are closed when a liquidation finds no taker."""

from collections.abc import Mapping
from math import ceil, isnan, nan
from typing import Final, NamedTuple

from atom.metrics.definition import Definition, Group

LIGHTS: Final = 5
_SOURCE: Final = "BitMEX, Auto-Deleveraging: ranking and its five lights"
_NULL: Final = "of a position without entry value, or whose mark value is at its bankruptcy or beyond"

ADL: Final = Group(
    "adl",
    "ADL",
    "atom.metrics.AdlQueue",
    "one row a position, longs and shorts apart; the first is closed first",
    (
        Definition(
            "adl_score",
            "1",
            "PnL% * effective leverage where PnL% > 0, else PnL% / effective leverage; PnL% = (mark value - entry "
            "value) / "
            "|entry value|, effective leverage = |mark value| / (mark value - bankruptcy value)",
            _SOURCE,
            null=_NULL,
        ),
        Definition("adl_rank", "count", "place by score among the positions of its side, from 1", _SOURCE, null=_NULL),
        Definition(
            "adl_lights",
            "count",
            "ceil(5 * (n - rank + 1) / n): each light is 20 % of the ranking",
            _SOURCE,
            null=_NULL,
        ),
    ),
)


class Position(NamedTuple):
    """Values of one position in one currency, below zero for a short: size * price where that is its currency.

    Attributes:
        mark: at the mark price.
        entry: at the average entry price.
        bankruptcy: at the price at which its margin is used up.
    """

    mark: float
    entry: float
    bankruptcy: float


class Place(NamedTuple):
    """Where a position stands; NaN is null, rank and lights then are 0."""

    account: str
    is_long: bool
    score: float
    rank: int
    lights: int


def score(position: Position) -> float:
    """How early a position is closed: the higher the earlier."""
    margin = position.mark - position.bankruptcy
    if not (position.entry and margin > 0 and position.mark):
        return nan
    profit = (position.mark - position.entry) / abs(position.entry)
    leverage = abs(position.mark) / margin
    return profit * leverage if profit > 0 else profit / leverage


class AdlQueue:
    """The positions of one contract, as they change."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}

    def update(self, positions: Mapping[str, Position | None]) -> None:
        """Takes positions by account; None for one that has been closed."""
        for account, position in positions.items():
            if position is None:
                self._positions.pop(account, None)
            else:
                self._positions[account] = position

    def places(self) -> list[Place]:
        """All positions: longs, then shorts, each by rank and those without one last; equal scores by account."""
        found = []
        for is_long in (True, False):
            side = [(account, score(of)) for account, of in self._positions.items() if (of.entry > 0) == is_long]
            ranked = sorted((-value, account) for account, value in side if not isnan(value))
            for rank, (value, account) in enumerate(ranked, start=1):
                lights = ceil(LIGHTS * (len(ranked) - rank + 1) / len(ranked))
                found.append(Place(account, is_long, -value, rank, lights))
            found += [Place(account, is_long, nan, 0, 0) for account, value in sorted(side) if isnan(value)]
        return found
