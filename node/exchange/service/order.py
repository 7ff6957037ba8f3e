"""Order: what became of what a user asked for, and each step on the way there."""

from enum import Enum
from typing import NamedTuple

from node.exchange.core.command import Flag
from node.exchange.core.journal import Record


class Status(Enum):
    """Where an order stands; the words are those that other exchanges use."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"

    @property
    def open(self) -> bool:
        return self in (Status.NEW, Status.PARTIALLY_FILLED)


class Order(NamedTuple):
    """An order as it stood at one time; it never changes, the next one takes its place.

    Attributes:
        id: the exchange's number, ascending in a market.
        market, account: numbers.
        label: the user's own name of it, unique among the account's open orders of a market.
        side, type, tif, flags, selftrade: as in the command.
        price: ticks; 0 for one that takes any.
        quantity: lots; base units of the quote asset for one by quote.
        filled: lots.
        worth: what was traded, ticks times lots.
        trigger, trail, display, expiry: as in the command.
        group: id of the first order of its group, or 0.
        kind: of `Group`, of its group; 0 for an order alone.
        name: the user's own of its group; one is made where none is given.
        working: when it began to look for trades, ns UTC; 0 while it waits for a price or another order.
        prevented: lots by which it shrank rather than trade with its own account.
        status: where it stands.
        reason: why it left, where it did not as asked.
        time, updated: when it was taken, and when it last changed; ns UTC.
    """

    id: int
    market: int
    account: int
    label: str
    side: int
    type: int
    tif: int
    flags: int
    selftrade: int
    price: int
    quantity: int
    filled: int
    worth: int
    trigger: int
    trail: int
    display: int
    expiry: int
    group: int
    kind: int
    name: str
    working: int
    prevented: int
    status: Status
    reason: int
    time: int
    updated: int

    @property
    def by_quote(self) -> bool:
        return bool(self.flags & Flag.BY_QUOTE)


class Execution(NamedTuple):
    """A trade as one of its two orders sees it.

    Attributes:
        trade: the market's number of it.
        price, quantity: ticks and lots.
        fee: base units of `asset`, a number; below zero is a rebate.
        maker: whether this order was in the book.
    """

    trade: int
    price: int
    quantity: int
    fee: int
    asset: int
    maker: bool


class Report(NamedTuple):
    """One step of an order of a user.

    Attributes:
        kind: which row it comes from: ACK, FILL, PREVENTED, TRIGGER, CANCEL, EXPIRE, AMEND.
        order: as it stands after it.
        execution: of a FILL.
        time: ns UTC.
    """

    kind: Record
    order: Order
    execution: Execution | None
    time: int
