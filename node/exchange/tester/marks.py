"""Marks: the best prices of a market over a run, in a file, so that a long run takes no more memory than a short one.

The file has no name: it is gone with the run, however that ends.
"""

import os
import weakref
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Literal

import numpy as np

from fusion.errors import StorageFull
from node.exchange.tester.memory import MARK, Floats, Ints, Rows

BLOCK: Final = 1 << 14
"""Rows that are read at a time."""


class Marks:
    """Rows of dtype MARK in the order of their times, no two of one time.

    Args:
        folder: on whose disk they are; None: where the system has room for what passes.

    Raises:
        StorageFull: there is no room there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        try:
            self._file = TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - it is closed when nobody has the marks
        except OSError as error:
            raise _full(folder, error) from error
        weakref.finalize(self, self._file.close)
        self._folder, self._count, self._hash = folder, 0, sha256()
        self._begins: list[int] = []  # of each block its first time
        self._before: list[int] = []  # and bid + ask when both were there last before it; 0: never
        self._last = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Rows) -> None:
        """Appends rows; StorageFull where there is no room for them."""
        if not len(rows):
            return
        raw = memoryview(rows.tobytes())
        self._hash.update(raw)
        try:
            while raw:
                raw = raw[self._file.write(raw) or 0 :]
        except OSError as error:
            raise _full(self._folder, error) from error
        sums = _sums(rows, self._last)
        for at in range(-self._count % BLOCK, len(rows), BLOCK):
            self._begins.append(int(rows["time"][at]))
            self._before.append(int(sums[at - 1]) if at else self._last)
        self._count += len(rows)
        self._last = int(sums[-1])

    def read(self, first: int = 0, last: int | None = None) -> Rows:
        """The rows from the one on and before the other; None: to the end."""
        last = self._count if last is None else min(last, self._count)
        raw = os.pread(self._file.fileno(), (last - first) * MARK.itemsize, first * MARK.itemsize)
        return np.frombuffer(raw, MARK)

    def digest(self) -> bytes:
        """Hash of all rows."""
        return self._hash.digest()

    def at(self, times: Ints, *, before: bool = False) -> Rows:
        """The row at each time, or just `before` it, whatever the times' order; all 0 where there was none."""
        return self._at(times, before=before)[0]

    def mid(self, times: Ints, *, before: bool = False) -> Floats:
        """The mid price at each time, or just `before` it, ticks; NaN where a side was empty."""
        rows = self.at(times, before=before)
        return np.where((rows["bid"] > 0) & (rows["ask"] > 0), 0.5 * (rows["bid"] + rows["ask"]), np.nan)

    def last_mid(self, times: Ints) -> Floats:
        """The last mid price that there was at each time, ticks; NaN before the first."""
        sums = self._at(times)[1]
        return np.where(sums > 0, 0.5 * sums, np.nan)

    def last_mark(self, times: Ints) -> Floats:
        """The mark price at each time, ticks; NaN before the first."""
        price = self.at(times)["mark"]
        return np.where(price > 0, price, np.nan)

    def _at(self, times: Ints, *, before: bool = False) -> tuple[Rows, Ints]:
        """The row at each time, and bid + ask when both were there last; blocks that hold none are not read."""
        rows, sums = np.zeros(len(times), MARK), np.zeros(len(times), np.int64)
        side: Literal["left", "right"] = "left" if before else "right"
        block = np.searchsorted(np.array(self._begins, np.int64), times, side) - 1
        order = np.argsort(block, kind="stable")
        cuts = np.flatnonzero(np.diff(block[order])) + 1
        for some in np.split(order, cuts):
            if not len(some) or (number := int(block[some[0]])) < 0:
                continue
            there = self.read(number * BLOCK, (number + 1) * BLOCK)
            place = np.searchsorted(there["time"], times[some], side) - 1
            rows[some] = there[place]
            sums[some] = _sums(there, self._before[number])[place]
        return rows, sums


def _sums(rows: Rows, before: int) -> Ints:
    """Of each row bid + ask when both were there last; `before` the first: so much."""
    known = (rows["bid"] > 0) & (rows["ask"] > 0)
    place = np.maximum.accumulate(np.where(known, np.arange(len(rows)), -1))
    return np.where(place >= 0, rows["bid"][np.maximum(place, 0)] + rows["ask"][np.maximum(place, 0)], before)


def _full(folder: Path | None, error: OSError) -> StorageFull:
    where = folder or "the system's temporary folder"
    return StorageFull(f"{where} takes no more ({error.strerror}); make room, or set FUSION_HOME")
