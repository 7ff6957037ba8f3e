"""By price: a record of every level's size. The lots of a level that nobody of the users took stand in its queue.

The recorded size of a level is what rests of it in the queue, what users took, and what is pending: what trades took
and the recorded book does not show yet. So the same lots never fill twice, and a trade is not taken off again by the
change of the book that follows it.
"""

from typing import Any

import numpy as np

from node.exchange.core import ladder, marks, meeting, queues
from node.exchange.core.command import Told
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import NONE, RECORDED, Ledger, Market

U = np.uint64
_SNAPSHOT = int(Told.SNAPSHOT)


@jit
def change(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """A level has another size: what it grows by joins at its end, once it took what it meets of users."""
    side, price, recorded = np.int64(command.side), command.price, meeting.told(market, command)
    key = price if side == 0 else -price
    where = marks.find(market.marks, price << 1 | side)
    mark = market.marks[where]
    stood: Int = 0
    before: Int = 0
    if mark.recorded > 0:
        before = meeting.lots(market, mark.recorded) - mark.pending
    else:
        if recorded <= 0:
            market.replay[0].unknown += 1
            return rows
        if mark.recorded == 0:
            market.replay[0].marks += 1
        stood = -mark.recorded
        mark.id, mark.order = price << 1 | side, 0
    growth = meeting.lots(market, recorded) - before
    mark.pending = 0
    if recorded > 0:
        mark.recorded = recorded
    else:
        marks.remove(market, where)
    if growth < 0:
        queues.shrink(market, side, key, -growth)
    elif growth > 0:
        if command.flags & _SNAPSHOT:
            _picture(market, side, key, growth, stood)
        else:
            rows, growth = meeting.cross(market, ledger, side, key, growth, 0, journal, rows)
            if growth > 0:
                meeting.join(market, side, key, growth)
    return rows


@jit
def _picture(market: Market, side: Int, key: Int, quantity: Int, stood: Int) -> None:
    """A level of a new picture: as much as stood before users stands there again."""
    stood = min(stood, quantity)
    if stood > 0:
        meeting.rebuild(market, meeting.make(market, side, key, stood), True)
    if quantity > stood:
        meeting.rebuild(market, meeting.make(market, side, key, quantity - stood), False)


@jit
def trade(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """`side` took from the other: users at better prices are filled first, then the queue from its front, up to the
    size in all. What is recorded of it is taken from the book at once.

    A trade whose resting order is known is told by that order's REPLAY_FILL.
    """
    side, price = 1 - np.int64(command.side), command.price  # of those who were taken from
    key = price if side == 0 else -price
    size = meeting.lots(market, meeting.told(market, command))
    mark = market.marks[marks.find(market.marks, command.order)]
    if price <= 0 or (command.order != 0 and mark.recorded > 0 and mark.order != 0):
        return rows
    if size > 0 and market.replay[0].valid != 0:
        if meeting.users(market) > 0 and not market.state[0].halted:
            rows, budget = meeting.cross(market, ledger, 1 - side, -key - 1, size, 0, journal, rows)
            rows = _queue(market, ledger, side, key, budget, journal, rows)
        _show(market, side, key, size)
    meeting.traded(market, price)
    return rows


@jit
def _queue(market: Market, ledger: Ledger, side: Int, key: Int, budget: Int, journal: Any, rows: Int) -> Int:
    """Fills the users of a level with what comes through to them."""
    filled: Int = 0
    while filled < budget:
        passed: Int = 0
        slot = ladder.head(market, side, key)
        while slot != NONE and market.nodes[U(slot)].flags & RECORDED:
            passed += market.nodes[U(slot)].left
            slot = np.int64(market.nodes[U(slot)].after)
        if slot == NONE or passed + filled >= budget:
            break
        rows, taken = meeting.fill(market, ledger, slot, budget - passed - filled, 0, journal, rows)
        filled += taken
    return rows


@jit
def _show(market: Market, side: Int, key: Int, size: Int) -> None:
    """Takes off the book what a trade took: what users had taken before, then the queue from its front; and all that
    is recorded at better prices, since nobody would have traded here before them.
    """
    while market.top[U(side)] >= 0 and ladder.best(market, side) > key:
        slot = meeting.first(market, side, key + 1, True)
        if slot == NONE:
            break
        node = market.nodes[U(slot)]
        price = node.key if side == 0 else -node.key
        mark = market.marks[marks.find(market.marks, price << 1 | side)]
        if mark.recorded <= 0:
            break
        _note(market, mark, node.left)
        meeting.less(market, slot, node.left)
    price = key if side == 0 else -key
    mark = market.marks[marks.find(market.marks, price << 1 | side)]
    if mark.recorded > 0:
        first = ladder.head(market, side, key)
        there = queues.recorded(market, first)
        gone = meeting.lots(market, mark.recorded) - mark.pending - there
        _note(market, mark, min(size, gone + there))
        queues.from_before(market, first, min(size - min(size, gone), there))


@jit
def _note(market: Market, mark: Any, size: Int) -> None:
    if size > 0:
        if mark.pending == 0:
            meeting.touched(market, mark.id)
        mark.pending += size


@jit
def shown(market: Market) -> None:
    """The recorded book is whole: where it does not show what trades took, as much has come since, at the end."""
    replay = market.replay[0]
    if replay.pending == 0:
        return
    if replay.pending <= len(market.pending):
        for index in range(replay.pending):
            where = marks.find(market.marks, market.pending[U(index)])
            _restore(market, market.marks[where])
    else:
        for index in range(len(market.marks)):
            _restore(market, market.marks[U(index)])
    replay.pending = 0


@jit
def _restore(market: Market, mark: Any) -> None:
    if mark.recorded > 0 and mark.pending > 0:
        side = mark.id & 1
        price = mark.id >> 1
        meeting.join(market, side, price if side == 0 else -price, mark.pending)
        mark.pending = 0
