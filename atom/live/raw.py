"""Raw: what came over the wire, written as `atom.capture` reads it, so that a recording can be made again from it.

A run has a folder of its own; in it each stream has its files, `binance.ws.1.0.zst` and on, of whole zstd frames. A
crash loses what was not flushed.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa

from atom.capture import Form, Line
from fusion.errors import FusionError

_SECOND: Final = 10**9
_ROTATE: Final = 64 * 2**20  # bytes of a file
_MARKS: Final = {Form.ANSWER: "->", Form.NOTE: "<!", Form.ODD: "<?"}
HTTP: Final = 0
"""The stream of HTTP answers; those of WebSockets count from 1."""


class Raw:
    """The files of one run.

    Args:
        folder: where the run gets its folder, named by the time.
        now: ns UTC.
    """

    def __init__(self, folder: Path, now: int) -> None:
        name = f"{datetime.fromtimestamp(now // _SECOND, UTC):%Y%m%dT%H%M%S}.{now % _SECOND:09d}Z"
        self.folder = folder / name
        self._files: dict[tuple[str, int], _File] = {}

    def write(self, venue: str, line: Line, url: str) -> None:
        """Adds a line.

        Args:
            venue: venue id.
            line: what came.
            url: of its stream, or of the request that it answers.
        """
        file = self._files.get((venue, line.stream))
        if file is None:
            kind = "http" if line.stream == HTTP else "ws"
            file = self._files[venue, line.stream] = _File(self.folder, f"{venue}.{kind}.{line.stream}")
        at = b"%d.%09d" % divmod(line.ts_recv, _SECOND)
        if line.form is Form.MESSAGE:
            file.lines += (at, b": ", line.body, b"\n")
        elif line.form is Form.CONNECT:
            file.lines += (url.encode(), b" <-> ", at, b"\n")
        else:
            file.lines += (f"{url} {_MARKS[line.form]} ".encode(), at, b": ", line.body, b"\n")

    def flush(self) -> None:
        """Writes what was added since the last time.

        Raises:
            FusionError: the disk refuses.
        """
        try:
            for file in self._files.values():
                file.flush()
        except OSError as error:
            raise FusionError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        """Flushes and closes all files."""
        try:
            self.flush()
        finally:
            for file in self._files.values():
                file.close()


class _File:
    """One stream's lines."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.lines: list[bytes] = []
        self._folder = folder
        self._stem = stem
        self._number = 0
        self._file: BinaryIO | None = None
        self._codec = pa.Codec("zstd")

    def flush(self) -> None:
        lines, self.lines = self.lines, []
        if not lines:
            return
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / f"{self._stem}.{self._number}.zst").open("xb", buffering=0)
        self._file.write(self._codec.compress(b"".join(lines), asbytes=True))
        if self._file.tell() >= _ROTATE:
            self.close()
            self._number += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
