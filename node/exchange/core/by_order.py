"""By order: a record of every order, each in its exact turn.

What a user took of a recorded order is gone: as the record makes the order smaller, only what is still there goes.
"""

from typing import Any

import numpy as np

from node.exchange.core import ladder, marks, meeting
from node.exchange.core.command import Kind, Told
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import NONE, RECORDED, SLOT_BITS, Ledger, Market

U = np.uint64
_SLOTS = (1 << SLOT_BITS) - 1
GONE = 1 << 62
"""Instead of the id of a recorded order's node: nothing of it is left."""
_MODIFY, _SNAPSHOT = int(Kind.REPLAY_MODIFY), int(Told.SNAPSHOT)


@jit
def node_of(market: Market, mark: Any) -> Int:
    """Where a recorded order is; NONE where nothing is left of it."""
    slot = mark.order & _SLOTS
    return int(slot) if market.nodes[U(slot)].id == mark.order else NONE


@jit
def place(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """An order comes, or has another price or size; one that only becomes smaller keeps its turn."""
    replay, size = market.replay[0], meeting.told(market, command)
    side, key = np.int64(command.side), command.price if command.side == 0 else -command.price
    where = marks.find(market.marks, command.order)
    mark = market.marks[where]
    eaten: Int = 0
    known = mark.recorded < 0
    if mark.recorded > 0:
        slot = node_of(market, mark)
        left: Int = market.nodes[U(slot)].left if slot != NONE else 0
        eaten = meeting.lots(market, mark.recorded) - left
        if command.kind == _MODIFY and 0 < size <= mark.recorded and _same(market, mark, slot, side, key):
            _settle(market, mark, slot, left, size, eaten)
            return rows
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
    mark.id, mark.recorded, mark.order = command.order, size, GONE
    mark.pending = 0
    quantity = max(meeting.lots(market, size) - eaten, 0)
    if quantity == 0:
        return rows
    if command.flags & _SNAPSHOT == 0:
        rows, quantity = meeting.cross(market, ledger, side, key, quantity, 0, journal, rows)
        if quantity == 0:
            return rows
    slot = meeting.make(market, side, key, quantity)
    mark.order = market.nodes[U(slot)].id
    if command.flags & _SNAPSHOT:
        meeting.rebuild(market, slot, known)
    else:
        ladder.rest(market, slot)
    return rows


@jit
def _same(market: Market, mark: Any, slot: Int, side: Int, key: Int) -> bool:
    """Whether an order stays on its side at its price; one of which nothing is left has no turn to lose."""
    if slot == NONE:
        return True
    node = market.nodes[U(slot)]
    return bool(node.side == side and node.key == key)


@jit
def _settle(market: Market, mark: Any, slot: Int, left: Int, recorded: Int, eaten: Int) -> None:
    """Makes an order as small as the record tells, less what users took of it."""
    now = max(meeting.lots(market, recorded) - eaten, 0)
    mark.recorded = recorded
    if slot != NONE and now < left:
        meeting.less(market, slot, left - now)


@jit
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
    marks.remove(market, where)


@jit
def fill(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """An order was traded: users who stand before it are filled by its taker, all of them together up to the size."""
    where = marks.find(market.marks, command.order)
    mark = market.marks[where]
    slot: Int = NONE
    side, price = np.int64(command.side), command.price
    if mark.recorded > 0:
        slot = node_of(market, mark)
        if slot != NONE:
            node = market.nodes[U(slot)]
            side = np.int64(node.side)
            price = node.key if side == 0 else -node.key
    else:
        market.replay[0].unknown += 1
    if price > 0:
        key = price if side == 0 else -price
        if meeting.users(market) > 0:
            rows = _take(market, ledger, side, key, slot, command, journal, rows)
        meeting.traded(market, price)
    if mark.recorded > 0:
        recorded = mark.recorded - command.quantity
        slot = node_of(market, mark)
        left: Int = market.nodes[U(slot)].left if slot != NONE else 0
        if recorded <= 0:
            if slot != NONE:
                meeting.less(market, slot, left)
            marks.remove(market, where)
        else:
            eaten = meeting.lots(market, mark.recorded) - left
            _settle(market, mark, slot, left, recorded, eaten)
    return rows


@jit
def _take(
    market: Market, ledger: Ledger, side: Int, key: Int, maker: Int, command: Any, journal: Any, rows: Int
) -> Int:
    """Fills users at better prices, then those before the maker; where nothing is left of it, those before all."""
    budget = meeting.lots(market, meeting.told(market, command))
    if market.replay[0].valid == 0 or market.state[0].halted:
        return rows
    rows, budget = meeting.cross(market, ledger, 1 - side, -key - 1, budget, 0, journal, rows)
    while budget > 0:
        slot = ladder.head(market, side, key)
        while slot != NONE and slot != maker and market.nodes[U(slot)].flags & RECORDED:
            slot = np.int64(market.nodes[U(slot)].after) if maker != NONE else NONE
        if slot == NONE or slot == maker:
            break
        rows, taken = meeting.fill(market, ledger, slot, budget, 0, journal, rows)
        budget -= taken
    return rows
