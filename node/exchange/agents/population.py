"""Population: agents at an exchange, run by themselves in compiled code or woken as a source among others."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.agents import desk, loop
from node.exchange.agents.behaviour import Floor
from node.exchange.agents.crowd import Crowd
from node.exchange.core.command import COMMAND
from node.exchange.core.journal import JOURNAL
from node.exchange.core.match import room_needed
from node.exchange.core.state import grown
from node.exchange.exchange import Commands, Exchange, Journal

Arrays = dict[str, npt.NDArray[Any]]
_ROWS = 1 << 15  # of the journal a block, at the least
_SAMPLES = 1 << 12
_TAKEN = 1 << 10


class Block(NamedTuple):
    """What happened in a stretch of time.

    Attributes:
        journal: of dtype JOURNAL.
        samples: of dtype SAMPLE: the best prices at even times.
    """

    journal: Journal
    samples: npt.NDArray[Any]


class Population:
    """Agents of one market of an exchange, or of two.

    Attributes:
        crowd: the agents' arrays.
        markets: the numbers of their markets, first and second; one market twice where there is one.
    """

    def __init__(self, crowd: Crowd, markets: tuple[int, int]) -> None:
        self.crowd, self.markets = crowd, markets
        self._commands = np.zeros(_TAKEN, COMMAND)
        self._journal = np.zeros(2 * _ROWS, JOURNAL)
        self._samples = np.zeros(_SAMPLES, loop.SAMPLE)

    def run(self, exchange: Exchange, until: int) -> Iterator[Block]:
        """Lets the agents trade by themselves until a time (ns), block by block.

        A block's arrays are written over by the next; nobody else must use the exchange between two blocks.
        """
        one, other = self.markets
        while True:
            floor = self._floor(exchange)
            rows, samples, why = loop.run(self.crowd, floor, until, self._journal, self._samples)
            if rows or samples:
                yield Block(self._journal[:rows], self._samples[:samples])
            if why == loop.DONE:
                return
            if why in {loop.FIRST, loop.SECOND}:
                number = one if why == loop.FIRST else other
                exchange.put_market(number, grown(exchange.markets[number]))
            needed = int(room_needed(floor.first)) + int(room_needed(floor.second)) + _ROWS
            if len(self._journal) < needed:
                self._journal = np.zeros(2 * needed, JOURNAL)

    def next_time(self) -> int | None:
        """When the next agent wakes, ns."""
        return int(self.crowd.agents["wake"][self.crowd.queue[0]])

    def take(self, exchange: Exchange, until: int) -> Commands:
        """The commands of agents that wake up to `until`; they see the exchange as it is now."""
        count = int(loop.take(self.crowd, self._floor(exchange), until))
        return self._commands[:count].copy()

    def told(self, rows: Journal) -> None:
        """Lets the agents know what became of their orders."""
        desk.learn(self.crowd, rows, 0, len(rows))

    def save(self) -> Arrays:
        """All that a later `load` needs to go on with the same draws."""
        return {**self.crowd._asdict(), "markets": np.array(self.markets)}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where `save` was asked."""
        self.crowd = Crowd(**{name: saved[name].copy() for name in Crowd._fields})
        self.markets = int(saved["markets"][0]), int(saved["markets"][1])

    def _floor(self, exchange: Exchange) -> Floor:
        one, other = self.markets
        return Floor(exchange.markets[one], exchange.markets[other], exchange.ledger, self._commands)
