"""Waiting: orders that a price wakes."""

from bisect import insort

from node.exchange.core.journal import Reason, Record
from node.exchange.oracle.leaving import leave_pair, stop_waiting, wake_key
from node.exchange.oracle.market import Market, tell
from node.exchange.oracle.order import Order, Stage

_MILLION = 1_000_000


def wait(market: Market, order: Order) -> None:
    """Puts an order among those that wait for a price."""
    order.stage = Stage.WAITS
    if order.trail:
        market.followers[order.id] = order
        if market.last:
            follow(market, order, market.last)
    else:
        insort(market.falls if order.falls else market.rises, wake_key(order))


def need_while_waiting(market: Market, order: Order) -> int:
    """What it holds: one that sells its base asset, a limit order that buys its worth, any other nothing."""
    if order.limited or market.gives(order.side) == market.rules.base:
        return market.needs(order, order.left)
    return 0


def trailed(order: Order) -> int:
    """The trigger of an order that follows the price."""
    distance = max(1, order.best * order.trail // _MILLION)
    return order.best - distance if order.falls else order.best + distance


def passed(order: Order, price: int) -> bool:
    """Whether a price is one that the order waits for."""
    return price <= order.trigger if order.falls else price >= order.trigger


def price_came(market: Market, price: int) -> None:
    """Triggers follow a price, and orders that waited for it join the queue."""
    for order in market.followers.values():
        follow(market, order, price)
    for waiting in (market.falls, market.rises):
        while waiting:
            order = market.orders[waiting[0][-1]]
            if not passed(order, price):
                break
            wake(market, order, price)


def follow(market: Market, order: Order, price: int) -> None:
    """Sets a trigger by a new best price, or by the first that it follows."""
    if order.best:
        better = price > order.best if order.falls else price < order.best
    else:
        better = not order.start or (price >= order.start if order.falls else price <= order.start)
    if not better:
        return
    waiting = market.falls if order.falls else market.rises
    if order.best:
        waiting.remove(wake_key(order))
    order.best = price
    order.trigger = trailed(order)
    insort(waiting, wake_key(order))


def wake(market: Market, order: Order, price: int, reason: Reason = Reason.NONE) -> None:
    """Its time has come: it joins the queue. The other one of an OCO expires first."""
    leave_pair(market, order)
    market.hold(order, need_while_waiting(market, order))
    stop_waiting(market, order)
    tell_woken(market, order, price, reason)
    order.stage = Stage.QUEUED
    market.queue.append(order)


def tell_woken(market: Market, order: Order, price: int, reason: Reason) -> None:
    tell(
        market, Record.TRIGGER, order.account, order.id,
        side=order.side, order_type=order.type, price=price, quantity=order.open, reason=reason,
    )  # fmt: skip
