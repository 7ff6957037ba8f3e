"""Rotation: a closed segment of the log becomes Parquet. Done again, it makes the same files."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from atom.events import DTYPES, Rows, Status
from atom.instrument import Instrument
from atom.store import disk, parquet, segments
from atom.store.checkpoint import Course
from atom.store.frames import Batch
from atom.store.names import Name, folder_of
from atom.store.parquet import CHECKPOINT, Part

_DAY = 86_400


def rotate(folder: Path, number: int, courses: dict[tuple[str, str], Course]) -> list[Path]:
    """Writes the files of a segment, and removes it once they are all in place.

    Until then readers take its rows from the segment and leave these files aside.

    Args:
        folder: the store's.
        number: the segment's.
        courses: the books so far, by (venue, symbol); of the segments that this recorder has made before.

    Returns:
        the files.

    Raises:
        OSError: the disk refuses; the segment is as it was.
    """
    place = segments.place(folder, number)
    staged: list[tuple[Path, Path]] = []
    try:
        for (venue, symbol), batches in segments.batches(place.read_bytes(), place.name).items():
            whole = parquet.finest([batch.instrument for batch in batches])
            course = courses.setdefault((venue, symbol), Course())
            for kind, part in _parts(batches, whole, course, number):
                to = folder / folder_of(venue, symbol, kind) / path_of(part, (number, number))
                staged.append((disk.stage(to, partial(parquet.write, of=whole, tables=[part.table])), to))
        for temporary, to in staged:
            disk.settle(temporary, to)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    for parent in {to.parent for _, to in staged}:
        disk.sync(parent)
    disk.remove(place)
    return [to for _, to in staged]


def parts(kind: str, rows: Rows, of: Instrument, course: Course, number: int = 0) -> Iterator[tuple[str, Part]]:
    """Rows of a type as parts for files, each with its type; those of the book with its checkpoints.

    Args:
        kind: their type.
        rows: on the steps of `of`.
        course: the book before them.
        number: of the segment, or 0 for an import.
    """
    for part in parquet.parts(rows):
        yield kind, part
        if kind == "book" and part.rows is not None:
            pictures = course.pictures(of, part.rows, number)
            if len(pictures):
                yield CHECKPOINT, replace(part, table=parquet.table_of(pictures), rows=pictures)


def path_of(part: Part, of: tuple[int, int] | None) -> Path:
    """A part's folder and name below its type."""
    date = datetime.fromtimestamp(part.day * _DAY, UTC).date().isoformat()
    return Path(f"date={date}", str(Name(*part.span, of)))


def _parts(batches: Sequence[Batch], whole: Instrument, course: Course, number: int) -> Iterator[tuple[str, Part]]:
    for kind in DTYPES:
        yield from parts(kind, rows_of(kind, batches, whole), whole, course, number)
    for part in parquet.status_parts(status_of(batches)):
        yield "status", part


def rows_of(kind: str, batches: Sequence[Batch], whole: Instrument) -> Rows:
    """The rows of a type on one tick and lot."""
    pieces = [(batch.instrument, rows) for batch in batches for rows in batch.tables.get(kind, ())]
    return parquet.joined(kind, pieces, whole)


def status_of(batches: Sequence[Batch]) -> list[Status]:
    """Their Status, in order."""
    return [one for batch in batches for one in batch.status]
