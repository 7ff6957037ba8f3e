"""The memory of the order-book metrics: what one row of market data leaves behind for the next.

Prices and sizes are kept in ticks and lots and turned into currency where a value is told, with one division, so that
a finer tick or lot changes no bit of any value (below 2**53 of its units).
"""

from typing import NamedTuple

import numpy as np

from atom.book.engine import jit
from atom.instrument import Floats, Instrument, Ints, ratio
from atom.metrics.parameters import Parameters

NOW, END, WHOLE, SOUND, TORN = range(5)
"""Of the clock: the time, when the period ends (0 before the first), whether the period is whole so far, whether the
book was sound after its last message, whether rows of a message not yet whole have been applied."""

BID, BID_SIZE, ASK, ASK_SIZE = range(5, 9)
"""The top after the last message, where that was sound."""

INSERTS, UPDATES, DELETES, FLOW, BUY, SELL = range(9, 15)
"""Of the period so far: rows by what they did, order flow imbalance, volume by aggressor (lots)."""

BUCKET, BUCKET_BUY, BUCKET_SELL, BUCKET_ALL, BUCKETS = range(15, 20)
"""Lots of a bucket of VPIN; what the present one holds, of either side and in all; how many are full."""

CHANGES, RETURNS = range(20, 22)
"""Whole periods on end, up to the number each needs."""

PRICE_NUMBER, SIZE_NUMBER, PERIOD, LEVELS, RANGE, WIDTH, INTS = range(22, 29)

PRICE_SCALE, SIZE_SCALE, MID, FLOATS = range(4)
"""What ticks and lots are divided by after their number; the mid at the last end of a period."""

QUEUE_PRICE, QUEUE_SIZE, QUEUE_TRADED, QUEUE_MARK = range(4)
"""Of an order that joined a queue: its price, the level's size after the last message, what has been traded there
since, and the slot of the last order ahead of it (-1 for none; below that see `atom.metrics.queue`)."""


class State(NamedTuple):
    """All that is kept.

    Attributes:
        ints, floats: single numbers; their places are the names above.
        depths: distances from the mid, bps.
        seen: the metrics of the book after its last message.
        buckets: |buy - sell| of the last full buckets, lots, a ring.
        changes: mid's change (quote) and signed volume (base) of the last periods, a ring; shape (periods, 2).
        returns: squared log returns of the last periods, a ring.
        queues: of an order at the best bid and one at the best ask; shape (2, 4).
        ahead: size ahead of each, base.
        profile: lots by distance from the mid.
    """

    ints: Ints
    floats: Floats
    depths: Ints
    seen: Floats
    buckets: Ints
    changes: Floats
    returns: Floats
    queues: Ints
    ahead: Floats
    profile: Ints


def fresh(parameters: Parameters, instrument: Instrument, width: int) -> State:
    """The memory before the first row; `width` is how many metrics a message has."""
    ints = np.zeros(INTS, np.int64)
    ints[BUCKET] = parameters.bucket(instrument.lot)
    ints[PERIOD], ints[LEVELS] = parameters.period, parameters.levels
    ints[RANGE], ints[WIDTH] = parameters.cluster_range, parameters.cluster_width
    state = State(
        ints=ints,
        floats=np.full(FLOATS, np.nan),
        depths=np.array(parameters.depths, np.int64),
        seen=np.full(width, np.nan),
        buckets=np.zeros(parameters.vpin_buckets, np.int64),
        changes=np.zeros((parameters.kyle_periods, 2)),
        returns=np.zeros(parameters.volatility_periods),
        queues=np.zeros((2, 4), np.int64),
        ahead=np.full(2, np.nan),
        profile=np.zeros(-(-parameters.cluster_range // parameters.cluster_width), np.int64),
    )
    set_scale(state, instrument)
    return state


def set_scale(state: State, instrument: Instrument) -> None:
    """Takes the tick and lot that integers are counted in from now on."""
    for number, scale, step in (
        (PRICE_NUMBER, PRICE_SCALE, instrument.tick),
        (SIZE_NUMBER, SIZE_SCALE, instrument.lot),
    ):
        state.ints[number], decimals = ratio(step)
        state.floats[scale] = 10.0**decimals


def rescale(state: State, prices: int, sizes: int) -> None:
    """The same memory in ticks and lots so many times finer."""
    state.ints[[BID, ASK]] *= prices
    of_size = [BID_SIZE, ASK_SIZE, FLOW, BUY, SELL, BUCKET, BUCKET_BUY, BUCKET_SELL, BUCKET_ALL]
    state.ints[of_size] *= sizes
    state.buckets[:] *= sizes
    state.queues[:, QUEUE_PRICE] *= prices
    state.queues[:, [QUEUE_SIZE, QUEUE_TRADED]] *= sizes


@jit
def price(state: State, ticks: int) -> float:
    """Ticks in quote currency."""
    found: float = float(ticks * state.ints[PRICE_NUMBER]) / state.floats[PRICE_SCALE]
    return found


@jit
def size(state: State, lots: int) -> float:
    """Lots in base currency."""
    found: float = float(lots * state.ints[SIZE_NUMBER]) / state.floats[SIZE_SCALE]
    return found
