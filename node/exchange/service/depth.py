"""Depth: a market's levels, and which of them changed since one looked last."""

from typing import Any, NamedTuple

import numpy as np

from node.exchange.core import ladder
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import Market
from node.exchange.exchange import Ints

U = np.uint64
_ROOM = 1 << 10


class Depth(NamedTuple):
    """Levels of both sides, best first.

    Attributes:
        bids, asks: ticks and lots; int64, shape (levels, 2). Among changes 0 lots say that a level is gone.
        first, last: numbers of the journal's rows since which and up to which they stand; `last` alone for a picture.
    """

    bids: Ints
    asks: Ints
    first: int
    last: int


@jit
def _read(market: Market, side: Int, levels: Any) -> Int:
    """Writes a side's levels, best first, as key and lots; how many fitted."""
    count: Int = 0
    key = ladder.best(market, side) if market.top[U(side)] >= 0 else ladder.LOWEST
    while key != ladder.LOWEST and count < len(levels):
        levels[U(count), U(0)], levels[U(count), U(1)] = key, ladder.size(market, side, key)
        count += 1
        key = ladder.worse(market, side, key)
    return count


class Levels:
    """The levels of one market as they were told last, and as they are."""

    def __init__(self) -> None:
        self._room = np.zeros((_ROOM, 2), np.int64)
        self._told: list[Ints] = [np.zeros((0, 2), np.int64)] * 2
        self._last = 0

    def top(self, market: Market, limit: int, last: int) -> Depth:
        """The best `limit` levels of each side; `last` is how many rows the journal has."""
        bids, asks = (_prices(self._side(market, side, limit), side) for side in (0, 1))
        return Depth(bids, asks, last, last)

    def changes(self, market: Market, last: int) -> Depth:
        """The levels that are not as this told last, with their lots now; at the first call all."""
        now = [self._side(market, side, None) for side in (0, 1)]
        bids, asks = (_prices(_changed(self._told[side], now[side]), side) for side in (0, 1))
        first, self._told, self._last = self._last + 1, now, last
        return Depth(bids, asks, min(first, last), last)

    def _side(self, market: Market, side: int, limit: int | None) -> Ints:
        while True:
            room = self._room if limit is None else self._room[:limit]
            count = int(_read(market, side, room))
            if count < len(room) or len(room) == limit:
                return room[:count].copy()
            self._room = np.zeros((2 * len(self._room), 2), np.int64)


def _changed(before: Ints, now: Ints) -> Ints:
    """Rows of `now` that `before` has not, and those that are gone with 0 lots; best first."""
    keys = np.union1d(before[:, 0], now[:, 0])
    sizes = np.zeros((2, len(keys)), np.int64)
    for row, levels in zip(sizes, (before, now), strict=True):
        row[np.searchsorted(keys, levels[:, 0])] = levels[:, 1]
    other = sizes[0] != sizes[1]
    return np.column_stack([keys[other], sizes[1][other]])[::-1]


def _prices(levels: Ints, side: int) -> Ints:
    if side:
        levels[:, 0] *= -1
    return levels
