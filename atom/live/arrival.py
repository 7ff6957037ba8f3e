"""Arrivals: when messages came, from one clock for all of them, never backwards."""

import time
from collections.abc import Callable
from typing import Final

JUMP: Final = 250_000_000
"""Nanoseconds by which the clock and the time since the last message may differ before the clock has jumped."""


class Arrivals:
    """Stamps of one process: nanoseconds UTC, each later than the one before.

    While the clock stands behind the last stamp, since it was put back, stamps go on at half the speed of time until it
    has caught up; the order of arrival is kept, and no two messages share a time.

    Args:
        now: the clock, ns UTC.
        elapsed: a clock that never jumps, ns since any moment.
    """

    def __init__(self, now: Callable[[], int] = time.time_ns, elapsed: Callable[[], int] = time.monotonic_ns) -> None:
        self._now = now
        self._elapsed = elapsed
        self._at = elapsed()
        self._offset = now() - self._at
        self._jumps: list[int] = []
        self.last = 0

    def stamp(self) -> int:
        """The arrival of what has just come."""
        now, elapsed = self._now(), self._elapsed()
        jump = now - elapsed - self._offset
        self._offset += jump
        if not -JUMP < jump < JUMP:
            self._jumps.append(jump)
        if now <= self.last:
            now = self.last + max(1, (elapsed - self._at) // 2)
        self.last = now
        self._at = elapsed
        return now

    def jumps(self) -> list[int]:
        """By how many nanoseconds the clock has jumped, each time since this was last asked for."""
        told, self._jumps = self._jumps, []
        return told
