"""Reach: which arrivals of a store are of which time of the venue, told from what its files say of themselves.

The two clocks may differ by any amount, so nothing is concluded from one to the other.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from atom.archive.cut import Span
from atom.archive.facts import foreign
from atom.events import MARKET, Flag, Rows
from atom.instrument import Instrument
from atom.store import Store
from atom.store.view import View, steadily
from fusion.errors import CaptureError

_TIMES: Final = ("ts_recv", "ts_event")


class Stretch(NamedTuple):
    """Rows that lie together: when they arrived and of which time they are, each from the first to the last, ns."""

    arrived: Span
    told: Span


class Reach:
    """The stretches of a market that were recorded here.

    Args:
        store: where.
        venue, symbol: which market.
    """

    def __init__(self, store: Store, venue: str, symbol: str) -> None:
        def look(view: View) -> list[Stretch]:
            return sorted(_stretches(view, venue, symbol))

        self._stretches = steadily(store.folder, look)

    def told(self) -> list[Span]:
        """The venue's times of which there is something, in order; spans that touch are one."""
        joined: list[Span] = []
        for span in sorted(stretch.told for stretch in self._stretches):
            if joined and span.start <= joined[-1].end:
                joined[-1] = Span(joined[-1].start, max(span.end, joined[-1].end))
            else:
                joined.append(span)
        return joined

    def arrivals(self, span: Span) -> Span | None:
        """Arrivals, from and before, among which is all of a span of the venue's time, and one row on each side if
        there are any; None where there is nothing later, so that the span may not be over.
        """
        these = [
            n for n, each in enumerate(self._stretches) if each.told.start < span.end and each.told.end > span.start
        ]
        if not any(each.told.end >= span.end for each in self._stretches):
            return None
        if not these:
            these = [max((n for n, each in enumerate(self._stretches) if each.told.end <= span.start), default=0)]
        first, last = these[0], these[-1]
        while first > 0 and min(each.told.start for each in self._stretches[first : last + 1]) > span.start:
            first -= 1
        while last + 1 < len(self._stretches) and self._end(first, last) < span.end:
            last += 1
        return Span(
            min(each.arrived.start for each in self._stretches[first : last + 1]),
            max(each.arrived.end for each in self._stretches[first : last + 1]) + 1,
        )

    def _end(self, first: int, last: int) -> int:
        return max(each.told.end for each in self._stretches[first : last + 1])


def _stretches(view: View, venue: str, symbol: str) -> Iterator[Stretch]:
    for kind in MARKET:
        for file, of_log in view.ordered(venue, symbol, kind):
            yield from _of_file(file.path) if of_log is None else _of_rows(of_log)


def _of_file(path: Path) -> Iterator[Stretch]:
    try:
        told = pq.read_metadata(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise CaptureError(f"{path} cannot be read as Parquet: {error}") from error
    names = told.schema.names
    for place in range(told.num_row_groups):
        group = told.row_group(place)
        found = [group.column(names.index(name)).statistics for name in _TIMES]
        if all(each is not None and each.has_min_max for each in found):
            yield Stretch(*(Span(int(each.min_raw), int(each.max_raw)) for each in found))


def _of_rows(pieces: Sequence[tuple[Instrument, Rows]]) -> Iterator[Stretch]:
    for _, rows in pieces:
        known = rows[(rows["flags"] & Flag.NO_EVENT_TIME == 0) & ~foreign(rows)]
        if len(known):
            yield Stretch(*(Span(int(known[name].min()), int(known[name].max())) for name in _TIMES))
