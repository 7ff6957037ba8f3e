"""Clock: the exchange's time, the wall's or one that runs at a speed of its own."""

import time
from typing import Final

from fusion.errors import BadInput

FASTEST: Final = 1_000_000.0


class Clock:
    """Time since a start, at a speed.

    Args:
        start: the exchange's time now, ns UTC; None: the wall's, which it then follows while its speed is 1.
        speed: of a second on the wall so many pass; 0 stands still.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0) -> None:
        self._wall = start is None
        self._began, self._from = time.monotonic_ns(), self.wall() if start is None else start
        self.speed = checked(speed)

    @staticmethod
    def wall() -> int:
        """The machine's time, ns UTC."""
        return time.time_ns()

    def now(self) -> int:
        """The exchange's time, ns UTC; never goes back while the speed stays."""
        if self._wall and self.speed == 1.0:
            return time.time_ns()
        return self._from + int((time.monotonic_ns() - self._began) * self.speed)

    def set_speed(self, speed: float) -> None:
        """Goes on from now at another speed."""
        checked(speed)
        self._from, self._began = self.now(), time.monotonic_ns()
        self._wall, self.speed = False, speed


def checked(speed: float) -> float:
    """A speed that a clock can have; BadInput for another."""
    if not 0 <= speed <= FASTEST:
        raise BadInput(f"a speed is from 0 (stands still) to {FASTEST:,.0f}, not {speed}")
    return speed
