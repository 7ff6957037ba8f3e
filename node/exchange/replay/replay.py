"""Replay: a record as what gives commands as time passes, and what its trades are told as; and the shortest way to run
one through a market.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.journal import JOURNAL, Record, joined
from node.exchange.core.state import WORLD
from node.exchange.exchange import Commands, Exchange, Journal
from node.exchange.replay.reel import Reel
from node.exchange.replay.tape import Tape

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

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
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
        return told(commands, exchange.carry_out(commands))

    def run(self, exchange: Exchange, until: int) -> Iterator[Passage]:
        """Acts up to `until` (ns), that time not included."""
        while len(rows := self.step(exchange, until - 1)):
            yield Passage(rows)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """How many commands it gave."""
        return {"given": np.array([self._given], np.int64)}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on from there."""
        self._begin(int(saved["given"][0]))


def told(commands: Commands, rows: Journal) -> Journal:
    """What a record's commands are told as: when they came, their trades, and what they led to.

    A trade is told as one of the world with itself, less what others were filled of it, who have rows of their own.
    """
    trades = commands[(commands["kind"] == Kind.REPLAY_TRADE) & (commands["price"] > 0)]
    made = np.zeros(2 * len(trades) + 2, JOURNAL)
    made["kind"], made["market"], made["account"] = Record.RECORDED, commands["market"][0], WORLD
    made["time"][0], made["time"][-1] = commands["time"][0], commands["time"][-1]
    made["time"][1:-1:2] = trades["time"]
    fills = made[2:-1:2]
    fills["kind"], fills["other_account"] = Record.FILL, WORLD
    for name in ("side", "price", "quantity"):
        fills[name] = trades[name]
    others = int(rows["quantity"][(rows["kind"] == Record.FILL) & (rows["account"] == WORLD)].sum())
    before = np.cumsum(trades["quantity"]) - trades["quantity"]
    fills["quantity"] = np.maximum(trades["quantity"] - np.maximum(others - before, 0), 0)
    keep = np.ones(len(made), bool)
    keep[2:-1:2] = fills["quantity"] > 0
    everything: Journal = joined([made[:-1][keep[:-1]], rows, made[-1:]], JOURNAL)
    return everything


def run(exchange: Exchange, tape: Tape) -> Journal:
    """Runs all of a tape through its market; what users were told."""
    rows: Journal = joined([exchange.carry_out(block) for block in tape.blocks()], JOURNAL)
    return rows
