"""By order: a recorded market that tells of every order."""

from node.exchange.core.command import Kind
from node.exchange.core.command import Told as Flag
from node.exchange.core.journal import Status
from node.exchange.oracle.command import Command
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import Order
from node.exchange.oracle.record import Gone, Told
from node.exchange.oracle.recorded import (
    better,
    cross,
    fill,
    is_recorded,
    less,
    lots,
    make,
    rebuild,
    told_size,
)


def place(market: Market, command: Command, prices: list[int]) -> None:
    """An order comes or changes; what users took of it stays gone, and its turn only when it becomes smaller."""
    record, size, side, price = market.record, told_size(market, command), command.side, command.price
    told = record.orders.get(command.order)
    eaten, untold = 0, 0
    if told is not None:
        eaten = eaten_of(market, told)
        stays = not told.left or (told.order is not None and (told.order.side, told.order.price) == (side, price))
        if command.kind == Kind.REPLAY_MODIFY and 0 < size <= told.size and stays:
            shown = lots(market, told.size) - lots(market, size)
            settle(market, told, size, told.pending - min(shown, max(told.pending, 0)), eaten)
            return
        untold = min(told.pending, 0)
        leave(market, command.order, remembered=not size)
    if not size:
        return
    known = told is None and command.order in record.stood_orders
    record.stood_orders.discard(command.order)
    told = record.orders[command.order] = Told(size, pending=untold)
    left = max(lots(market, size) - eaten, 0)
    picture = command.flags & Flag.SNAPSHOT != 0
    if left and not picture:
        left = cross(market, side, price, left, prices)
    if left:
        told.order = make(market, side, price, left)
        if picture:
            rebuild(market, told.order, known=known)
        else:
            market.own(side).rest(told.order)


def eaten_of(market: Market, told: Told) -> int:
    """What users took of it."""
    return lots(market, told.size) - max(told.pending, 0) - told.left


def settle(market: Market, told: Told, size: int, pending: int, eaten: int) -> None:
    """A recorded order is so small now, less what is pending and what users took of it."""
    whole = lots(market, size)
    left = min(told.left, max(whole - max(pending, 0) - eaten, 0))
    if told.order is not None and left < told.left:
        less(market, told.order, told.left - left)
    told.size, told.pending = size, min(pending, whole - left)


def leave(market: Market, number: int, *, remembered: bool = True) -> None:
    """An order has left the record, and what is left of it the book."""
    told = market.record.orders.pop(number, None)
    if told is None:
        return
    if remembered:
        market.record.gone.append(Gone(number, told.order, max(-told.pending, 0)))
    if told.order is not None and told.order.left:
        less(market, told.order, told.order.left)


def fill_shown(market: Market, command: Command, prices: list[int]) -> None:
    """The record shows that an order was traded; what no trade has told of that fills users before it."""
    told = market.record.orders.get(command.order)
    if told is None:
        return
    size = lots(market, told_size(market, command))
    fresh = size - min(size, max(told.pending, 0))
    if fresh:
        take(market, told.order, (command.side, command.price), fresh, prices)
    if told.size > command.quantity:
        settle(market, told, told.size - command.quantity, told.pending - size, eaten_of(market, told))
    else:
        told.pending -= size
        leave(market, command.order)


def trade(market: Market, told: Told, command: Command, prices: list[int]) -> None:
    """A trade took from this order; what the record has not shown of that fills users before it."""
    size = lots(market, told_size(market, command))
    fresh = size - min(size, max(-told.pending, 0))
    if fresh or not size:
        take(market, told.order, (1 - command.side, command.price), fresh, prices)
    settle(market, told, told.size, told.pending + size, eaten_of(market, told))


def late(market: Market, gone: Gone, command: Command, prices: list[int]) -> None:
    """A trade of an order that has left the record."""
    size = lots(market, told_size(market, command))
    shown = min(size, gone.untold)
    gone.untold -= shown
    if size > shown or not size:
        take(market, gone.order, (1 - command.side, command.price), size - shown, prices)


def take(market: Market, maker: Order | None, level: tuple[int, int], size: int, prices: list[int]) -> None:
    """A taker fills users at better prices than an order's, then those of its price who stand before it.

    Where nothing is left of it, those who stand before all that is recorded, and came before it.
    """
    stands = maker is not None and maker.left > 0
    side, price = (maker.side, maker.price) if maker is not None and stands else level
    if price <= 0:
        return
    if market.record.valid and market.status == Status.OPEN:
        size = cross(market, 1 - side, better(side, price), size, prices)
        while size:
            queue = market.own(side).queue(price)
            if maker is not None and stands:
                user = next((each for each in queue[: queue.index(maker)] if not is_recorded(each)), None)
            else:
                user = queue[0] if queue and not is_recorded(queue[0]) else None
                user = None if user is not None and maker is not None and user.id > maker.id else user
            if user is None:
                break
            size -= fill(market, user, size, 0, prices)
    market.last = price
    prices.append(price)
