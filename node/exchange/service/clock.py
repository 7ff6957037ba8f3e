"""Clock: the exchange's time, the wall's or one that runs at a speed of its own."""

import time
from typing import Final

from fusion.errors import BadInput

FASTEST: Final = 1_000_000.0
END: Final = 4_102_444_800_000_000_000
"""2100-01-01, ns UTC, at which a clock stands still: well within what 64 bits hold."""


class Clock:
    """Time since a start, at a speed.

    Args:
        start: the exchange's time now, ns UTC; None: the wall's, which it then follows while its speed is 1.
        speed: of a second on the wall so many pass; 0 stands still.

    Attributes:
        speed: as it is now.
        follows: whether this is the wall's time.
        began: from when it has gone on as it does, ns UTC.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0) -> None:
        self.speed = checked(speed)
        self.follows = start is None and speed == 1.0
        self._since, self.began = time.monotonic_ns(), self.wall() if start is None else start

    @staticmethod
    def wall() -> int:
        """The machine's time, ns UTC."""
        return time.time_ns()

    def now(self) -> int:
        """The exchange's time, ns UTC."""
        if self.follows:
            return self.wall()
        return min(END, self.began + int((time.monotonic_ns() - self._since) * self.speed))

    def set_speed(self, speed: float, now: int | None = None) -> None:
        """Goes on from a time, ns UTC, or from now, at another speed; from then on the time is its own."""
        now = self.now() if now is None else now
        self.speed = checked(speed)
        self.follows = False
        self.put(now)

    def put(self, now: int) -> None:
        """Goes on from a time; the wall's is what it is."""
        self.began, self._since = now, time.monotonic_ns()


def checked(speed: float) -> float:
    """A speed that a clock can have; BadInput for another."""
    if not 0 <= speed <= FASTEST:
        raise BadInput(f"a speed is from 0 (stands still) to {FASTEST:,.0f}, not {speed}")
    return float(speed) + 0.0  # no -0
