"""Recorded: the world's orders in the book, and how they and users' orders meet."""

from fractions import Fraction

from node.exchange.core.command import Queue, Side
from node.exchange.core.journal import Status
from node.exchange.core.state import RECORDED, SLOT_BITS, WORLD
from node.exchange.oracle.command import Command
from node.exchange.oracle.leaving import forget
from node.exchange.oracle.market import Market
from node.exchange.oracle.matching import after_trade, give_in_perpetual, leave_pair_in_book, trade
from node.exchange.oracle.order import Order, Stage
from node.exchange.oracle.refusal import fits_in

_FRACTION, _STEPS = 30, 20  # binary places of a power and of a logarithm
_MOST = float(1 << 56)


def lots(market: Market, size: int) -> int:
    """A recorded size in whole lots."""
    return int(size * market.record.lot)


def told_size(market: Market, command: Command) -> int:
    """The size that is told; 0 where it is worth too much to reckon with."""
    if float(command.quantity) * market.record.lot.numerator > _MOST:
        return 0
    return command.quantity if fits_in(market, command.price, lots(market, command.quantity)) else 0


def better(side: int, price: int) -> int:
    """The next price at which an order of this side would be filled before."""
    return price + 1 if side == 0 else price - 1


def is_recorded(order: Order) -> bool:
    return order.flags & RECORDED != 0


def make(market: Market, side: int, price: int, size: int) -> Order:
    """A recorded order that is in no queue yet."""
    market.sequence += 1
    if market.places:
        place = market.places.pop()
    else:
        place, market.fresh_place = market.fresh_place, market.fresh_place + 1
    number = (market.sequence << SLOT_BITS) | place
    order = Order(number, WORLD, side, 0, 0, RECORDED, 0, price, size, stage=Stage.RESTS)
    market.orders[number] = order
    return order


def less(market: Market, order: Order, size: int) -> None:
    """Takes lots off a recorded order; all of them, and it is gone."""
    order.left -= size
    if not order.left:
        market.own(order.side).leave(order)
        forget(market, order)


def join(market: Market, side: int, price: int, size: int) -> None:
    """Adds recorded lots at the end of a level."""
    half = market.own(side)
    last = half.queue(price)[-1:]
    if last and is_recorded(last[0]):
        last[0].left += size
    else:
        half.rest(make(market, side, price, size))


def rebuild(market: Market, order: Order, *, known: bool) -> None:
    """A new picture's order comes before those who came after the book was lost; a known one before all users."""
    half = market.own(order.side)
    for other in half.queue(order.price):
        if not is_recorded(other) and (known or other.id >> SLOT_BITS > market.record.cleared):
            half.rest_before(order, other)
            return
    half.rest(order)


def fill(market: Market, user: Order, size: int, taker: int, prices: list[int]) -> int:
    """The world takes from a user's order; how much."""
    taken = min(size, user.left)
    world = Order(taker, WORLD, 1 - user.side, 0, 0, 0, 0, user.price, taken)
    if market.perpetual:
        return give_in_perpetual(market, world, user, prices)
    leave_pair_in_book(market, user)
    trade(market, world, user, taken)
    prices.append(user.price)
    after_trade(market, user)
    return taken


def cross(market: Market, side: int, price: int, size: int, prices: list[int]) -> int:
    """A recorded order takes from users what it meets; what is left of it."""
    if not market.record.valid or market.status != Status.OPEN:
        return size
    half = market.opposite(side)
    while size:
        users = (each for each in half.orders() if not is_recorded(each) and _meets(side, price, each.price))
        user = next(users, None)
        if user is None:
            break
        size -= fill(market, user, size, 0, prices)
    return size


def uncross(market: Market, prices: list[int]) -> None:
    """What is recorded takes from users what it meets, at their own prices; the bids first."""
    for half, others in ((market.bids, market.asks), (market.asks, market.bids)):
        while True:
            order = next((each for each in half.orders() if is_recorded(each)), None)
            user = next((each for each in others.orders() if not is_recorded(each)), None)
            if order is None or user is None or not _meets(half.side, order.price, user.price):
                break
            less(market, order, fill(market, user, order.left, order.id, prices))


def _meets(side: int, price: int, other: int) -> bool:
    return other <= price if side == Side.BUY else other >= price


def shrink(market: Market, side: int, price: int, size: int) -> None:
    """Recorded lots leave a level without a trade."""
    queue = market.own(side).queue(price)
    total = sum(each.left for each in queue if is_recorded(each))
    size = min(size, total)
    if market.record.model == Queue.RISK_AVERSE or size == total:
        take_off(market, queue[::-1] if len(queue) > 1 else queue, size)
        return
    waiting: list[Order] = []
    for order in queue:
        if is_recorded(order):
            waiting.append(order)
            continue
        front = sum(each.left for each in waiting)
        if front and size:
            back = total - front
            leaving = min(front, max(ahead(market, front, back, size), size - back))
            take_off(market, waiting, leaving)
            size, total, waiting = size - leaving, back, []
    take_off(market, waiting, size)


def take_off(market: Market, orders: list[Order], size: int) -> None:
    """Takes lots off recorded orders, one after the other."""
    for order in orders:
        if size and is_recorded(order):
            part = min(size, order.left)
            less(market, order, part)
            size -= part


def ahead(market: Market, front: int, back: int, size: int) -> int:
    """How many of the lots that leave stood before an order."""
    if not front or not back:
        return size if front else 0
    if market.record.model == Queue.POWER:
        one, other = _powers(front, back, market.record.power)
    else:
        whole = market.record.whole
        one, other = (_logarithm(whole + each) - _logarithm(whole) for each in (front, back))
    return size * one // (one + other) if one + other else size // 2


def _powers(front: int, back: int, power: int) -> tuple[int, int]:
    most, least = max(front, back), min(front, back)
    shift = max(0, most.bit_length() - 32)
    part, one = 1 << _FRACTION, 1 << _FRACTION
    ratio = ((least >> shift) << _FRACTION) // (most >> shift)
    for _ in range(power):
        part = part * ratio >> _FRACTION
    return (one, part) if front >= back else (part, one)


def _logarithm(value: int) -> int:
    """log2, with so many binary places, rounded down at each."""
    whole = value.bit_length() - 1
    part = int(Fraction(value) * Fraction(2) ** (_FRACTION - whole))
    for _ in range(_STEPS):
        part = part * part >> _FRACTION
        whole *= 2
        if part >= 2 << _FRACTION:
            part, whole = part >> 1, whole + 1
    return whole
