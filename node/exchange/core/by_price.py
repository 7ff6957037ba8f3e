"""By price: a record of every level's size. The lots of a level that nobody of the users took stand in its queue.

The recorded size of a level is what rests of it in the queue, what users took, and what is pending: what trades took
and the recorded book does not show yet. So the same lots never fill twice, and a trade is not taken off again by the
change of the book that follows it.
"""

from typing import Any

import numpy as np

from node.exchange.core import marks, meeting, queues
from node.exchange.core.command import Told
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import Ledger, Market

U = np.uint64
_SNAPSHOT = int(Told.SNAPSHOT)


@jit
def change(market: Market, ledger: Ledger, command: Any, journal: Any, rows: Int) -> Int:
    """A level has another size: what it grows by joins at its end, once it took what it meets of users."""
    side, price, recorded = np.int64(command.side), command.price, meeting.told(market, command)
    key = price if side == 0 else -price
    number = marks.of_level(side, price)
    where = marks.find(market.marks, number)
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
        mark.id, mark.order = number, 0
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
            _picture(market, side, key, growth, stood, number)
        else:
            rows, growth = meeting.cross(market, ledger, side, key, growth, 0, journal, rows)
            if growth > 0:
                meeting.join(market, side, key, growth)
    return rows


@jit
def _picture(market: Market, side: Int, key: Int, quantity: Int, stood: Int, number: Int) -> None:
    """A level of a new picture: as much as stood before users stands there again."""
    stood = min(stood, quantity)
    if stood > 0:
        meeting.rebuild(market, meeting.make(market, side, key, stood, number), True)
    if quantity > stood:
        meeting.rebuild(market, meeting.make(market, side, key, quantity - stood, number), False)
