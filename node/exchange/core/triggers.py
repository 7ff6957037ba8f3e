"""Triggers: orders that wait for a price."""

import numpy as np

from node.exchange.core import heap, trail
from node.exchange.core.command import Side, Type
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import FALLING, NEVER, RISING, WAITING, Market

U = np.uint64
_SELL, _STOP_LIMIT = int(Side.SELL), int(Type.STOP_LOSS_LIMIT)


@jit
def falls(side: Int, kind: Int) -> "bool | np.bool_":
    """Whether a waiting order wakes when the price falls to its trigger."""
    return (side == _SELL) == (kind <= _STOP_LIMIT)


@jit
def passed(market: Market, slot: Int) -> "bool | np.bool_":
    """Whether the last price has come to where an order that does not trail wakes."""
    last, terms = market.state[0].last, market.terms[U(slot)]
    if last == 0 or terms.trail != 0:
        return False
    return bool(last <= terms.trigger) if terms.falls else bool(last >= terms.trigger)


@jit
def wait(market: Market, slot: Int) -> None:
    """Lets an order wait."""
    state, terms = market.state[0], market.terms[U(slot)]
    market.nodes[U(slot)].rare |= WAITING
    state.watch += 1
    if terms.trail == 0:
        _put(market, slot, np.int64(terms.falls), terms.trigger)
        return
    terms.best = 0
    if state.last != 0 and _starts(market, slot, state.last):
        trail.join(market, slot, state.last)
    elif terms.falls:
        _put(market, slot, 0, terms.start)
    else:
        _put(market, slot, 1, terms.start if terms.start != 0 else NEVER)


@jit
def _put(market: Market, slot: Int, falls: Int, price: Int) -> None:
    """Among those that wait for the price to fall to one, or to rise to it."""
    if falls:
        heap.push(market, FALLING, slot, -price)
    else:
        heap.push(market, RISING, slot, price)


@jit
def _starts(market: Market, slot: Int, price: Int) -> "bool | np.bool_":
    """Whether an order's trigger follows from a price on."""
    terms = market.terms[U(slot)]
    return bool(terms.start == 0 or (price >= terms.start if terms.falls else price <= terms.start))


@jit
def starting(market: Market, slot: Int) -> "bool | np.bool_":
    """Whether an order waits for a price to follow from, and not for one to wake at."""
    terms = market.terms[U(slot)]
    return bool(terms.trail != 0 and terms.best == 0)


@jit
def start(market: Market, slot: Int, price: Int) -> None:
    """The price came from which an order's trigger follows."""
    heap.remove(market, RISING if market.terms[U(slot)].falls else FALLING, slot)
    trail.join(market, slot, price)


@jit
def forget(market: Market, slot: Int) -> None:
    """Takes an order out that waits."""
    terms = market.terms[U(slot)]
    market.nodes[U(slot)].rare &= ~WAITING & 255
    market.state[0].watch -= 1
    if terms.trail == 0:
        heap.remove(market, FALLING if terms.falls else RISING, slot)
    elif terms.best == 0:
        heap.remove(market, RISING if terms.falls else FALLING, slot)
    else:
        trail.leave(market, slot)
