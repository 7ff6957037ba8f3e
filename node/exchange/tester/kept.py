"""Kept: who trades in a perpetual, and its keeper, as one source."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.keeper import Keeper
from node.exchange.source import Source


class Kept:
    """At equal times those who trade come first, and then the mark price and funding."""

    def __init__(self, traders: Source, keeper: Keeper) -> None:
        self._traders, self._keeper = traders, keeper

    @property
    def listens(self) -> bool:
        """Whether one of them does."""
        return self._traders.listens or self._keeper.listens

    def next_time(self) -> int | None:
        """When one of them has its next command, ns."""
        times = [each for each in (self._traders.next_time(), self._keeper.next_time()) if each is not None]
        return min(times, default=None)

    def take(self, exchange: Exchange, until: int) -> Commands:
        """Commands of the one whose turn it is."""
        wake, second = self._traders.next_time(), self._keeper.next_time()
        if wake is not None and (second is None or wake <= second):
            return self._traders.take(exchange, until if second is None else min(until, second))
        return self._keeper.take(exchange, until)

    def told(self, rows: Journal) -> None:
        """Lets both know what was answered."""
        self._traders.told(rows)
        self._keeper.told(rows)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that a later `load` needs."""
        kept = {f"traders-{name}": each for name, each in self._traders.save().items()}
        return kept | {f"keeper-{name}": each for name, each in self._keeper.save().items()}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where `save` was asked."""
        for who, before in ((self._traders, "traders-"), (self._keeper, "keeper-")):
            who.load({name.removeprefix(before): each for name, each in saved.items() if name.startswith(before)})
