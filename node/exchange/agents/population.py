"""Population: agents at an exchange, run by themselves in compiled code or woken as a source among others."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.agents import loop
from node.exchange.agents.crowd import SAMPLE, Crowd
from node.exchange.core import door
from node.exchange.core.command import COMMAND
from node.exchange.core.entry import Table
from node.exchange.core.journal import JOURNAL
from node.exchange.core.state import grown
from node.exchange.exchange import Commands, Exchange, Journal

Arrays = dict[str, npt.NDArray[Any]]
_ROWS = 1 << 15  # of the journal a block, at the least
_SAMPLES = 1 << 12
_TAKEN = 1 << 10
_KEPT = ("agents", "orders", "queue", "by_account", "scene")


class Block(NamedTuple):
    """What happened in a stretch of time.

    Attributes:
        journal: of dtype JOURNAL.
        samples: of dtype SAMPLE: the best prices at even times.
    """

    journal: Journal
    samples: npt.NDArray[Any]


class Population:
    """Agents of one market of an exchange, or of two."""

    listens: Final = True

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._table = Table(loop.open_crowd, crowd)
        loop.begin(self._table.address)

    @property
    def crowd(self) -> Crowd:
        """The agents' arrays."""
        return self._crowd

    @property
    def markets(self) -> tuple[int, int]:
        """Numbers of their markets, first and second; one market twice where there is one."""
        scene = self._crowd.scene[0]
        return int(scene["first"]), int(scene["second"])

    def run(self, exchange: Exchange, until: int) -> Iterator[Block]:
        """Lets the agents trade by themselves until a time (ns), block by block.

        A block's arrays are written over by the next; nobody else must use the exchange between two blocks.
        """
        one, other = self.markets
        while True:
            rows, samples, why = (int(each) for each in loop.run(self._table.address, exchange.table, until))
            if rows or samples:
                yield Block(self._crowd.journal[:rows], self._crowd.samples[:samples])
            if why == loop.DONE:
                return
            if why in {loop.FIRST, loop.SECOND}:
                number = one if why == loop.FIRST else other
                exchange.put_market(number, grown(exchange.markets[number]))
            needed = sum(door.rows_needed(exchange.table, number) for number in self.markets) + _ROWS
            if len(self._crowd.journal) < needed:
                self._hold(self._crowd._replace(journal=np.zeros(2 * needed, JOURNAL)))

    def next_time(self) -> int | None:
        """When the next agent wakes, ns."""
        return int(self._crowd.agents["wake"][self._crowd.queue[0]])

    def take(self, exchange: Exchange, until: int) -> Commands:
        """The commands of agents that wake up to `until`; they see the exchange as it is now."""
        count = int(loop.take(self._table.address, exchange.table, until))
        return self._crowd.commands[:count].copy()

    def skip(self, until: int) -> None:
        """Leaves out the time before `until` (ns): agents slept, and neither prices nor opinions moved."""
        gap = max(0, until - int(self._crowd.agents["wake"].min()))
        for name in ("wake", "seen"):
            self._crowd.agents[name] += gap
        for name in ("time", "sample"):
            self._crowd.scene[name] += gap

    def told(self, rows: Journal) -> None:
        """Lets the agents know what became of their orders."""
        loop.tell(self._table.address, np.array(rows))  # kernels are made for arrays that may be written

    def save(self) -> Arrays:
        """All that a later `load` needs to go on with the same draws."""
        return {name: each.copy() for name, each in self._crowd._asdict().items() if name in _KEPT}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where `save` was asked."""
        self._hold(self._crowd._replace(**{name: saved[name].copy() for name in _KEPT}))

    def _hold(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._table.hold(crowd)


def scratch() -> tuple[Commands, Journal, npt.NDArray[Any]]:
    """A crowd's arrays for commands, journal and samples."""
    return np.zeros(_TAKEN, COMMAND), np.zeros(2 * _ROWS, JOURNAL), np.zeros(_SAMPLES, SAMPLE)
