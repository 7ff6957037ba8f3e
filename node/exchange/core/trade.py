"""Trade: what a record tells of trades. It is taken from the book at once, and set off against what shows it later.

Whose lots they were is told by the number of the order that was taken from; where it names none that the record holds,
they are those whose turn it was.
"""

from typing import Any

import numpy as np

from node.exchange.core import by_order, ladder, marks, meeting, queues
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import GUESSES, NONE, RECORDED, SHOWN, Ledger, Market

U = np.uint64


@jit
def told(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """`side` took from the other."""
    if command.price <= 0 or market.replay[0].valid == 0:
        return rows
    if command.order > 0:
        mark = market.marks[marks.find(market.marks, command.order)]
        if mark.recorded > 0:
            return by_order.trade(market, ledger, mark, command, journal, rows)
        index = by_order.gone(market, command.order)
        if index >= 0:
            return by_order.late(market, ledger, market.gone[U(index)], command, journal, rows)
        market.replay[0].unknown += 1
    return _of_any(market, ledger, command, journal, rows)


@jit
def _of_any(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """Users at better prices are filled first, then the queue from its front, up to the size in all."""
    side, price = 1 - np.int64(command.side), command.price  # of those who were taken from
    key = price if side == 0 else -price
    size = meeting.lots(market, meeting.told(market, command))
    if size > 0:
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
    """Takes off the book what a trade took: of a level, what users had taken before; then the queue from its front; and
    all that is recorded at better prices, since nobody would have traded here before them.
    """
    while True:
        slot = meeting.first(market, side, key + 1, True)
        if slot == NONE:
            break
        _take_off(market, slot, market.nodes[U(slot)].left)
    price = key if side == 0 else -key
    mark = market.marks[marks.find(market.marks, marks.of_level(side, price))]
    slot = ladder.head(market, side, key)
    if mark.recorded > 0:
        gone = meeting.lots(market, mark.recorded) - mark.pending - queues.recorded(market, slot)
        gone = min(gone, size)
        _note(market, mark, gone)
        size -= gone
    while size > 0 and slot != NONE:
        node = market.nodes[U(slot)]
        after = np.int64(node.after)
        if node.flags & RECORDED:
            part = min(size, node.left)
            size -= part
            _take_off(market, slot, part)
        slot = after


@jit
def _take_off(market: Market, slot: Int, size: Int) -> None:
    """Takes lots off a recorded order, or of a recorded level."""
    mark = market.marks[marks.find(market.marks, market.numbers[U(slot)])]
    if mark.id < 0:
        _note(market, mark, size)
    else:
        _guess(market, mark, slot)
        mark.pending += size
    meeting.less(market, slot, size)


@jit
def _note(market: Market, mark: Any, size: Int) -> None:
    """Notes that lots of a level are pending."""
    if size > 0:
        if mark.pending == 0:
            replay = market.replay[0]
            market.pending[U(replay.pending)] = mark.id
            replay.pending += 1
        mark.pending += size


@jit
def _guess(market: Market, mark: Any, slot: Int) -> None:
    """Keeps in mind that a trade took from an order that it did not name; the oldest guess makes way where there are
    too many.
    """
    replay, node = market.replay[0], market.nodes[U(slot)]
    if mark.pending > 0:
        return
    if replay.guessed - replay.settled == GUESSES:
        replay.settled += 1
    guess = market.guesses[U(replay.guessed & (GUESSES - 1))]
    guess.id, guess.order, guess.time = mark.id, mark.order, market.state[0].time
    guess.key, guess.side = node.key, np.int64(node.side)
    replay.guessed += 1


# What the record shows when it is whole.


@jit
def shown(market: Market, ledger: Ledger, journal: Any, rows: Int) -> Int:
    """The recorded book is whole: where it does not show what trades took of a level, as much has come since, at the
    end. An order that it shows whole long after a trade that did not name it was not the one.
    """
    replay = market.replay[0]
    for index in range(replay.pending):
        mark = market.marks[marks.find(market.marks, market.pending[U(index)])]
        if mark.recorded > 0 and mark.pending > 0:
            rows = _restore(market, ledger, mark, journal, rows)
    replay.pending = 0
    while replay.settled < replay.guessed:
        guess = market.guesses[U(replay.settled & (GUESSES - 1))]
        if guess.time + SHOWN > market.state[0].time:
            break
        mark = market.marks[marks.find(market.marks, guess.id)]
        if mark.recorded > 0 and mark.pending > 0 and mark.order == guess.order:
            rows = _take_back(market, ledger, mark, guess, journal, rows)
        replay.settled += 1
    return rows


@jit
def _restore(market: Market, ledger: Ledger, mark: Any, journal: Any, rows: Int) -> Int:
    side, price = (-1 - mark.id) & 1, (-1 - mark.id) >> 1
    key = price if side == 0 else -price
    rows, size = meeting.cross(market, ledger, side, key, mark.pending, 0, journal, rows)
    mark.pending = 0
    if size > 0:
        meeting.join(market, side, key, size)
    return rows


@jit
def _take_back(market: Market, ledger: Ledger, mark: Any, guess: Any, journal: Any, rows: Int) -> Int:
    """An order stands in its turn again, once it took what it meets of users."""
    side, key, slot = guess.side, guess.key, by_order.node_of(market, mark)
    rows, size = meeting.cross(market, ledger, side, key, mark.pending, 0, journal, rows)
    mark.pending = 0
    if size == 0:
        return rows
    if slot != NONE:
        ladder.resize(market, slot, size)
    else:
        slot = meeting.make(market, side, key, size, mark.id)
        mark.order = market.nodes[U(slot)].id
        meeting.rebuild(market, slot, True)
    return rows
