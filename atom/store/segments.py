"""Segments: the files of the log, numbered in the order in which they were begun. A number is never used again."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from atom.events import Action, Flag, Rows, Status, StatusKind, empty
from atom.store import frames
from atom.store.frames import Batch, Frame, Hole

LOG: Final = "log"
LOCK: Final = "lock"
_DIGITS: Final = 10
_KEPT: Final = 2  # segments as read: the one that is written to, and the one before while it becomes Parquet
_UNSURE: Final = Flag.BY_PRICE | Flag.NO_ORDER | Flag.NO_SEQUENCE | Flag.NO_EVENT_TIME | Flag.DERIVED | Flag.LAST

Batches: TypeAlias = dict[tuple[str, str], list[Batch]]

_lock = Lock()
_cache: dict[Path, tuple[object, Batches]] = {}


def place(folder: Path, number: int) -> Path:
    """Where a segment of the store in `folder` is."""
    return folder / LOG / f"{number:0{_DIGITS}d}.log"


def numbers(folder: Path) -> list[int]:
    """The segments that are there, in order; the last is written to, or was when its recorder ended."""
    return sorted(int(path.stem) for path in (folder / LOG).glob("[0-9]" * _DIGITS + ".log"))


def cached(at: Path, *, open_: bool) -> Batches:
    """What the segment at a path holds, see `batches`; read once while it does not grow, since a question to a store
    looks at it again and again. Nothing of it may be changed.
    """
    with _lock, at.open("rb") as file:  # several who ask at once read it once
        told = os.fstat(file.fileno())
        state = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, open_)
        kept = _cache.pop(at, None)
        if kept is None or kept[0] != state:
            while len(_cache) >= _KEPT:
                del _cache[next(iter(_cache))]
            kept = state, batches(file.read(told.st_size), at.name, open_=open_)
        _cache[at] = kept
        return kept[1]


def batches(content: bytes, name: str, *, open_: bool = False) -> Batches:
    """What a segment holds, by (venue, symbol), each in order.

    Where frames are missing, and where the segment has no end since its recorder had none, every symbol is told so by
    a Status, and every book by a CLEAR: what it was is not served as if it went on.

    Args:
        content: of its file.
        name: for errors.
        open_: whether it may still be written to, so that nothing follows from a missing end.

    Raises:
        CaptureError: it is of another schema.
    """
    read = list(frames.read(content, name))
    if open_ and read and isinstance(read[-1], Hole):
        read.pop()
        if read and isinstance(read[-1], Hole):  # a frame is being written
            read.pop()
    found: dict[tuple[str, str], list[Batch]] = {}
    until = 0
    for batch in _told(read):
        found.setdefault((batch.instrument.venue, batch.instrument.symbol), [])
    books = {_key(batch) for batch in _told(read) if "book" in batch.tables or not (batch.tables or batch.status)}
    for each in _holes_joined(read):
        if isinstance(each, Frame):
            until = each.until
            for batch in each.batches:
                found[_key(batch)].append(batch)
        elif until:
            for key, those in found.items():
                those.append(_lost(those[-1] if those else _first(read, key), each, until, book=key in books))
    return {key: those for key, those in found.items() if those}


def _key(batch: Batch) -> tuple[str, str]:
    return batch.instrument.venue, batch.instrument.symbol


def _told(read: list[Frame | Hole]) -> Iterator[Batch]:
    for each in read:
        if isinstance(each, Frame):
            yield from each.batches


def _first(read: list[Frame | Hole], key: tuple[str, str]) -> Batch:
    return next(batch for batch in _told(read) if _key(batch) == key)


def _holes_joined(read: list[Frame | Hole]) -> Iterator[Frame | Hole]:
    size: int | None = None
    for each in read:
        if isinstance(each, Hole):
            size = (size or 0) + each.size
            continue
        if size is not None:
            yield Hole(size)
            size = None
        yield each
    if size is not None:
        yield Hole(size)


def _lost(before: Batch, hole: Hole, until: int, *, book: bool) -> Batch:
    dropped = f"; {hole.size} bytes that were no whole frame are dropped" if hole.size else ""
    told = Status(StatusKind.CRASH, until, None, f"the recorder ended without a word{dropped}")
    tables: dict[str, list[Rows]] = {}
    if book:
        row = empty("book", 1)
        row["ts_recv"], row["flags"], row["action"] = until, int(_UNSURE), int(Action.CLEAR)
        tables["book"] = [row]
    return replace(before, tables=tables, status=[told])
