"""Latency: percentiles of many times in little memory, the same however they are cut.

A histogram whose buckets are 1/64 of what they hold: below 64 ns each has its own, above 64 stand between powers of
two. Times below zero have buckets of their own.

Source: Tene, HdrHistogram.
"""

from math import ceil, nan
from typing import Final

import numpy as np

from atom.instrument import Ints

_BITS: Final = 6
_PART: Final = 1 << _BITS
_SIDE: Final = _PART * (64 - _BITS)


class Latency:
    """Counts of times, ns."""

    def __init__(self) -> None:
        self._counts = np.zeros(2 * _SIDE, np.int64)

    def update(self, times: Ints) -> None:
        """Counts times of any sign."""
        found = _bucket(np.abs(times))
        self._counts += np.bincount(np.where(times < 0, _SIDE - 1 - found, _SIDE + found), minlength=2 * _SIDE)

    def percentile(self, percent: float) -> float:
        """The least time that so many of all do not exceed, to within its bucket; NaN without any."""
        total = int(self._counts.sum())
        if not total:
            return nan
        wanted = max(1, ceil(total * percent / 100))
        found = int(np.searchsorted(np.cumsum(self._counts), wanted))
        return -_least(_SIDE - 1 - found) if found < _SIDE else _least(found - _SIDE)


def _bucket(times: Ints) -> Ints:
    """Of each time, not below zero, its bucket."""
    power = np.zeros(len(times), np.int64)
    for bit in (32, 16, 8, 4, 2, 1):
        power += bit * (times >> (power + bit) > 0)
    shift = np.maximum(power - _BITS, 0)
    found: Ints = shift * _PART + (times >> shift)
    return found


def _least(bucket: int) -> float:
    """The least time of a bucket."""
    shift = max(0, bucket // _PART - 1)
    return float((bucket - shift * _PART) << shift)
