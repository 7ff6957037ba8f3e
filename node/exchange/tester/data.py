"""Data: the markets that a strategy can be tried on, by what they are called on the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from fusion.errors import BadInput, StorageFull
from node.exchange.core.command import COMMAND
from node.exchange.exchange import Exchange
from node.exchange.keeper import EIGHT_HOURS, HOUR, SECOND
from node.exchange.listing import Listing
from node.exchange.replay.history import ALWAYS, History, history
from node.exchange.replay.latency import Delay
from node.exchange.replay.reel import Reel, wound
from node.exchange.replay.shown import first_mid, mid
from node.exchange.replay.tape import Model
from node.exchange.tester import made, scene
from node.exchange.tester.scene import Scene
from node.exchange.tester.spec import duration

_MADE_COMMANDS: Final = 200_000
_FEWEST: Final = 1000
_AGENTS, _LASTS = 60, "10m"
_MOST_AGENTS: Final = 10_000


@dataclass(frozen=True)
class Data:
    """A market without the strategy: commands of a record, agents who see what it does, or these around those.

    Attributes:
        name: what it was asked for by.
        listing: of the market.
        commands: all there are; none where agents are alone.
        first: the first of them that a strategy meets; those before make the book.
        agents: how many there are.
        lasts: ns that they trade where they are alone.
        funding: ns between fundings of a perpetual.
        seed: of what is left to chance.
        past: where the commands are from; None where they are made, and in other processes.
        stops: files of the market after its first so many commands.
    """

    name: str
    listing: Listing
    commands: Reel
    first: int = 0
    agents: int = 0
    lasts: int = 0
    funding: int = EIGHT_HOURS
    seed: int = 0
    past: History | None = None
    stops: Mapping[int, Path] = field(default_factory=dict)

    @property
    def span(self) -> tuple[int, int]:
        """From when on, and before when a strategy meets it, ns; BadInput where time passes in no record."""
        if not len(self.commands):
            raise BadInput(
                f"{self.name} answers to what is done, so nothing of it is known beforehand: record data instead"
            )
        met = self.commands.cut(self.first)
        return met.begin, met.end + 1

    def delays(self, clock: str, least: int | None) -> Delay:
        """How long the record's messages took to arrive; as `History.delays`."""
        if self.past is None:
            raise BadInput(f"{self.name} is no record, so no latency is recorded in it: give one such as 10ms")
        return self.past.delays(clock=clock, least=least)

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The commands from `start` on and before `end`, ns."""
        return self.commands.at(start), self.commands.at(end)

    def scene(self, first: int = 0, last: int | None = None) -> Scene:
        """The market after its first commands, with those that come up to the `last`.

        Raises:
            BadInput: it never has both a bid and an ask, or there is nothing.
        """
        if not len(self.commands):
            return scene.crowd(self.listing, self.agents, self.lasts, self.seed, self.funding)
        first = max(first, self.first)
        commands = self.commands.cut(first, last)
        if not len(commands):
            raise BadInput(f"{self.name} has nothing in the time that was asked for")
        exchange = self._after(first)
        price = mid(exchange) or first_mid(self._after(first), self.commands.cut(first))[0]
        crowd = scene.around(exchange, price, commands, self.agents, self.seed) if self.agents else None
        return Scene(exchange, price, commands, crowd, commands.begin, commands.end)

    def stopped(self, rows: Sequence[int], folder: Path) -> "Data":
        """Data that need not begin anew to give a scene after its first so many commands.

        Raises:
            StorageFull: there is no room for the files.
        """
        stops: dict[int, Path] = {}
        exchange, done = Exchange([self.listing]), 0
        for row in sorted({max(each, self.first) for each in rows} - {0}):
            for part in self.commands.cut(done, row).parts():
                exchange.carry_out(part)
            stops[row], done = folder / f"{row}.npz", row
            try:
                np.savez(stops[row], allow_pickle=False, **exchange.save())
            except OSError as error:
                raise StorageFull(f"{folder} takes no more ({error.strerror}); make room") from error
        return replace(self, stops=stops)

    def _after(self, first: int) -> Exchange:
        exchange = Exchange([self.listing])
        done = max((row for row in self.stops if row <= first), default=0)
        if done:
            with np.load(self.stops[done], allow_pickle=False) as saved:
                exchange.load(saved)
        for part in self.commands.cut(done, first).parts():
            exchange.carry_out(part)
        return exchange


def _made(rest: str, seed: int) -> Data:
    count = _count(rest or str(_MADE_COMMANDS), 100_000_000, "commands, such as made:100000", _FEWEST)
    return Data(f"made:{count}", made.LISTING, Reel(made.made(count, seed)))


def _alone(rest: str, seed: int) -> Data:
    count, _, lasts = rest.partition(",")
    agents = _count(count or str(_AGENTS), _MOST_AGENTS, "agents, such as agents:100 or agents:100,1h")
    lasts = lasts or _LASTS
    name = f"agents:{agents},{lasts}"
    span = duration(lasts, f"--data {name}")
    if span < SECOND:
        raise BadInput(f"--data {name}: agents trade for 1s at least")
    return Data(name, made.LISTING, Reel(np.zeros(0, COMMAND)), agents=agents, lasts=span, seed=seed)


def _perpetual(rest: str, seed: int) -> Data:
    parts = rest.split(",")
    data = replace(_alone(",".join(parts[:2]), seed), listing=made.PERPETUAL)
    name = data.name.replace("agents", "agents-perpetual")
    if len(parts) < 3:
        return replace(data, name=name)
    name = ",".join([name, *parts[2:]])
    funding = duration(",".join(parts[2:]), f"--data {name}")
    if not 60 * SECOND <= funding <= 24 * HOUR:
        raise BadInput(f"--data {name}: fundings are 1m to 24h apart")
    return replace(data, name=name, funding=funding)


def _count(text: str, most: int, what: str, least: int = 1) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text[:20]) <= most:
        raise BadInput(f"--data: {text!r} is not {least} to {most} {what}")
    return int(text)


def _recorded(past: History, model: Model | None, folder: Path | None) -> Data:
    blocks = past.traded(model)
    if folder is None:
        commands = Reel(np.concatenate([block.copy() for block in blocks]))
    else:
        commands = wound(blocks, folder / "commands")
    first = commands.at(past.span[0])
    if len(commands) - first < 1 or len(commands) < 2:  # the first says how to read the others
        raise BadInput(f"nothing is recorded of {past.name} in the time that was asked for")
    return Data(past.name, past.market, commands, first, past=past)


_KINDS: Final = {"made": _made, "agents": _alone, "agents-perpetual": _perpetual}


def load(
    name: str,
    seed: int = 0,
    model: Model | None = None,
    *,
    symbol: str | None = None,
    span: tuple[int, int] = ALWAYS,
    agents: int = 0,
    log: Path | None = None,
    folder: Path | None = None,
) -> Data:
    """The data of a name; BadInput where there is none.

    Args:
        name: `made[:COMMANDS]`, `agents[:COUNT[,DURATION]]`,
            `agents-perpetual[:COUNT[,DURATION[,FUNDING]]]`, or a record as `replay.history` knows it.
        seed: of what is made by chance.
        model: of queues, for what is recorded by level.
        symbol: which one, of a record that has several.
        span: of a record, from the first time on and before the other, ns.
        agents: so many trade around what is recorded.
        log: folder of the event log.
        folder: where commands of a record are kept, which may be many; None: in memory.
    """
    kind, _, rest = name.partition(":")
    if kind in _KINDS:
        if symbol is not None or span != ALWAYS or agents:
            raise BadInput(f"--data {name} is no record: it has no symbol, no times and no agents around it")
        return _KINDS[kind](rest, seed)
    past = history(name, symbol=symbol, span=span, log=log)
    return replace(_recorded(past, model, folder), agents=agents, seed=seed)


def keep(data: Data, folder: Path) -> Data:
    """The data as other processes can have them: the commands in a file."""
    return replace(data, commands=data.commands.kept(folder / "commands"), past=None)
