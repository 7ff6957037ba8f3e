"""Amending: an order in the book gets another price or quantity."""

from node.exchange.core.command import Selftrade
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import RECORDED
from node.exchange.oracle.command import Command
from node.exchange.oracle.leaving import stand_aside
from node.exchange.oracle.market import Market, reject, tell
from node.exchange.oracle.order import Order, Stage
from node.exchange.oracle.refusal import fits_in, why_out_of_size, would_take
from node.exchange.oracle.turns import match

_SELFTRADES = frozenset(Selftrade)


def amend(market: Market, command: Command) -> None:
    """One that becomes no larger at its price keeps its place; else it leaves and comes again as a taker."""
    order = market.orders.get(command.order)
    reason = why_refused(market, command, order)
    if reason or order is None:
        reject(market, command, reason)
        return
    keeps = command.price == order.price and command.quantity <= order.open
    tell(
        market, Record.AMEND, order.account, order.id, side=order.side, price=command.price, quantity=command.quantity,
        ref=command.ref, reason=Reason.KEPT if keeps else Reason.NONE,
    )  # fmt: skip
    if keeps:
        order.left = min(order.left, command.quantity)
        order.hidden = command.quantity - order.left
        market.hold(order, market.needs(order, command.quantity))
        return
    stand_aside(market, order)
    order.price, order.left, order.selftrade = command.price, command.quantity, command.selftrade
    match(market, order)


def why_refused(market: Market, command: Command, order: Order | None) -> Reason:
    """NONE where it may be done."""
    if command.price <= 0 or command.quantity <= 0 or command.selftrade not in _SELFTRADES:
        return Reason.MALFORMED
    if order is None or order.account != command.account or order.flags & RECORDED:
        return Reason.UNKNOWN_ORDER
    if order.stage is not Stage.RESTS:
        return Reason.UNKNOWN_ORDER
    if order.group is not None:
        return Reason.GROUP
    if market.status != Status.OPEN:
        return Reason.HALTED
    return why_not_such(market, command, order)


def why_not_such(market: Market, command: Command, order: Order) -> Reason:
    """What speaks against the new price and quantity; the band and what it would meet only where the price is new."""
    price, quantity = command.price, command.quantity
    if not fits_in(market, price, quantity):
        return Reason.OVERFLOW
    more = market.need(order.side, price, quantity) - order.held
    if not order.reduce_only and not market.ledger.has(order.account, market.gives(order.side), more):
        return Reason.INSUFFICIENT_FUNDS
    reason = why_out_of_size(market, quantity, order.display, price * quantity * market.rules.unit)
    if reason or price == order.price:
        return reason
    if market.outside_band(price, market.last):
        return Reason.BAND
    passive = order.post_only
    return Reason.WOULD_TAKE if passive and would_take(market, order.side, price) else Reason.NONE
