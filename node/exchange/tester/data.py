"""Data: the markets that a strategy can be tried on, by what they are called on the command line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from atom import open_feed
from atom.instrument import Instrument
from fusion.errors import BadInput
from node.exchange.agents.mix import mix
from node.exchange.agents.opening import Opening, populate
from node.exchange.core.command import COMMAND
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.tape import Model, Tape
from node.exchange.source import Source
from node.exchange.tester import made
from node.exchange.tester.spec import duration

_MADE_COMMANDS: Final = 200_000
_LOOK: Final = 1 << 10
_AGENTS, _LASTS = 60, "10m"
_WARM: Final = 60 * 10**9
"""ns that agents trade by themselves before a strategy comes."""


class Scene(NamedTuple):
    """A market as a strategy comes to it.

    Attributes:
        price: its mid price, ticks: the first that there is.
        commands: what comes, unless it comes from `source`.
        begin, end: ns.
    """

    exchange: Exchange
    price: int
    commands: Commands
    source: Source | None
    begin: int
    end: int


@dataclass(frozen=True)
class Data:
    """A market without the strategy: recorded commands, or agents who see what it does.

    Attributes:
        name: what it was asked for by.
        listing: of the market.
        commands: ascending times; none for agents.
        agents: how many there are; 0 for commands.
        lasts: ns that they trade.
        seed: of what is left to chance.
    """

    name: str
    listing: Listing
    commands: Commands
    agents: int = 0
    lasts: int = 0
    seed: int = 0

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The rows from `start` on and before `end`, ns."""
        first, last = np.searchsorted(self.commands["time"], (start, end))
        return int(first), int(last)

    def scene(self, first: int = 0, last: int | None = None) -> Scene:
        """The market after its first commands, with those that come up to the `last`.

        Raises:
            BadInput: it never has both a bid and an ask, or there is nothing.
        """
        if self.agents:
            return self._crowd()
        commands = self.commands[first:last]
        if not len(commands):
            raise BadInput(f"{self.name} has nothing in the time that was asked for")
        exchange = Exchange([self.listing])
        exchange.carry_out(self.commands[:first])
        times = commands["time"]
        return Scene(exchange, self._price(first), commands, None, int(times[0]), int(times[-1]))

    def _price(self, first: int) -> int:
        exchange = Exchange([self.listing])
        exchange.carry_out(self.commands[:first])
        while not (price := _mid(exchange)):
            if first >= len(self.commands):
                raise BadInput(f"{self.name} never has both a bid and an ask: choose other data or another time")
            exchange.carry_out(self.commands[first : first + _LOOK])
            first += _LOOK
        return price

    def _crowd(self) -> Scene:
        exchange = Exchange([self.listing])
        begin = made.OPENS
        opening = Opening(made.PRICE, _USUAL, start=begin - _WARM, seed=self.seed)
        crowd, _ = populate(exchange, opening, mix(self.agents))
        for _block in crowd.run(exchange, begin):
            pass
        price = _mid(exchange)
        if not price:
            raise BadInput(f"{self.name}: so few agents make no market; let there be more")
        return Scene(exchange, price, self.commands, crowd, begin, begin + self.lasts)


_USUAL: Final = 1000  # lots of an agent's usual order


def _mid(exchange: Exchange) -> int:
    market = exchange.markets[0]
    if min(market.top) < 0:
        return 0
    bid, ask = (market.top + market.base).tolist()
    return int(bid - ask) // 2


def _made(rest: str, seed: int) -> Data:
    count = _count(rest or str(_MADE_COMMANDS), 100_000_000, "commands, such as made:100000")
    return Data(f"made:{count}", made.LISTING, made.made(count, seed))


def _agents(rest: str, seed: int) -> Data:
    count, _, lasts = rest.partition(",")
    agents = _count(count or str(_AGENTS), 10_000, "agents, such as agents:100 or agents:100,1h")
    lasts = lasts or _LASTS
    name = f"agents:{agents},{lasts}"
    return Data(name, made.LISTING, np.zeros(0, COMMAND), agents, duration(lasts, f"--data {name}"), seed)


def _count(text: str, most: int, what: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:20]) <= most:
        raise BadInput(f"--data: {text!r} is not 1 to {most} {what}")
    return int(text)


def _recorded(feed: str, model: Model) -> Data:
    """A recording of Atom's as commands, in memory."""
    events = open_feed(feed).events
    listing = listing_of(events.instrument)
    blocks = [block.copy() for block in Tape(listing, 0, [events], model=model).blocks()]
    commands = np.concatenate([np.zeros(0, COMMAND), *blocks])
    if len(commands) < 2:
        raise BadInput(f"--data {feed}: nothing is recorded in it")
    commands["time"][0] = commands["time"][1]  # the first says how to read the others, and has no time
    return Data(feed, listing, commands)


def listing_of(instrument: Instrument) -> Listing:
    """The market that an instrument's record is replayed in: its ticks and lots, and assets fine enough for them."""
    base, _, quote = instrument.symbol.partition("-")
    fine, finer = (_decimals(each) for each in (instrument.lot, instrument.tick * instrument.lot))
    return Listing(
        instrument.symbol, Asset(base, max(8, fine)), Asset(quote or "QUOTE", max(8, finer)),
        instrument.tick, instrument.lot, instrument.lot, instrument.lot * (1 << 40), Decimal(0),
    )  # fmt: skip


def _decimals(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


_KINDS: Final[dict[str, Callable[[str, int], Data]]] = {"made": _made, "agents": _agents}


def load(name: str, seed: int = 0, model: Model | None = None) -> Data:
    """The data of a name; BadInput where there is none.

    Args:
        name: `made[:COMMANDS]`, `agents[:COUNT[,DURATION]]`, or a feed as `atom.open_feed` knows it.
        seed: of what is made by chance.
        model: of queues, for what is recorded by level.
    """
    kind, _, rest = name.partition(":")
    if kind not in _KINDS:
        return _recorded(name, model or Model())
    return _KINDS[kind](rest, seed)


def keep(data: Data, folder: Path) -> tuple[Data, Path]:
    """Writes the commands down for other processes; the rest of it, and where."""
    path = folder / "commands.npy"
    np.save(path, data.commands)
    return replace(data, commands=np.zeros(0, COMMAND)), path


def kept(data: Data, path: Path) -> Data:
    """What `keep` wrote, without reading it whole; what is changed of it stays in this process."""
    return replace(data, commands=np.load(path, mmap_mode="c"))
