"""Ladder: where orders wait their turn. A side's best level is found by bits, and its window follows the best price."""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.extending import intrinsic

from node.exchange.core import far
from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.state import NONE, TICKS, Market

U = np.uint64
_SIX, _LOW = U(6), U(63)
_ONE = U(1)
_TICKS = U(TICKS)
_HIGH = TICKS * 3 // 4  # where in its window the best level is put when the window moves
LOWEST = far.LOWEST
"""No level has so low a key."""


@intrinsic
def _leading_zeros(typing_context, word):  # type: ignore[no-untyped-def]  # numba hands in its own objects
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]  # the same
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@jit
def leading_zeros(word: Any) -> Any:
    """Zero bits above the highest one of a word that is not 0; one instruction."""
    return _leading_zeros(word)  # type: ignore[call-arg]  # numba gives the first argument


# Indexes are without sign, or numba would look at every one whether it counts from the end.


@jit
def _mark(market: Market, side: Int, index: Int) -> None:
    row, word = U(side), U(index) >> _SIX
    market.bits[row, word] |= _ONE << (U(index) & _LOW)
    market.words[row, word >> _SIX] |= _ONE << (word & _LOW)


@jit
def _unmark(market: Market, side: Int, index: Int) -> None:
    row, word = U(side), U(index) >> _SIX
    market.bits[row, word] &= ~(_ONE << (U(index) & _LOW))
    if market.bits[row, word] == U(0):
        market.words[row, word >> _SIX] &= ~(_ONE << (word & _LOW))


@jit
def below(market: Market, side: Int, index: Int) -> Int:
    """The best level of the window that is not better than `index`; -1 where there is none."""
    if index < 0:
        return -1
    row, word = U(side), U(index) >> _SIX
    found = market.bits[row, word] << (_LOW - (U(index) & _LOW))
    if found != U(0):
        return int(index - np.int64(leading_zeros(found)))
    if word == U(0):
        return -1
    word -= _ONE
    group = word >> _SIX
    found = market.words[row, group] << (_LOW - (word & _LOW))
    if found != U(0):
        word -= leading_zeros(found)
    else:
        while True:
            if group == U(0):
                return -1
            group -= _ONE
            if market.words[row, group] != U(0):
                word = (group << _SIX) + _LOW - leading_zeros(market.words[row, group])
                break
    return int(np.int64((word << _SIX) + _LOW - leading_zeros(market.bits[row, word])))


@inlined
def best(market: Market, side: Int) -> Int:
    """The key of a side's best level; the side must not be empty."""
    return int(market.top[U(side)] + market.base[U(side)])


@jit
def worse(market: Market, side: Int, key: Int) -> Int:
    """The key of a side's best level below `key`; LOWEST where there is none."""
    base = market.base[U(side)]
    index = below(market, side, min(key - base, TICKS) - 1)
    return int(index + base) if index >= 0 else far.worse(market, side, key)


@jit
def size(market: Market, side: Int, key: Int) -> Int:
    """The lots of a level at which an order rests, those that are seen."""
    index = key - market.base[U(side)]
    return int(market.levels[U(side), U(index)].size if index >= 0 else far.level(market, side, key).size)


@jit
def rest(market: Market, slot: Int) -> None:
    """Puts a node at the end of its level's queue."""
    node = market.nodes[U(slot)]
    side, key = np.int64(node.side), node.key
    index = key - market.base[U(side)]
    if U(index) >= _TICKS:
        index = _reach(market, side, key)
    if index < 0:
        _append(market, far.make(market, side, key), slot)
        return
    place = market.levels[U(side), U(index)]
    if place.head == NONE:
        _mark(market, side, index)
        market.top[U(side)] = max(market.top[U(side)], index)
    _append(market, place, slot)


@inlined
def _append(market: Market, level: Any, slot: Int) -> None:
    node = market.nodes[U(slot)]
    node.after = NONE
    node.before = level.tail
    if level.head == NONE:
        level.head = slot
    else:
        market.nodes[U(level.tail)].after = slot
    level.tail = slot
    level.size += node.left
    level.orders += 1


@jit
def leave(market: Market, slot: Int) -> None:
    """Takes a node out of its queue."""
    node = market.nodes[U(slot)]
    side = np.int64(node.side)
    index = node.key - market.base[U(side)]
    if index < 0:
        _leave_far(market, side, slot)
        return
    level = market.levels[U(side), U(index)]
    _remove(market, level, slot)
    if level.head == NONE:
        _unmark(market, side, index)
        if index == market.top[U(side)]:
            market.top[U(side)] = below(market, side, index)
            if market.top[U(side)] < 0 and market.far_count[U(side)] > 0:
                _move(market, side, far.last(market, side).key - _HIGH)


@inlined
def _remove(market: Market, level: Any, slot: Int) -> None:
    node = market.nodes[U(slot)]
    if node.before == NONE:
        level.head = node.after
    else:
        market.nodes[U(node.before)].after = node.after
    if node.after == NONE:
        level.tail = node.before
    else:
        market.nodes[U(node.after)].before = node.before
    level.size -= node.left
    level.orders -= 1


@jit
def to_the_end(market: Market, level: Any, slot: Int, left: Int) -> None:
    """Puts a node at the end of the level that it is in, with other lots."""
    _remove(market, level, slot)
    market.nodes[U(slot)].left = left
    _append(market, level, slot)


@inlined
def shrink(market: Market, slot: Int, less: Int) -> None:
    """A node that stays where it is has become smaller."""
    node = market.nodes[U(slot)]
    side = np.int64(node.side)
    index = node.key - market.base[U(side)]
    if index >= 0:
        market.levels[U(side), U(index)].size -= less
    else:
        far.level(market, side, node.key).size -= less


@jit
def level_of(market: Market, side: Int, key: Int) -> Any:
    """The level of a key of the window at which an order rests."""
    index = key - market.base[U(side)]
    return market.levels[U(side), U(index)]


@jit
def head(market: Market, side: Int, key: Int) -> Int:
    """The first order of a level; NONE where there is none."""
    index = key - market.base[U(side)]
    if U(index) < _TICKS:
        return int(market.levels[U(side), U(index)].head)
    if index < 0 and far.holds(market, side, key):
        return int(far.level(market, side, key).head)
    return NONE


@jit
def tail(market: Market, side: Int, key: Int) -> Int:
    """The last order of a level; NONE where there is none."""
    index = key - market.base[U(side)]
    if U(index) < _TICKS:
        return int(market.levels[U(side), U(index)].tail)
    if index < 0 and far.holds(market, side, key):
        return int(far.level(market, side, key).tail)
    return NONE


@inlined
def resize(market: Market, slot: Int, by: Int) -> None:
    """Makes a resting order larger, or below zero smaller, where it stands; something must be left of it."""
    node = market.nodes[U(slot)]
    node.left += by
    shrink(market, slot, -by)


@jit
def rest_before(market: Market, slot: Int, other: Int) -> None:
    """Puts a node right before another of its price, which rests."""
    node, follower = market.nodes[U(slot)], market.nodes[U(other)]
    side, key = np.int64(node.side), node.key
    node.before, node.after = follower.before, other
    if follower.before != NONE:
        market.nodes[U(follower.before)].after = slot
    follower.before = slot
    index = key - market.base[U(side)]
    if index >= 0:
        _insert(market.levels[U(side), U(index)], slot, other, node.left)
    else:
        _insert(far.level(market, side, key), slot, other, node.left)


@jit
def _insert(level: Any, slot: Int, other: Int, left: Int) -> None:
    if level.head == other:
        level.head = slot
    level.size += left
    level.orders += 1


# What lies below the window.


@jit
def _reach(market: Market, side: Int, key: Int) -> Int:
    """Where a key outside the window lies once the window stands where it should; below 0 for what stays far."""
    top = market.top[U(side)]
    if top < 0:
        market.base[U(side)] = key - _HIGH
    elif key > market.base[U(side)]:
        _move(market, side, key - _HIGH)
    elif top < TICKS // 4:
        _move(market, side, market.base[U(side)] + top - _HIGH)
    return int(key - market.base[U(side)])


@jit
def _leave_far(market: Market, side: Int, slot: Int) -> None:
    key = market.nodes[U(slot)].key
    level = far.level(market, side, key)
    _remove(market, level, slot)
    if level.head == NONE:
        far.remove(market, side, key)


@jit
def _copy(source: Any, target: Any) -> None:
    target.head, target.tail, target.size, target.orders = source.head, source.tail, source.size, source.orders


@jit
def _move(market: Market, side: Int, base: Int) -> None:
    """Gives the window another lowest key. All levels go below it in order, and those that it covers come back."""
    row = U(side)
    for word in range(TICKS >> 6):
        marked = market.bits[row, U(word)]
        while marked != U(0):
            index = (word << 6) + 63 - np.int64(leading_zeros(marked & (~marked + _ONE)))
            marked &= marked - _ONE
            level = market.levels[row, U(index)]
            _copy(level, far.append(market, side, index + market.base[row]))
            level.head, level.tail, level.size, level.orders = NONE, NONE, 0, 0
            _unmark(market, side, index)
    market.base[row] = base
    market.top[row] = max(-1, far.last(market, side).key - base) if market.far_count[row] > 0 else -1
    while market.far_count[row] > 0 and far.last(market, side).key >= base:
        source = far.last(market, side)
        index = source.key - base
        _copy(source, market.levels[row, U(index)])
        _mark(market, side, index)
        far.remove_last(market, side)
    far.settle(market, side)
