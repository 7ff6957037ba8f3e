"""Ladder: the first hours of a market in which nobody lives: some trades, and then orders that stand still."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import COMMAND, Kind, Tif
from node.exchange.exchange import Commands, Exchange, Ints, Journal
from node.exchange.service.plan import Opening

MINUTE: Final = 60_000_000_000
HOURS: Final = 10
_LEVELS: Final = 200
_STEP: Final = 2e-4  # of the price, a minute
_REACH: Final = 0.5  # of the price, that the farthest level is away
_WEALTH: Final = 1 << 56  # base units


class Ladder:
    """A source that gives a walk of trades, one a minute, and a ladder of orders around where it ends; then no more.

    Args:
        exchange: accounts are opened there, as many as a market that limits their orders asks for.
        market: number.
        opening: where it begins.
        end: when the ladder is put there, ns UTC; the trades are of the hours before.
        seed: of the walk and of the orders' sizes.
    """

    listens: Final = False

    def __init__(self, exchange: Exchange, market: int, opening: Opening, end: int, seed: int) -> None:
        self._market, self._listing, self._price = market, opening.listing, opening.price
        paid = [self._listing.quote] if self._listing.initial else [self._listing.base, self._listing.quote]
        self._assets = [exchange.assets.index(each) for each in paid]
        each = self._listing.orders or 2 * _LEVELS
        self._makers = [exchange.open_account(0, 0) for _ in range(-(-2 * _LEVELS // each))]
        self._taker = exchange.open_account(0, 0)
        self._end, self._seed, self._given = end, seed, False

    def next_time(self) -> int | None:
        return None if self._given else self._end - HOURS * 60 * MINUTE

    def take(self, exchange: Exchange, until: int) -> Commands:
        """All of it; it is due when the exchange opens."""
        self._given = True
        chance = np.random.default_rng([self._seed, self._market])
        prices, rows = self._walk(chance), self._funds()
        sizes = self._sizes(chance, len(prices))
        for at, (price, size, side) in enumerate(zip(prices, sizes, chance.integers(0, 2, len(prices)), strict=True)):
            time = self._end - (len(prices) - at) * MINUTE
            rows += self._trade(time, int(price), int(size), int(side))
        return np.array(rows + self._levels(chance, int(prices[-1])), COMMAND)

    def told(self, rows: Journal) -> None:
        """It does not listen."""

    def save(self) -> dict[str, npt.NDArray[Any]]:
        return {"given": np.array([self._given])}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        self._given = bool(saved["given"][0])

    def _walk(self, chance: np.random.Generator) -> Ints:
        middle = self._listing.ticks(self._price)
        away = np.exp(np.cumsum(_STEP * chance.standard_normal(HOURS * 60)))
        prices: Ints = np.maximum(1, np.rint(middle * away / away[-1])).astype(np.int64)
        return prices

    def _sizes(self, chance: np.random.Generator, count: int) -> Ints:
        """Lots: some hundred times the least quantity."""
        least = self._listing.lots(self._listing.least)
        drawn = np.rint(least * 200 * chance.lognormal(0, 1, count)).astype(np.int64)
        return np.clip(drawn, 2 * least, self._listing.lots(self._listing.most) // 4)

    def _funds(self) -> list[tuple[int, ...]]:
        return [
            _row(kind=Kind.DEPOSIT, market=self._market, account=account, order=asset, quantity=_WEALTH)
            for account in (*self._makers, self._taker)
            for asset in self._assets
        ]

    def _trade(self, time: int, price: int, size: int, side: int) -> list[tuple[int, ...]]:
        order = {"kind": Kind.NEW, "market": self._market, "time": time, "price": price, "quantity": size}
        made = _row(**order, account=self._makers[0], side=1 - side)
        return [made, _row(**order, account=self._taker, side=side, tif=Tif.IOC)]

    def _levels(self, chance: np.random.Generator, middle: int) -> list[tuple[int, ...]]:
        """Close together near the middle, and far apart far from it."""
        away = np.unique(np.rint(np.geomspace(1, max(_LEVELS, int(middle * _REACH)), _LEVELS)).astype(np.int64))
        order = {"kind": Kind.NEW, "market": self._market, "time": self._end}
        levels = [
            (side, middle + int(gap) * (2 * side - 1), int(size))
            for side in (0, 1)
            for gap, size in zip(away, self._sizes(chance, len(away)), strict=True)
        ]
        return [
            _row(**order, account=self._makers[at % len(self._makers)], side=side, price=price, quantity=size)
            for at, (side, price, size) in enumerate(levels)
            if price > 0
        ]


def _row(**fields: int) -> tuple[int, ...]:
    return tuple(int(fields.get(name, 0)) for name in COMMAND.names or ())
