"""Table: rows of one kind on disk, in files of so many; added to at the end, read anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fusion.errors import StorageFull
from node.exchange.core.journal import joined

Rows = npt.NDArray[Any]
_EACH: Final = 1 << 20
_SUFFIX: Final = ".rows"


class Table:
    """Rows numbered from 0. What is appended is held back until `flush`; readers here see it nevertheless.

    The rows can be made again from the log, so they have no checksums: `fusion exchange verify` compares them.

    Args:
        folder: made where it is not there.
        dtype: of the rows.
        each: rows a file.

    Attributes:
        count: rows so far, those that were dropped among them.
        unsynced: files that the disk may not have yet.
    """

    def __init__(self, folder: Path, dtype: "np.dtype[Any]", each: int = _EACH) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._dtype, self._each = folder, dtype, each
        self._held: list[Rows] = []
        self._kept = stored(folder, dtype)
        self.count = self._kept
        self.unsynced: set[Path] = set()

    @property
    def held(self) -> int:
        """Rows that are not on disk yet."""
        return self.count - self._kept

    def append(self, rows: Rows) -> None:
        """Adds rows at the end."""
        if len(rows):
            self._held.append(rows)
            self.count += len(rows)

    def flush(self) -> None:
        """Writes what was held back; StorageFull where there is no room, and then it is held still."""
        if not self._held:
            return
        rows = joined(self._held, self._dtype)
        while len(rows):
            first = self._kept // self._each * self._each
            part = rows[: first + self._each - self._kept]
            self._write(first, part)
            self._kept += len(part)
            rows = rows[len(part) :]
            self._held = [rows] if len(rows) else []

    def _write(self, first: int, rows: Rows) -> None:
        path, at = self._path(first), (self._kept - first) * self._dtype.itemsize
        self.unsynced.add(path)
        data = memoryview(rows.tobytes())
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                while data:
                    done = os.pwrite(file, data, at)
                    data, at = data[done:], at + done
            finally:
                os.close(file)
        except OSError as error:
            raise StorageFull(f"{path} takes no more ({error.strerror}); make room, then ask again") from error

    def cut(self, count: int) -> None:
        """Forgets all rows from number `count` on."""
        self._held = []
        for path in _files(self._folder):
            first = int(path.stem)
            if first >= count:
                path.unlink()
            elif first + path.stat().st_size // self._dtype.itemsize > count:
                os.truncate(path, (count - first) * self._dtype.itemsize)
        self._kept = self.count = count

    def drop(self, upto: int) -> None:
        """Files whose rows are all below a number go, but not the newest."""
        for path in _files(self._folder)[:-1]:
            if int(path.stem) + self._each <= upto:
                path.unlink()

    def read(self, begin: int, end: int) -> Rows:
        """Rows `begin` to `end`, the end not among them; those that are not kept are left out."""
        parts = [rows[max(0, begin - first) : max(0, end - first)] for first, rows in self._parts(begin)]
        return joined(parts, self._dtype)

    def _parts(self, begin: int) -> Iterator[tuple[int, Rows]]:
        """Rows in pieces, each with the number of its first; all from `begin` on are there."""
        for path in _files(self._folder):
            first = int(path.stem)
            if begin < first + self._each and first < self._kept:
                yield first, read(path, self._dtype)[: self._kept - first]
        if len(self._held) > 1:
            self._held = [joined(self._held, self._dtype)]
        if self._held:
            yield self._kept, self._held[0]

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}{_SUFFIX}"


def read(path: Path, dtype: "np.dtype[Any]") -> Rows:
    """The rows of one file, as the disk has them; a torn one at the end is left out."""
    count = path.stat().st_size // dtype.itemsize
    return np.memmap(path, dtype, "r", shape=(count,)) if count else np.zeros(0, dtype)


def stored(folder: Path, dtype: "np.dtype[Any]") -> int:
    """Rows that a folder's files reach to; none is missing between them."""
    end = 0
    for at, path in enumerate(_files(folder)):
        if at and int(path.stem) != end:
            break
        end = int(path.stem) + path.stat().st_size // dtype.itemsize
    return end


def parts(folder: Path, dtype: "np.dtype[Any]") -> Iterator[tuple[int, Rows]]:
    """What a folder holds, oldest first: the number of a file's first row, and its rows."""
    for path in _files(folder):
        yield int(path.stem), read(path, dtype)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_SUFFIX}"))
