"""Inbox: the strategy's side of the loop. What it asked for is sent off, and what reaches it is told."""

from typing import Any

import numpy as np

from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import Market
from node.exchange.replay.latency import Delay, arrival
from node.exchange.tester import book as told
from node.exchange.tester import orders as asked
from node.exchange.tester.memory import Desk

U = np.uint64
NOBODY, EVENT, TIMER = range(3)
"""Who is to be called."""
_TRADE, _FILL, _CANCEL, _EXPIRE, _AMEND, _REJECT = (
    told.TRADE, told.FILL, told.CANCEL, told.EXPIRE, told.AMEND, told.REJECT,
)  # fmt: skip
_DEPTH = told.DEPTH
_REF, _SIDE, _PRICE, _LEFT, _PLACE = asked.REF, asked.SIDE, asked.PRICE, asked.LEFT, asked.PLACE
_ROOM = asked.ROOM - 1
_NEW = int(Kind.NEW)


@jit
def collect(desk: Desk) -> bool:
    """Sends off what the strategy asked for; False where it has too many orders open."""
    control, orders, book = desk.control[0], desk.orders[0], desk.book[0]
    entry = Delay(desk.entry_model, desk.entry_times, desk.entry_delays)
    for index in range(orders.count):
        asks = orders.rows[index]
        place = U(control.sent_tail & (len(desk.sent) - 1))
        sent, command = desk.sent[place], desk.queued[place]
        sent.arrival = arrival(entry, control.sent_count, book.time, control.sent_last)
        sent.sent, sent.bid, sent.ask = book.time, book.bid, book.ask
        control.sent_last = sent.arrival
        control.sent_count += 1
        control.sent_tail += 1
        command.time, command.market, command.account = sent.arrival, control.number, control.account
        command.kind, command.side, command.type, command.tif = asks[0], asks[1], asks[2], asks[3]
        command.flags, command.ref, command.price, command.quantity = asks[4], asks[5], asks[6], asks[7]
        command.trigger, command.display, command.expiry, command.order = asks[8], asks[9], asks[10], 0
        command.selftrade, command.trail = control.selftrade, asks[11]
        if asks[0] == _NEW:
            mine = orders.mine[asks[5] & _ROOM]
            if mine[_REF] != 0:
                return False
            mine[_REF], mine[_SIDE], mine[_PRICE], mine[_LEFT] = asks[5], asks[1], asks[6], 0
            mine[_PLACE] = orders.open
            orders.listed[orders.open] = asks[5]
            orders.open += 1
            _set_left(desk, asks[5], asks[7])
    orders.count = 0
    return True


@jit
def _set_left(desk: Desk, ref: Int, left: Int) -> None:
    """Knows from now on what is open of an own order, and forgets it where that is nothing."""
    book, orders = desk.book[0], desk.orders[0]
    mine = orders.mine[ref & _ROOM]
    if mine[_REF] != ref:
        return
    if mine[_SIDE] == 0:
        book.buying += left - mine[_LEFT]
    else:
        book.selling += left - mine[_LEFT]
    mine[_LEFT] = left
    if left <= 0:
        orders.open -= 1
        moved = orders.listed[orders.open]
        orders.listed[mine[_PLACE]] = moved
        orders.mine[moved & _ROOM][_PLACE] = mine[_PLACE]
        mine[_REF] = 0
    book.open = orders.open


@jit
def next_time(desk: Desk) -> Int:
    """When the strategy is told something next."""
    control = desk.control[0]
    time = control.timer
    if control.feed_head < control.feed_tail:
        time = min(time, desk.feed[U(control.feed_head & (len(desk.feed) - 1))].local)
    if control.answers_head < control.answers_tail:
        time = min(time, desk.answers[U(control.answers_head & (len(desk.answers) - 1))].local)
    return int(time)


@jit
def deliver(desk: Desk, market: Market, time: Int) -> Int:
    """Tells what arrives at `time`, one thing; who is to be called."""
    control, book = desk.control[0], desk.book[0]
    if control.fresh:
        book.bought, book.sold, book.events, control.fresh = 0, 0, 0, 0
    book.time = time
    feed = desk.feed[U(control.feed_head & (len(desk.feed) - 1))]
    answer = desk.answers[U(control.answers_head & (len(desk.answers) - 1))]
    if control.feed_head < control.feed_tail and feed.local == time:
        _news(desk, feed)
        control.feed_head += 1
    elif control.answers_head < control.answers_tail and answer.local == time:
        _answer(desk, answer)
        control.answers_head += 1
    else:
        control.timer += control.every
        control.fresh = 1
        return TIMER
    _value(desk, market)
    control.events += 1
    control.waited += 1
    book.events += 1
    if control.wake == 0 or control.waited < control.wake:
        return NOBODY
    control.waited = 0
    control.fresh = 1
    return EVENT


@jit
def _news(desk: Desk, feed: Any) -> None:
    control, book, event = desk.control[0], desk.book[0], desk.event[0]
    event.time, event.kind, event.side, event.price, event.quantity = (
        feed.time, feed.kind, feed.side, feed.price, feed.quantity,
    )  # fmt: skip
    event.ref, event.reason, event.maker = 0, 0, 0
    book.bid, book.ask, book.bid_size, book.ask_size = feed.bid, feed.ask, feed.bid_size, feed.ask_size
    book.mid = 0.5 * (feed.bid + feed.ask) if feed.bid_size > 0 and feed.ask_size > 0 else np.nan
    levels = desk.levels[U(control.feed_head & (len(desk.feed) - 1))]
    for index in range(book.levels):
        book.bids[index, 0], book.bids[index, 1] = levels[U(2 * index)], levels[U(2 * index + 1)]
        at = 2 * (_DEPTH + index)
        book.asks[index, 0], book.asks[index, 1] = levels[U(at)], levels[U(at + 1)]
    if feed.kind == _TRADE:
        book.last, book.last_size = feed.price, feed.quantity
        if feed.side == 0:
            book.bought += feed.quantity
        else:
            book.sold += feed.quantity
    control.seen = feed.time
    while control.signal < len(desk.signal_times) and desk.signal_times[U(control.signal)] <= feed.time:
        for column in range(desk.signals.shape[1]):
            book.signals[column] = desk.signals[U(control.signal), U(column)]
        control.signal += 1


@jit
def _answer(desk: Desk, answer: Any) -> None:
    book, event, orders = desk.book[0], desk.event[0], desk.orders[0]
    kind = answer.kind
    event.time, event.kind, event.side, event.price, event.quantity = (
        answer.time, kind, answer.side, answer.price, answer.quantity,
    )  # fmt: skip
    event.ref, event.reason, event.maker = answer.ref, answer.reason, answer.maker
    if kind == _FILL:
        book.position += answer.quantity if answer.side == 0 else -answer.quantity
        book.base += answer.base
        book.quote += answer.quote
    if kind == _AMEND:
        orders.mine[answer.ref & _ROOM][_PRICE] = answer.price
    if kind in (_FILL, _CANCEL, _EXPIRE, _AMEND, _REJECT):
        _set_left(desk, answer.ref, 0 if kind == _REJECT else answer.left)


@jit
def _value(desk: Desk, market: Market) -> None:
    """What the account is worth at the mid price; while there is none, what it was worth before."""
    control, book, rules = desk.control[0], desk.book[0], market.rules[0]
    if book.mid == book.mid:
        held = (book.base - control.base) / rules.lot * book.mid * rules.unit
        book.equity = (control.cash + (book.quote - control.quote) + held) / control.scale
