"""Desk: what an agent sees of its market, the commands it writes, and what it learns from the journal."""

from typing import Any, NamedTuple

import numpy as np

from node.exchange.agents.chance import exponential, uniform
from node.exchange.agents.crowd import ROOM, Crowd
from node.exchange.core import funds, ladder
from node.exchange.core.command import Flag, Kind, Tif, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.journal import Record
from node.exchange.core.state import Ledger, Market

U = np.uint64
BUY, SELL = 0, 1
_NEW, _CANCEL = int(Kind.NEW), int(Kind.CANCEL)
_LIMIT, _IOC = int(Type.LIMIT), int(Tif.IOC)
_POST_ONLY = int(Flag.POST_ONLY)
_ACK, _REJECT, _FILL, _CANCELLED, _EXPIRE, _ADL = (
    int(each) for each in (Record.ACK, Record.REJECT, Record.FILL, Record.CANCEL, Record.EXPIRE, Record.ADL)
)
_GONE = (_CANCELLED, _EXPIRE)


class Seat(NamedTuple):
    """An agent at its desk.

    Attributes:
        agent: its row, of dtype AGENT.
        orders: what it has open, of dtype ORDER.
        market, ledger: where it trades.
        commands: of dtype COMMAND, where it writes what it wants.
    """

    agent: Any
    orders: Any
    market: Market
    ledger: Ledger
    commands: Any


@jit
def touch(market: Market, side: Int) -> Int:
    """The best price of a side, ticks; 0 where it is empty."""
    if market.top[U(side)] < 0:
        return 0
    key = ladder.best(market, side)
    return int(key if side == BUY else -key)


@jit
def at_touch(market: Market, side: Int) -> Int:
    """Lots seen at the best price of a side that is not empty."""
    return int(ladder.level_of(market, side, ladder.best(market, side)).size)


@jit
def middle(market: Market, fair: float) -> float:
    """The mid, ticks; of an empty side, what the other and the last price tell, and of an empty market `fair`."""
    bid, ask = touch(market, BUY), touch(market, SELL)
    if bid and ask:
        return 0.5 * (bid + ask)
    if bid or ask:
        return float(bid + ask)
    last = market.state[0].last
    return float(last) if last else fair


@jit
def lots(agent: Any) -> Int:
    """The size of an order: exponential, at least one lot."""
    return int(1 + agent.size * exponential(agent))


@jit
def whole(value: float) -> Int:
    """A price in whole ticks, at least one."""
    return int(max(1.0, np.floor(value + 0.5)))


@jit
def place(seat: Seat, at: Int, side: Int, price: Int, quantity: Int) -> Int:
    """Writes an order that rests, or is refused where it would take; where the commands end then.

    It is no larger than the least that the market takes where `quantity` is less, and not written where the account
    has too little or the agent too many orders.
    """
    end = _order(seat, at, side, price, quantity)
    if end > at:
        seat.commands[U(at)].flags = _POST_ONLY
    return end


@jit
def take(seat: Seat, at: Int, side: Int, price: Int, quantity: Int) -> Int:
    """Writes an order that takes what is there up to a price; an agent never holds or owes more than its `most`."""
    agent = seat.agent
    quantity = min(quantity, agent.most - agent.held if side == BUY else agent.most + agent.held)
    if quantity <= 0 or touch(seat.market, 1 - side) == 0:
        return at
    end = _order(seat, at, side, price, quantity)
    if end > at:
        seat.commands[U(at)].tif = _IOC
    return end


@jit
def cancel(seat: Seat, at: Int, place_of: Int) -> Int:
    """Writes that one of its open orders is to be taken out."""
    if at >= len(seat.commands):
        return at
    _write(seat, at, _CANCEL).order = seat.orders[U(place_of)].id
    return at + 1


@jit
def cancel_any(seat: Seat, at: Int) -> Int:
    """Takes out one of its open orders, each as likely; it must have one."""
    return cancel(seat, at, int(uniform(seat.agent) * seat.agent.count))


@jit
def _order(seat: Seat, at: Int, side: Int, price: Int, quantity: Int) -> Int:
    agent, market = seat.agent, seat.market
    rules = market.rules[0]
    if agent.count + agent.sent >= ROOM or price <= 0 or at >= len(seat.commands):
        return at
    worth = price * rules.unit
    quantity = min(max(quantity, rules.least, (rules.notional + worth - 1) // worth), rules.most)
    need = funds.need(market, side, price, quantity)
    if not funds.has(market, seat.ledger, agent.account, side, need):
        return at
    agent.sent += 1
    command = _write(seat, at, _NEW)
    command.side, command.price, command.quantity = side, price, quantity
    return at + 1


@jit
def _write(seat: Seat, at: Int, kind: Int) -> Any:
    command, agent = seat.commands[U(at)], seat.agent
    agent.number += 1
    command.time, command.kind, command.market = agent.seen, kind, seat.market.rules[0].market
    command.side, command.type, command.tif, command.selftrade, command.flags = 0, _LIMIT, 0, 0, 0
    command.account, command.ref = agent.account, agent.number
    command.order, command.price, command.quantity = 0, 0, 0
    command.trigger, command.display, command.expiry = 0, 0, 0
    return command


@jit
def learn(crowd: Crowd, journal: Any, start: Int, end: Int) -> None:
    """Lets agents know what rows of the journal, from `start` to `end`, say of their orders."""
    for index in range(start, end):
        row = journal[U(index)]
        kind = row.kind
        whose = _agent_of(crowd, row.account)
        if kind == _ADL:
            side = np.int64(row.side)
            _filled(crowd, whose, 0, side, row.quantity)
            _filled(crowd, _agent_of(crowd, row.other_account), 0, 1 - side, row.quantity)
        elif kind == _FILL:
            _filled(crowd, whose, row.order, np.int64(row.side), row.quantity)
            _filled(crowd, _agent_of(crowd, row.other_account), row.other, 1 - np.int64(row.side), row.quantity)
        elif whose >= 0:
            agent, orders = crowd.agents[U(whose)], crowd.orders[U(whose)]
            if kind == _ACK:
                agent.sent = max(0, agent.sent - 1)
                if agent.count < ROOM:
                    order = orders[U(agent.count)]
                    order.id, order.price, order.left, order.side = row.order, row.price, row.quantity, row.side
                    agent.count += 1
            elif kind == _REJECT:
                if row.order == 0:
                    agent.sent = max(0, agent.sent - 1)
                else:
                    _forget(agent, orders, row.order)
            elif kind in _GONE:
                _forget(agent, orders, row.order)


@jit
def _agent_of(crowd: Crowd, account: Int) -> Int:
    return int(crowd.by_account[U(account)]) if 0 <= account < len(crowd.by_account) else -1


@jit
def _filled(crowd: Crowd, whose: Int, order: Int, side: Int, quantity: Int) -> None:
    if whose < 0:
        return
    agent, orders = crowd.agents[U(whose)], crowd.orders[U(whose)]
    agent.held += quantity if side == BUY else -quantity
    for at in range(agent.count):
        if orders[U(at)].id == order:
            orders[U(at)].left -= quantity
            if orders[U(at)].left <= 0:
                _forget(agent, orders, order)
            return


@jit
def _forget(agent: Any, orders: Any, order: Int) -> None:
    """Drops an order; those after it move up, so that the oldest stays first."""
    for at in range(agent.count):
        if orders[U(at)].id == order:
            for later in range(at, agent.count - 1):
                one, other = orders[U(later)], orders[U(later + 1)]
                one.id, one.price, one.left, one.side = other.id, other.price, other.left, other.side
            agent.count -= 1
            return
