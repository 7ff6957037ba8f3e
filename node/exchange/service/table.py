"""Table: rows of one kind on disk, in files of so many; added to at the end, read anywhere."""

import os
from collections.abc import Callable, Iterator
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
    """

    def __init__(self, folder: Path, dtype: "np.dtype[Any]", each: int = _EACH) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._dtype, self._each = folder, dtype, each
        self._held: list[Rows] = []
        self._kept = stored(folder, dtype)
        self.count = self._kept

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
        """Files whose rows are all below a number go."""
        for path in _files(self._folder):
            if int(path.stem) + self._each <= upto:
                path.unlink()

    def read(self, begin: int, end: int) -> Rows:
        """Rows `begin` to `end`, the end not among them; those that are not kept are left out."""
        parts = [rows[max(0, begin - first) : max(0, end - first)] for first, rows in self._parts()]
        return joined(parts, self._dtype)

    def newest(self, wanted: Callable[[Rows], npt.NDArray[np.bool_]], limit: int) -> Rows:
        """The newest rows for which `wanted` is true, oldest first."""
        return self._some(reversed(list(self._parts())), wanted, limit, newest=True)

    def oldest(self, wanted: Callable[[Rows], npt.NDArray[np.bool_]], limit: int) -> Rows:
        """The oldest rows for which `wanted` is true, oldest first."""
        return self._some(self._parts(), wanted, limit, newest=False)

    def _some(
        self,
        parts: Iterator[tuple[int, Rows]],
        wanted: Callable[[Rows], npt.NDArray[np.bool_]],
        limit: int,
        *,
        newest: bool,
    ) -> Rows:
        found: list[Rows] = []
        left = limit
        for _, rows in parts:
            if left <= 0:
                break
            chosen = rows[wanted(rows)]
            chosen = chosen[-left:] if newest else chosen[:left]
            found.append(chosen)
            left -= len(chosen)
        return joined(list(reversed(found)) if newest else found, self._dtype)

    def _parts(self) -> Iterator[tuple[int, Rows]]:
        for path in _files(self._folder):
            first = int(path.stem)
            yield first, read(path, self._dtype)[: self._kept - first]
        at = self._kept
        for rows in self._held:
            yield at, rows
            at += len(rows)

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}{_SUFFIX}"


def read(path: Path, dtype: "np.dtype[Any]") -> Rows:
    """The rows of one file, as the disk has them; a torn one at the end is left out."""
    count = path.stat().st_size // dtype.itemsize
    return np.memmap(path, dtype, "r", shape=(count,)) if count else np.zeros(0, dtype)


def stored(folder: Path, dtype: "np.dtype[Any]") -> int:
    """Rows that a folder's files reach to."""
    found = _files(folder)
    return int(found[-1].stem) + found[-1].stat().st_size // dtype.itemsize if found else 0


def parts(folder: Path, dtype: "np.dtype[Any]") -> Iterator[tuple[int, Rows]]:
    """What a folder holds, oldest first: the number of a file's first row, and its rows."""
    for path in _files(folder):
        yield int(path.stem), read(path, dtype)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{_SUFFIX}"))
