"""Commands: Atom's rows of the book and of trades as one stream of commands, in the order in which a market has them.

A trade stands before the first message of the book that is not older, since that message shows what the trade took.
"""

from typing import Any

import numpy as np

from atom.events import Action, Flag, Side
from node.exchange.core.command import Kind
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import WORLD

U = np.uint64
HEAD = np.dtype(
    [
        ("row", "<i8"),  # of the book, the next
        ("trade", "<i8"),  # the next
        ("time", "<i8"),  # of the last command
        ("until", "<i8"),  # no message of the book that arrived later is taken
        ("clock", "<i8"),
        ("market", "<i8"),  # its number
        ("finer", "<i8"),  # ticks of the market in one of the instrument
    ]
)
"""Where a tape is read."""
EVENT, RECV = 0, 1
"""Clocks: the venue's time, or the arrival."""
_ADD, _MODIFY, _CANCEL, _FILL, _CLEAR = (int(each) for each in Action)
_BY_PRICE, _LAST, _SNAPSHOT = int(Flag.BY_PRICE), int(Flag.LAST), int(Flag.SNAPSHOT)
_NO_EVENT_TIME, _NO_ARRIVAL, _NO_ORDER = int(Flag.NO_EVENT_TIME), int(Flag.NO_ARRIVAL), int(Flag.NO_ORDER)
_TOLD = _LAST | _SNAPSHOT  # the same bits as those of `Told`
_ASK = int(Side.ASK)
_NEVER = (1 << 63) - 1
_PLACED, _MODIFIED, _CANCELLED, _FILLED, _SET, _TRADE, _CLEARED = (
    int(Kind.REPLAY_ADD), int(Kind.REPLAY_MODIFY), int(Kind.REPLAY_CANCEL), int(Kind.REPLAY_FILL),
    int(Kind.REPLAY_SET), int(Kind.REPLAY_TRADE), int(Kind.REPLAY_CLEAR),
)  # fmt: skip


_AHEAD = 10**9  # ns by which no clock is ahead that a venue keeps


@jit
def time_of(row: Any, clock: Int, before: Int) -> Int:
    """A row's time, never before that of the one before it. Where the clock does not know it the other does; and where
    the venue's is far ahead of the arrival, it is wrong, or all that comes would stand still till then.
    """
    no_event, no_arrival = row.flags & _NO_EVENT_TIME != 0, row.flags & _NO_ARRIVAL != 0
    if no_event and no_arrival:
        return before
    arrives = clock == RECV or no_event or row.ts_event - row.ts_recv > _AHEAD
    return int(max(row.ts_recv if arrives and not no_arrival else row.ts_event, before))


@jit
def merge(book: Any, trades: Any, head: Any, out: Any) -> Int:
    """Writes commands from where it stopped the last time.

    Args:
        book, trades: of the dtypes BOOK and TRADE, in order.
        head: of dtype HEAD, one row; it is moved on.
        out: of dtype COMMAND.

    Returns:
        how many were written. Where `out` is full before the end of a message the rest of it comes with the next call.
    """
    at = head[0]
    row, trade, time, until, clock, finer = at.row, at.trade, at.time, at.until, at.clock, at.finer
    count: Int = 0
    due = row < len(book) and book[U(row)].ts_recv <= until
    while count < len(out):
        if due and not (trade < len(trades) and _precedes(trades[U(trade)], book[U(row)], clock, time)):
            event = book[U(row)]
            time = time_of(event, clock, time)
            _of_book(event, finer, out[U(count)])
            _common(out[U(count)], time, at.market)
            count += 1
            row += 1
            due = row < len(book) and (event.flags & _LAST == 0 or book[U(row)].ts_recv <= until)
        elif trade < len(trades) and (due or row >= len(book)):
            told = trades[U(trade)]
            trade += 1
            if told.side == 0 or told.flags & _SNAPSHOT:
                continue
            latest = time_of(book[U(row)], clock, time) if due else _NEVER
            time = min(time_of(told, clock, time), latest)  # it has been by the time of the message that shows it
            _of_trade(told, finer, out[U(count)])
            _common(out[U(count)], time, at.market)
            count += 1
        else:
            break
    at.row, at.trade, at.time = row, trade, time
    return count


@jit
def _precedes(trade: Any, event: Any, clock: Int, before: Int) -> bool:
    """Whether a trade comes before a message of the book: by the clock, or because that message shows it."""
    if time_of(trade, clock, 0) <= time_of(event, clock, before):
        return True
    known = trade.flags & _NO_EVENT_TIME == 0 and event.flags & _NO_EVENT_TIME == 0
    return bool(known and time_of(trade, EVENT, 0) <= time_of(event, EVENT, 0))


@jit
def _common(command: Any, time: Int, market: Int) -> None:
    command.time, command.market, command.account = time, market, WORLD
    command.type, command.tif, command.selftrade, command.trail = 0, 0, 0, 0
    command.trigger, command.display, command.expiry = 0, 0, 0


@jit
def _of_book(event: Any, finer: Int, command: Any) -> None:
    action, size = np.int64(event.action), event.size
    if action == _CLEAR:
        kind = _CLEARED
    elif event.flags & _BY_PRICE:
        kind = _SET
        size = 0 if action == _CANCEL else size
    elif action == _ADD:
        kind = _PLACED
    elif action == _MODIFY:
        kind = _MODIFIED
    elif action == _CANCEL:
        kind = _CANCELLED
    else:
        kind = _FILLED
    command.kind, command.side, command.flags = kind, event.side == _ASK, event.flags & _TOLD
    command.price, command.quantity, command.order, command.ref = event.price * finer, size, event.order_id, 0


@jit
def _of_trade(told: Any, finer: Int, command: Any) -> None:
    command.kind, command.side, command.flags = _TRADE, told.side == _ASK, _LAST
    command.price, command.quantity, command.ref = told.price * finer, told.size, told.trade_id
    command.order = 0 if told.flags & _NO_ORDER else told.maker_order_id
