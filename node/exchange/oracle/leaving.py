"""Leaving: how orders are taken in, and how they go."""

from bisect import bisect_left, insort
from typing import TypeVar

from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import RECORDED, SLOT_BITS
from node.exchange.oracle.command import Command
from node.exchange.oracle.market import Market, tell
from node.exchange.oracle.order import Order, Stage

_Key = TypeVar("_Key", tuple[int, int], tuple[int, int, int])


def place_of(order: Order) -> int:
    """What its id ends with."""
    return order.id & ((1 << SLOT_BITS) - 1)


def take_in(market: Market, command: Command, expiry: int) -> Order:
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
        display=command.display,
        expiry=expiry,
        trigger=0 if command.trail else command.trigger,
        start=command.trigger if command.trail else 0,
        trail=command.trail,
    )
    if not order.limited:
        order.price = 0
    market.orders[order.id] = market.own_orders[order.account][order.id] = order
    if expiry:
        insort(market.ends, (expiry, order.id))
    return order


def stand_aside(market: Market, order: Order) -> None:
    """Takes an order out of wherever it is, with all that it holds."""
    if order.stage is Stage.RESTS:
        market.own(order.side).leave(order)
        order.left, order.hidden = order.open, 0
    elif order.stage is Stage.WAITS:
        stop_waiting(market, order)
    elif order.stage is Stage.QUEUED:
        market.queue.remove(order)
    market.hold(order, 0)
    order.stage = Stage.MATCHED


def stop_waiting(market: Market, order: Order) -> None:
    """It waits for no price any more."""
    market.followers.pop(order.id, None)
    if order.best or not order.trail:
        _remove(market.falls if order.falls else market.rises, wake_key(order))


def wake_key(order: Order) -> tuple[int, int, int]:
    """Where it stands among those that wait for the same."""
    return -order.trigger if order.falls else order.trigger, order.trail, order.id


def forget(market: Market, order: Order) -> None:
    """Nothing of an order is open any more; its place is free."""
    del market.orders[order.id]
    if not order.flags & RECORDED:
        del market.own_orders[order.account][order.id]
    market.places.append(place_of(order))
    if order.expiry:
        _remove(market.ends, (order.expiry, order.id))


def expire(market: Market, order: Order, reason: Reason) -> None:
    """An order, or its rest, goes by its own terms, and with it the rest of its group."""
    tell_expired(market, order, reason)
    stand_aside(market, order)
    forget(market, order)
    end_group(market, order)


def tell_expired(market: Market, order: Order, reason: Reason) -> None:
    tell(
        market, Record.EXPIRE, order.account, order.id, side=order.side, flags=order.flags, order_type=order.type,
        price=order.price, quantity=order.open, reason=reason,
    )  # fmt: skip


def end_group(market: Market, order: Order) -> None:
    """The other orders of a group whose member has gone without being filled expire."""
    group, order.group = order.group, None
    if group is None:
        return
    group.orders.remove(order)
    for other in list(group.orders):
        other.group = None
        expire(market, other, Reason.GROUP)


def finish(market: Market, order: Order, *, filled: bool) -> None:
    """Nothing is left of an order. Where a trade did that, those that waited for it join the queue."""
    forget(market, order)
    group = order.group
    if group is None or not filled or group.working is not order:
        end_group(market, order)
        return
    order.group, group.working = None, None
    group.orders.remove(order)
    first = group.orders[0]
    if len(group.orders) == 1:
        first.group = None
    first.stage = Stage.QUEUED
    market.queue.append(first)


def leave_pair(market: Market, order: Order) -> None:
    """An order of an OCO becomes one alone, because it wakes or trades: the other one expires."""
    group = order.group
    if group is None or group.working is not None:
        return
    order.group = None
    for other in group.orders:
        if other is not order:
            other.group = None
            expire(market, other, Reason.GROUP)


def _remove(sorted_list: list[_Key], key: _Key) -> None:
    del sorted_list[bisect_left(sorted_list, key)]
