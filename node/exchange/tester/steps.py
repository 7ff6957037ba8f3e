"""Steps: how far a run has come, told no more often than a person can tell."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[float], None]
"""Is told the share that is done."""


class Steps:
    """Tells of each hundredth of the time, once."""

    def __init__(self, report: Progress, begin: int, end: int) -> None:
        self._report, self._begin, self._span, self._told = report, begin, max(1, end - begin), 0.0

    def __call__(self, time: int) -> None:
        share = (time - self._begin) / self._span
        if share >= self._told:
            self._report(min(share, 1.0))
            self._told = share + 0.01
