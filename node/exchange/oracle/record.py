"""Record: what is told of a recorded market, kept apart from what is left of it in the book."""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from node.exchange.core.command import Queue
from node.exchange.core.state import GUESSES, RECENT
from node.exchange.oracle.order import Order

Level = tuple[int, int]
"""A side and a price."""


@dataclass(slots=True)
class Told:
    """What the record says of an order or a level.

    Attributes:
        size: that rests, as recorded.
        order: the last order in the book that stood for the recorded one; nothing may be left of it.
        pending: lots that trades took, and that the record does not show taken; below zero those that it shows, and of
            which no trade has told.
    """

    size: int
    order: Order | None = None
    pending: int = 0

    @property
    def left(self) -> int:
        """What is still in the book of a recorded order."""
        return self.order.left if self.order is not None else 0


@dataclass(slots=True)
class Gone:
    """An order that has left the record, and the lots that this showed taken and no trade has told."""

    number: int
    order: Order | None
    untold: int


@dataclass(slots=True)
class Guess:
    """An order that a trade took from without naming one: that whose turn it was."""

    told: Told
    order: Order
    time: int


@dataclass(slots=True)
class Record:
    """A record's state.

    Attributes:
        valid: it stands on a whole picture.
        cleared: orders of the market so far when it was lost.
        lot: lots in a recorded size of 1.
        whole: lots that make 1 of the base asset.
        orders, levels: what is told, by the venue's number and by side and price.
        stood_orders, stood_levels: of a lost book, which orders, and how many lots of a level, stood before users.
        pending: levels with something pending, in the order in which it came about.
        gone, guesses: the last of them, the newest at the end.
    """

    valid: bool = False
    cleared: int = 0
    model: Queue = Queue.RISK_AVERSE
    power: int = 1
    lot: Fraction = Fraction(1)
    whole: int = 1
    orders: dict[int, Told] = field(default_factory=dict)
    levels: dict[Level, Told] = field(default_factory=dict)
    stood_orders: set[int] = field(default_factory=set)
    stood_levels: dict[Level, int] = field(default_factory=dict)
    pending: list[Level] = field(default_factory=list)
    gone: deque[Gone] = field(default_factory=lambda: deque(maxlen=RECENT))
    guesses: deque[Guess] = field(default_factory=lambda: deque(maxlen=GUESSES))
