"""View: what a store holds at one moment, Parquet and log as one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from atom.events import MARKET, Rows, Status
from atom.instrument import Instrument
from atom.store import disk, names, parquet, segments
from atom.store.frames import Batch
from atom.store.names import File, Name, folder_of
from fusion.errors import Retryable

Span = tuple[int, int]  # arrivals, ns: from, and before
Held = tuple[File, Sequence[tuple[Instrument, Rows]] | None]  # a segment of the log comes with its rows
ALWAYS: Final = (0, 2**63)
DAY: Final = 86_400 * 10**9
_ATTEMPTS: Final = 20

_Found = TypeVar("_Found")


class View:
    """What there is while the log has the segments that were found at first.

    Args:
        folder: the store's.
        held: the segments of its log.
    """

    def __init__(self, folder: Path, held: list[int]) -> None:
        self.folder = folder
        self._held = held
        self._log: dict[int, dict[tuple[str, str], list[Batch]]] = {}

    def files(self, venue: str, symbol: str, kind: str) -> list[File]:
        """The Parquet files that count, in order."""
        folder = self.folder / folder_of(venue, symbol, kind)
        found, again = (sorted(folder.glob("date=*/*.parquet")) for _ in range(2))
        if found != again:  # a folder that changes may show neither the old files nor the new one
            raise FileNotFoundError(folder)
        return names.files(found, self._held)

    def pieces(self, venue: str, symbol: str, kind: str, span: Span = ALWAYS) -> list[tuple[Instrument, Rows]]:
        """The rows of a type that arrived in a span, piece by piece in order."""
        told = []
        for file, of_log in self.ordered(venue, symbol, kind):
            if file.name.last < span[0] or file.name.first >= span[1]:
                continue
            if of_log is None:
                told.append(
                    parquet.read(file.path, kind) if span == ALWAYS else parquet.read_span(file.path, kind, *span)
                )
            else:
                told += [(instrument, _within(rows, span)) for instrument, rows in of_log]
        return told

    def status(self, venue: str, symbol: str, span: Span = ALWAYS) -> list[tuple[Instrument, list[Status]]]:
        """The Status that arrived in a span, piece by piece in order."""
        told = [parquet.read_status(file.path) for file in self.files(venue, symbol, "status")]
        told += [(batch.instrument, batch.status) for batch in self._batches(venue, symbol) if batch.status]
        return [(of, [one for one in those if span[0] <= one.ts_recv < span[1]]) for of, those in told]

    def symbols(self) -> set[tuple[str, str]]:
        """The (venue, symbol) pairs that have events."""
        folders = self.folder.glob("venue=*/symbol=*")
        found = {(names.told(path.parent.name), names.told(path.name)) for path in folders if _holds(path)}
        return found.union(*(self._segment(number) for number in self._held))

    def has(self, venue: str, symbol: str) -> bool:
        """Whether a symbol has events."""
        at = (venue, symbol)
        return _holds(self.folder / folder_of(*at, "any").parent) or any(at in self._segment(n) for n in self._held)

    def dates(self, venue: str, symbol: str) -> set[date]:
        """The days on which events of the market came of a symbol."""
        found = set()
        for kind in MARKET:
            for file, of_log in self.ordered(venue, symbol, kind):
                if of_log is None:
                    found.add(date.fromisoformat(file.path.parent.name.removeprefix("date=")))
                else:
                    arrivals = np.unique(np.concatenate([rows["ts_recv"] for _, rows in of_log]) // DAY)
                    found |= {datetime.fromtimestamp(int(day) * 86_400, UTC).date() for day in arrivals}
        return found

    def instruments(self, venue: str, symbol: str) -> list[Instrument]:
        """How the instrument was told of, in files of any type and in the log."""
        folder = folder_of(venue, symbol, "*")
        found = [parquet.instrument(path) for path in sorted(self.folder.glob(f"{folder}/date=*/*.parquet"))]
        return found + [batch.instrument for batch in self._batches(venue, symbol)]

    def ordered(self, venue: str, symbol: str, kind: str) -> list[Held]:
        """Files and segments that hold a type, in order."""
        found: dict[File, Sequence[tuple[Instrument, Rows]] | None] = dict.fromkeys(self.files(venue, symbol, kind))
        for number in self._held:
            pieces = list(_rows(self._segment(number).get((venue, symbol), []), kind))
            if pieces:
                times = [rows["ts_recv"] for _, rows in pieces]
                span = int(min(map(np.min, times))), int(max(map(np.max, times)))
                found[File(segments.place(self.folder, number), Name(*span, (number, number)))] = pieces
        return [(file, found[file]) for file in names.ordered(found)]

    def _batches(self, venue: str, symbol: str) -> Iterator[Batch]:
        for number in self._held:
            yield from self._segment(number).get((venue, symbol), [])

    def _segment(self, number: int) -> dict[tuple[str, str], list[Batch]]:
        if number not in self._log:
            place = segments.place(self.folder, number)
            # of one whose recorder was killed the book is lost, though nobody has recorded since
            written = number == self._held[-1] and disk.is_held(place.with_name(segments.LOCK))
            self._log[number] = segments.cached(place, open_=written)
        return self._log[number]


def steadily(folder: Path, look: Callable[[View], _Found]) -> _Found:
    """What `look` finds, once nothing has become Parquet and no file has gone while it looked.

    Raises:
        Retryable: something did each time.
    """
    for _ in range(_ATTEMPTS):
        held = segments.numbers(folder)
        with suppress(FileNotFoundError):
            found = look(View(folder, held))
            if segments.numbers(folder) == held:
                return found
    raise Retryable(f"the files of {folder} come and go faster than they can be read; try again")


def _holds(folder: Path) -> bool:
    """Whether there is a file below a symbol's folder; however many there are, the first tells."""
    return next(folder.glob("type=*/date=*/*.parquet"), None) is not None


def _rows(batches: list[Batch], kind: str) -> Iterator[tuple[Instrument, Rows]]:
    for batch in batches:
        for rows in batch.tables.get(kind, ()):
            yield batch.instrument, rows


def _within(rows: Rows, span: Span) -> Rows:
    if span == ALWAYS:
        return rows
    return rows[(rows["ts_recv"] >= span[0]) & (rows["ts_recv"] < span[1])]
