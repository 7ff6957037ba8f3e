"""Replay: a tape as a source of commands, and the shortest way to run one through a market."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import COMMAND
from node.exchange.core.journal import JOURNAL, joined
from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.replay.tape import Tape


class Replay:
    """A `Source` that gives a tape's commands when they are due. Its orders are the world's; it needs no answers."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._begin()

    def _begin(self) -> None:
        self._blocks, self._block, self._at, self._given = self._tape.blocks(), np.zeros(0, COMMAND), 0, 0

    def _more(self) -> bool:
        """Whether there is a command left, which is in the block then."""
        while self._at == len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return False
            self._block, self._at = block, 0
        return True

    def next_time(self) -> int | None:
        """The time of the next command, ns."""
        return int(self._block["time"][self._at]) if self._more() else None

    def take(self, exchange: Exchange, until: int) -> Commands:
        """What is due, of a message always all."""
        parts = []
        while self._more():
            block = self._block[self._at :]
            count = int(np.searchsorted(block["time"], until, side="right"))
            if not count:
                break
            parts.append(block[:count].copy())
            self._at += count
            self._given += count
        return np.concatenate(parts) if parts else np.zeros(0, COMMAND)

    def told(self, rows: Journal) -> None:
        """It listens to nobody."""

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """How many commands it gave."""
        return {"given": np.array([self._given], np.int64)}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Winds the tape on from its beginning to there."""
        self._begin()
        given = int(saved["given"][0])
        while self._given < given and self._more():
            step = min(given - self._given, len(self._block) - self._at)
            self._at += step
            self._given += step


def run(exchange: Exchange, tape: Tape) -> Journal:
    """Runs all of a tape through its market; what users were told."""
    rows: Journal = joined([exchange.carry_out(block) for block in tape.blocks()], JOURNAL)
    return rows
