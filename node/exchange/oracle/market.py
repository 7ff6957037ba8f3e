"""Market: one market, and what each command does to it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from node.exchange.core.command import Kind, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.core.rules import Rules
from node.exchange.core.state import SLOT_BITS, WORLD
from node.exchange.oracle import journal
from node.exchange.oracle.book import HalfBook
from node.exchange.oracle.command import Command
from node.exchange.oracle.ledger import Ledger
from node.exchange.oracle.order import Order
from node.exchange.oracle.refusal import why_refused


@dataclass(slots=True)
class Market:
    """One market.

    Attributes:
        time: of the last command, ns.
        sequence: orders so far.
        last: price of the last trade, ticks; 0: none yet.
        orders: the open ones, by id.
        places: what ids may end with again, the one that came free last at the end.
        rows: what the current commands were answered.
    """

    rules: Rules
    ledger: Ledger
    time: int = 0
    sequence: int = 0
    last: int = 0
    halted: bool = False
    bids: HalfBook = field(default_factory=lambda: HalfBook(Side.BUY))
    asks: HalfBook = field(default_factory=lambda: HalfBook(Side.SELL))
    orders: dict[int, Order] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)
    fresh_place: int = 1
    rows: list[bytes] = field(default_factory=list)

    def opposite(self, side: int) -> HalfBook:
        """What an order of this side trades with."""
        return self.asks if side == Side.BUY else self.bids

    def own(self, side: int) -> HalfBook:
        """Where an order of this side rests."""
        return self.bids if side == Side.BUY else self.asks

    def need(self, side: int, price: int, quantity: int) -> tuple[int, int]:
        """What an order holds: which asset, and how much."""
        if side == Side.BUY:
            return self.rules.quote, price * quantity * self.rules.unit
        return self.rules.base, quantity * self.rules.lot


def carry_out(market: Market, command: Command) -> None:
    """Does what a command asks. Time never goes back."""
    market.time = max(market.time, command.time)
    _VERBS.get(command.kind, refuse_unknown)(market, command)


def new(market: Market, command: Command) -> None:
    """An order is taken or refused; it takes what it meets; the rest of it rests or is gone."""
    reason = why_refused(market, command)
    if reason:
        reject(market, command, reason)
        return
    order = take(market, command)
    tell_back(market, Record.ACK, command, order.id, Reason.NONE)
    stopped = match(market, order)
    if not order.left:
        forget(market, order)
    elif stopped or order.type == Type.MARKET or order.tif == Tif.IOC:
        expire(market, order, stopped or (Reason.NO_LIQUIDITY if order.type == Type.MARKET else Reason.IMMEDIATE))
    else:
        market.ledger.hold(order.account, *market.need(order.side, order.price, order.left))
        market.own(order.side).rest(order)


def take(market: Market, command: Command) -> Order:
    """The order that a command asks for; its id ends with a place that no open order has."""
    market.sequence += 1
    if market.places:
        place = market.places.pop()
    else:
        place, market.fresh_place = market.fresh_place, market.fresh_place + 1
    order = Order(
        id=(market.sequence << SLOT_BITS) | place,
        account=command.account,
        side=command.side,
        type=command.type,
        tif=command.tif,
        flags=command.flags,
        selftrade=command.selftrade,
        price=command.price,
        left=command.quantity,
    )
    market.orders[order.id] = order
    return order


def match(market: Market, order: Order) -> Reason:
    """Lets an order take what it meets, best price first, and at one price in turn; why it must not go on."""
    others = market.opposite(order.side)
    while order.left:
        price = others.best()
        if price is None or (order.type == Type.LIMIT and not others.meets(order.side, order.price)):
            break
        maker = others.first(price)
        if maker.account == order.account and order.selftrade != Selftrade.NONE:
            return Reason.SELF_TRADE
        quantity = min(order.left, maker.left)
        if order.type == Type.MARKET and not market.ledger.has(
            order.account, *market.need(order.side, price, quantity)
        ):
            return Reason.INSUFFICIENT_FUNDS
        trade(market, order, maker, quantity)
        if not maker.left:
            others.leave(maker)
            forget(market, maker)
    return Reason.NONE


def trade(market: Market, taker: Order, maker: Order, quantity: int) -> None:
    """Base for quote at the maker's price. The taker gives what is free, the maker what it holds."""
    ledger, rules, price = market.ledger, market.rules, maker.price
    gives, amount = market.need(taker.side, price, quantity)
    gets, other_amount = market.need(maker.side, price, quantity)
    ledger.pay(taker.account, maker.account, gives, amount, held=False)
    ledger.pay(maker.account, taker.account, gets, other_amount, held=True)
    fee = ledger.charge(taker.account, gets, other_amount, ledger.accounts[taker.account].taker_ppm)
    other_fee = ledger.charge(maker.account, gives, amount, ledger.accounts[maker.account].maker_ppm)
    taker.left -= quantity
    maker.left -= quantity
    market.last = price
    market.rows.append(
        journal.fill(
            rules.market,
            taker.side,
            accounts=(taker.account, maker.account),
            orders=(taker.id, maker.id),
            terms=(price, quantity),
            fees=(fee, other_fee),
        )
    )


def forget(market: Market, order: Order) -> None:
    """Nothing of an order is open any more."""
    del market.orders[order.id]
    market.places.append(order.id & ((1 << SLOT_BITS) - 1))


def expire(market: Market, order: Order, reason: Reason) -> None:
    """The rest of an order that does not rest is gone."""
    tell(market, Record.EXPIRE, order.account, order.id, side=order.side, reason=reason, quantity=order.left)
    forget(market, order)


def cancel(market: Market, command: Command) -> None:
    """The owner takes an order out, and gets back what it holds."""
    order = market.orders.get(command.order)
    if order is None or order.account != command.account:
        reject(market, command, Reason.UNKNOWN_ORDER)
        return
    asset, amount = market.need(order.side, order.price, order.left)
    market.ledger.hold(order.account, asset, -amount)
    tell(
        market, Record.CANCEL, order.account, order.id,
        side=order.side, price=order.price, quantity=order.left, ref=command.ref,
    )  # fmt: skip
    market.own(order.side).leave(order)
    forget(market, order)


def amend(market: Market, command: Command) -> None:
    reject(market, command, Reason.UNKNOWN_ORDER)


def transfer(market: Market, command: Command) -> None:
    """An account gets something from the world, or gives it back."""
    ledger = market.ledger
    known = 0 <= command.account < len(ledger.accounts) and 0 <= command.order < ledger.assets
    if not known or command.account == WORLD or command.quantity <= 0:
        reject(market, command, Reason.MALFORMED)
        return
    amount = command.quantity if command.kind == Kind.DEPOSIT else -command.quantity
    if not ledger.transfer(command.account, command.order, amount):
        reject(market, command, Reason.INSUFFICIENT_FUNDS)
        return
    tell(market, Record.BALANCE, command.account, command.order, quantity=amount, ref=command.ref)


def set_status(market: Market, command: Command) -> None:
    """No orders are taken from now on, or again."""
    market.halted = command.kind == Kind.HALT
    tell(market, Record.STATUS, command.account, 0, quantity=int(market.halted), ref=command.ref)


def pass_time(market: Market, command: Command) -> None:
    """What is due by now."""


def refuse_unknown(market: Market, command: Command) -> None:
    reject(market, command, Reason.MALFORMED)


def tell(market: Market, kind: Record, account: int, order: int, **columns: int) -> None:
    """A row of any kind but a trade's; what is not named is 0."""
    market.rows.append(journal.row(kind, market.rules.market, account, order, market.time, **columns))


def tell_back(market: Market, kind: Record, command: Command, order: int, reason: Reason) -> None:
    """A row that says what was asked."""
    tell(
        market, kind, command.account, order, side=command.side, reason=reason, flags=command.flags,
        order_type=command.type, tif=command.tif, ref=command.ref, price=command.price, quantity=command.quantity,
    )  # fmt: skip


def reject(market: Market, command: Command, reason: Reason) -> None:
    """A command is refused; nothing of it is done."""
    tell_back(market, Record.REJECT, command, command.order, reason)


_VERBS: dict[int, Callable[[Market, Command], None]] = {
    Kind.NEW: new,
    Kind.CANCEL: cancel,
    Kind.AMEND: amend,
    Kind.DEPOSIT: transfer,
    Kind.WITHDRAW: transfer,
    Kind.TIMER: pass_time,
    Kind.HALT: set_status,
    Kind.RESUME: set_status,
}
