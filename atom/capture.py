"""Captures: recorded traffic as lines, whichever of two forms it was written in.

The form of hftbacktest's collector, one message a line, with the arrival in nanoseconds:

    1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{...}}

The form of cryptofeed's raw collection, with the time in seconds:

    wss://stream.binance.com:9443/stream?... <-> 1633998511.159679        a connection was made
    wss://stream.binance.com:9443/stream?... <- 1633998511.2: {...}       we sent
    1633998512.0633569: {"stream":...}                                    we received
    https://api.binance.com/api/v3/depth?... -> 1633998512.320639: {...}  an HTTP answer
    configuration: {...}                                                  what was asked for

A recorder of Atom adds to the second form what else it knew:

    wss://stream.binance.com:9443/stream?... <! 1633998511.2: stale no message for 30 s      what happened to it
    wss://stream.binance.com:9443/stream?... <? 1633998511.2: {"stre                         received, not understood

Files may be plain, gzip, xz or zstd; which is seen from their first bytes. Those named `X.ws.N.0`, `X.ws.N.1` ... are
one stream after another file.
"""

import gzip
import heapq
import io
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from enum import Enum
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import pyarrow as pa

from fusion.errors import CaptureError

_LONGEST = 64 * 2**20  # the instrument list of a large venue is about 20 MB
_LINES = 1 << 40  # a place is file * _LINES + line
_LATEST = 2**63  # ns
_DIGITS = 19

_RECEIVED = re.compile(rb"(\d{1,10})(?:\.(\d{1,18}))?: ?")
_ANSWER = re.compile(rb"(https?://\S+) -> (\d{1,10})(?:\.(\d{1,18}))?: ?")
_CONNECT = re.compile(rb"(wss?://\S+) <-> (\d{1,10})(?:\.(\d{1,18}))?\s*")
_TOLD = re.compile(rb"(\S+) <([!?]) (\d{1,10})(?:\.(\d{1,18}))?: ?")
_ROTATED = re.compile(r"(.*\.(?:ws|http)\.\d+)\.\d+(\.\w+)?")
_SENT = re.compile(rb"\S+ <- \d+(?:\.\d+)?: ?")


class Form(Enum):
    """What a recorded line is."""

    MESSAGE = 1
    ANSWER = 2
    CONNECT = 3
    NOTE = 4  # of a recorder about its own connection
    ODD = 5  # a message, or an answer where there is a `url`, that was not understood when it was recorded


class Line(NamedTuple):
    """One recorded line that matters.

    Attributes:
        ts_recv: arrival, ns UTC.
        form: what it is.
        url: of an answer, a connection or a note, else "".
        body: JSON as received, not yet parsed; of a note its kind and detail.
        place: file and line; `Capture.where` tells it.
        stream: which stream it is of; lines of one come one after the other.
    """

    ts_recv: int
    form: Form
    url: str
    body: bytes
    place: int
    stream: int = 0


class Capture:
    """Recorded files read as one stream, by arrival.

    Args:
        files: at least one; each in its own order of arrival.

    Iteration raises CaptureError, with file and line, for what is missing, cut short, empty or no capture.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        if not files:
            raise CaptureError("no capture was named; give at least one recorded file")
        self._files = tuple(files)
        streams: dict[str, int] = {}
        self._streams = [streams.setdefault(_stream(file), number) for number, file in enumerate(files)]

    def __iter__(self) -> Iterator[Line]:
        if len(self._files) == 1:
            return self._read(0)
        return heapq.merge(*(self._read(index) for index in range(len(self._files))), key=attrgetter("ts_recv"))

    def where(self, place: int) -> str:
        """A place as `file:line`."""
        file, line = divmod(place, _LINES)
        return f"{self._files[file]}:{line}"

    def __str__(self) -> str:
        return ", ".join(map(str, self._files))

    def _read(self, index: int) -> Iterator[Line]:
        place, stream = index * _LINES, self._streams[index]
        found = False
        with closing(_open(self._files[index])) as file:
            while True:
                place += 1
                try:
                    text = file.readline(_LONGEST)
                except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
                    raise CaptureError(
                        f"{self.where(place)}: the compressed file is cut short or damaged: {error}"
                    ) from error
                if not text:
                    break
                line = self._parse(text, place, stream)
                if line is not None:
                    found = True
                    yield line
        if not found:
            raise CaptureError(f"{self._files[index]}: the capture holds no message")

    def _parse(self, text: bytes, place: int, stream: int) -> Line | None:
        if len(text) == _LONGEST:
            raise CaptureError(f"{self.where(place)}: the line is longer than {_LONGEST} bytes, so this is no capture")
        stamp, space, body = text.partition(b" ")
        if space and len(stamp) <= _DIGITS and stamp.isdigit():
            line = Line(int(stamp), Form.MESSAGE, "", body, place, stream)
        elif match := _RECEIVED.match(text):
            line = Line(_nanoseconds(match[1], match[2]), Form.MESSAGE, "", text[match.end() :], place, stream)
        elif match := _ANSWER.match(text):
            at = _nanoseconds(match[2], match[3])
            line = Line(at, Form.ANSWER, match[1].decode("ascii", "replace"), text[match.end() :], place, stream)
        elif match := _CONNECT.fullmatch(text):
            at = _nanoseconds(match[2], match[3])
            line = Line(at, Form.CONNECT, match[1].decode("ascii", "replace"), b"", place, stream)
        elif match := _TOLD.match(text):
            at, body = _nanoseconds(match[3], match[4]), text[match.end() :].rstrip(b"\n")
            url = match[1].decode("ascii", "replace")
            if match[2] == b"!":
                line = Line(at, Form.NOTE, url, body, place, stream)
            else:
                line = Line(at, Form.ODD, "" if url.startswith("ws") else url, body, place, stream)
        elif not text.strip() or text.startswith(b"configuration: ") or _SENT.match(text):
            return None
        else:
            raise CaptureError(f"{self.where(place)}: no recorded line begins with {text[:40]!r}; want `time {{json}}`")
        if line.ts_recv >= _LATEST:
            raise CaptureError(
                f"{self.where(place)}: the time {stamp.decode()} is past the year 2262; want nanoseconds"
            )
        return line


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise CaptureError(f"{path} is a folder; name the recorded files in it")
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        if magic.startswith(b"\x1f\x8b"):
            return cast("BinaryIO", io.BufferedReader(gzip.open(path), 1 << 18))
        if magic == b"\xfd7zXZ\x00":
            return cast("BinaryIO", io.BufferedReader(lzma.open(path), 1 << 18))
        if magic.startswith(b"\x28\xb5\x2f\xfd"):
            return cast("BinaryIO", io.BufferedReader(pa.input_stream(path, compression="zstd"), 1 << 18))
        return path.open("rb")
    except OSError as error:
        raise CaptureError(f"{path} cannot be read: {error.strerror or error}") from error


def _nanoseconds(seconds: bytes, fraction: bytes | None) -> int:
    return int(seconds) * 10**9 + int((fraction or b"0")[:9].ljust(9, b"0"))


def _stream(file: Path) -> str:
    """What the files of one stream have in common."""
    match = _ROTATED.fullmatch(str(file))
    return match[1] if match else str(file)
