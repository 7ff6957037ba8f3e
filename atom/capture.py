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
import io
import lzma
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa

from atom.instrument import Ints
from atom.layout.frame import Block, frame
from fusion.errors import CaptureError

_LONGEST = 64 * 2**20  # the instrument list of a large venue is about 20 MB
_LARGEST = 4 * 2**30  # bytes of a file that is read at once
_LINES = 1 << 40  # a place is file * _LINES + line
_CHUNK = 1 << 22
_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
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


class Lines(NamedTuple):
    """Recorded lines, by arrival.

    Attributes:
        block: where they stand.
        other: by place, those that are no messages received.
        streams: of each file the stream that it is of.
    """

    block: Block
    other: Mapping[int, Line]
    streams: Sequence[int]

    def line(self, index: int) -> Line:
        """One of them."""
        place = int(self.block.place[index])
        if place in self.other:
            return self.other[place]
        start, end = self.block.spans[index]
        return Line(
            int(self.block.ts_recv[index]),
            Form.MESSAGE,
            "",
            self.block.text[start:end].tobytes(),
            place,
            self.stream(place),
        )

    def stream(self, place: int) -> int:
        """Which stream a line is of."""
        return self.streams[place // _LINES]

    def streams_of(self) -> Ints:
        """Which stream each is of."""
        return np.array(self.streams, np.int64)[self.block.place // _LINES]

    def part(self, first: int, end: int) -> "Lines":
        """Those from `first` up to `end`."""
        return Lines(Block(self.block.text, *(each[first:end] for each in self.block[1:])), self.other, self.streams)


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
        for lines in self.blocks():
            for index in range(len(lines.block.place)):
                yield lines.line(index)

    def blocks(self) -> Iterator["Lines"]:
        """The same lines many at a time."""
        return _merged([self._blocks(index) for index in range(len(self._files))])

    def where(self, place: int) -> str:
        """A place as `file:line`."""
        file, line = divmod(place, _LINES)
        return f"{self._files[file]}:{line}"

    def __str__(self) -> str:
        return ", ".join(map(str, self._files))

    def _blocks(self, index: int) -> Iterator["Lines"]:
        place, rest, found = index * _LINES + 1, b"", False
        with closing(_open(self._files[index])) as file:
            while True:
                try:
                    read = file.read(_CHUNK)
                except _DAMAGED as error:
                    raise self._damaged(index, error) from error
                upto = read.rfind(b"\n") + 1 if read else 0
                whole, rest = (rest + read[:upto], read[upto:]) if upto else (b"", rest + read)
                if not read:
                    whole, rest = rest, b""
                if len(rest) >= _LONGEST:
                    last = place + whole.count(b"\n")
                    raise CaptureError(
                        f"{self.where(last)}: the line is longer than {_LONGEST} bytes, so this is no capture"
                    )
                if whole:
                    block = frame(np.frombuffer(whole, np.uint8), place)
                    place += len(block.place)
                    lines = self._sorted_out(block, whole)
                    if len(lines.block.place):
                        found = True
                        yield lines
                if not read:
                    break
        if not found:
            raise CaptureError(f"{self._files[index]}: the capture holds no message")

    def _sorted_out(self, block: Block, text: bytes) -> "Lines":
        """Lines of a text: those of messages as they are, the few others one by one."""
        other: dict[int, Line] = {}
        keep = np.ones(len(block.place), np.bool_)
        for at in np.flatnonzero(block.ts_recv < 0):
            (start, end), place_of = block.spans[at], int(block.place[at])
            line = self._parse(text[start : end + 1], place_of, self._streams[place_of // _LINES])
            keep[at] = line is not None
            if line is not None:
                block.ts_recv[at] = line.ts_recv
                other[line.place] = line
        return Lines(
            block if keep.all() else Block(block.text, *(each[keep] for each in block[1:])), other, self._streams
        )

    def _damaged(self, index: int, error: Exception) -> CaptureError:
        """What to say of a file that cannot be read to its end, with the line that it ends in."""
        place = index * _LINES + 1
        with closing(_open(self._files[index])) as file, suppress(*_DAMAGED):
            while file.readline(_LONGEST):
                place += 1
        return CaptureError(f"{self.where(place)}: the compressed file is cut short or damaged: {error}")

    def _parse(self, text: bytes, place: int, stream: int) -> Line | None:
        stamp, space, body = text.partition(b" ")
        if space and len(stamp) <= _DIGITS and stamp.isdigit():
            line = Line(int(stamp), Form.MESSAGE, "", body, place, stream)
        elif match := _RECEIVED.match(text):
            line = Line(_nanoseconds(match[1], match[2]), Form.MESSAGE, "", text[match.end() :], place, stream)
        elif match := _ANSWER.match(text):
            at = _nanoseconds(match[2], match[3])
            line = Line(at, Form.ANSWER, self._address(match[1], place), text[match.end() :], place, stream)
        elif match := _CONNECT.fullmatch(text):
            at = _nanoseconds(match[2], match[3])
            line = Line(at, Form.CONNECT, self._address(match[1], place), b"", place, stream)
        elif match := _TOLD.match(text):
            at, body = _nanoseconds(match[3], match[4]), text[match.end() :].rstrip(b"\n")
            url = self._address(match[1], place)
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

    def _address(self, told: bytes, place: int) -> str:
        url = told.decode("ascii", "replace")
        try:
            urlsplit(url)
        except ValueError as error:
            raise CaptureError(f"{self.where(place)}: {url[:60]!r} is no address: {error}") from error
        return url


def _merged(files: Sequence[Iterator[Lines]]) -> Iterator[Lines]:
    """Files as one, by arrival, each in its own order; of lines that came together those of the first file first."""
    if len(files) == 1:
        yield from files[0]
        return
    waiting = [next(file, None) for file in files]
    latest = [0] * len(files)  # arrival as far as each file was taken
    while any(waiting):
        keys = [
            None if lines is None else np.maximum.accumulate(np.maximum(lines.block.ts_recv, latest[index]))
            for index, lines in enumerate(waiting)
        ]
        limit, slowest = min((int(key[-1]), index) for index, key in enumerate(keys) if key is not None)
        taken: list[tuple[Lines, Ints]] = []
        for index, (lines, key) in enumerate(zip(waiting, keys, strict=True)):
            if lines is None or key is None:
                continue
            count = int(np.searchsorted(key, limit, "right" if index <= slowest else "left"))
            if count:
                taken.append((lines.part(0, count), key[:count]))
                latest[index] = int(key[count - 1])
            left = lines.part(count, len(lines.block.place))
            waiting[index] = left if len(left.block.place) else next(files[index], None)
        yield _together(taken)


def _together(parts: Sequence[tuple[Lines, Ints]]) -> Lines:
    if len(parts) == 1:
        return parts[0][0]
    order = np.argsort(np.concatenate([key for _, key in parts]), kind="stable")
    other: dict[int, Line] = {}
    before, spans = 0, []
    for lines, _ in parts:
        spans.append(lines.block.spans + before)
        before += len(lines.block.text)
        other.update(lines.other)
    text = np.concatenate([lines.block.text for lines, _ in parts])
    columns = (np.concatenate([lines.block[field] for lines, _ in parts])[order] for field in (2, 3))
    return Lines(Block(text, np.concatenate(spans)[order], *columns), other, parts[0][0].streams)


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


def read_whole(path: Path) -> bytes:
    """All of a file, unpacked where it is gzip or xz; CaptureError where it is missing, cut short or too large."""
    try:
        with closing(_open(path)) as file:
            content = file.read(_LARGEST + 1)
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise CaptureError(f"{path}: the compressed file is cut short or damaged: {error}") from error
    if len(content) > _LARGEST:
        raise CaptureError(f"{path} holds more than {_LARGEST >> 30} GiB; split it")
    return content


def _nanoseconds(seconds: bytes, fraction: bytes | None) -> int:
    return int(seconds) * 10**9 + int((fraction or b"0")[:9].ljust(9, b"0"))


def _stream(file: Path) -> str:
    """What the files of one stream have in common."""
    match = _ROTATED.fullmatch(str(file))
    return match[1] if match else str(file)
