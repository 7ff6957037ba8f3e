"""Replay: a record as what gives commands as time passes; and the shortest way to run one through a market."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import COMMAND
from node.exchange.core.journal import JOURNAL, joined
from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.replay.reel import Reel
from node.exchange.replay.tape import Tape
from node.exchange.replay.teller import Teller

_SPAN: Final = 100_000_000
"""ns of a record that are told together."""


class Passage(NamedTuple):
    """What happened in a stretch of time."""

    journal: Journal


class Replay:
    """A `Runner` that gives a record's commands when they are due. Its orders are the world's; it needs no answers.

    Args:
        reel: the commands.
    """

    listens: Final = False

    def __init__(self, reel: Reel) -> None:
        self._reel, self._teller = reel, Teller()
        self._begin(0)

    def _begin(self, given: int) -> None:
        self._given = given
        self._parts, self._part, self._at = self._reel.cut(given).parts(), np.zeros(0, COMMAND), 0

    def _more(self) -> bool:
        """Whether there is a command left, which is in the part then."""
        while self._at == len(self._part):
            part = next(self._parts, None)
            if part is None:
                return False
            self._part, self._at = part, 0
        return True

    def next_time(self) -> int | None:
        """The time of the next command, ns."""
        return int(self._part["time"][self._at]) if self._more() else None

    def take(self, exchange: Exchange, until: int) -> Commands:
        """What is due up to a time, ns: what happened at one time always whole."""
        count = 0
        if self._more():
            count = int(np.searchsorted(self._part["time"][self._at :], until, side="right"))
        taken = self._part[self._at : self._at + count].copy()
        self._at += count
        self._given += count
        return taken

    def told(self, rows: Journal) -> None:
        """It listens to nobody."""

    def step(self, exchange: Exchange, until: int) -> Journal:
        """Has carried out what is due up to a time (ns), and not much of it at once; what is told of it."""
        due = self.next_time()
        if due is None or due > until:
            return np.zeros(0, JOURNAL)
        commands = self.take(exchange, min(until, due + _SPAN))
        return self._teller.carry_out(exchange, commands)

    def run(self, exchange: Exchange, until: int) -> Iterator[Passage]:
        """Acts up to `until` (ns), that time not included."""
        while len(rows := self.step(exchange, until - 1)):
            yield Passage(rows)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """How many commands it gave, and what it knows of trades to come."""
        return {"given": np.array([self._given], np.int64), **self._teller.save()}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on from there."""
        self._begin(int(saved["given"][0]))
        self._teller.load(saved)


def run(exchange: Exchange, tape: Tape) -> Journal:
    """Runs all of a tape through its market; what users were told."""
    rows: Journal = joined([exchange.carry_out(block) for block in tape.blocks()], JOURNAL)
    return rows
