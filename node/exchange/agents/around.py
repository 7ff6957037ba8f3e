"""Around: agents who trade in a market whose own orders and trades are a record's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy.typing as npt

from node.exchange.agents.population import Population
from node.exchange.core.journal import JOURNAL, joined
from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.replay.replay import Passage, Replay

_ROWS: Final = 1 << 12
"""Rows that are told together, about."""


class Around:
    """A `Runner` of both: what is recorded comes when it is due, and agents see the market as it is when they wake. At
    equal times what is recorded comes first.
    """

    listens: Final = True

    def __init__(self, replay: Replay, crowd: Population) -> None:
        self._replay, self._crowd = replay, crowd

    def next_time(self) -> int | None:
        """When the next agent wakes or the record goes on, ns."""
        times = [each for each in (self._replay.next_time(), self._crowd.next_time()) if each is not None]
        return min(times, default=None)

    def take(self, exchange: Exchange, until: int) -> Commands:
        """Commands of the one whose turn it is."""
        due, wake = self._replay.next_time(), self._crowd.next_time()
        if due is not None and (wake is None or due <= wake):
            return self._replay.take(exchange, until if wake is None else min(until, wake))
        return self._crowd.take(exchange, until if due is None else min(until, due - 1))

    def told(self, rows: Journal) -> None:
        """Lets the agents know what became of their orders."""
        self._crowd.told(rows)

    def run(self, exchange: Exchange, until: int) -> Iterator[Passage]:
        """Acts up to `until` (ns), that time not included."""
        rows: list[Journal] = []
        count = 0
        for some in self._turns(exchange, until):
            if len(some):
                rows.append(some)
                count += len(some)
            if count >= _ROWS:
                yield Passage(joined(rows, JOURNAL))
                rows, count = [], 0
        if rows:
            yield Passage(joined(rows, JOURNAL))

    def _turns(self, exchange: Exchange, until: int) -> Iterator[Journal]:
        """What came of each one's turn."""
        while True:
            due = self._replay.next_time()
            stop = until if due is None else min(due, until)
            for block in self._crowd.run(exchange, stop):
                yield block.journal.copy()
            if stop == until:
                break
            wake = self._crowd.next_time()
            recorded = self._replay.step(exchange, until - 1 if wake is None else min(until - 1, wake))
            self._crowd.told(recorded)
            yield recorded

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that a later `load` needs."""
        return {**self._replay.save(), **self._crowd.save()}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where `save` was asked."""
        self._replay.load(saved)
        self._crowd.load(saved)
