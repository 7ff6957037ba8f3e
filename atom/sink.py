"""Sink: where a recorder puts events."""

from typing import Protocol

from atom.events import Events


class Sink(Protocol):
    """The log, the bus, or both one after the other."""

    def take(self, events: Events) -> None:
        """Takes the events of one symbol that follow those it took before.

        Their instrument may have a finer tick or lot than it had before, never a coarser one.
        """
