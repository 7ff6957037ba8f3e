"""The order in which rows of several tables are taken, and the tables that come out."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from atom.events import Events, Flag, Rows, empty
from atom.instrument import Floats, Ints
from fusion.errors import BadInput

Clock: TypeAlias = Literal["arrival", "venue"]
"""Which time orders events and ends periods: when they arrived, or when they happened by the venue's clock."""

Columns: TypeAlias = dict[str, Floats | Ints]


class Machine(Protocol):
    """What makes metrics of events as they come."""

    def update(self, events: Events) -> Columns:
        """Takes the events that follow those before, and tells the rows that they complete."""


def times(rows: Rows, clock: Clock) -> Ints:
    """The times of rows on a clock, ns; 0 where unknown, which is never ahead of it.

    Raises:
        BadInput: the clock is that of arrival, and they do not tell it.
    """
    if clock == "arrival" and np.any(rows["flags"] & Flag.NO_ARRIVAL):
        raise BadInput("these events do not tell when they arrived; choose the venue's clock")
    return np.ascontiguousarray(rows["ts_recv" if clock == "arrival" else "ts_event"])


def in_order(events: Events, kinds: Sequence[str], clock: Clock) -> Iterator[tuple[int, str, Any]]:
    """Rows of several tables by time, each table in its own order; tables in that of `kinds` where times are equal.

    Which is next depends on nothing but the heads of the tables, so a stream may be cut anywhere in that order.

    Yields:
        Time, kind and row.
    """
    tables = [events.tables().get(kind, empty(kind)) for kind in kinds]
    heads = (zip(times(rows, clock).tolist(), repeat(place), rows) for place, rows in enumerate(tables))
    for now, place, row in heapq.merge(*heads, key=lambda head: head[:2]):
        yield now, kinds[place], row


def table(names: Sequence[str], told: Iterable[Sequence[float]]) -> Columns:
    """Rows as columns: ts, ns, and the named ones."""
    rows = list(told)
    columns = zip(*rows, strict=True) if rows else repeat((), len(names) + 1)
    ts, *values = columns
    return {
        "ts": np.array(ts, np.int64),
        **{name: np.array(column, np.float64) for name, column in zip(names, values, strict=True)},
    }
