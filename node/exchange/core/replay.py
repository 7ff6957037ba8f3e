"""Replay: a recorded market, told event by event. Its orders are the world's, in the book and queues of everyone's.

    recorded orders fill users' orders that they meet, at the users' prices, and never one another;
    what a user took of them is gone, and never fills again;
    of a trade, users who stood before what it took get their part, up to its size in all.

Only users' fills are told. While the recorded book is not whole none of it stands, and nothing is filled by it.
"""

from typing import Any

import numpy as np

from node.exchange.core import by_order, by_price, ladder, marks, meeting, trade, waking
from node.exchange.core.command import Kind, Told
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.state import NONE, RECORDED, Ledger, Market

U = np.uint64
FIRST, PAST = int(Kind.REPLAY_ADD), int(Kind.REPLAY_BEGIN) + 1
"""Kinds from the first on and before the other are a replay's."""
_HIGHEST = 1 << 60
"""Prices above are no real ones; nor is what is below 0."""
_ADD, _MODIFY, _CANCEL, _FILL, _SET, _TRADE, _CLEAR, _BEGIN = (
    int(Kind.REPLAY_ADD), int(Kind.REPLAY_MODIFY), int(Kind.REPLAY_CANCEL), int(Kind.REPLAY_FILL),
    int(Kind.REPLAY_SET), int(Kind.REPLAY_TRADE), int(Kind.REPLAY_CLEAR), int(Kind.REPLAY_BEGIN),
)  # fmt: skip
_LAST, _SNAPSHOT = int(Told.LAST), int(Told.SNAPSHOT)
_NOTHING = -(1 << 62)  # as what stood before users, of a mark that is to be freed
PLACED = 4
"""Places for orders that a command may take, at most; and the first, which is nobody's."""
_BEFORE_USERS = RECORDED | 1  # a recorded order's flags while the book is emptied


@inlined
def carry_out(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """Does to the book what a command of a replay tells."""
    state, before = market.state[0], market.state[0].last
    state.first = 0
    rows = _told(market, ledger, command, journal, rows)
    if state.watch != 0 and state.first != 0:
        rows = waking.moved(market, ledger, before, journal, rows)
    return rows


@inlined
def _told(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    kind, flags, replay = command.kind, command.flags, market.replay[0]
    if kind == _BEGIN:
        _begin(market, command)
        return rows
    if kind == _CLEAR:
        _clear(market)
        return rows
    placing = kind == _ADD or kind == _MODIFY or kind == _SET
    real = command.side <= 1 and U(command.price) <= U(_HIGHEST) and command.quantity >= 0 and command.order >= 0
    if not real or (placing and command.price == 0):
        replay.unknown += 1
    elif replay.valid == 0 and flags & _SNAPSHOT == 0:
        return rows
    elif kind == _SET:
        rows = by_price.change(market, ledger, command, journal, rows)
    elif kind == _ADD or kind == _MODIFY:
        rows = by_order.place(market, ledger, command, journal, rows)
    elif kind == _CANCEL:
        by_order.cancel(market, command)
    elif kind == _FILL:
        rows = by_order.fill(market, ledger, command, journal, rows)
    else:
        return trade.told(market, ledger, command, journal, rows)
    if flags & _LAST:
        if replay.pending != 0 or replay.guessed != replay.settled:
            rows = trade.shown(market, ledger, journal, rows)
        if flags & _SNAPSHOT:
            rows = _whole(market, ledger, journal, rows)
    return rows


@jit
def room(market: Market) -> bool:
    """Whether there is room for what one command may place."""
    replay, live = market.replay[0], market.state[0].live + PLACED
    if replay.pending != 0 or replay.guessed != replay.settled:  # lots that may come back
        if marks.noted(market):
            return False
        live += min(replay.pending, replay.marks) + replay.guessed - replay.settled
    return bool(live < len(market.nodes) and not marks.full(market))


@jit
def _begin(market: Market, command: Any) -> None:
    replay = market.replay[0]
    replay.model, replay.power, replay.whole = command.type, min(max(command.display, 1), 64), max(command.price, 1)
    replay.multiply, replay.divide = max(command.quantity, 0), max(command.trigger, 1)
    if replay.multiply == replay.divide:
        replay.multiply = 0


@jit
def _clear(market: Market) -> None:
    """The recorded book is lost. Users' orders stay; what stood before them is kept in mind for the next picture."""
    replay = market.replay[0]
    if replay.valid != 0:
        replay.cleared = market.state[0].sequence
    replay.valid, replay.pending, replay.gone, replay.settled = 0, 0, 0, replay.guessed
    if replay.marks == 0:
        return
    if meeting.users(market) > 0:
        for index in range(len(market.marks)):
            if market.marks[U(index)].recorded > 0:
                _look(market, market.marks[U(index)])
    for index in range(len(market.marks)):
        if market.marks[U(index)].recorded > 0:
            _keep(market, market.marks[U(index)])
    _empty(market, 0)
    _empty(market, 1)
    _forget(market, False)


@jit
def _look(market: Market, mark: Any) -> None:
    """Flags a mark's orders that stand before a user's."""
    if mark.id >= 0:
        slot = by_order.node_of(market, mark)
        if slot != NONE:
            _look_behind(market, slot)
        return
    side, price = (-1 - mark.id) & 1, (-1 - mark.id) >> 1
    slot = ladder.head(market, side, price if side == 0 else -price)
    while slot != NONE:
        after = np.int64(market.nodes[U(slot)].after)
        if market.nodes[U(slot)].flags & RECORDED:
            _look_behind(market, slot)
        slot = after


@jit
def _look_behind(market: Market, slot: Int) -> None:
    """From the first recorded order of several to the user behind them, if there is one."""
    before = np.int64(market.nodes[U(slot)].before)
    if before != NONE and market.nodes[U(before)].flags & RECORDED:
        return
    end = slot
    while end != NONE and market.nodes[U(end)].flags & RECORDED:
        end = np.int64(market.nodes[U(end)].after)
    while end != NONE and slot != end:
        market.nodes[U(slot)].flags = _BEFORE_USERS
        slot = np.int64(market.nodes[U(slot)].after)


@jit
def _keep(market: Market, mark: Any) -> None:
    """The mark keeps minus the lots that stood before a user, or more than there can be where there were none.

    What another loss has left to be kept stays so until a picture is whole.
    """
    stood: Int = 0
    if mark.id >= 0:
        slot = by_order.node_of(market, mark)
        if slot != NONE:
            stood = _stood(market, slot)
    else:
        side, price = (-1 - mark.id) & 1, (-1 - mark.id) >> 1
        slot = ladder.head(market, side, price if side == 0 else -price)
        while slot != NONE:
            stood += _stood(market, slot)
            slot = np.int64(market.nodes[U(slot)].after)
    mark.recorded = -stood if stood > 0 else _NOTHING
    mark.pending = 0


@jit
def _stood(market: Market, slot: Int) -> Int:
    """A node's lots, if it is a recorded order that stood before a user."""
    node = market.nodes[U(slot)]
    return int(node.left if node.flags == _BEFORE_USERS else 0)


@jit
def _empty(market: Market, side: Int) -> None:
    """Takes the recorded orders of a side out, the best price first and each price in turn."""
    key = ladder.best(market, side) if market.top[U(side)] >= 0 else ladder.LOWEST
    while key != ladder.LOWEST:
        slot = ladder.head(market, side, key)
        while slot != NONE:
            node = market.nodes[U(slot)]
            after = np.int64(node.after)
            if node.flags & RECORDED:
                meeting.less(market, slot, node.left)
            slot = after
        key = ladder.worse(market, side, key)


@jit
def _forget(market: Market, every: bool) -> None:
    """Frees the marks that only kept what stood before users: every one, or those that kept nothing."""
    index = 0
    while index < len(market.marks):
        recorded = market.marks[U(index)].recorded
        if recorded < 0 and (every or recorded == _NOTHING):
            marks.remove(market, U(index))
        else:
            index += 1


@jit
def _whole(market: Market, ledger: Ledger, journal: Any, rows: Int) -> Int:
    """A new picture stands. Users whom the market has passed are filled by what it shows, at their own prices."""
    replay = market.replay[0]
    replay.valid = 1
    if replay.marks > 0:
        _forget(market, True)
    if meeting.users(market) > 0 and not market.state[0].halted:
        rows = _uncross(market, ledger, 0, journal, rows)
        rows = _uncross(market, ledger, 1, journal, rows)
    return rows


@jit
def reopened(market: Market, ledger: Ledger, journal: Any, rows: Int) -> Int:
    """The market takes orders again: what came of the record while it did not meets users now."""
    state, before = market.state[0], market.state[0].last
    if market.replay[0].valid == 0 or meeting.users(market) == 0:
        return rows
    state.first = 0
    rows = _uncross(market, ledger, 0, journal, rows)
    rows = _uncross(market, ledger, 1, journal, rows)
    if state.watch != 0 and state.first != 0:
        rows = waking.moved(market, ledger, before, journal, rows)
    return rows


@jit
def _uncross(market: Market, ledger: Ledger, side: Int, journal: Any, rows: Int) -> Int:
    """What is recorded of a side takes from users of the other, the best price first."""
    while True:
        slot = meeting.first(market, side, -2 * _HIGHEST, True)
        if slot == NONE:
            return rows
        node = market.nodes[U(slot)]
        user = meeting.first(market, 1 - side, -node.key, False)
        if user == NONE:
            return rows
        rows, taken = meeting.fill(market, ledger, user, node.left, node.id, journal, rows)
        meeting.less(market, slot, taken)
