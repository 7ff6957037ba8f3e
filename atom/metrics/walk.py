"""The one pass over a book and its trades that makes all order-book metrics. Kernels.

Rows are taken in the order of the clock, each table in its own; where times are equal, trades come before what they
made of the book.
Which row is next depends on nothing but the heads of both, so a stream may be cut anywhere in that order: the pass
goes on from `State` and tells the same bits.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from atom.book.engine import ORDERS, UNKNOWN, Arrays, jit, run
from atom.events import Action, Flag, Rows
from atom.instrument import Floats, Ints
from atom.metrics import flow, look, queue
from atom.metrics.machine import (
    ASK_SIZE,
    BID,
    BUY,
    CHANGES,
    DELETES,
    END,
    FLOW,
    INSERTS,
    MID,
    NOW,
    PERIOD,
    RETURNS,
    SELL,
    SOUND,
    TORN,
    UPDATES,
    WHOLE,
    State,
    size,
)

PERIODS: Final = (
    "whole",
    "inserts",
    "updates",
    "deletes",
    "insert_ratio",
    "update_ratio",
    "delete_ratio",
    "ofi",
    "buy_volume",
    "sell_volume",
    "taker_ratio",
    "vpin",
    "kyle_lambda",
    "realised_volatility",
    "queue_bid",
    "queue_ask",
    "cluster_bid_distance",
    "cluster_bid_share",
    "cluster_ask_distance",
    "cluster_ask_share",
)
"""Metrics of a period, after those of the book at its end."""

_LAST, _SNAPSHOT, _BY_PRICE, _CLEAR = int(Flag.LAST), int(Flag.SNAPSHOT), int(Flag.BY_PRICE), int(Action.CLEAR)


class Work(NamedTuple):
    """What one call takes and makes.

    Attributes:
        rows, trades: of the dtypes `atom.events.BOOK` and `TRADE`.
        row_times, trade_times: of each, on the clock, ns.
        at: the next row, the next trade, how many messages and how many periods have been told.
        message_ts, messages: of each message its time and metrics.
        period_ts, periods: of each period its end and metrics.
        tops: of length 0.
    """

    rows: Rows
    trades: Rows
    row_times: Ints
    trade_times: Ints
    at: Ints
    message_ts: Ints
    messages: Floats
    period_ts: Ints
    periods: Floats
    tops: Ints


@jit
def walk(book: Arrays, state: State, work: Work) -> bool:
    """Takes rows of the book and trades from `work.at` on.

    Returns:
        False where the book is out of room; once it has been grown, the same call goes on.
    """
    at, ints = work.at, state.ints
    while at[0] < len(work.rows) or at[1] < len(work.trades):
        of_book = at[1] == len(work.trades)
        if not of_book and at[0] < len(work.rows):
            of_book = work.row_times[at[0]] < work.trade_times[at[1]]
        ints[NOW] = max(ints[NOW], work.row_times[at[0]] if of_book else work.trade_times[at[1]])
        if ints[NOW] >= max(1, ints[END]):
            _turn(book, state, work)
        if not of_book:
            flow.trade(state, work.trades[at[1]])
            queue.trade(state, work.trades[at[1]])
            at[1] += 1
            continue
        if not _row(book, state, work.rows[at[0] : at[0] + 1], work.tops):
            return False
        if work.rows[at[0]].flags & _LAST:
            _message(book, state)
            work.message_ts[at[2]] = ints[NOW]
            _copy(state.seen, work.messages[at[2]])
            at[2] += 1
        at[0] += 1
    return True


@jit
def _row(book: Arrays, state: State, rows: Any, tops: Ints) -> bool:
    """Applies one row and counts what it did; a picture of the book is no change of it."""
    row, ints = rows[0], state.ints
    before, unknown = _things(book, row.flags), book.state[UNKNOWN]
    queue.before_row(book, state, row)
    done, _ = run(book, rows, 0, tops, 0)
    if done == 0:
        return False
    ints[TORN] = 1
    if row.flags & _SNAPSHOT or row.action == _CLEAR or book.state[UNKNOWN] != unknown:
        return True
    after = _things(book, row.flags)
    if after > before:
        ints[INSERTS] += 1
    elif after < before:
        ints[DELETES] += 1
    else:
        ints[UPDATES] += 1
    return True


@jit
def _things(book: Arrays, flags: int) -> int:
    """How many levels there are, or how many orders: what rows with these flags change."""
    return int(book.counts[0] + book.counts[1]) if flags & _BY_PRICE else int(book.state[ORDERS])


@jit
def _message(book: Arrays, state: State) -> None:
    """Looks at the book, which is whole now."""
    ints = state.ints
    was_sound, before = ints[SOUND], (ints[BID], ints[BID + 1], ints[BID + 2], ints[ASK_SIZE])
    ints[TORN] = 0
    if look.is_sound(book):
        ints[SOUND] = 1
        look.look(book, state)
        if was_sound:
            ints[FLOW] += flow.imbalance_of_flow(before, (ints[BID], ints[BID + 1], ints[BID + 2], ints[ASK_SIZE]))
    else:
        ints[SOUND] = ints[WHOLE] = 0
        state.seen[:] = np.nan
    if ints[WHOLE]:
        for side in range(2):
            queue.after_message(book, state, side)


@jit
def _turn(book: Arrays, state: State, work: Work) -> None:
    """Ends the period, if one has begun, and begins the one that the clock is in."""
    ints = state.ints
    if ints[END] > 0:
        _tell(book, state, work.periods[work.at[3]])
        work.period_ts[work.at[3]] = ints[END]
        work.at[3] += 1
    ints[WHOLE] = 1 if ints[END] > 0 and ints[SOUND] and not ints[TORN] else 0
    ints[END] = (ints[NOW] // ints[PERIOD] + 1) * ints[PERIOD]
    ints[INSERTS : SELL + 1] = 0
    state.floats[MID] = state.seen[0]
    if ints[WHOLE]:
        for side in range(2):
            queue.join(book, state, side)


@jit
def _tell(book: Arrays, state: State, out: Floats) -> None:
    """Writes the metrics of the period that ends."""
    ints, first = state.ints, len(state.seen)
    whole = ints[WHOLE] == 1
    if whole:
        flow.note(state, state.floats[MID], state.seen[0])
    else:
        ints[CHANGES] = ints[RETURNS] = 0
    _copy(state.seen, out)
    out[first:] = np.nan
    out[first] = ints[WHOLE]
    buy, sell = size(state, ints[BUY]), size(state, ints[SELL])
    out[first + 8], out[first + 9], out[first + 10] = buy, sell, flow.ratio(buy, sell)
    out[first + 11] = flow.vpin(state)
    if not whole:
        return
    total = float(ints[INSERTS] + ints[UPDATES] + ints[DELETES])
    for place in range(3):
        out[first + 1 + place] = ints[INSERTS + place]
        out[first + 4 + place] = flow.ratio(float(ints[INSERTS + place]), total)
    out[first + 7] = size(state, ints[FLOW])
    out[first + 12] = flow.kyle(state.changes, ints[CHANGES])
    out[first + 13] = flow.volatility(state.returns, ints[RETURNS])
    out[first + 14], out[first + 15] = state.ahead[0], state.ahead[1]
    if ints[TORN] == 0:
        for side in range(2):
            look.cluster(book, state, side, out[first + 16 + 2 * side :])


@jit
def _copy(values: Floats, out: Floats) -> None:
    for place in range(len(values)):
        out[place] = values[place]
