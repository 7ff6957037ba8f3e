"""What flows in a period: order flow imbalance, volume by aggressor, VPIN, Kyle's lambda, volatility. Kernels.

Sums are made of whole lots, or anew of a ring from its oldest entry on, so that no error piles up and each value
depends on its own entries alone.
"""

from math import sqrt
from typing import Any, TypeAlias

import numpy as np

from atom.book.engine import jit
from atom.events import Side
from atom.instrument import Floats
from atom.metrics.machine import (
    BUCKET,
    BUCKET_ALL,
    BUCKET_BUY,
    BUCKET_SELL,
    BUCKETS,
    BUY,
    CHANGES,
    RETURNS,
    SELL,
    State,
    size,
)

_BUY, _SELL = int(Side.BID), int(Side.ASK)
Top: TypeAlias = tuple[int, int, int, int]  # bid price and size, ask price and size, ticks and lots

_NEAR_ONE = 1.2
_TERMS = 27  # of the series at most: (0.2 / 2.2) ** 27 is far below a float's last bit


@jit
def imbalance_of_flow(before: Top, after: Top) -> int:
    """What one change of the top adds to order flow imbalance, in lots.

    Args:
        before, after: the top before and after it.

    Source: Cont, Kukanov and Stoikov, "The price impact of order book events", 2014, equation 4.
    """
    flow = 0
    if after[0] >= before[0]:
        flow += after[1]
    if after[0] <= before[0]:
        flow -= before[1]
    if after[2] <= before[2]:
        flow -= after[3]
    if after[2] >= before[2]:
        flow += before[3]
    return flow


@jit
def trade(state: State, row: Any) -> None:
    """Takes a trade into the volumes of the period and the buckets of VPIN."""
    ints, left = state.ints, row.size
    if left <= 0:
        return
    if row.side == _BUY:
        ints[BUY] += left
    elif row.side == _SELL:
        ints[SELL] += left
    while left > 0:
        room = ints[BUCKET] - ints[BUCKET_ALL]
        part = min(left, room)
        ints[BUCKET_ALL] += part
        if row.side == _BUY:
            ints[BUCKET_BUY] += part
        elif row.side == _SELL:
            ints[BUCKET_SELL] += part
        left -= part
        if part == room:
            state.buckets[ints[BUCKETS] % len(state.buckets)] = abs(ints[BUCKET_BUY] - ints[BUCKET_SELL])
            ints[BUCKETS] += 1
            ints[BUCKET_BUY] = ints[BUCKET_SELL] = ints[BUCKET_ALL] = 0
            # of a trade that fills them all over again, the last round alone leaves a trace
            spare = left // ints[BUCKET] - len(state.buckets)
            if spare > 0:
                ints[BUCKETS] += spare
                left -= spare * ints[BUCKET]


@jit
def vpin(state: State) -> float:
    """Mean of |buy - sell| / volume over the last buckets; null until they are full."""
    if state.ints[BUCKETS] < len(state.buckets):
        return np.nan
    apart, number = 0.0, len(state.buckets)
    for step in range(number):
        apart += float(state.buckets[(state.ints[BUCKETS] + step) % number]) / float(state.ints[BUCKET])
    return apart / number


@jit
def ratio(above: float, below: float) -> float:
    """What is above by what is below; null where that is nothing."""
    return above / below if below > 0 else np.nan


@jit
def note(state: State, before: float, after: float) -> None:
    """Takes the mids at both ends of a whole period, and its signed volume, into the rings."""
    ints = state.ints
    at = ints[CHANGES] % len(state.changes)
    state.changes[at, 0] = after - before
    state.changes[at, 1] = size(state, ints[BUY] - ints[SELL])
    ints[CHANGES] += 1
    if before > 0 and after > 0:
        change = log(after / before)
        state.returns[ints[RETURNS] % len(state.returns)] = change * change
        ints[RETURNS] += 1
    else:
        ints[RETURNS] = 0


@jit
def kyle(changes: Floats, count: int) -> float:
    """The slope of the least-squares line through changes of the mid against signed volumes.

    Null until the ring is full, and where all volumes are equal.
    """
    periods = len(changes)
    if count < periods:
        return np.nan
    first = count % periods
    change = volume = 0.0
    for step in range(periods):
        at = (first + step) % periods
        change += changes[at, 0]
        volume += changes[at, 1]
    change /= periods
    volume /= periods
    above = below = 0.0
    for step in range(periods):
        at = (first + step) % periods
        away = changes[at, 1] - volume
        above += away * (changes[at, 0] - change)
        below += away * away
    return above / below if below > 0 else np.nan


@jit
def volatility(returns: Floats, count: int) -> float:
    """The root of the sum of squared log returns; null until the ring is full."""
    periods = len(returns)
    if count < periods:
        return np.nan
    total = 0.0
    for step in range(periods):
        total += returns[(count + step) % periods]
    return sqrt(total)


@jit
def log(value: float) -> float:
    """The natural logarithm, of steps that IEEE 754 rounds the same way on every machine; C libraries differ.

    Roots bring the value near one; there log(x) = 2 * (z + z**3 / 3 + z**5 / 5 ...) with z = (x - 1) / (x + 1).
    """
    double = 2.0
    while value > _NEAR_ONE or value < 1 / _NEAR_ONE:
        value = sqrt(value)
        double *= 2.0
    z = (value - 1) / (value + 1)
    square = z * z
    total = 0.0
    for odd in range(_TERMS, 0, -2):
        total = total * square + 1.0 / odd
    return double * z * total
