"""Marks: what a record says of its orders and levels, found by the venue's numbers in a table with linear probing."""

from typing import Any

import numpy as np

from node.exchange.core.compiled import Int, inlined, jit
from node.exchange.core.state import MARK, Market

U = np.uint64
_SPREAD = U(0x9E3779B97F4A7C15)  # an odd number whose product mixes all bits into the upper ones
_HALF, _ONE = U(32), U(1)
_BLOCK, _INSIDE = U(4), U(15)


@inlined
def _wanted(marks: Any, number: Int) -> Any:
    """Where a number would stand in an empty table: with its neighbours, since prices near one another change together,
    and so do orders that came one after another.
    """
    block = U(number) >> _BLOCK
    mixed = (block ^ (block >> _HALF)) * _SPREAD
    return (((mixed >> _HALF) << _BLOCK) | (U(number) & _INSIDE)) & U(len(marks) - 1)


@inlined
def find(marks: Any, number: Int) -> Any:
    """Where a number stands, or would: a row whose `recorded` is 0."""
    mask = U(len(marks) - 1)
    place = _wanted(marks, number)
    while marks[place].recorded != 0 and marks[place].id != number:
        place = (place + _ONE) & mask
    return place


@jit
def remove(market: Market, place: Any) -> None:
    """Frees a row, and moves those after it up, so that each is still found."""
    marks, mask = market.marks, U(len(market.marks) - 1)
    hole = place
    place = (place + _ONE) & mask
    while marks[place].recorded != 0:
        if ((place - _wanted(marks, marks[place].id)) & mask) >= ((place - hole) & mask):
            _copy(marks[place], marks[hole])
            hole = place
        place = (place + _ONE) & mask
    marks[hole].recorded = 0
    market.replay[0].marks -= 1


@jit
def _copy(source: Any, target: Any) -> None:
    target.id, target.order = source.id, source.order
    target.recorded, target.pending = source.recorded, source.pending


@jit
def _refill(old: Any, new: Any) -> None:
    for index in range(len(old)):
        if old[U(index)].recorded != 0:
            _copy(old[U(index)], new[find(new, old[U(index)].id)])


@jit
def full(market: Market) -> bool:
    """Whether a row more would make the table slow."""
    return bool(2 * market.replay[0].marks >= len(market.marks))


@jit
def noted(market: Market) -> bool:
    """Whether there may be no room to note, beside what is noted, that something is pending of every level."""
    replay = market.replay[0]
    return bool(replay.pending + replay.marks >= len(market.pending))


@jit
def of_level(side: Int, price: Int) -> Int:
    """The id of a level's mark."""
    return int(-1 - (price << 1 | side))


def grown(of: Market) -> Market:
    """The same market with twice the room for marks, and at least as many notes of what is pending."""
    marks = np.zeros(2 * len(of.marks), MARK)
    _refill(of.marks, marks)
    of = of._replace(marks=marks)
    return of if len(of.pending) >= len(marks) else noting(of)


def noting(of: Market) -> Market:
    """The same market with twice the room for notes of what is pending."""
    pending = np.zeros(2 * len(of.pending), np.int64)
    pending[: len(of.pending)] = of.pending
    return of._replace(pending=pending)
