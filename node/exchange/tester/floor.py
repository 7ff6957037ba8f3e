"""Floor: the market's side of the loop. Commands are carried out, and what came of them goes on its way."""

from typing import Any

import numpy as np

from node.exchange.core import ladder, match, replay
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import NONE, SLOT_BITS, Ledger, Market
from node.exchange.replay.latency import Delay, arrival
from node.exchange.tester import book as told
from node.exchange.tester.memory import Desk
from node.exchange.tester.orders import PLACES

U = np.uint64
_PLACES, _SLOTS = PLACES - 1, (1 << SLOT_BITS) - 1
_BOOK, _TRADE, _ACK, _FILL, _CANCEL, _EXPIRE, _AMEND, _REJECT, _REFUSED, _TRIGGER = (
    told.BOOK, told.TRADE, told.ACK, told.FILL, told.CANCEL, told.EXPIRE, told.AMEND, told.REJECT, told.REFUSED,
    told.TRIGGER,
)  # fmt: skip
_FUNDING, _LIQUIDATION, _ADL, _INSURANCE = told.FUNDING, told.LIQUIDATION, told.ADL, told.INSURANCE
_R_FUNDING, _R_LIQUIDATION, _R_ADL, _R_INSURANCE = (
    int(Record.FUNDING), int(Record.LIQUIDATION), int(Record.ADL), int(Record.INSURANCE),
)  # fmt: skip
_R_ACK, _R_REJECT, _R_FILL, _R_CANCEL, _R_EXPIRE, _R_AMEND, _R_TRIGGER, _R_PREVENTED = (
    int(Record.ACK), int(Record.REJECT), int(Record.FILL), int(Record.CANCEL), int(Record.EXPIRE), int(Record.AMEND),
    int(Record.TRIGGER), int(Record.PREVENTED),
)  # fmt: skip
_NEW, _GROUP, _LEG, _RECORDED = int(Kind.NEW), int(Kind.GROUP), int(Kind.LEG), int(Kind.REPLAY_TRADE)
_SELF_TRADE, _LIQUIDATED = int(Reason.SELF_TRADE), int(Reason.LIQUIDATED)
NOT_LAST, LAST, CHANGED = range(3)
"""Whether the book is told after a command: no, as more of its time comes; yes; where anything was done."""
TRADES = 64
"""Trades that one command is told of, one a price; what is more is added to the last."""


@jit
def carry_out(desk: Desk, market: Market, ledger: Ledger, commands: Any, last: Int) -> bool:
    """Carries out one command, or the orders of a group.

    Args:
        last: of NOT_LAST, LAST and CHANGED.

    Returns:
        False where there was no room; nothing has happened then.
    """
    control = desk.control[0]
    at = int(control.rows if control.keep else 0)
    if at + match.room_needed(market) > len(desk.journal):
        return False
    done, rows = match.run(market, ledger, commands, 0, desk.journal[at:])
    if done == 0:
        return False
    _came(desk, market, commands[U(0)], at, rows, last)
    return True


@jit
def record(desk: Desk, market: Market, ledger: Ledger, command: Any) -> bool:
    """Carries out a command of a replay, where there is room for it; as `carry_out`."""
    control = desk.control[0]
    at = int(control.rows if control.keep else 0)
    if not replay.room(market):
        return False
    rows = match.recorded(market, ledger, command, desk.journal, at) - at
    _came(desk, market, command, at, rows, np.int64(command.flags) & LAST)
    return True


@inlined
def _came(desk: Desk, market: Market, command: Any, at: Int, rows: Int, last: Int) -> None:  # noqa: PLR0917 - kernels are handed scalars
    """Looks at what came of a command, and tells the strategy."""
    control, time = desk.control[0], market.state[0].time
    _see(desk, market, time)
    trades = 0
    told = last == LAST
    recorded = command.kind == _RECORDED
    price: Int = 0
    quantity: Int = 0
    side: Int = 0
    for index in range(at, at + rows):
        row = desk.journal[U(index)]
        if row.kind == _R_FILL:
            if quantity > 0 and (row.price != price or row.side != side) and trades < TRADES - 1:
                _tell(desk, market, time, _TRADE, side, price, quantity)
                trades, quantity = trades + 1, 0
            price = row.price
            side = np.int64(row.side)
            quantity += row.quantity if not recorded else 0
        _mine(desk, market, row, np.int64(command.kind), time)
        told = told or (last == CHANGED and row.kind != _R_REJECT)
    if recorded:
        _tell(desk, market, time, _TRADE, np.int64(command.side), command.price, command.quantity)
    elif quantity > 0:
        _tell(desk, market, time, _TRADE, side, price, quantity)
    elif told and trades == 0:
        _tell(desk, market, time, _BOOK, 0, 0, 0)
    control.rows = at + rows if control.keep else 0


@jit
def _mine(desk: Desk, market: Market, row: Any, asked: Int, time: Int) -> None:
    """What a row of the journal says of own orders and the own position."""
    mine, side = desk.control[0].account, np.int64(row.side)
    if row.kind == _R_FILL:
        if row.account == mine:
            _filled(desk, market, row, row.order, side, row.fee, 0, time)
        if row.other_account == mine:
            _filled(desk, market, row, row.other, 1 - side, row.other_fee, 1, time)
    elif row.kind == _R_ADL:
        if mine in (row.account, row.other_account):
            _closed(desk, market, row, side if row.account == mine else 1 - side, time)
    elif row.account != mine:
        return
    elif row.kind == _R_PREVENTED:  # and the other's is the same
        _prevented(desk, row, row.order, side, time)
        _prevented(desk, row, row.other, 1 - side, time)
    elif row.kind in (_R_FUNDING, _R_LIQUIDATION, _R_INSURANCE):
        _settled(desk, row, time)
    else:
        _answered(desk, market, row, asked, time)


@inlined
def _see(desk: Desk, market: Market, time: Int) -> None:
    """Looks at the market's best levels, and marks down their prices without own orders where these changed."""
    control = desk.control[0]
    bid: Int = 0
    ask: Int = 0
    bid_size, ask_size = 0, 0
    others_bid, others_ask = bid, ask
    if market.top[U(0)] >= 0:
        level = market.levels[U(0), U(market.top[U(0)])]
        bid, bid_size = ladder.best(market, 0), level.size
        others_bid = bid if market.nodes[U(level.head)].owner != control.account else _of_others(market, 0, control)
    if market.top[U(1)] >= 0:
        level = market.levels[U(1), U(market.top[U(1)])]
        ask, ask_size = -ladder.best(market, 1), level.size
        others_ask = ask if market.nodes[U(level.head)].owner != control.account else _of_others(market, 1, control)
    price = market.state[0].mark
    if others_bid != control.others_bid or others_ask != control.others_ask or price != control.mark:
        if control.marks > 0 and desk.marks[U(control.marks - 1)].time == time:
            control.marks -= 1
        mark = desk.marks[U(control.marks)]
        mark.time, mark.bid, mark.ask, mark.mark = time, others_bid, others_ask, price
        control.marks += 1
        control.others_bid, control.others_ask = others_bid, others_ask
    control.bid, control.ask, control.bid_size, control.ask_size, control.mark = bid, ask, bid_size, ask_size, price


@jit
def _of_others(market: Market, side: Int, control: Any) -> Int:
    """The best price of a side, which is not empty, at which somebody else's order rests; 0 where there is none."""
    key = ladder.best(market, side)
    while key != ladder.LOWEST:
        slot = ladder.head(market, side, key)
        while slot != NONE:
            node = market.nodes[U(slot)]
            if node.owner != control.account:
                return int((1 - 2 * side) * key)
            slot = np.int64(node.after)
        key = ladder.worse(market, side, key)
    return 0


@jit
def _tell(desk: Desk, market: Market, time: Int, kind: Int, side: Int, price: Int, quantity: Int) -> None:  # noqa: PLR0917 - kernels are handed scalars
    """Sends an event of the market on its way, with the book after it."""
    control = desk.control[0]
    feed = Delay(desk.feed_model, desk.feed_times, desk.feed_delays)
    local = arrival(feed, control.feed_count, time, control.feed_last)
    control.feed_last = local
    control.feed_count += 1
    two_sided = control.bid_size > 0 and control.ask_size > 0  # else it is not worth what it was with the news before
    if local <= control.together and control.feed_head < control.feed_tail and two_sided:
        place = U((control.feed_tail - 1) & (len(desk.feed) - 1))
        _gather(desk.feed[place])
    else:
        place = U(control.feed_tail & (len(desk.feed) - 1))
        control.feed_tail += 1
        control.together = _together(control, local)
        alone = desk.feed[place]
        alone.before, alone.last, alone.last_size, alone.bought, alone.sold = 0, 0, 0, 0, 0
    row = desk.feed[place]
    row.local, row.time, row.kind, row.side, row.price, row.quantity = local, time, kind, side, price, quantity
    row.bid, row.ask, row.bid_size, row.ask_size = control.bid, control.ask, control.bid_size, control.ask_size
    row.passed, row.mark = control.passed, control.mark
    count = control.levels
    for of in range(2):
        _levels(market, of, desk.levels, place, 2 * told.DEPTH * of, count)


@jit
def _together(control: Any, local: Int) -> Int:
    """Until when news may join what arrives at `local`: where timers alone wake the strategy, it looks at nothing
    before the next one.
    """
    if control.wake != 0:
        return -1
    timer = control.timer
    if timer < local:
        timer += (local - timer + control.every - 1) // control.every * control.every
    return int(min(timer, control.end) if local <= control.end else timer)


@jit
def _gather(row: Any) -> None:
    """Makes of an event on its way one before that which takes its place."""
    row.before += 1
    if row.kind == _TRADE:
        row.last, row.last_size = row.price, row.quantity
        if row.side == 0:
            row.bought += row.quantity
        else:
            row.sold += row.quantity


@jit
def _levels(market: Market, side: Int, out: Any, row: Any, at: Int, count: Int) -> None:  # noqa: PLR0917 - kernels are handed scalars
    key = ladder.best(market, side) if market.top[U(side)] >= 0 else ladder.LOWEST
    for place in range(at, at + 2 * count, 2):
        price: Int = 0
        size: Int = 0
        if key != ladder.LOWEST:
            price, size = (1 - 2 * side) * key, ladder.size(market, side, key)
            key = ladder.worse(market, side, key)
        out[row, U(place)], out[row, U(place + 1)] = price, size


@jit
def _answer(desk: Desk, time: Int, kind: Int, ref: Int) -> Any:
    """A new row on its way to the strategy, empty but for what all have."""
    control = desk.control[0]
    row = desk.answers[U(control.answers_tail & (len(desk.answers) - 1))]
    response = Delay(desk.response_model, desk.response_times, desk.response_delays)
    row.local = arrival(response, control.answers_count, time, control.answers_last)
    control.answers_last = row.local
    control.answers_count += 1
    control.answers_tail += 1
    row.time, row.kind, row.ref, row.bid, row.ask = time, kind, ref, control.bid, control.ask
    row.side, row.price, row.quantity, row.reason, row.maker = 0, 0, 0, 0, 0
    row.fee, row.left, row.base, row.quote, row.order = 0, 0, 0, 0, 0
    return row


@jit
def _keep(desk: Desk, row: Any) -> None:
    """Writes an answer down for the report."""
    control = desk.control[0]
    kept = desk.log[U(control.log)]
    kept.local, kept.time, kept.kind, kept.side, kept.price = row.local, row.time, row.kind, row.side, row.price
    kept.quantity, kept.ref, kept.reason, kept.maker, kept.fee = row.quantity, row.ref, row.reason, row.maker, row.fee
    kept.left, kept.base, kept.quote, kept.bid, kept.ask = row.left, row.base, row.quote, row.bid, row.ask
    kept.order = row.order
    control.log += 1


@jit
def _own(desk: Desk, order: Int) -> Any:
    """The row of an own order that has this id; one that is none's where no strategy sent it, as in a liquidation."""
    return desk.own[U(desk.refs[U(order & _SLOTS)] & _PLACES)]


@jit
def _filled(desk: Desk, market: Market, fill: Any, order: Int, side: Int, fee: Int, maker: Int, time: Int) -> None:  # noqa: PLR0917 - kernels are handed scalars
    row = _answer(desk, time, _FILL, 0)
    if desk.refs[U(order & _SLOTS)] == 0:
        row.reason = _LIQUIDATED
    else:
        own = _own(desk, order)
        own.left -= fill.quantity
        row.ref, row.left = own.ref, own.left
        if own.left == 0:
            _gone(desk, own)
    row.maker, row.order = maker, order
    _gets(market, row, side, fill.price, fill.quantity, fee)
    _keep(desk, row)


@jit
def _gets(market: Market, row: Any, side: Int, price: Int, quantity: Int, fee: Int) -> None:  # noqa: PLR0917 - the same
    """Writes a trade into an answer, with what the account gets by it. A perpetual's fee is in the quote asset."""
    rules = market.rules[0]
    worth, size = price * quantity * rules.unit, quantity * rules.lot
    row.side, row.price, row.quantity, row.fee = side, price, quantity, fee
    if side != 0:
        row.base, row.quote = -size, worth - fee
    elif rules.initial > 0:
        row.base, row.quote = size, -worth - fee
    else:
        row.base, row.quote = size - fee, -worth


@jit
def _closed(desk: Desk, market: Market, closing: Any, side: Int, time: Int) -> None:
    """The own position was closed against another's."""
    row = _answer(desk, time, _ADL, 0)
    _gets(market, row, side, closing.price, closing.quantity, 0)
    _keep(desk, row)


@jit
def _settled(desk: Desk, record: Any, time: Int) -> None:
    """What became of the own position without a trade."""
    if record.kind == _R_LIQUIDATION:
        row = _answer(desk, time, _LIQUIDATION, 0)
        row.side, row.quantity, row.order, row.fee = record.side, record.quantity, record.order, record.other_fee
        row.quote, row.reason = -record.other_fee, _LIQUIDATED
    elif record.kind == _R_FUNDING:
        row = _answer(desk, time, _FUNDING, 0)
        row.quantity, row.quote = record.quantity, record.quantity
    else:  # the fund gives what the record says it lost
        row = _answer(desk, time, _INSURANCE, 0)
        row.quantity, row.quote = -record.quantity, -record.quantity
    row.price = record.price
    _keep(desk, row)


@jit
def _prevented(desk: Desk, row: Any, order: Int, side: Int, time: Int) -> None:
    """An own order shrank where it met another."""
    own = _own(desk, order)
    own.left -= row.quantity
    told = _answer(desk, time, _EXPIRE, own.ref)
    told.side, told.price, told.quantity, told.left = side, own.price, row.quantity, own.left
    told.order, told.reason = order, _SELF_TRADE
    _keep(desk, told)
    if own.left == 0:
        _gone(desk, own)


@jit
def _gone(desk: Desk, own: Any) -> None:
    desk.refs[U(own.order & _SLOTS)] = 0
    own.ref, own.order = 0, 0


@jit
def _answered(desk: Desk, market: Market, record: Any, asked: Int, time: Int) -> None:
    """What the journal says of an own order, but for its fills."""
    kind = record.kind
    if kind == _R_ACK:
        own = desk.own[U(record.ref & _PLACES)]
        own.ref, own.order, own.side, own.price = record.ref, record.order, record.side, record.price
        own.left, own.acked = record.quantity, time
        desk.refs[U(record.order & _SLOTS)] = record.ref
        row = _answer(desk, time, _ACK, record.ref)
        row.side, row.price, row.quantity, row.left = record.side, record.price, record.quantity, record.quantity
        row.order = record.order
        _keep(desk, row)
    elif kind == _R_REJECT:
        row = _answer(desk, time, _REJECT if asked in (_NEW, _GROUP, _LEG) else _REFUSED, record.ref)
        row.side, row.price, row.quantity, row.reason = record.side, record.price, record.quantity, record.reason
        _keep(desk, row)
    elif desk.refs[U(record.order & _SLOTS)] == 0:  # the rest of a liquidation's order
        return
    elif kind in (_R_CANCEL, _R_EXPIRE):
        own = _own(desk, record.order)
        row = _answer(desk, time, _CANCEL if kind == _R_CANCEL else _EXPIRE, own.ref)
        row.side, row.price, row.quantity, row.reason = own.side, own.price, record.quantity, record.reason
        row.order = record.order
        _keep(desk, row)
        _gone(desk, own)
    elif kind == _R_TRIGGER:
        own = _own(desk, record.order)
        row = _answer(desk, time, _TRIGGER, own.ref)
        row.side, row.price, row.quantity, row.left, row.order = own.side, record.price, own.left, own.left, own.order
        _keep(desk, row)
    elif kind == _R_AMEND:
        own = _own(desk, record.order)
        own.price, own.left = record.price, record.quantity
        row = _answer(desk, time, _AMEND, own.ref)
        row.side, row.price, row.quantity, row.left = own.side, record.price, record.quantity, record.quantity
        row.order, row.reason = record.order, record.reason
        _keep(desk, row)
