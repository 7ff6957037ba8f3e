"""Loop: merges what happens by time, and stops wherever the strategy is to be woken.

At equal times the market's own commands come first, then the strategy's orders, in the order they were sent: nobody is
faster than the market. What the strategy is told comes in the order of its arrival there, news before answers, and
timers last. So the whole market up to a moment has happened before anything is told that arrives at that moment.
"""

from typing import Final

import numpy as np

from node.exchange.core import door, groups, match, replay
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import Ledger, Market
from node.exchange.tester import floor, inbox
from node.exchange.tester.memory import MESSAGE, NEVER, Desk, open_desk
from node.exchange.tester.orders import OUT, PLACES, ROOM

U = np.uint64
WAKE, TIMER, COMMANDS, SPACE, OVER, ENDED, FORBIDDEN, ENDLESS, TOO_MANY = range(9)
"""Why the loop stopped: on_event is due; on_timer is; it needs commands; it needs space; the strategy asked for too
much in one call; all is over; it asked for what is not a trader's to ask; it answers its own answers for ever; it has
too many orders open."""
CHAIN: Final = 100_000
"""Orders that a strategy may send, but for those of timers, while the market does nothing by itself."""
_CANCEL, _AMEND, _GROUP, _TIMER = int(Kind.CANCEL), int(Kind.AMEND), int(Kind.GROUP), int(Kind.TIMER)
_PLACES = PLACES - 1
_FIRST, _PAST = replay.FIRST, replay.PAST


@jit
def step(address: int) -> int:  # noqa: PLR0911, PLR0912 - it says why it stops where it stops
    """Goes on until the strategy is to be woken or something is needed; why."""
    desk = open_desk(address)
    control = desk.control[0]
    exchange = door.open_desk(control.exchange)
    market, ledger = door.open_market(exchange.markets[U(control.number)]), door.open_ledger(exchange.ledger[U(0)])
    if desk.orders[0].count != 0:
        if desk.orders[0].over:
            return OVER
        if control.sent_tail - control.sent_head + OUT > len(desk.sent):
            return SPACE
        became = inbox.collect(desk)
        if became != inbox.SENT:
            return int(TOO_MANY if became == inbox.TOO_MANY else FORBIDDEN)
        if control.chain > CHAIN:
            return ENDLESS
    while True:
        if not _spacious(desk, market):
            return SPACE
        local = inbox.next_time(desk)
        coming, sent = control.until, NEVER
        if control.next < control.count:
            coming = desk.commands[U(control.next)].time
        if control.sent_head < control.sent_tail:
            sent = desk.sent[U(control.sent_head & (len(desk.sent) - 1))].arrival
        due = market.state[0].due
        if due < coming and due < sent and due <= local and due <= control.end:
            if not _pass_time(desk, market, ledger, due):
                return SPACE
        elif coming <= local and coming <= sent and coming <= control.end and coming < NEVER:
            if control.next >= control.count:
                return COMMANDS
            command = desk.commands[U(control.next)]
            if _FIRST <= command.kind < _PAST:
                went = _replay(desk, market, ledger, min(local, sent, control.end, NEVER - 1))
            else:
                went = _come(desk, market, ledger)
            if not went:
                return SPACE
        elif sent <= local and sent <= control.end and sent < NEVER:
            if not _arrive(desk, market, ledger):
                return SPACE
        elif local > control.end or local == NEVER:
            if not _last(desk, market):
                return ENDED
        else:
            woken = inbox.deliver(desk, market, local)
            if woken != inbox.NOBODY:
                return int(WAKE if woken == inbox.EVENT else TIMER)


@jit
def _last(desk: Desk, market: Market) -> bool:
    """Tells news that waited until the end for more to join it; False where there is none."""
    control = desk.control[0]
    local = desk.feed[U(control.feed_head & (len(desk.feed) - 1))].local
    if control.feed_head == control.feed_tail or local > control.end:
        return False
    inbox.deliver(desk, market, local)
    return True


@jit
def _come(desk: Desk, market: Market, ledger: Ledger) -> bool:
    """Carries out the next command, if there is room for it."""
    control = desk.control[0]
    at = control.next
    whole = at + 1 >= control.count or desk.commands[U(at + 1)].time > desk.commands[U(at)].time
    control.passed += 1
    if not floor.carry_out(desk, market, ledger, desk.commands[at : at + 1], floor.LAST if whole else floor.NOT_LAST):
        control.passed -= 1
        return False
    control.next = at + 1
    control.commands += 1
    control.chain = 0
    return True


@jit
def _replay(desk: Desk, market: Market, ledger: Ledger, until: Int) -> bool:
    """Carries out the next command, which is a replay's, and those after it up to a time, for as long as nothing can
    happen between them and there is space; False where there was none for the first.
    """
    control, state, space = desk.control[0], market.state[0], _space(desk)
    first, answers, rows = control.next, control.answers_tail, control.rows
    while True:
        command = desk.commands[U(control.next)]
        alone = control.wake != 0 and control.feed_head == control.feed_tail  # what it tells may be the next to arrive
        control.passed += 1
        if not floor.record(desk, market, ledger, command):
            control.passed -= 1
            break
        control.next += 1
        if alone or answers != control.answers_tail or rows != control.rows or control.next == control.count:
            break
        command = desk.commands[U(control.next)]
        told = command.time > until or state.due < command.time or not _FIRST <= command.kind < _PAST
        if told or match.room_needed(market) > space or not _telling(desk):
            break
    control.commands += control.next - first
    control.chain = 0
    return bool(control.next > first)


@jit
def _space(desk: Desk) -> Int:
    """Rows that one command may write in the journal, so that there is space for what comes of them."""
    control = desk.control[0]
    answers = min(len(desk.answers) - (control.answers_tail - control.answers_head), len(desk.log) - control.log)
    used = int(control.rows if control.keep else 0)
    return int(min(answers - 3 * ROOM - 1, len(desk.journal) - used))


@jit
def _telling(desk: Desk) -> bool:
    """Whether there is space for what a command tells of the market."""
    control = desk.control[0]
    return bool(
        len(desk.feed) - (control.feed_tail - control.feed_head) > floor.TRADES and control.marks < len(desk.marks)
    )


@jit
def _spacious(desk: Desk, market: Market) -> bool:
    """Whether there is space for all that one command may bring."""
    control = desk.control[0]
    return bool(
        match.room_needed(market) <= _space(desk)  # an own order may meet all others, and own ones twice
        and _telling(desk)
        and control.arrived + MESSAGE <= len(desk.arrived)
        and len(desk.refs) >= len(market.nodes)
    )


@jit
def _pass_time(desk: Desk, market: Market, ledger: Ledger, time: Int) -> bool:
    """What happens by time alone happens at its own time, however late the next command."""
    timer = desk.one[U(MESSAGE) :]
    timer[0].time, timer[0].kind, timer[0].market = time, _TIMER, desk.control[0].number
    return bool(floor.carry_out(desk, market, ledger, timer, floor.CHANGED))


@jit
def _arrive(desk: Desk, market: Market, ledger: Ledger) -> bool:
    """An own command reaches the market, or the orders of a group do."""
    control = desk.control[0]
    first = desk.sent[U(control.sent_head & (len(desk.sent) - 1))]
    for at in range(first.rows):
        _lay(desk, at)
    rows = groups.size(desk.one[: first.rows], 0) if desk.one[0].kind == _GROUP else np.int64(1)
    if not floor.carry_out(desk, market, ledger, desk.one[:rows], floor.CHANGED):
        return False
    control.arrived += rows
    control.sent_head += rows
    control.commands += rows
    return True


@jit
def _lay(desk: Desk, at: Int) -> None:
    """Writes down a command that arrives, with what it meets, and makes it the market's."""
    control = desk.control[0]
    place = U((control.sent_head + at) & (len(desk.sent) - 1))
    sent, queued = desk.sent[place], desk.queued[place]
    desk.one[U(at)] = queued
    one = desk.one[U(at)]
    own = desk.own[U(one.ref & _PLACES)]
    if one.kind in (_CANCEL, _AMEND):  # the market knows it by its own number, and an order that is gone by none
        one.order = own.order if own.ref == one.ref else 0
    row = desk.arrived[U(control.arrived + at)]
    row.ref, row.kind, row.side, row.type = one.ref, one.kind, one.side, one.type
    row.price, row.quantity, row.sent, row.arrived = one.price, one.quantity, sent.sent, sent.arrival
    row.seen_bid, row.seen_ask, row.seen, row.bid, row.ask = sent.bid, sent.ask, sent.seen, control.bid, control.ask
