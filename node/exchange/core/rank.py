"""Rank: whose position is closed first against one that nothing else closes.

The one that is most of a gain at the mark for what was paid (or got), times what it is worth for what stands behind it:
equity, and where it is not isolated what its account has free (not the world); 1 where that is less. Of one that has
gained nothing the first of the two counts alone. Fractions are compared exactly, by the products of four numbers of 64
bits each, as four words; of equals the lowest account is first.
"""

import numpy as np

from node.exchange.core import margin
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import FREE, WORLD, Ledger, Market

U = np.uint64
_FREE, _NOTHING, _ONE, _HALF, _LOWER = U(FREE), U(0), U(1), U(32), U(0xFFFFFFFF)


@jit
def before(market: Market, ledger: Ledger, one: Int, other: Int) -> bool:
    """Whether an account's position is closed before another's."""
    gain, paid, worth, behind = _terms(market, ledger, one)
    others_gain, others_paid, others_worth, others_behind = _terms(market, ledger, other)
    if (gain > 0) != (others_gain > 0):
        return bool(gain > 0)
    mine = _product(gain if gain > 0 else -gain, worth, others_paid, others_behind)
    others = _product(others_gain if others_gain > 0 else -others_gain, others_worth, paid, behind)
    return bool(mine > others if gain > 0 else mine < others)


@jit
def _terms(market: Market, ledger: Ledger, account: Int) -> tuple[Int, Int, Int, Int]:
    """What a position gained, what was paid, what it is worth, and what stands behind it."""
    held, worth = market.positions[U(account)], margin.worth(market, account)
    behind = margin.equity(market, account, worth)
    gain = behind - held.margin
    if gain <= 0:
        return gain, abs(held.cost), 1, 1
    if held.isolated == 0 and account != WORLD:
        behind += ledger.balances[U(account), U(market.rules[0].quote), _FREE]
    return gain, abs(held.cost), worth, max(1, behind)


@jit
def _product(a: Int, b: Int, c: Int, d: Int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Of four numbers from 0 on: its words, the highest first."""
    number = _times((_NOTHING, _NOTHING, _NOTHING, U(a)), U(b))
    return _times(_times(number, U(c)), U(d))


@jit
def _times(
    number: tuple[np.uint64, np.uint64, np.uint64, np.uint64], by: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    highest, higher, lower, lowest = number
    carry, lowest = _multiplied(lowest, by, _NOTHING)
    carry, lower = _multiplied(lower, by, carry)
    carry, higher = _multiplied(higher, by, carry)
    return _multiplied(highest, by, carry)[1], higher, lower, lowest


@jit
def _multiplied(a: np.uint64, b: np.uint64, carry: np.uint64) -> tuple[np.uint64, np.uint64]:
    """`a * b + carry`: the upper word and the lower one."""
    of_lower = (a & _LOWER) * (b & _LOWER)
    across = (a >> _HALF) * (b & _LOWER) + (of_lower >> _HALF)
    back = (a & _LOWER) * (b >> _HALF) + (across & _LOWER)
    upper = (a >> _HALF) * (b >> _HALF) + (across >> _HALF) + (back >> _HALF)
    lower = ((back << _HALF) | (of_lower & _LOWER)) + carry
    return upper + (_ONE if lower < carry else _NOTHING), lower
