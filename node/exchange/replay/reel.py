"""Reel: a market's commands in memory or in a file, handed out part by part; a long one takes no more room."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from fusion.errors import StorageFull
from node.exchange.core.command import COMMAND
from node.exchange.exchange import Commands

PART: Final = 1 << 16
"""Commands of a part, but where more of them have one time."""


class Reel:
    """Commands in the order of their times.

    Args:
        rows: all of them, or the file that `wound` wrote.
        first, last: those from the one on and before the other; None: to the end.
    """

    def __init__(self, rows: Commands | Path, first: int = 0, last: int | None = None) -> None:
        self._rows, self._first = rows, first
        there = rows.stat().st_size // COMMAND.itemsize if isinstance(rows, Path) else len(rows)
        self._last = there if last is None else min(last, there)

    def __len__(self) -> int:
        return max(0, self._last - self._first)

    @property
    def first(self) -> int:
        """How many commands come before these."""
        return self._first

    @cached_property
    def begin(self) -> int:
        """Time of the first command, ns; there must be one."""
        return int(self._read(0, 1)["time"][0])

    @cached_property
    def end(self) -> int:
        """Time of the last command, ns; there must be one."""
        return int(self._read(len(self) - 1, len(self))["time"][0])

    def cut(self, first: int, last: int | None = None) -> "Reel":
        """The commands from `first` on and before `last`; their places count from this reel's first."""
        end = self._last if last is None else min(self._last, self._first + last)
        return Reel(self._rows, self._first + first, end)

    def at(self, time: int) -> int:
        """Place of the first command that is not before a time, ns."""
        return bisect_left(range(len(self)), time, key=lambda place: int(self._read(place, place + 1)["time"][0]))

    def parts(self) -> Iterator[Commands]:
        """All commands, part by part; two of one time are always in the same part."""
        at, size = 0, PART
        while at < len(self):
            part = self._read(at, min(at + size, len(self)))
            end = len(part)
            if at + end < len(self):
                end = int(np.searchsorted(part["time"], part["time"][-1]))
            if not end:
                size *= 2
                continue
            yield part[:end]
            at, size = at + end, PART

    def digest(self) -> str:
        """Hash of all commands."""
        found = sha256()
        for part in self.parts():
            found.update(part.tobytes())
        return found.hexdigest()

    def kept(self, path: Path) -> "Reel":
        """The same commands in a file: their own where they are in one."""
        return self if isinstance(self._rows, Path) else wound(self.parts(), path)

    @property
    def folder(self) -> Path | None:
        """Where its file is."""
        return self._rows.parent if isinstance(self._rows, Path) else None

    def _read(self, first: int, last: int) -> Commands:
        first, last = self._first + first, self._first + last
        if isinstance(self._rows, Path):
            return np.fromfile(self._rows, COMMAND, last - first, offset=first * COMMAND.itemsize)
        return self._rows[first:last]


@contextmanager
def working_folder(home: Path) -> Iterator[Path]:
    """A folder for reels, on the disk of a home: what is meant for passing files may be memory. Gone afterwards.

    Raises:
        StorageFull: it cannot be made.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(prefix="reels-", dir=home)
    except OSError as error:
        raise StorageFull(f"{home} takes no folder ({error.strerror}); make room, or set FUSION_HOME") from error
    with folder as name:
        yield Path(name)


def wound(blocks: Iterable[Commands], path: Path) -> Reel:
    """Writes commands into a file.

    Raises:
        StorageFull: there is no room for them; the file is gone then.
    """
    try:
        with path.open("wb") as file:
            for block in blocks:
                file.write(block.tobytes())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageFull(f"{path.parent} takes no more ({error.strerror}); make room") from error
    return Reel(path)
