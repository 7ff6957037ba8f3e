"""Source: what gives commands as time passes, such as agents or a replay. Whoever runs an exchange drives it."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from node.exchange.exchange import Commands, Exchange, Journal


class Source(Protocol):
    """Gives commands.

    A driver asks for `next_time`, and while that is due: takes what is, has it carried out and tells everyone.

        while (due := source.next_time()) is not None and due <= now:
            rows = exchange.carry_out(source.take(exchange, now))
            source.told(rows)

    The same seed, exchange and calls give the same commands. Accounts that a source needs it opens when it is made.
    """

    @property
    def listens(self) -> bool:
        """Whether it makes something of what it is told; if not, nobody need tell it."""
        ...

    def next_time(self) -> int | None:
        """When it has its next command, ns UTC; None where it never will."""
        ...

    def take(self, exchange: Exchange, until: int) -> Commands:
        """Commands in order, none later than `until` (ns). A source may stop earlier, where it wants to see first what
        comes of them; its next time tells so.
        """
        ...

    def told(self, rows: Journal) -> None:
        """What the exchange answered, to this source's commands and to everyone else's, in order."""
        ...

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that it has to remember, by name."""
        ...

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where `save` was called, on the exchange as it was then."""
        ...


class Stretch(Protocol):
    """What happened in a stretch of time."""

    @property
    def journal(self) -> Journal:
        """Rows of the journal; written over by the next stretch."""
        ...


@runtime_checkable
class Skipping(Source, Protocol):
    """A source that need not act at times that nobody was there."""

    def skip(self, until: int) -> None:
        """Leaves out the time before `until` (ns): what was due first is due then, and the rest as long after it."""
        ...


@runtime_checkable
class Runner(Source, Protocol):
    """A source that can also carry out its commands by itself, which is much faster. It is not told of those."""

    def run(self, exchange: Exchange, until: int) -> Iterator[Stretch]:
        """Acts up to `until` (ns), that time not included. Nobody else may use the exchange meanwhile."""
        ...
