"""Segments: the files of the log, numbered in the order in which they were begun. A number is never used again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from atom.events import Action, Flag, Rows, Status, StatusKind, empty
from atom.store import frames
from atom.store.frames import Batch, Frame, Hole

LOG: Final = "log"
LOCK: Final = "lock"
_DIGITS: Final = 10
_UNSURE: Final = Flag.BY_PRICE | Flag.NO_ORDER | Flag.NO_SEQUENCE | Flag.NO_EVENT_TIME | Flag.DERIVED | Flag.LAST


def place(folder: Path, number: int) -> Path:
    """Where a segment of the store in `folder` is."""
    return folder / LOG / f"{number:0{_DIGITS}d}.log"


def numbers(folder: Path) -> list[int]:
    """The segments that are there, in order; the last is written to, or was when its recorder ended."""
    return sorted(int(path.stem) for path in (folder / LOG).glob("[0-9]" * _DIGITS + ".log"))


def batches(content: bytes, name: str, *, open_: bool = False) -> dict[tuple[str, str], list[Batch]]:
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
