"""Trade: a record tells that somebody took; it is taken from the book at once."""

from node.exchange.core.journal import Status
from node.exchange.core.state import SHOWN
from node.exchange.oracle import by_order
from node.exchange.oracle.command import Command
from node.exchange.oracle.market import Market
from node.exchange.oracle.order import Order
from node.exchange.oracle.record import Guess, Level, Told
from node.exchange.oracle.recorded import better, cross, fill, is_recorded, join, less, lots, make, rebuild, told_size


def told(market: Market, command: Command, prices: list[int]) -> None:
    """It took from the order that it names; else from those whose turn it was."""
    record = market.record
    if command.price <= 0 or not record.valid:
        return
    if command.order in record.orders and command.order:
        by_order.trade(market, record.orders[command.order], command, prices)
        return
    gone = next((each for each in reversed(record.gone) if each.number == command.order and each.number), None)
    if gone is not None:
        by_order.late(market, gone, command, prices)
        return
    of_any(market, command, prices)


def of_any(market: Market, command: Command, prices: list[int]) -> None:
    """It fills users at better prices, then those of its price to whom it comes through."""
    side, price, size = 1 - command.side, command.price, lots(market, told_size(market, command))
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
    """What it took is gone from the book, and so is all that was recorded at better prices."""
    half = market.own(side)
    for order in list(half.orders()):
        if is_recorded(order) and ((order.price > price) if side == 0 else (order.price < price)):
            take_off(market, order, order.left)
    queue = [each for each in half.queue(price) if is_recorded(each)]
    level = market.record.levels.get((side, price))
    if level is not None:  # what users took of it has its turn first
        gone = min(size, lots(market, level.size) - level.pending - sum(each.left for each in queue))
        note(market, (side, price), level, gone)
        size -= gone
    for order in queue:
        part = min(size, order.left)
        if part:
            take_off(market, order, part)
        size -= part


def take_off(market: Market, order: Order, size: int) -> None:
    """A trade took lots of a recorded order, or of a level."""
    record = market.record
    mine = next((each for each in record.orders.values() if each.order is order), None)
    if mine is None:
        level = (order.side, order.price)
        note(market, level, record.levels[level], size)
    else:
        if mine.pending <= 0:
            record.guesses.append(Guess(mine, order, market.time))
        mine.pending += size
    less(market, order, size)


def note(market: Market, level: Level, of: Told, size: int) -> None:
    if size and not of.pending:
        market.record.pending.append(level)
    of.pending += size


def show(market: Market, prices: list[int]) -> None:
    """The recorded book is whole. What trades took of a level and it does not show taken has come since, at the end;
    and an order that nobody named, and that it shows whole for long, was not the one that was taken from.
    """
    record = market.record
    pending, record.pending = record.pending, []
    for level in pending:
        of = record.levels.get(level)
        if of is not None and of.pending:
            size = cross(market, *level, of.pending, prices)
            of.pending = 0
            if size:
                join(market, *level, size)
    while record.guesses and record.guesses[0].time + SHOWN <= market.time:
        take_back(market, record.guesses.popleft(), prices)


def take_back(market: Market, guess: Guess, prices: list[int]) -> None:
    """The order has its lots again, once they took what they meet of users; one that had none left, the first turn."""
    mine, order = guess.told, guess.order
    if mine not in market.record.orders.values() or mine.order is not order or mine.pending <= 0:
        return
    size = cross(market, order.side, order.price, mine.pending, prices)
    mine.pending = 0
    if not size:
        return
    if order.left:
        order.left += size
    else:
        mine.order = make(market, order.side, order.price, size)
        rebuild(market, mine.order, known=True)
