"""Latency: how long news, orders and answers are on their way. Pure functions for compiled loops; whole ns.

feed, entry = latency.recorded(events.book, least=100_000), latency.constant(250_000)
seen_at = latency.arrival(feed, number, happened_at, last_seen_at)
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from atom.events import Flag, Rows
from fusion.errors import BadInput
from node.exchange.core.compiled import Int, jit

Ints = npt.NDArray[np.int64]

U = np.uint64
_CONSTANT, _SAMPLED, _RECORDED = range(3)
_MODEL, _SEED, _NS = U(0), U(1), U(2)
_UNKNOWN: Final = int(Flag.NO_EVENT_TIME | Flag.NO_ARRIVAL)
_STEP, _FIRST, _SECOND = U(0x9E3779B97F4A7C15), U(0xBF58476D1CE4E5B9), U(0x94D049BB133111EB)
_HALF = U(32)


class Delay(NamedTuple):
    """One direction's delays. All models have the same form, so that a loop is compiled once for all of them.

    Attributes:
        model: which one, its seed and its constant; shape (3,).
        times: ns, ascending: from when on each recorded delay holds.
        delays: ns: recorded ones, or those that are sampled from.
    """

    model: Ints
    times: Ints
    delays: Ints


class Latency(NamedTuple):
    """A trader's distance from a market.

    Attributes:
        entry: of orders, from the trader to the market.
        response: of answers, back.
        feed: of market data, to the trader.
    """

    entry: Delay
    response: Delay
    feed: Delay


def constant(ns: int) -> Delay:
    """Always so long."""
    return Delay(np.array([_CONSTANT, 0, _not_below_zero(ns)], np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))


def none() -> Latency:
    """No distance at all."""
    return Latency(constant(0), constant(0), constant(0))


def sampled(delays: Ints, seed: int) -> Delay:
    """Each time one of `delays`, ns, by chance: the seed and the message's number alone decide which."""
    found = np.sort(np.asarray(delays, np.int64))
    if not len(found):
        raise BadInput("there are no delays to sample from; give at least one")
    _not_below_zero(int(found[0]))
    return Delay(np.array([_SAMPLED, seed, 0], np.int64), np.zeros(1, np.int64), found)


def recorded(rows: Rows, *, least: int | None = None, clock: str = "event") -> Delay:
    """What a recorder saw: at any time the delay of the last message before, from the venue's time to its arrival.

    Args:
        rows: of any type of `atom.events`, such as the book.
        least: ns; all delays are moved by one amount so that the shortest is this, since clocks of venue and recorder
            differ. As recorded by default.
        clock: `event` or `recv`: which of their times the delays are looked up by.

    Raises:
        BadInput: no row tells both times, or some arrived before they happened and no `least` is given.
    """
    if clock not in ("event", "recv"):
        raise BadInput(f"delays are looked up by `event` or `recv` time, not {clock!r}")
    known = rows[rows["flags"] & _UNKNOWN == 0]
    if not len(known):
        raise BadInput("none of these rows tells both when it happened and when it arrived; choose a constant latency")
    delays = known["ts_recv"] - known["ts_event"]
    if least is not None:
        delays = delays + (_not_below_zero(least) - delays.min())
    elif delays.min() < 0:
        behind = -int(delays.min())
        raise BadInput(
            f"messages arrived up to {behind} ns before they happened: clocks differ; tell the least latency"
        )
    order = np.argsort(known[f"ts_{clock}"], kind="stable")
    times, delays = known[f"ts_{clock}"][order], delays[order]
    changes = np.flatnonzero(np.concatenate(([True], (np.diff(delays) != 0))))
    return Delay(np.array([_RECORDED, 0, 0], np.int64), times[changes].copy(), delays[changes].copy())


def _not_below_zero(ns: int) -> int:
    if ns < 0:
        raise BadInput(f"a latency is at least 0 ns, not {ns}")
    return ns


@jit
def delay(of: Delay, number: Int, time: Int) -> Int:
    """How long a message takes that is sent at `time`, ns, the `number`-th of its direction."""
    model = of.model[_MODEL]
    if model == _CONSTANT:
        return int(of.model[_NS])
    if model == _SAMPLED:
        return int(of.delays[_draw(of.model[_SEED], number, len(of.delays))])
    low, high = 0, len(of.times)  # the last that is not later
    while high - low > 1:
        middle = (low + high) >> 1
        if of.times[U(middle)] <= time:
            low = middle
        else:
            high = middle
    return int(of.delays[U(low)])


@jit
def arrival(of: Delay, number: Int, time: Int, last: Int) -> Int:
    """When a message arrives that is sent at `time`: never before `last`, the arrival of the one before it."""
    return int(max(last, time + delay(of, number, time)))


@jit
def _draw(seed: Int, number: Int, count: Int) -> Any:
    """A place below `count`: splitmix64 (Steele, Lea and Flood 2014) of the seed and the number."""
    mixed = U(seed) + U(number + 1) * _STEP
    mixed = (mixed ^ (mixed >> U(30))) * _FIRST
    mixed = (mixed ^ (mixed >> U(27))) * _SECOND
    mixed ^= mixed >> U(31)
    return ((mixed >> _HALF) * U(count)) >> _HALF
