"""Triggers: orders that wait for a price."""

import numpy as np

from node.exchange.core import funds, heap
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
        _put(market, slot)
        return
    market.trailing[U(state.trailing)] = slot
    terms.trail_at = state.trailing
    state.trailing += 1
    if state.last != 0:
        _follow(market, slot, state.last)
    _note(market, slot)


@jit
def forget(market: Market, slot: Int) -> None:
    """Takes an order out that waits."""
    state, terms = market.state[0], market.terms[U(slot)]
    market.nodes[U(slot)].rare &= ~WAITING & 255
    state.watch -= 1
    if terms.trail != 0:
        state.trailing -= 1
        last = market.trailing[U(state.trailing)]
        market.trailing[U(terms.trail_at)] = last
        market.terms[U(last)].trail_at = terms.trail_at
        if terms.best == 0:
            return
    heap.remove(market, FALLING if terms.falls else RISING, slot)


@jit
def follow(market: Market, price: Int) -> None:
    """All triggers that follow the price do; they are looked through only where the price moves one of them."""
    state = market.state[0]
    if state.below <= price <= state.above:
        return
    state.above, state.below = NEVER, 0
    for index in range(state.trailing):
        slot = np.int64(market.trailing[U(index)])
        _follow(market, slot, price)
        _note(market, slot)


@jit
def _note(market: Market, slot: Int) -> None:
    """Notes which prices move an order's trigger."""
    state, terms = market.state[0], market.terms[U(slot)]
    if terms.best != 0:
        above, below = terms.best, terms.best
    elif terms.start != 0:
        above, below = terms.start - 1, terms.start + 1
    else:
        above, below = 0, NEVER
    if terms.falls:
        state.above = min(state.above, above)
    else:
        state.below = max(state.below, below)


@jit
def _follow(market: Market, slot: Int, price: Int) -> None:
    terms = market.terms[U(slot)]
    best = price
    if terms.best != 0:
        best = max(terms.best, price) if terms.falls else min(terms.best, price)
        if best == terms.best:
            return
        heap.remove(market, FALLING if terms.falls else RISING, slot)
    elif terms.start != 0 and (price < terms.start if terms.falls else price > terms.start):
        return
    terms.best = best
    away = max(1, funds.part(best, np.int64(terms.trail)))
    terms.trigger = best - away if terms.falls else best + away
    _put(market, slot)


@jit
def _put(market: Market, slot: Int) -> None:
    terms = market.terms[U(slot)]
    if terms.falls:
        heap.push(market, FALLING, slot, -terms.trigger)
    else:
        heap.push(market, RISING, slot, terms.trigger)
