"""Log: what the exchange was asked, kept before it is done, in files that are only ever added to.

A file begins with `_MAGIC` and the number of its first record. A record is a checksum of its head, one of its content
(CRC-32), the content's length, its number, which is one above the last one's, its kind; and its content.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from fusion.errors import BadInput, StorageFull

_MAGIC: Final = b"FUSIONX1"
_FIRST: Final = struct.Struct("<8sQ")
_HEAD: Final = struct.Struct("<IIIQI")
_SUM: Final = 4  # bytes of the head's checksum
_SECTOR: Final = 512
_SUFFIX: Final = ".log"


class Record(NamedTuple):
    """One thing that was asked."""

    number: int
    kind: int
    content: bytes


class Log:
    """Records in a folder, numbered from 1. What a process that was killed had begun to write is cut off.

    Args:
        folder: made where it is not there.
        sync: whether a write waits until the disk has it; without, it outlives this process but not a power cut.

    Attributes:
        last: number of the newest record; 0 where there is none.
    """

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._sync = folder, sync
        self._file: int | None = None
        self._size = 0
        self.last = 0
        if found := _segments(folder):
            self._reopen(found[-1])

    def _reopen(self, newest: Path) -> None:
        first, data = _first(newest), newest.read_bytes()
        self.last, self._size = first - 1, _FIRST.size
        for record, end in _records(newest, data, newest=True):
            self.last, self._size = record.number, end
        if len(data) < _FIRST.size:  # it was killed before the file had its head
            newest.unlink()
            self._size = 0
            return
        self._file = os.open(newest, os.O_WRONLY)
        os.ftruncate(self._file, self._size)

    def append(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Keeps records (kind, content) in one write; StorageFull where there is no room, and then none is kept."""
        data = b"".join(_packed(self.last + 1 + at, kind, content) for at, (kind, content) in enumerate(records))
        try:
            file = self._file if self._file is not None else self._begin()
            _write(file, self._size, data)
            if self._sync:
                os.fdatasync(file)
        except OSError as error:
            self._undo()
            raise StorageFull(f"{self._folder} takes no more ({error.strerror}); make room, then ask again") from error
        self._size += len(data)
        self.last += len(records)

    def reach(self, number: int) -> None:
        """Numbers go on above that one: a snapshot has what a log lost that a power cut came upon."""
        if self.last < number:
            self.rotate()
            self.last = number

    def rotate(self) -> None:
        """The next record begins a file."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def close(self) -> None:
        self.rotate()

    def read(self, after: int) -> Iterator[Record]:
        """Records above a number, oldest first."""
        yield from read(self._folder, after)

    def drop(self, upto: int) -> None:
        """Files that hold nothing above a number go."""
        found = _segments(self._folder)
        for path, following in pairwise(found):
            if _first(following) <= upto + 1:
                path.unlink()

    def _begin(self) -> int:
        path = self._folder / f"{self.last + 1:020d}{_SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._size = 0
        head = _FIRST.pack(_MAGIC, self.last + 1)
        _write(self._file, 0, head)
        self._size = len(head)
        if self._sync:
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return self._file

    def _undo(self) -> None:
        """Takes back what was written in part; a file without its head goes."""
        if self._file is None:
            return
        os.ftruncate(self._file, self._size)
        if self._size < _FIRST.size:
            self.rotate()


def read(folder: Path, after: int = 0) -> Iterator[Record]:
    """Records of a log above a number, oldest first; also of one that somebody still writes.

    Raises:
        BadInput: a record is damaged, or one is missing.
    """
    found = _segments(folder)
    expected, begun = after + 1, False
    for at, path in enumerate(found):
        if at + 1 < len(found) and _first(found[at + 1]) <= after + 1:
            continue
        if _first(path) > expected or (begun and _first(path) != expected):
            raise BadInput(f"{folder}: records {expected} to {_first(path) - 1} are missing")
        expected, begun = _first(path), True
        for record, _ in _records(path, path.read_bytes(), newest=at + 1 == len(found)):
            expected = record.number + 1
            if record.number > after:
                yield record


def first(folder: Path) -> int:
    """Number of the oldest record that is kept, or would be; 0 where there is no file."""
    found = _segments(folder)
    return _first(found[0]) if found else 0


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_SUFFIX}"))


def _first(path: Path) -> int:
    return int(path.stem)


def _packed(number: int, kind: int, content: bytes) -> bytes:
    head = _HEAD.pack(0, zlib.crc32(content), len(content), number, kind)[_SUM:]
    return zlib.crc32(head).to_bytes(_SUM, "little") + head + content


def _records(path: Path, data: bytes, *, newest: bool) -> Iterator[tuple[Record, int]]:
    """The records of a file, each with where it ends. A torn one at the file's end, or zeros there, are as if they were
    never written, and in the newest file so is a last one of which a sector never came to the disk; all else that is
    wrong is damage: BadInput.
    """
    if len(data) < _FIRST.size:
        return
    magic, number = _FIRST.unpack_from(data)
    if magic != _MAGIC or number != _first(path):
        raise BadInput(f"{path} is not a log of this version")
    at, view = _FIRST.size, memoryview(data)
    while at + _HEAD.size <= len(data):
        head, content, length, found, kind = _HEAD.unpack_from(data, at)
        begin = at + _HEAD.size
        whole = zlib.crc32(view[at + _SUM : begin]) == head and found == number
        end = begin + length
        if (whole and end > len(data)) or (not whole and not any(view[at:])):
            return
        if newest and whole and end == len(data) and zlib.crc32(view[begin:end]) != content and _lacks(view, begin):
            return
        if not whole or zlib.crc32(view[begin:end]) != content:
            raise BadInput(f"{path} is damaged at byte {at}; put back a copy, or cut it there to lose what follows")
        yield Record(found, kind, data[begin:end]), end
        at, number = end, number + 1


def _lacks(view: memoryview, begin: int) -> bool:
    """Whether a sector is empty between a place and the end; what a record says is never that empty, or ends so."""
    edges = [begin, *range(begin // _SECTOR * _SECTOR + _SECTOR, len(view), _SECTOR), len(view)]
    return any(not any(view[start:end]) for start, end in pairwise(edges))


def _write(file: int, at: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(file, view, at)
        view, at = view[done:], at + done
