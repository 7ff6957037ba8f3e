"""Data: the markets that a strategy can be tried on, by what they are called on the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fusion.errors import BadInput
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Listing
from node.exchange.tester.made import LISTING, made

_MADE_COMMANDS: Final = 200_000
_LOOK: Final = 1 << 10


@dataclass(frozen=True)
class Data:
    """A market's commands, of all but the strategy.

    Attributes:
        name: what it was asked for by.
        listing: of the market.
        commands: ascending times.
    """

    name: str
    listing: Listing
    commands: Commands

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The rows from `start` on and before `end`, ns."""
        first, last = np.searchsorted(self.commands["time"], (start, end))
        return int(first), int(last)

    def exchange(self, before: int = 0) -> tuple[Exchange, int]:
        """The market once so many commands are carried out, and its mid price in ticks: the first that there is.

        Raises:
            BadInput: the market never has both a bid and an ask.
        """
        exchange = Exchange([self.listing])
        if before:
            exchange.carry_out(self.commands[:before])
        price, looked, at = _mid(exchange), exchange, before
        if not price and before:
            looked = Exchange([self.listing])
            looked.carry_out(self.commands[:before])
        elif not price:
            looked = Exchange([self.listing])
        while not price:
            if at >= len(self.commands):
                raise BadInput(f"{self.name} never has both a bid and an ask: choose other data or another time")
            looked.carry_out(self.commands[at : at + _LOOK])
            price, at = _mid(looked), at + _LOOK
        return exchange, price


def _mid(exchange: Exchange) -> int:
    market = exchange.markets[0]
    if min(market.top) < 0:
        return 0
    bid, ask = (market.top + market.base).tolist()
    return int(bid - ask) // 2


def _made(rest: str, seed: int) -> Data:
    if rest and not rest.isdigit():
        raise BadInput(f"--data made:{rest}: give how many commands, such as made:100000")
    count = int(rest or _MADE_COMMANDS)
    if not 1 <= count <= 100_000_000:
        raise BadInput(f"--data made:{rest}: give 1 to 100000000 commands")
    return Data(f"made:{count}", LISTING, made(count, seed))


_KINDS: Final[dict[str, Callable[[str, int], Data]]] = {"made": _made}


def load(name: str, seed: int = 0) -> Data:
    """The data of a name; BadInput where there is none.

    Args:
        name: `made[:COMMANDS]`.
        seed: of what is made by chance.
    """
    kind, _, rest = name.partition(":")
    if kind not in _KINDS:
        raise BadInput(f"--data {name}: there is no {kind!r}; give one of {', '.join(_KINDS)}")
    return _KINDS[kind](rest, seed)


def keep(data: Data, folder: Path) -> Path:
    """Writes the commands down for other processes."""
    path = folder / "commands.npy"
    np.save(path, data.commands)
    return path


def kept(name: str, listing: Listing, path: Path) -> Data:
    """What `keep` wrote, without reading it whole; what is changed of it stays in this process."""
    return Data(name, listing, np.load(path, mmap_mode="c"))
