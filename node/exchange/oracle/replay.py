"""Replay: what a record's events do to the book, said as plainly as can be."""

from fractions import Fraction

from node.exchange.core.command import Kind, Queue
from node.exchange.core.command import Told as Flag
from node.exchange.core.journal import Status
from node.exchange.oracle.command import Command
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import Order
from node.exchange.oracle.record import Told
from node.exchange.oracle.recorded import (
    cross,
    fill,
    is_recorded,
    join,
    less,
    make,
    rebuild,
    shrink,
    take_off,
)
from node.exchange.oracle.refusal import fits_in
from node.exchange.oracle.turns import look_for_a_break
from node.exchange.oracle.waiting import price_came

KINDS = (
    Kind.REPLAY_ADD, Kind.REPLAY_MODIFY, Kind.REPLAY_CANCEL, Kind.REPLAY_FILL,
    Kind.REPLAY_SET, Kind.REPLAY_TRADE, Kind.REPLAY_CLEAR, Kind.REPLAY_BEGIN,
)  # fmt: skip
_PLACING = (Kind.REPLAY_ADD, Kind.REPLAY_MODIFY, Kind.REPLAY_SET)
_HIGHEST, _MOST = 1 << 60, float(1 << 56)


def carry_out(market: Market, command: Command) -> None:
    """Does what an event tells; the prices of what it traded wake who waited for them."""
    prices: list[int] = []
    before = market.last
    _carry_out(market, command, prices)
    if prices:
        price_came(market, prices[0])
        price_came(market, prices[-1])
        look_for_a_break(market, before or prices[0])


def _carry_out(market: Market, command: Command, prices: list[int]) -> None:
    if command.kind == Kind.REPLAY_BEGIN:
        begin(market, command)
        return
    if command.kind == Kind.REPLAY_CLEAR:
        clear(market)
        return
    if is_real(command):
        if not market.record.valid and not command.flags & Flag.SNAPSHOT:
            return
        if command.kind == Kind.REPLAY_SET:
            set_level(market, command, prices)
        elif command.kind == Kind.REPLAY_CANCEL:
            remove(market, command.order)
        elif command.kind == Kind.REPLAY_FILL:
            fill_order(market, command, prices)
        elif command.kind == Kind.REPLAY_TRADE:
            trade_level(market, command, prices)
            return
        else:
            place(market, command, prices)
    if command.flags & Flag.LAST:
        show(market)
        if command.flags & Flag.SNAPSHOT:
            stand(market, prices)


def is_real(command: Command) -> bool:
    priced = 0 <= command.price <= _HIGHEST and not (command.price == 0 and command.kind in _PLACING)
    return command.side <= 1 and command.quantity >= 0 and priced


def begin(market: Market, command: Command) -> None:
    """How to read what follows."""
    record = market.record
    record.model, record.power, record.whole = Queue(command.type), min(max(command.display, 1), 64), command.price
    record.lot = Fraction(command.quantity, command.trigger)


def lots(market: Market, size: int) -> int:
    """A recorded size in whole lots."""
    return int(size * market.record.lot)


def told_size(market: Market, command: Command) -> int:
    """The size that is told; 0 where it is worth too much to reckon with."""
    if float(command.quantity) * market.record.lot.numerator > _MOST:
        return 0
    return command.quantity if fits_in(market, command.price, lots(market, command.quantity)) else 0


# By order.


def left_of(told: Told | None) -> int:
    """What is still in the book of a recorded order."""
    return told.order.left if told is not None and told.order is not None else 0


def place(market: Market, command: Command, prices: list[int]) -> None:
    """An order comes or changes; what users took of it stays gone, and its turn only when it becomes smaller."""
    record, size, side, price = market.record, told_size(market, command), command.side, command.price
    told = record.orders.get(command.order)
    eaten = 0
    if told is not None:
        eaten = lots(market, told.size) - left_of(told)
        stays = left_of(told) == 0 or (told.order is not None and (told.order.side, told.order.price) == (side, price))
        if command.kind == Kind.REPLAY_MODIFY and 0 < size <= told.size and stays:
            set_size(market, told, size)
            return
        remove(market, command.order)
    known = told is None and command.order in record.stood_orders
    if not size:
        return
    record.stood_orders.discard(command.order)
    told = record.orders[command.order] = Told(size)
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


def set_size(market: Market, told: Told, size: int) -> None:
    """A recorded order is so small now, less what users took of it."""
    eaten = lots(market, told.size) - left_of(told)
    left = max(lots(market, size) - eaten, 0)
    told.size = size
    if told.order is not None and left < left_of(told):
        less(market, told.order, left_of(told) - left)


def remove(market: Market, number: int) -> None:
    told = market.record.orders.pop(number, None)
    if told is not None and told.order is not None and told.order.left:
        less(market, told.order, told.order.left)


def fill_order(market: Market, command: Command, prices: list[int]) -> None:
    """A recorded order was traded: its taker first fills users at better prices, then those in the queue before it."""
    told = market.record.orders.get(command.order)
    maker = told.order if told is not None and left_of(told) else None
    side, price = (maker.side, maker.price) if maker is not None else (command.side, command.price)
    if price > 0:
        if market.status == Status.OPEN:
            size = cross(market, 1 - side, better(side, price), lots(market, told_size(market, command)), prices)
            while size:
                user = next(iter(market.own(side).queue(price)), None)
                if maker is not None:
                    before = market.own(side).queue(price)
                    user = next((each for each in before[: before.index(maker)] if not is_recorded(each)), None)
                if user is None or is_recorded(user):
                    break
                size -= fill(market, user, size, 0, prices)
        market.last = price
        prices.append(price)
    if told is not None:
        if told.size <= command.quantity:
            remove(market, command.order)
        else:
            set_size(market, told, told.size - command.quantity)


def better(side: int, price: int) -> int:
    """The next price at which an order of this side would be filled before."""
    return price + 1 if side == 0 else price - 1


# By price.


def set_level(market: Market, command: Command, prices: list[int]) -> None:
    """A level has another size; trades that it does not show yet are taken off what it had."""
    record, size, level = market.record, told_size(market, command), (command.side, command.price)
    told = record.levels.pop(level, None)
    if told is None and not size:
        return
    before = 0 if told is None else lots(market, told.size) - told.pending
    stood = 0 if told is not None else record.stood_levels.pop(level, 0)
    if size:
        record.levels[level] = Told(size)
    growth = lots(market, size) - before
    if growth < 0:
        shrink(market, *level, -growth)
    elif command.flags & Flag.SNAPSHOT:
        first = min(stood, growth)
        for part, known in ((first, True), (growth - first, False)):
            if part:
                rebuild(market, make(market, *level, part), known=known)
    elif growth:
        growth = cross(market, *level, growth, prices)
        if growth:
            join(market, *level, growth)


def trade_level(market: Market, command: Command, prices: list[int]) -> None:
    """A trade fills users at better prices, then those of its price to whom it comes through."""
    side, price, size = 1 - command.side, command.price, lots(market, told_size(market, command))
    if price <= 0 or (command.order and command.order in market.record.orders):
        return
    if size and market.status == Status.OPEN:
        budget = cross(market, 1 - side, better(side, price), size, prices)
        filled = 0
        while filled < budget:
            queue = market.own(side).queue(price)
            at = next((index for index, each in enumerate(queue) if not is_recorded(each)), None)
            if at is None:
                break
            comes = budget - filled - sum(each.left for each in queue[:at])
            if comes <= 0:
                break
            filled += fill(market, queue[at], comes, 0, prices)
    if size:
        take_away(market, side, price, size)
    market.last = price
    prices.append(price)


def take_away(market: Market, side: int, price: int, size: int) -> None:
    """What a trade took is gone from the book, and so is all that was recorded at better prices."""
    half, record = market.own(side), market.record
    for order in list(half.orders()):
        if (order.price > price) if side == 0 else (order.price < price):
            told = record.levels.get((side, order.price))
            if is_recorded(order) and told is not None:
                note(market, (side, order.price), told, order.left)
                less(market, order, order.left)
    told = record.levels.get((side, price))
    if told is not None:
        queue = half.queue(price)
        there = sum(each.left for each in queue if is_recorded(each))
        gone = lots(market, told.size) - told.pending - there
        note(market, (side, price), told, min(size, gone + there))
        take_off(market, queue, min(size - min(size, gone), there))


def note(market: Market, level: tuple[int, int], told: Told, size: int) -> None:
    if size and not told.pending:
        market.record.pending.append(level)
    told.pending += size


def show(market: Market) -> None:
    """The recorded book does not show what trades took: as much has come since, at the end."""
    pending, market.record.pending = market.record.pending, []
    for level in pending:
        told = market.record.levels.get(level)
        if told is not None and told.pending:
            join(market, *level, told.pending)
            told.pending = 0


# Lost and found.


def clear(market: Market) -> None:
    """The recorded book is lost; it is kept in mind what stood before users."""
    record = market.record
    record.valid, record.cleared = False, market.sequence
    stood = {each.id: each.left for half in (market.bids, market.asks) for each in _before_users(list(half.orders()))}
    # what an earlier loss kept in mind stays only where the picture after it came to an end
    record.stood_orders = {
        number for number, told in record.orders.items() if told.order is not None and told.order.left
        and told.order.id in stood
    }  # fmt: skip
    record.stood_levels = {}
    for half in (market.bids, market.asks):
        for order in list(half.orders()):
            if is_recorded(order):
                level = (half.side, order.price)
                if level in record.levels and order.id in stood:
                    record.stood_levels[level] = record.stood_levels.get(level, 0) + order.left
                less(market, order, order.left)
    record.orders, record.levels, record.pending = {}, {}, []


def _before_users(orders: list[Order]) -> list[Order]:
    """Recorded orders with a user's somewhere behind them at their price."""
    return [
        order for at, order in enumerate(orders)
        if is_recorded(order)
        and any(not is_recorded(each) and each.price == order.price for each in orders[at + 1 :])
    ]  # fmt: skip


def stand(market: Market, prices: list[int]) -> None:
    """The picture is whole: users whom the market has passed are filled by it, at their own prices."""
    record = market.record
    record.valid, record.stood_orders, record.stood_levels = True, set(), {}
    if market.status != Status.OPEN:
        return
    for half, others in ((market.bids, market.asks), (market.asks, market.bids)):
        while True:
            order = next((each for each in half.orders() if is_recorded(each)), None)
            user = next((each for each in others.orders() if not is_recorded(each)), None)
            if order is None or user is None:
                break
            if (user.price > order.price) if half.side == 0 else (user.price < order.price):
                break
            less(market, order, fill(market, user, order.left, order.id, prices))
