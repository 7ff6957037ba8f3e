"""Reader: recorded traffic of one venue, line by line, into recordings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from atom.capture import Capture, Form, Line
from atom.columns import Columns, Stamp
from atom.events import Status, StatusKind
from atom.recording import Recording
from atom.tables import MisreadError
from atom.venues import venue
from atom.venues.template import Json, Venue
from fusion.errors import CaptureError

_BROKEN = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)  # what reading a malformed message raises
_SYMBOL = re.compile(r"[\w./:@+-]{1,64}")


@dataclass(frozen=True, slots=True)
class CaptureRead:
    """A capture, read.

    Attributes:
        recordings: one a symbol, by symbol.
        messages, unexplained: lines that name no symbol, and those among them that nobody understood. Where there is
            one symbol they are counted to it instead, and both are 0.
    """

    recordings: tuple[Recording, ...]
    messages: int
    unexplained: int


def read_capture(venue_id: str, files: Sequence[Path], http_files: Sequence[Path] = ()) -> CaptureRead:
    """Reads recorded traffic of one venue.

    Args:
        venue_id: such as `binance`.
        files: recorded streams, of either form that `atom.capture` knows.
        http_files: recorded HTTP answers (snapshots, instrument data) that belong to them.

    Raises:
        BadInput: the venue is unknown.
        CaptureError: a file is missing, cut short or no capture of that venue; tells the file and the line.
    """
    return _Reader(venue(venue_id), Capture([*files, *http_files])).read()


class _Reader:
    def __init__(self, of: Venue, capture: Capture) -> None:
        self._venue = of
        self._capture = capture
        self._columns: dict[str, Columns] = {}
        self._early: list[tuple[Json, Line]] = []  # a snapshot that names no symbol, before the first line that does
        self._connected: list[Line] = []
        self._carried: dict[int, set[str]] = {}  # file -> the symbols whose books it brings
        self._assumed: Line | None = None  # the last line taken to be about the only symbol so far
        self._messages = 0
        self._unexplained: list[Line] = []

    def read(self) -> CaptureRead:
        for line in self._capture:
            if line.form is Form.CONNECT:
                self._connect(line)
                continue
            try:
                self._take(line)
            except _BROKEN as error:
                raise self._refused(line, error) from error
        if not self._columns:
            count = self._messages + len(self._early)
            raise CaptureError(f"{self._capture}: none of {count} messages is about a symbol of {self._venue.id}")
        return self._finish()

    def _connect(self, line: Line) -> None:
        self._connected.append(line)
        self._venue.connected(line.url)
        for name in self._carried.pop(self._capture.file(line.place), ()):
            self._columns[name].lost(Stamp(None, line.ts_recv, line.place))

    def _take(self, line: Line) -> None:
        message = orjson.loads(line.body)
        if line.form is Form.ANSWER:
            name = self._venue.answered(line.url)
            if name is not None:
                self._about(name, message, line)
            elif not self._venue.learn(line.url, message):
                self._nameless(line, explained=False)
        elif names := self._venue.symbols_of(message):
            for name in names:
                self._about(name, message, line)
        elif self._venue.unnamed and isinstance(message, dict) and len(self._columns) < 2:
            if self._columns:
                self._only(message, line)
            else:
                self._early.append((message, line))
        else:
            self._nameless(line, explained=self._venue.is_nameless(message))

    def _about(self, name: str, message: Any, line: Line) -> None:
        if not _SYMBOL.fullmatch(name):
            raise ValueError(f"{name!r:.80} is no name of a symbol")
        if name not in self._columns:
            if self._assumed is not None:
                where = self._capture.where(self._assumed.place)
                raise CaptureError(
                    f"{where}: a snapshot that names no symbol, in a capture of several; import each alone"
                )
            self._columns[name] = Columns(self._venue.rules)
            early, self._early = self._early, []
            for before, at in early:
                self._only(before, at)
        columns = self._columns[name]
        columns.messages += 1
        depths = columns.depths
        try:
            understood = self._venue.read(name, message, line.ts_recv, line.place, columns)
        except _BROKEN as error:  # here, since the line may be one kept from before
            raise self._refused(line, error) from error
        if columns.depths != depths:
            self._carried.setdefault(self._capture.file(line.place), set()).add(name)
        if not understood:
            columns.unexplained += 1
            self._note(columns, line)

    def _only(self, message: Json, line: Line) -> None:
        # a collector that records one symbol a file writes its snapshots without a name
        if self._venue.is_nameless(message):
            self._nameless(line, explained=True)
            return
        name, columns = next(iter(self._columns.items()))
        unexplained = columns.unexplained
        self._about(name, message, line)
        if columns.unexplained == unexplained:
            self._assumed = line

    def _nameless(self, line: Line, *, explained: bool) -> None:
        self._messages += 1
        if not explained:
            self._unexplained.append(line)

    def _note(self, columns: Columns, line: Line) -> None:
        detail = f"{self._capture.where(line.place)}: not understood: {line.body[:80].decode('utf-8', 'replace')!r}"
        columns.status.append(Status(StatusKind.PARSE_ERROR, line.ts_recv, None, detail))

    def _refused(self, line: Line, error: Exception) -> CaptureError:
        match error:
            case MisreadError():
                return CaptureError(f"{self._capture.where(error.place)}: {error}")
            case orjson.JSONDecodeError():
                return CaptureError(f"{self._capture.where(line.place)}: the line holds no JSON: {error}")
            case KeyError():
                return CaptureError(f"{self._capture.where(line.place)}: the message lacks {error}")
            case _:
                return CaptureError(f"{self._capture.where(line.place)}: the message is malformed: {error}")

    def _finish(self) -> CaptureRead:
        if len(self._columns) == 1:
            columns = next(iter(self._columns.values()))
            columns.messages += self._messages
            columns.unexplained += len(self._unexplained)
            for line in self._unexplained:
                self._note(columns, line)
            self._messages, self._unexplained = 0, []
        recordings = sorted(map(self._recording, self._columns), key=lambda one: one.events.instrument.symbol)
        return CaptureRead(tuple(recordings), self._messages, len(self._unexplained))

    def _recording(self, name: str) -> Recording:
        columns = self._columns[name]
        columns.abandon()
        columns.status += [Status(StatusKind.CONNECT, at.ts_recv, None, at.url[:120]) for at in self._connected]
        listing = self._venue.listings.get(name)
        tick, lot = (listing.tick, listing.lot) if listing else (None, None)
        try:
            events = columns.take(self._venue.id, self._venue.symbol(name), name, tick, lot)
        except MisreadError as error:
            raise CaptureError(f"{self._capture.where(error.place)}: {error}") from error
        return Recording(
            events,
            columns.messages,
            columns.unexplained,
            columns.trades,
            columns.gaps,
            columns.checksums_ok,
            columns.checksums_bad,
        )
