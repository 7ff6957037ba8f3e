"""Loop: merges what happens by time, and stops wherever the strategy is to be woken.

At equal times the market's own commands come first, then the strategy's orders, in the order they were sent: nobody is
faster than the market. What the strategy is told comes in the order of its arrival there, news before answers, and
timers last. So the whole market up to a moment has happened before anything is told that arrives at that moment.
"""

from typing import Final

import numpy as np

from node.exchange.core import door, groups, match, replay
from node.exchange.core.command import Kind, Told
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
_FIRST, _PAST, _LAST = replay.FIRST, replay.PAST, int(Told.LAST)


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
            at = control.next
            whole = at + 1 >= control.count or desk.commands[U(at + 1)].time > coming
            last = floor.LAST if whole else floor.NOT_LAST
            command = desk.commands[U(at)]
            if _FIRST <= command.kind < _PAST:
                last = command.flags & _LAST
            control.passed += 1
            if not floor.carry_out(desk, market, ledger, desk.commands[at : at + 1], last):
                control.passed -= 1
                return SPACE
            control.next = at + 1
            control.commands += 1
            control.chain = 0
        elif sent <= local and sent <= control.end and sent < NEVER:
            if not _arrive(desk, market, ledger):
                return SPACE
        elif local > control.end or local == NEVER:
            return ENDED
        else:
            woken = inbox.deliver(desk, market, local)
            if woken != inbox.NOBODY:
                return int(WAKE if woken == inbox.EVENT else TIMER)


@jit
def _spacious(desk: Desk, market: Market) -> bool:
    """Whether there is space for all that one command may bring."""
    control = desk.control[0]
    own = match.room_needed(market) + 3 * ROOM  # an own order may meet all others, and own ones twice
    return (
        len(desk.feed) - (control.feed_tail - control.feed_head) > floor.TRADES
        and len(desk.answers) - (control.answers_tail - control.answers_head) > own
        and len(desk.log) - control.log > own
        and control.marks < len(desk.marks)
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
    row.seen_bid, row.seen_ask, row.bid, row.ask = sent.bid, sent.ask, control.bid, control.ask
