"""Venue clock: whether a venue's times jump."""

from typing import Any

import numpy as np

from atom.book.engine import jit
from atom.events import Flag, Rows, Status, StatusKind

_JUMP = 10 * 10**9  # ns: no network is so late, and no clock that is kept so wrong
_TIMELESS = int(Flag.NO_EVENT_TIME | Flag.NO_ARRIVAL)
_UNORDERED = int(Flag.NO_EVENT_TIME | Flag.SNAPSHOT | Flag.DERIVED)


class VenueClock:
    """Follows the times of a venue's messages from one batch to the next.

    It has jumped ahead where it is by `_JUMP` past the arrival, and back where a change of the book is by as much
    before the one that came before it. Trades and full pictures may be old, and say nothing of that.
    """

    def __init__(self) -> None:
        self._ahead: dict[str, bool] = {}
        self._last = 0

    def look(self, **tables: Rows) -> list[Status]:
        """The jumps in rows of the book, of trades and of quotes, each of which follow those before."""
        found = [status for kind, rows in tables.items() for status in self._leaps(kind, rows)]
        most, last = _back(tables["book"], self._last)
        if most > _JUMP:
            ordered = tables["book"][tables["book"]["flags"] & _UNORDERED == 0]
            back = np.diff(ordered["ts_event"], prepend=self._last or ordered["ts_event"][0])
            found += [_status(ordered[at], f"{-back[at] / 1e9:.3f} s back") for at in np.flatnonzero(back < -_JUMP)]
        self._last = last
        return found

    def _leaps(self, kind: str, rows: Rows) -> list[Status]:
        was = self._ahead.get(kind, False)
        if not was and _ahead(rows) <= _JUMP:
            return []
        timed = rows[rows["flags"] & _TIMELESS == 0]
        by = timed["ts_event"] - timed["ts_recv"]
        ahead = np.concatenate(([was], by > _JUMP))
        self._ahead[kind] = bool(ahead[-1])
        return [_status(timed[at], f"{by[at] / 1e9:.3f} s ahead") for at in np.flatnonzero(ahead[1:] & ~ahead[:-1])]


@jit
def _back(rows: Any, last: int) -> tuple[int, int]:
    """By how much at most a change of the book is before the one that came before it, and when the last one was; ns."""
    most = 0
    for at in range(len(rows)):
        if rows[at].flags & _UNORDERED == 0:
            now = rows[at].ts_event
            if last:
                most = max(most, last - now)
            last = now
    return most, last


@jit
def _ahead(rows: Any) -> int:
    """By how much at most a row is past its arrival, ns."""
    most = 0
    for at in range(len(rows)):
        if rows[at].flags & _TIMELESS == 0:
            most = max(most, rows[at].ts_event - rows[at].ts_recv)
    return most


def _status(row: Rows, jump: str) -> Status:
    sequence = None if row["flags"] & Flag.NO_SEQUENCE else int(row["sequence"])
    return Status(StatusKind.CLOCK, int(row["ts_recv"]), sequence, f"the venue's clock jumped {jump}")
