"""Trail: orders whose trigger follows the price, in groups that have seen the same best price.

In a group the order with the least `trail` has the trigger that is reached first: it leads, and it alone stands among
those that wait. The groups of orders that wait for a fall are linked by ascending best price, the others by descending
one. A better price makes one group of all that it is better for: so it costs no more than the number of groups that are
gone then, and each order began one once. A group is a pairing heap (Fredman, Sedgewick, Sleator,
Tarjan: The pairing heap, 1986); a node's `before` is the one left of it, or where there is none the one above, `after`
the one right of it, and `child` in its terms the leftmost below.
"""

import numpy as np

from node.exchange.core import funds, heap
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import FALLING, NONE, RISING, Market

U = np.uint64


@jit
def join(market: Market, slot: Int, price: Int) -> None:
    """An order that stands nowhere follows from now on, from the last price on."""
    terms = market.terms[U(slot)]
    terms.child, terms.best = NONE, price
    _gather(market, np.int64(terms.falls), slot, price)


@jit
def follow(market: Market, price: Int) -> None:
    """All triggers that a price moves are set by it."""
    state = market.state[0]
    if state.highs != NONE and market.terms[U(state.highs)].best < price:
        _gather(market, 1, NONE, price)
    if state.lows != NONE and market.terms[U(state.lows)].best > price:
        _gather(market, 0, NONE, price)


@jit
def leave(market: Market, slot: Int) -> None:
    """Takes an order out that follows."""
    node, terms = market.nodes[U(slot)], market.terms[U(slot)]
    before, after = np.int64(node.before), np.int64(node.after)
    new = _melded(market, np.int64(terms.child))
    if terms.leads:
        heap.remove(market, FALLING if terms.falls else RISING, slot)
        terms.leads = 0
        if new != NONE:
            market.terms[U(new)].best = terms.best
            _link(market, new, before, after)
            _lead(market, new)
        elif after != NONE:
            market.nodes[U(after)].before = before
        follower = new if new != NONE else after
        if before != NONE:
            market.nodes[U(before)].after = follower
        else:
            _begin(market, np.int64(terms.falls), follower)
        return
    if new != NONE:
        _link(market, new, before, after)
    elif after != NONE:
        market.nodes[U(after)].before = before
    follower = new if new != NONE else after
    if market.terms[U(before)].child == slot:
        market.terms[U(before)].child = follower
    else:
        market.nodes[U(before)].after = follower


@jit
def _begin(market: Market, falls: Int, slot: Int) -> None:
    """Makes a group the first of its kind."""
    if falls:
        market.state[0].highs = slot
    else:
        market.state[0].lows = slot


@jit
def _link(market: Market, slot: Int, before: Int, after: Int) -> None:
    node = market.nodes[U(slot)]
    node.before, node.after = before, after
    if after != NONE:
        market.nodes[U(after)].before = slot


@jit
def _gather(market: Market, falls: Int, slot: Int, price: Int) -> None:
    """Makes one group of all orders to which a price is as good as their best or better, and of one that is new."""
    state = market.state[0]
    first = state.highs if falls else state.lows
    while first != NONE:
        terms = market.terms[U(first)]
        if (terms.best > price) if falls else (terms.best < price):
            break
        heap.remove(market, FALLING if falls else RISING, first)
        terms.leads = 0
        after = np.int64(market.nodes[U(first)].after)
        slot = _meld(market, slot, first)
        first = after
    _link(market, slot, NONE, first)
    _begin(market, falls, slot)
    market.terms[U(slot)].best = price
    _lead(market, slot)


@jit
def _lead(market: Market, slot: Int) -> None:
    """The first of a group waits with the trigger that its best price gives."""
    terms = market.terms[U(slot)]
    terms.leads = 1
    away = max(1, funds.part(terms.best, np.int64(terms.trail)))
    terms.trigger = terms.best - away if terms.falls else terms.best + away
    if terms.falls:
        heap.push(market, FALLING, slot, -terms.trigger)
    else:
        heap.push(market, RISING, slot, terms.trigger)


@jit
def _meld(market: Market, one: Int, other: Int) -> Int:
    """Two groups become one; its first order. Where that stands is not told yet."""
    if one == NONE:
        return other
    if other == NONE:
        return one
    mine, theirs = market.terms[U(one)].trail, market.terms[U(other)].trail
    if theirs < mine or (theirs == mine and market.nodes[U(other)].id < market.nodes[U(one)].id):
        one, other = other, one
    _link(market, other, one, np.int64(market.terms[U(one)].child))
    market.terms[U(one)].child = other
    return one


@jit
def _melded(market: Market, slot: Int) -> Int:
    """One group of an order and all to the right of it; NONE of none."""
    done: Int = NONE
    while slot != NONE:
        second = np.int64(market.nodes[U(slot)].after)
        rest: Int = NONE
        if second != NONE:
            rest = np.int64(market.nodes[U(second)].after)
        pair = _meld(market, slot, second)
        market.nodes[U(pair)].after = done
        done, slot = pair, rest
    first: Int = NONE
    while done != NONE:
        rest = np.int64(market.nodes[U(done)].after)
        first = _meld(market, first, done)
        done = rest
    return first
