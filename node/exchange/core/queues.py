"""Queues: who leaves a level that shrinks with no trade, when only its size is recorded.

Where a user's order stands among the lots of a level is unknown then; a model tells how many of those that left stood
before it. The formulas are those of hftbacktest's PowerProbQueueFunc and LogProbQueueFunc (`queue.rs`), in whole
numbers: of what leaves, the part f(back) / (f(front) + f(back)) stood behind, for f(x) = x ** n or ln(1 + x).
"""

import numpy as np

from node.exchange.core import ladder
from node.exchange.core.command import Queue
from node.exchange.core.compiled import Int, jit
from node.exchange.core.ladder import leading_zeros
from node.exchange.core.meeting import less
from node.exchange.core.state import NONE, RECORDED, Market

U = np.uint64
_RISK_AVERSE, _POWER = int(Queue.RISK_AVERSE), int(Queue.POWER)
_ONE = 1 << 30  # of a fraction
_BITS = 30
_STEPS = 20  # binary places of a logarithm
_ZEROS = 63 - _BITS


@jit
def shrink(market: Market, side: Int, key: Int, quantity: Int) -> Int:
    """Takes recorded lots off a level as the model tells; how many it had."""
    slot = ladder.head(market, side, key)
    if slot == NONE:
        return 0
    node = market.nodes[U(slot)]
    if node.after == NONE:  # as it mostly is
        if not node.flags & RECORDED:
            return 0
        size = min(quantity, node.left)
        less(market, slot, size)
        return int(size)
    total = recorded(market, slot)
    quantity = min(quantity, total)
    if quantity < total and market.replay[0].model != _RISK_AVERSE:
        _by_chance(market, slot, quantity, total)
    else:
        _from_behind(market, ladder.tail(market, side, key), quantity)
    return quantity


@jit
def recorded(market: Market, slot: Int) -> Int:
    """Recorded lots of a queue from a node on."""
    total: Int = 0
    while slot != NONE:
        node = market.nodes[U(slot)]
        if node.flags & RECORDED:
            total += node.left
        slot = np.int64(node.after)
    return int(total)


@jit
def _from_behind(market: Market, slot: Int, quantity: Int) -> None:
    while quantity > 0:
        node = market.nodes[U(slot)]
        before = np.int64(node.before)
        if node.flags & RECORDED:
            size = min(quantity, node.left)
            less(market, slot, size)
            quantity -= size
        slot = before


@jit
def from_before(market: Market, slot: Int, quantity: Int) -> None:
    """Takes recorded lots off a queue from its first node on, as a trade does."""
    while quantity > 0 and slot != NONE:
        node = market.nodes[U(slot)]
        after = np.int64(node.after)
        if node.flags & RECORDED:
            size = min(quantity, node.left)
            less(market, slot, size)
            quantity -= size
        slot = after


@jit
def _by_chance(market: Market, slot: Int, quantity: Int, total: Int) -> None:
    """Before each user in turn leave as many as the model tells of those that stand before it, and the rest behind."""
    front: Int = 0
    first = slot
    while slot != NONE and quantity > 0:
        node = market.nodes[U(slot)]
        after = np.int64(node.after)
        if node.flags & RECORDED:
            front += node.left
        elif front > 0:
            back = total - front
            leaving = min(front, max(ahead(market, front, back, quantity), quantity - back))
            from_before(market, first, leaving)
            quantity -= leaving
            total, front = back, 0
        if front == 0:
            first = after
        slot = after
    from_before(market, first, quantity)


@jit
def ahead(market: Market, front: Int, back: Int, quantity: Int) -> Int:
    """How many of the lots that leave stood before an order, rounded down."""
    replay = market.replay[0]
    if front == 0:
        return 0
    if back == 0:
        return int(quantity)
    if replay.model == _POWER:
        one, other = _powers(front, back, replay.power)
    else:
        whole = max(replay.whole, 1)
        zero = _logarithm(whole)
        one, other = _logarithm(whole + front) - zero, _logarithm(whole + back) - zero
    both = one + other
    if both == 0:  # too little to tell
        return int(quantity // 2)
    return int(quantity // both * one + quantity % both * one // both)


@jit
def _powers(front: Int, back: Int, power: Int) -> tuple[Int, Int]:
    """What x ** n is of both, as parts of the greater one's."""
    most, least = (front, back) if front > back else (back, front)
    shift = max(np.int64(0), 32 - np.int64(leading_zeros(U(most))))  # so that a fraction of it fits
    ratio: Int = (least >> shift) * _ONE // (most >> shift)
    part: Int = _ONE
    for _ in range(power):
        part = part * ratio >> _BITS
    return (_ONE, part) if front >= back else (part, _ONE)


@jit
def _logarithm(value: Int) -> Int:
    """log2 of a whole number above 0, times 2 ** 20: one binary place after the other, by squaring."""
    whole = 63 - np.int64(leading_zeros(U(value)))
    part = value << (_BITS - whole) if whole <= _BITS else value >> (whole - _BITS)
    result = whole
    for _ in range(_STEPS):
        part = part * part >> _BITS
        result <<= 1
        if part >= 2 * _ONE:
            part >>= 1
            result |= 1
    return int(result)
