"""Snapshot + delta sync: which deltas a book may take, told from their numbers alone."""

from enum import Enum


class Step(Enum):
    """What to do with a delta."""

    APPLY = 1
    STALE = 2  # the snapshot holds it already
    GAP = 3  # something before it is missing
    REPEATED = 4  # it came before


class Sync:
    """Follows one book's sequence numbers.

    A delta covers the updates after `previous` up to and with `last`. After a snapshot the first delta may reach back
    over it, since sizes are absolute; from then on each must begin where the one before ended.

    Args:
        chained: the venue names the delta before each delta, so an overlap also means that something is missing.
        timed: the numbers are times, of which many deltas may have the same: they say what is older than the snapshot,
            and after that no more than the order of arrival does, since a clock may jump.
    """

    def __init__(self, *, chained: bool = False, timed: bool = False) -> None:
        self._chained = chained
        self._timed = timed
        self._last: int | None = None
        self._fresh = False
        self._unnumbered = False

    @property
    def synced(self) -> bool:
        """Whether there is a snapshot and no gap since."""
        return self._last is not None

    @property
    def last(self) -> int:
        """The update that the book stands at; 0 while it is not synced."""
        return self._last or 0

    def follows(self, previous: int, last: int) -> bool:
        """Whether a delta begins exactly where the book stands, after one that was applied."""
        return previous == self._last and last > previous and not self._fresh

    def advance(self, last: int) -> None:
        """Takes deltas of which each began where the one before it ended."""
        self._last = last

    def snapshot(self, last: int | None) -> None:
        """Starts anew from a snapshot that holds all updates up to `last`; None: whatever comes next follows it."""
        self._last = last or 0
        self._unnumbered = last is None
        self._fresh = True

    def delta(self, previous: int, last: int) -> Step:
        """Judges the next delta; a gap ends the sync until the next snapshot."""
        if self._last is None:
            raise RuntimeError("a delta was judged without a snapshot")
        if self._unnumbered:
            self._unnumbered, self._last = False, previous
        if self._timed and not self._fresh:
            self._last = last
            return Step.APPLY
        if last <= self._last:
            return Step.STALE if self._fresh else Step.REPEATED
        if previous > self._last or (self._chained and not self._fresh and previous != self._last):
            self._last = None
            return Step.GAP
        self._last = last
        self._fresh = False
        return Step.APPLY

    def lost(self) -> None:
        """Ends the sync until the next snapshot."""
        self._last = None


def gap(at: int, previous: int, last: int) -> str:
    """What is missing of a book at `at`, to which a delta after `previous` has come."""
    if previous > at:
        return f"updates {at + 1} to {previous} are missing"
    return f"update {last} follows {previous}, the book is at {at}"
