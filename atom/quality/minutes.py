"""Minutes: a day's events, latencies and validity of the book, minute by minute."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from atom.events import Flag, Rows
from atom.instrument import Floats, Ints

MINUTES: Final = 1_440
MINUTE: Final = 60 * 10**9
_TIMELESS: Final = int(Flag.NO_EVENT_TIME | Flag.NO_ARRIVAL)


@dataclass(frozen=True, slots=True)
class Minutes:
    """Columns of 1,440 minutes.

    Attributes:
        events: rows of the book, trades and quotes that arrived.
        median, late: latency that half and 99 % of them stay within, ms; NaN without any.
        valid: share of the minute in which the book was valid; NaN outside the record.
    """

    events: Ints
    median: Floats
    late: Floats
    valid: Floats


def latencies(tables: list[Rows]) -> tuple[Ints, Ints]:
    """Arrivals, and how long after the venue's time they are, ns; of rows that have both times."""
    timed = [rows[rows["flags"] & _TIMELESS == 0] for rows in tables]
    arrivals = np.concatenate([rows["ts_recv"] for rows in timed])
    return arrivals, arrivals - np.concatenate([rows["ts_event"] for rows in timed])


def minutes(tables: list[Rows], start: int, valid: tuple[Ints, Floats]) -> Minutes:
    """A day minute by minute.

    Args:
        tables: its rows.
        start: when it begins, ns.
        valid: moments, ascending, and for how many ns the book had been valid until each.
    """
    arrivals = np.concatenate([rows["ts_recv"] for rows in tables])
    events = np.bincount((arrivals - start) // MINUTE, minlength=MINUTES)
    timed, latency = latencies(tables)
    order = np.argsort(timed, kind="stable")
    minute = (timed[order] - start) // MINUTE
    median, late = np.full(MINUTES, np.nan), np.full(MINUTES, np.nan)
    edges = np.searchsorted(minute, np.arange(MINUTES + 1))
    for index in np.unique(minute):
        of_minute = latency[order[edges[index] : edges[index + 1]]] / 1e6
        median[index], late[index] = np.percentile(of_minute, (50, 99))
    return Minutes(events, median, late, _valid(start, valid))


def _valid(start: int, valid: tuple[Ints, Floats]) -> Floats:
    moments, until = valid
    if len(moments) < 2:
        return np.full(MINUTES, np.nan)
    edges = start + MINUTE * np.arange(MINUTES + 1)
    at = np.clip(edges, moments[0], moments[-1])
    observed = np.diff(at)
    share = np.diff(np.interp((at - start).astype(float), (moments - start).astype(float), until))
    return np.where(observed > 0, share / np.maximum(observed, 1), np.nan)
