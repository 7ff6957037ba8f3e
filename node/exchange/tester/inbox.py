"""Inbox: the strategy's side of the loop. What it asked for is sent off, and what reaches it is told."""

from typing import Any

import numpy as np

from node.exchange.core.command import Flag, Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import Market
from node.exchange.replay.latency import Delay, arrival
from node.exchange.tester import book as told
from node.exchange.tester import orders as asked
from node.exchange.tester.memory import MESSAGE, Desk

U = np.uint64
NOBODY, EVENT, TIMER = range(3)
"""Who is to be called."""
_TRADE, _FILL, _CANCEL, _EXPIRE, _AMEND, _REJECT, _ADL = (
    told.TRADE, told.FILL, told.CANCEL, told.EXPIRE, told.AMEND, told.REJECT, told.ADL,
)  # fmt: skip
_DEPTH = told.DEPTH
_REF, _SIDE, _PRICE, _LEFT, _PLACE = asked.REF, asked.SIDE, asked.PRICE, asked.LEFT, asked.PLACE
_PLACES, _ROOM, _OUT, _GROUPED = asked.PLACES - 1, asked.ROOM, asked.OUT, asked.GROUP
_NEW, _GROUP, _LEG = int(Kind.NEW), int(Kind.GROUP), int(Kind.LEG)
_ABOUT = int(Kind.CANCEL), int(Kind.AMEND), int(Kind.CANCEL_ALL)
_BY_QUOTE = int(Flag.BY_QUOTE)
_NONSENSE = 255  # a side that there is not: the market refuses such an order
_TRAILS = 1 << 31
_MOST = 1 << 52
"""Lots of an order that are counted, at most: so many orders' as there may be are no more than 64 bits hold."""
SENT, TOO_MANY, FORBIDDEN = range(3)
"""What became of what a strategy asked for: all was sent; it has too many orders open; it asked for something that is
not a trader's to ask, or changed what it was told.
"""
WHY = {
    TOO_MANY: f"the strategy has more than {_ROOM} orders open or on their way: let it look at orders.open, and "
    "cancel what it does not need before it sends more",
    FORBIDDEN: "the strategy sent what is not a trader's to send, or wrote into `orders`: an order is NEW, GROUP or "
    "LEG, and CANCEL, AMEND and CANCEL_ALL ask for one's own",
}
OVER = f"the strategy asked for more than {_OUT} orders in one call: let it ask for the others in its next"
"""What a person is told of this."""


@jit
def collect(desk: Desk) -> Int:
    """Sends off what the strategy asked for. It may have written anything: nothing that it can reach is gone by."""
    control, orders = desk.control[0], desk.orders[0]
    if orders.count < 0 or orders.count > _OUT:
        return FORBIDDEN
    entry = Delay(desk.entry_model, desk.entry_times, desk.entry_delays)
    legs: Int = 0  # that still belong to the message before
    for index in range(orders.count):
        asks = orders.rows[index]
        kind = asks[0]
        if kind not in (_NEW, _GROUP, _LEG) and kind not in _ABOUT:
            return FORBIDDEN
        place = U(control.sent_tail & (len(desk.sent) - 1))
        sent = desk.sent[place]
        if kind == _LEG and legs > 0:
            legs -= 1
            sent.arrival, sent.rows = control.sent_last, 1
        else:
            legs = _legs(desk, index) if kind == _GROUP else 0
            sent.arrival = arrival(entry, control.sent_count, control.now, control.sent_last)
            sent.rows = 1 + legs
            control.sent_last = sent.arrival
            control.sent_count += 1
        sent.sent, sent.bid, sent.ask, sent.seen = control.now, control.seen_bid, control.seen_ask, control.seen
        control.sent_tail += 1
        _write(desk, desk.queued[place], asks, sent.arrival)
        if kind in (_NEW, _GROUP, _LEG):
            if control.open >= _ROOM:
                return TOO_MANY
            ref = _free(desk, _GROUPED if kind == _GROUP else 1)
            if asks[5] != ref:
                return FORBIDDEN
            _open(desk, ref, asks[1], asks[6], asks[7])
            control.ref = ref + 1
    if orders.next != control.ref:
        return FORBIDDEN
    if not control.timed:
        control.chain += orders.count
    orders.count, orders.open = 0, control.open
    return SENT


@jit
def _free(desk: Desk, rows: Int) -> Int:
    """The next ref that has a free place, and as many behind it as `rows` says; as `orders` has it."""
    ref: Int = desk.control[0].ref
    at = ref
    while at < ref + rows:
        if desk.mine[U(at & _PLACES), _REF] != 0:
            ref = at + 1
        at += 1
    return ref


@jit
def _legs(desk: Desk, index: Int) -> Int:
    """How many rows behind the first of a group go with it."""
    orders, count = desk.orders[0], np.int64(0)
    while count < MESSAGE - 1 and index + 1 + count < orders.count and orders.rows[index + 1 + count][0] == _LEG:
        count += 1
    return count


@jit
def _write(desk: Desk, command: Any, asks: Any, time: Int) -> None:
    """A command out of what was asked; what no command can hold becomes one that the market refuses."""
    control = desk.control[0]
    whole = asks[1] | asks[2] | asks[3] | asks[4]
    known = 0 <= whole < 256 and not asks[4] & _BY_QUOTE and -_TRAILS <= asks[11] < _TRAILS
    command.time, command.market, command.account, command.kind = time, control.number, control.account, asks[0]
    command.side = asks[1] if known else _NONSENSE
    command.type, command.tif, command.flags = asks[2], asks[3], asks[4]
    command.ref, command.price, command.quantity = max(0, asks[5]), asks[6], asks[7]
    command.trigger, command.display, command.expiry, command.order = asks[8], asks[9], asks[10], asks[12]
    command.selftrade, command.trail = control.selftrade, asks[11] if known else 0


@jit
def _open(desk: Desk, ref: Int, side: Int, price: Int, quantity: Int) -> None:
    control, mine = desk.control[0], desk.mine[U(ref & _PLACES)]
    mine[_REF], mine[_SIDE], mine[_PRICE], mine[_LEFT], mine[_PLACE] = ref, side, price, 0, control.open
    desk.listed[U(control.open)] = ref
    control.open += 1
    _set_left(desk, ref, quantity)


@jit
def _set_left(desk: Desk, ref: Int, left: Int) -> None:
    """Knows from now on what is open of an own order, and forgets it where that is nothing."""
    control, book, orders = desk.control[0], desk.book[0], desk.orders[0]
    mine = desk.mine[U(ref & _PLACES)]
    if mine[_REF] != ref:
        return
    left = min(max(0, left), _MOST)  # what is below 0 the market refuses
    if mine[_SIDE] == 0:
        control.buying += left - mine[_LEFT]
    else:
        control.selling += left - mine[_LEFT]
    mine[_LEFT] = left
    if left == 0:
        control.open -= 1
        place, moved = mine[_PLACE], desk.listed[U(control.open)]
        desk.listed[U(place)] = moved
        desk.mine[U(moved & _PLACES), _PLACE] = place
        orders.listed[place] = moved
        orders.mine[moved & _PLACES][_PLACE] = place
        mine[_REF] = 0
    else:
        orders.listed[mine[_PLACE]] = ref
    shown = orders.mine[ref & _PLACES]
    shown[0], shown[1], shown[2], shown[3], shown[4] = mine[0], mine[1], mine[2], mine[3], mine[4]
    book.open, orders.open = control.open, control.open
    book.buying, book.selling = control.buying, control.selling


@jit
def next_time(desk: Desk) -> Int:
    """When the strategy is told something next; news that more may join waits until that or the end."""
    control = desk.control[0]
    time = control.timer
    if control.feed_head + (control.wake == 0) < control.feed_tail:
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
    control.now, book.time = time, time
    feed = desk.feed[U(control.feed_head & (len(desk.feed) - 1))]
    answer = desk.answers[U(control.answers_head & (len(desk.answers) - 1))]
    if control.feed_head < control.feed_tail and feed.local <= time:
        _news(desk, feed)
        control.feed_head += 1
    elif control.answers_head < control.answers_tail and answer.local == time:
        _answer(desk, answer)
        control.answers_head += 1
    else:
        control.timer += control.every
        control.fresh, control.timed = 1, 1
        return TIMER
    _value(desk, market)
    control.events += 1
    control.waited += 1
    book.events += 1
    if control.wake == 0 or control.waited < control.wake:
        return NOBODY
    control.waited = 0
    control.fresh, control.timed = 1, 0
    return EVENT


@jit
def _news(desk: Desk, feed: Any) -> None:
    control, book, event = desk.control[0], desk.book[0], desk.event[0]
    event.time, event.kind, event.side, event.price, event.quantity = (
        feed.time, feed.kind, feed.side, feed.price, feed.quantity,
    )  # fmt: skip
    event.ref, event.reason, event.maker = 0, 0, 0
    book.bid, book.ask, book.bid_size, book.ask_size = feed.bid, feed.ask, feed.bid_size, feed.ask_size
    control.seen_bid, control.seen_ask, book.mark = feed.bid, feed.ask, feed.mark
    book.mid = 0.5 * (feed.bid + feed.ask) if feed.bid_size > 0 and feed.ask_size > 0 else np.nan
    levels = desk.levels[U(control.feed_head & (len(desk.feed) - 1))]
    for index in range(control.levels):
        book.bids[index, 0], book.bids[index, 1] = levels[U(2 * index)], levels[U(2 * index + 1)]
        at = 2 * (_DEPTH + index)
        book.asks[index, 0], book.asks[index, 1] = levels[U(at)], levels[U(at + 1)]
    if feed.before > 0:
        control.events += feed.before
        book.events += feed.before
        book.bought += feed.bought
        book.sold += feed.sold
        if feed.last > 0:
            book.last, book.last_size = feed.last, feed.last_size
    if feed.kind == _TRADE:
        book.last, book.last_size = feed.price, feed.quantity
        if feed.side == 0:
            book.bought += feed.quantity
        else:
            book.sold += feed.quantity
    control.seen = feed.time
    while control.signal < len(desk.signal_rows) and desk.signal_rows[U(control.signal)] <= feed.passed:
        for column in range(desk.signals.shape[1]):
            book.signals[column] = desk.signals[U(control.signal), U(column)]
        control.signal += 1


@jit
def _answer(desk: Desk, answer: Any) -> None:
    control, book, event = desk.control[0], desk.book[0], desk.event[0]
    kind = answer.kind
    event.time, event.kind, event.side, event.price, event.quantity = (
        answer.time, kind, answer.side, answer.price, answer.quantity,
    )  # fmt: skip
    event.ref, event.reason, event.maker = answer.ref, answer.reason, answer.maker
    control.has_base += answer.base
    control.has_quote += answer.quote
    if kind in (_FILL, _ADL):
        control.position += answer.quantity if answer.side == 0 else -answer.quantity
    book.position, book.base, book.quote = control.position, control.has_base, control.has_quote
    if answer.ref == 0:
        return
    if kind == _AMEND and desk.mine[U(answer.ref & _PLACES), _REF] == answer.ref:
        desk.mine[U(answer.ref & _PLACES), _PRICE] = answer.price
    if kind in (_FILL, _CANCEL, _EXPIRE, _AMEND, _REJECT):
        _set_left(desk, answer.ref, 0 if kind == _REJECT else answer.left)


@jit
def _value(desk: Desk, market: Market) -> None:
    """What the account is worth at the mid price, or the mark price; while there is none, what it was worth before."""
    control, book, rules = desk.control[0], desk.book[0], market.rules[0]
    price = book.mid
    if rules.initial > 0:
        price = float(book.mark) if book.mark > 0 else np.nan
    if not np.isnan(price):
        held = (control.has_base - control.base) / rules.lot * price * rules.unit
        book.equity = (control.cash + (control.has_quote - control.quote) + held) / control.scale
