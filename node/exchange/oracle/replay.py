"""Replay: what a record's events do to the book, said as plainly as can be."""

from fractions import Fraction

from node.exchange.core.command import Kind, Queue
from node.exchange.core.command import Told as Flag
from node.exchange.oracle import by_order, by_price, trade
from node.exchange.oracle.command import Command
from node.exchange.oracle.gap import clear, stand
from node.exchange.oracle.market import Market
from node.exchange.oracle.recorded import uncross
from node.exchange.oracle.turns import look_for_a_break
from node.exchange.oracle.waiting import price_came

KINDS = (
    Kind.REPLAY_ADD, Kind.REPLAY_MODIFY, Kind.REPLAY_CANCEL, Kind.REPLAY_FILL,
    Kind.REPLAY_SET, Kind.REPLAY_TRADE, Kind.REPLAY_CLEAR, Kind.REPLAY_BEGIN,
)  # fmt: skip
_PLACING = (Kind.REPLAY_ADD, Kind.REPLAY_MODIFY, Kind.REPLAY_SET)
_HIGHEST = 1 << 60


def carry_out(market: Market, command: Command) -> None:
    """Does what an event tells; the prices of what it traded wake who waited for them."""
    prices: list[int] = []
    before = market.last
    _carry_out(market, command, prices)
    came(market, before, prices)


def reopen(market: Market) -> None:
    """The market takes orders again: what came of the record while it did not meets users now."""
    prices: list[int] = []
    before = market.last
    if market.record.valid:
        uncross(market, prices)
    came(market, before, prices)


def came(market: Market, before: int, prices: list[int]) -> None:
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
            by_price.set_level(market, command, prices)
        elif command.kind == Kind.REPLAY_CANCEL:
            by_order.leave(market, command.order)
        elif command.kind == Kind.REPLAY_FILL:
            by_order.fill_shown(market, command, prices)
        elif command.kind == Kind.REPLAY_TRADE:
            trade.told(market, command, prices)
            return
        else:
            by_order.place(market, command, prices)
    if command.flags & Flag.LAST:
        trade.show(market, prices)
        if command.flags & Flag.SNAPSHOT:
            stand(market, prices)


def is_real(command: Command) -> bool:
    priced = 0 <= command.price <= _HIGHEST and not (command.price == 0 and command.kind in _PLACING)
    return command.side <= 1 and command.quantity >= 0 and command.order >= 0 and priced


def begin(market: Market, command: Command) -> None:
    """How to read what follows."""
    record = market.record
    record.model, record.power, record.whole = Queue(command.type), min(max(command.display, 1), 64), command.price
    record.lot = Fraction(command.quantity, command.trigger)
