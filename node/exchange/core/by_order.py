"""By order: a record of every order, each in its exact turn.

The recorded size of an order is what rests of it, what users took, and what is pending: what trades took and the record
does not show yet. A trade and the fill that shows it are one: the first of the two fills users, and the other is set
off against it.
"""

from typing import Any

import numpy as np

from node.exchange.core import ladder, marks, meeting
from node.exchange.core.command import Kind, Told
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.state import NONE, RECENT, RECORDED, SLOT_BITS, Ledger, Market

U = np.uint64
_SLOTS = (1 << SLOT_BITS) - 1
GONE = 1 << 62
"""Instead of the id of a recorded order's node: there never was one."""
_MODIFY, _SNAPSHOT = int(Kind.REPLAY_MODIFY), int(Told.SNAPSHOT)


@inlined
def node_of(market: Market, mark: Any) -> Int:
    """Where a recorded order is; NONE where nothing is left of it."""
    slot = mark.order & _SLOTS
    return int(slot) if market.nodes[U(slot)].id == mark.order else NONE


@inlined
def place(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """An order comes, or has another price or size; one that only becomes smaller keeps its turn."""
    replay, size = market.replay[0], meeting.told(market, command)
    side, key = np.int64(command.side), command.price if command.side == 0 else -command.price
    where = marks.find(market.marks, command.order)
    mark = market.marks[where]
    eaten: Int = 0
    untold: Int = 0
    known = mark.recorded < 0
    if mark.recorded > 0:
        slot = node_of(market, mark)
        left = _left(market, slot)
        eaten = _eaten(market, mark, left)
        if command.kind == _MODIFY and 0 < size <= mark.recorded and _same(market, mark, slot, side, key):
            less = meeting.lots(market, mark.recorded) - meeting.lots(market, size)
            pending = mark.pending - min(less, max(mark.pending, 0))
            _settle(market, mark, slot, left, size, pending, eaten)
            return rows
        untold = min(mark.pending, 0)
        if size <= 0:
            remember(market, mark)
        if slot != NONE:
            meeting.less(market, slot, left)
    elif size <= 0:
        replay.unknown += 1
        return rows
    if size <= 0:
        marks.remove(market, where)
        return rows
    if mark.recorded == 0:
        replay.marks += 1
    mark.id, mark.recorded, mark.order, mark.pending = command.order, size, GONE, untold
    quantity = max(meeting.lots(market, size) - eaten, 0)
    if command.flags & _SNAPSHOT == 0:
        rows, quantity = meeting.cross(market, ledger, side, key, quantity, 0, journal, rows)
    if quantity == 0:
        return rows
    slot = meeting.make(market, side, key, quantity, mark.id)
    mark.order = market.nodes[U(slot)].id
    if command.flags & _SNAPSHOT:
        meeting.rebuild(market, slot, known)
    else:
        ladder.rest(market, slot)
    return rows


@inlined
def _same(market: Market, mark: Any, slot: Int, side: Int, key: Int) -> bool:
    """Whether an order stays on its side at its price; one of which nothing is left has no turn to lose."""
    if slot == NONE:
        return True
    node = market.nodes[U(slot)]
    return bool(node.side == side and node.key == key)


@inlined
def _left(market: Market, slot: Int) -> Int:
    return int(market.nodes[U(slot)].left if slot != NONE else 0)


@inlined
def _eaten(market: Market, mark: Any, left: Int) -> Int:
    """Lots of an order that users took."""
    return int(meeting.lots(market, mark.recorded) - max(mark.pending, 0) - left)


@inlined
def _settle(market: Market, mark: Any, slot: Int, left: Int, recorded: Int, pending: Int, eaten: Int) -> None:
    """Makes an order as small as the record tells, less what is pending and what users took of it."""
    whole = meeting.lots(market, recorded)
    now = min(left, max(whole - max(pending, 0) - eaten, 0))
    mark.recorded, mark.pending = recorded, min(pending, whole - now)
    if slot != NONE and now < left:
        meeting.less(market, slot, left - now)


@inlined
def cancel(market: Market, command: Any) -> None:
    """An order leaves, or what is left of it."""
    where = marks.find(market.marks, command.order)
    mark = market.marks[where]
    if mark.recorded <= 0:
        market.replay[0].unknown += 1
        return
    slot = node_of(market, mark)
    if slot != NONE:
        meeting.less(market, slot, market.nodes[U(slot)].left)
    remember(market, mark)
    marks.remove(market, where)


@inlined
def fill(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """The record shows that an order was traded; what no trade has told of that fills users who stand before it.

    Of an order that the record does not hold it says nothing: its trade does.
    """
    where = marks.find(market.marks, command.order)
    mark = market.marks[where]
    if mark.recorded <= 0:
        market.replay[0].unknown += 1
        return rows
    size = meeting.lots(market, meeting.told(market, command))
    fresh = size - min(size, max(mark.pending, 0))
    if fresh > 0:
        rows = _take(market, ledger, mark, np.int64(command.side), command.price, fresh, journal, rows)
    slot = node_of(market, mark)
    left = _left(market, slot)
    eaten, recorded = _eaten(market, mark, left), mark.recorded - command.quantity
    if recorded > 0:
        _settle(market, mark, slot, left, recorded, mark.pending - size, eaten)
        return rows
    if slot != NONE:
        meeting.less(market, slot, left)
    mark.pending -= size
    remember(market, mark)
    marks.remove(market, where)
    return rows


@jit
def trade(market: Market, ledger: Ledger, mark: Any, command: Any, journal: Any, rows: Int) -> Int:
    """A trade took from this order; what the record has not shown of that fills users who stand before it."""
    size = meeting.lots(market, meeting.told(market, command))
    fresh = size - min(size, max(-mark.pending, 0))
    if fresh > 0 or size == 0:
        rows = _take(market, ledger, mark, 1 - np.int64(command.side), command.price, fresh, journal, rows)
    slot = node_of(market, mark)
    left = _left(market, slot)
    _settle(market, mark, slot, left, mark.recorded, mark.pending + size, _eaten(market, mark, left))
    return rows


@jit
def late(market: Market, ledger: Ledger, mark: Any, command: Any, journal: Any, rows: Int) -> Int:
    """A trade of an order that has left the record: what no fill has shown fills users who came before it."""
    size = meeting.lots(market, meeting.told(market, command))
    shown = min(size, mark.pending)
    mark.pending -= shown
    if size > shown or size == 0:
        rows = _take(market, ledger, mark, 1 - np.int64(command.side), command.price, size - shown, journal, rows)
    return rows


@jit
def _take(market: Market, ledger: Ledger, mark: Any, side: Int, price: Int, size: Int, journal: Any, rows: Int) -> Int:
    """Fills users at better prices, then those before an order; where nothing is left of it, those who stand before
    all that is recorded and came before it.
    """
    maker = node_of(market, mark)
    if maker != NONE:
        node = market.nodes[U(maker)]
        side = np.int64(node.side)
        price = node.key if side == 0 else -node.key
    if price <= 0:
        return rows
    if meeting.users(market) > 0 and market.replay[0].valid != 0 and not market.state[0].halted:
        key = price if side == 0 else -price
        rows, size = meeting.cross(market, ledger, 1 - side, -key - 1, size, 0, journal, rows)
        while size > 0:
            slot = ladder.head(market, side, key)
            while slot != NONE and slot != maker and market.nodes[U(slot)].flags & RECORDED:
                slot = np.int64(market.nodes[U(slot)].after) if maker != NONE else NONE
            if slot == NONE or slot == maker or (maker == NONE and market.nodes[U(slot)].id > mark.order):
                break
            rows, taken = meeting.fill(market, ledger, slot, size, 0, journal, rows)
            size -= taken
    meeting.traded(market, price)
    return rows


# Orders that have left the record.


@inlined
def remember(market: Market, mark: Any) -> None:
    """Keeps in mind that an order has left the record, and what is shown taken of it that no trade has told."""
    replay = market.replay[0]
    row = market.gone[U(replay.gone & (RECENT - 1))]
    row.id, row.order, row.recorded, row.pending = mark.id, mark.order, mark.recorded, max(-mark.pending, 0)
    replay.gone += 1


@jit
def gone(market: Market, number: Int) -> Int:
    """Where an order that has left the record is remembered; -1 where it is not."""
    last = market.replay[0].gone - 1
    for index in range(last, max(last - RECENT, -1), -1):
        if market.gone[U(index & (RECENT - 1))].id == number:
            return int(index & (RECENT - 1))
    return -1
