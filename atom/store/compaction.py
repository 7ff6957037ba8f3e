"""Compaction: the many small files of a closed day become one, at one rename.

The new file's name holds the segments of all of them, so from its rename on they do not count, and removing them is
only tidying: whoever is killed in between leaves that to the next compaction.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa

from atom.events import Rows
from atom.instrument import Instrument
from atom.store import disk, names, parquet, segments
from atom.store.names import File, Name
from atom.store.parquet import CHECKPOINT
from fusion.errors import BadInput, FusionError

_LEVEL: Final = 9  # of zstd: this is done once
LOCK: Final = "compaction"
_FEWEST: Final = 2
_FORGOTTEN: Final = 86_400  # seconds after which nobody is still writing a file


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became one file.

    Attributes:
        path: the file.
        files: how many it was made of.
        before, after: their bytes, and its.
    """

    path: Path
    files: int
    before: int
    after: int


def compact(folder: Path, before: str | None = None) -> Iterator[Compacted]:
    """Compacts what was recorded live on days that are over; imports stay as they are.

    Args:
        folder: the store's.
        before: days before this one, such as `2024-01-31`, UTC; today by default.

    Raises:
        BadInput: `before` is no day.
        FusionError: another compaction runs here, or the disk refuses; nothing is lost.
        CaptureError: a file is damaged.
    """
    limit = f"date={_day_of(before)}"
    try:
        lock = disk.hold(folder / segments.LOG / LOCK, f"another compaction of {folder} is running; wait for it")
        with disk.released(lock):
            for symbol in sorted(folder.glob("venue=*/symbol=*")):
                for date in sorted({path.name for path in symbol.glob("type=*/date=*")}):
                    if date < limit:
                        yield from _day(folder, symbol, date)
    except OSError as error:
        raise FusionError(f"{folder} cannot be compacted: {error.strerror or error}") from error


def _day_of(told: str | None) -> str:
    try:
        return (date.fromisoformat(told) if told else datetime.now(UTC).date()).isoformat()
    except ValueError as error:
        raise BadInput(f"{told!r:.40} is no day; write it like 2024-01-31") from error


def _day(folder: Path, symbol: Path, date: str) -> Iterator[Compacted]:
    for kind in sorted(path.name.partition("=")[2] for path in symbol.glob("type=*")):
        if kind == CHECKPOINT:
            continue  # with their book
        held = segments.numbers(folder)
        place = symbol / f"type={kind}" / date
        files = names.files(place.glob("*.parquet"), held)
        for live, those in groupby(files, lambda file: file.name.segments is not None):
            some = list(those)  # what was imported between two of them stays between them
            if live and len(some) >= _FEWEST:
                yield _one(some, kind)
        _tidy(place, held)
        if kind == "book":
            _tidy_pictures(place, held)


def _one(live: Sequence[File], kind: str) -> Compacted:
    """Makes one file of several. Those of a book take their checkpoints with them, whose place comes first: a
    checkpoint without its file is not looked at.
    """
    spans = [file.name.segments for file in live if file.name.segments is not None]
    name = Name(
        min(file.name.first for file in live),
        max(file.name.last for file in live),
        (min(low for low, _ in spans), max(high for _, high in spans)),
    )
    place = live[0].path.with_name(str(name))
    whole = parquet.finest([parquet.instrument(file.path) for file in live])
    before = sum(file.path.stat().st_size for file in live)
    staged = []
    if kind == "book":
        beside = parquet.beside(place)
        if any(parquet.beside(file.path).exists() for file in live):
            staged.append((disk.stage(beside, _writing(_pictures(live, whole), whole)), beside))
    staged.append((disk.stage(place, _writing(_tables(live, kind, whole), whole)), place))
    for temporary, to in staged:
        disk.settle(temporary, to)
        disk.sync(to.parent)
    return Compacted(place, len(live), before, place.stat().st_size)


def _writing(tables: Iterator[pa.Table], whole: Instrument) -> Callable[[IO[bytes]], None]:
    return partial(parquet.write, of=whole, tables=tables, level=_LEVEL)


def _tables(live: Sequence[File], kind: str, whole: Instrument) -> Iterator[pa.Table]:
    """The rows of all, a row group at a time."""
    if kind == "status":
        yield parquet.status_table([one for file in live for one in parquet.read_status(file.path)[1]])
        return
    waiting: list[Rows] = []
    for file in live:
        instrument, rows = parquet.read(file.path, kind)
        waiting.append(parquet.on_steps(kind, rows, instrument, whole))
        if sum(map(len, waiting)) >= parquet.ROWS:
            rows = np.concatenate(waiting)
            edge = len(rows) - len(rows) % parquet.ROWS
            yield parquet.table_of(rows[:edge])
            waiting = [rows[edge:]]
    rest = np.concatenate(waiting)
    if len(rest):
        yield parquet.table_of(rest)


def _pictures(live: Sequence[File], whole: Instrument) -> Iterator[pa.Table]:
    """The checkpoints of all; each holds so many rows more as there are files before its own."""
    at = 0
    for file in live:
        path = parquet.beside(file.path)
        if path.exists():
            instrument, rows = parquet.read(path, CHECKPOINT)
            rows = parquet.on_steps(CHECKPOINT, rows, instrument, whole).copy()
            rows["row"] += at
            yield parquet.table_of(rows)
        at += parquet.count(file.path)


def _tidy(place: Path, held: Sequence[int]) -> None:
    """Removes what a compaction has replaced, and what somebody did not come to finish."""
    for path in place.glob(f".*{disk.PART}"):
        if time.time() - path.stat().st_mtime > _FORGOTTEN:
            disk.remove(path)
    counting = {file.path for file in names.files(place.glob("*.parquet"), held)}
    for path in place.glob("*.parquet"):
        live = names.parsed(path).segments
        if path not in counting and live is not None and live[0] not in held:
            disk.remove(path)


def _tidy_pictures(place: Path, held: Sequence[int]) -> None:
    """Removes checkpoints whose file is gone."""
    for path in parquet.beside(place / "any").parent.glob("*.parquet"):
        live = names.parsed(path).segments
        if live is not None and live[0] not in held and not (place / path.name).exists():
            disk.remove(path)
