"""Market: what one market remembers, and how it tells what happens."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from node.exchange.core.command import Side
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.rules import Rules
from node.exchange.oracle import journal
from node.exchange.oracle.book import HalfBook
from node.exchange.oracle.command import Command
from node.exchange.oracle.ledger import LIMIT, Ledger
from node.exchange.oracle.order import Order
from node.exchange.oracle.position import Position
from node.exchange.oracle.record import Record as Recording

MOST_WORTH = 1 << 62
"""What lots of a perpetual are told to be worth that are worth as much or more."""
_MILLION = 1_000_000


@dataclass(slots=True)
class Market:
    """One market.

    Attributes:
        time: of what happens now, ns.
        sequence: orders so far.
        last: price of the last trade, ticks; 0: none yet.
        resume: when a pause ends, ns; None: there is none.
        reference: price that the circuit breaker looks from; 0: none yet.
        window: when its window ends, ns.
        orders: the open ones, by id.
        own_orders: each account's of them, by id, but the world's that a record tells of.
        places: what ids may end with again, the one that came free last at the end.
        ends: (expiry, id) of the orders that expire, ascending.
        falls, rises: (minus trigger, trail, id) and (trigger, trail, id) of orders that wait for a price, ascending.
        followers: orders whose trigger follows the price, or will.
        queue: orders that woke, in turn.
        rows: what the current commands were answered.
        record: what is told of a recorded market that is replayed.
        positions: of a perpetual, by account.
        mark: its mark price, ticks; 0: none yet.
        insurance: what its insurance fund has, base units of the quote asset.
    """

    rules: Rules
    ledger: Ledger
    time: int = 0
    sequence: int = 0
    last: int = 0
    status: Status = Status.OPEN
    resume: int | None = None
    reference: int = 0
    window: int = 0
    bids: HalfBook = field(default_factory=lambda: HalfBook(Side.BUY))
    asks: HalfBook = field(default_factory=lambda: HalfBook(Side.SELL))
    orders: dict[int, Order] = field(default_factory=dict)
    own_orders: defaultdict[int, dict[int, Order]] = field(default_factory=lambda: defaultdict(dict))
    places: list[int] = field(default_factory=list)
    fresh_place: int = 1
    ends: list[tuple[int, int]] = field(default_factory=list)
    falls: list[tuple[int, int, int]] = field(default_factory=list)
    rises: list[tuple[int, int, int]] = field(default_factory=list)
    followers: dict[int, Order] = field(default_factory=dict)
    queue: deque[Order] = field(default_factory=deque)
    rows: list[bytes] = field(default_factory=list)
    record: Recording = field(default_factory=Recording)
    positions: defaultdict[int, Position] = field(default_factory=lambda: defaultdict(Position))
    mark: int = 0
    insurance: int = 0

    @property
    def perpetual(self) -> bool:
        """Whether it trades positions, not what accounts own."""
        return self.rules.initial > 0

    def opposite(self, side: int) -> HalfBook:
        """What an order of this side trades with."""
        return self.asks if side == Side.BUY else self.bids

    def own(self, side: int) -> HalfBook:
        """Where an order of this side rests."""
        return self.bids if side == Side.BUY else self.asks

    def gives(self, side: int) -> int:
        """The asset that an order of this side pays with, or of a perpetual holds its margin in."""
        return self.rules.quote if side == Side.BUY or self.perpetual else self.rules.base

    def need(self, side: int, price: int, quantity: int) -> int:
        """What a trade takes from an order of this side, in base units of the asset it gives; of a perpetual margin."""
        if self.perpetual:
            return quantity * -(-price * self.rules.unit * self.rules.initial // _MILLION)
        return price * quantity * self.rules.unit if side == Side.BUY else quantity * self.rules.lot

    def takes(self, side: int, price: int) -> int:
        """Margin that a lot of a perpetual takes which a trade opens."""
        lost = max(0, price - self.mark if side == Side.BUY else self.mark - price) if self.mark else 0
        dearer = price if side == Side.BUY else max(price, self.mark)
        return self.need(side, dearer, 1) + lost * self.rules.unit

    def worth(self, lots: int) -> int:
        """What lots of a perpetual are worth at the mark, at most `MOST_WORTH`; 0 where there is none."""
        far = float(lots) * float(self.mark) * float(self.rules.unit) >= LIMIT
        return MOST_WORTH if far else lots * self.mark * self.rules.unit

    def lost(self, position: Position) -> int:
        """What a position has lost at the mark; 0 where it has gained, or there is none."""
        if not self.mark or not position.size:
            return 0
        worth = self.worth(abs(position.size))
        return max(0, position.cost - (worth if position.size > 0 else -worth))

    def needs(self, order: Order, quantity: int) -> int:
        """The same for lots of an order that has a price; one that only reduces a position needs nothing."""
        return 0 if order.reduce_only else self.need(order.side, order.price, quantity)

    def hold(self, order: Order, amount: int) -> None:
        """Locks so much for an order, in place of what was locked for it."""
        self.ledger.hold(order.account, self.gives(order.side), amount - order.held)
        order.held = amount

    def outside_band(self, price: int, last: int) -> bool:
        """Whether a price is too far from the last one."""
        return bool(self.rules.band and last) and abs(price - last) > last * self.rules.band // _MILLION


def tell(market: Market, kind: Record, account: int, order: int, **columns: int) -> None:
    """A row of any kind but a trade's; what is not named is 0."""
    market.rows.append(journal.row(kind, market.rules.market, account, order, market.time, **columns))


def tell_back(market: Market, kind: Record, command: Command, order: int, **columns: int) -> None:
    """A row that says what was asked."""
    tell(
        market, kind, command.account, order, side=command.side, flags=command.flags, order_type=command.type,
        tif=command.tif, ref=command.ref, price=command.price, quantity=command.quantity, **columns,
    )  # fmt: skip


def reject(market: Market, command: Command, reason: Reason) -> None:
    """A command is refused; nothing of it is done."""
    tell_back(market, Record.REJECT, command, command.order, reason=reason)
