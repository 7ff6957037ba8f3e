"""Order: one that a market took, for as long as something of it is open, and the group it belongs to."""

from dataclasses import dataclass
from enum import Enum, auto

from node.exchange.core.command import Side, Type
from node.exchange.oracle.command import BY_QUOTE, POST_ONLY, REDUCE_ONLY

LIMITS = frozenset((Type.LIMIT, Type.STOP_LOSS_LIMIT, Type.TAKE_PROFIT_LIMIT))
"""Types with a price that they do not go beyond."""
WAITING = frozenset((Type.STOP_LOSS, Type.STOP_LOSS_LIMIT, Type.TAKE_PROFIT, Type.TAKE_PROFIT_LIMIT))
"""Types that wait for a price."""
STOPS = frozenset((Type.STOP_LOSS, Type.STOP_LOSS_LIMIT))


class Stage(Enum):
    """Where an order is: being matched; in the book; waiting for a price; in the queue of those whose turn comes; or
    aside, until its group's first order is filled.
    """

    MATCHED = auto()
    RESTS = auto()
    WAITS = auto()
    QUEUED = auto()
    ASIDE = auto()


@dataclass(slots=True, eq=False)
class Order:
    """An order.

    Attributes:
        price: ticks; 0 for one that takes any.
        left: lots that are open, and seen if it rests; of an order by quote base units of the quote asset.
        hidden: lots that rest unseen.
        display: lots that are seen at a time; 0: all.
        expiry: ns; 0: never.
        trigger: price that wakes it; 0: none yet.
        start: price from which on its trigger follows; 0: it does at once.
        trail: ppm that its trigger keeps from the best price; 0: it stays.
        best: best price so far; 0: it does not follow yet.
        held: base units that are locked for it; of the two of an OCO the first holds for both.
        aside: it has not been in its place yet, because the first order of its group was not filled.
    """

    id: int
    account: int
    side: int
    type: int
    tif: int
    flags: int
    selftrade: int
    price: int
    left: int
    display: int = 0
    expiry: int = 0
    trigger: int = 0
    start: int = 0
    trail: int = 0
    best: int = 0
    hidden: int = 0
    held: int = 0
    aside: bool = False
    stage: Stage = Stage.MATCHED
    group: "Tied | None" = None

    @property
    def limited(self) -> bool:
        return self.type in LIMITS

    @property
    def post_only(self) -> bool:
        return self.flags & POST_ONLY != 0

    @property
    def reduce_only(self) -> bool:
        return self.flags & REDUCE_ONLY != 0

    @property
    def by_quote(self) -> bool:
        return self.flags & BY_QUOTE != 0

    @property
    def open(self) -> int:
        """All that is open, seen or not."""
        return self.left + self.hidden

    @property
    def falls(self) -> bool:
        """Whether it waits for a fall of the price, not for a rise."""
        return (self.type in STOPS) == (self.side == Side.SELL)


@dataclass(slots=True, eq=False)
class Tied:
    """Orders that hang together.

    Attributes:
        working: the order that the others wait for, until it is filled; else None, and they are an OCO.
        orders: those that are open, by ascending id.
    """

    working: Order | None
    orders: list[Order]
