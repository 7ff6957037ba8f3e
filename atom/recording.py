"""Recording: all that one capture tells of one symbol."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson

from atom import book
from atom.book import Replay
from atom.capture import Capture, Form, Line
from atom.columns import Columns, MisreadError
from atom.events import Events, Status, StatusKind
from atom.venues import venue
from atom.venues.template import Json, Venue
from fusion.errors import CaptureError

_SYMBOL = re.compile(r"[\w./:@+-]{1,64}")


@dataclass(frozen=True)
class Recording:
    """All that one capture tells of one symbol.

    Attributes:
        events: what happened, in the order in which it took effect.
        messages: received lines, snapshots included.
        unexplained: lines among them that nobody understood.
        trades: messages about trades.
        gaps: times the book became invalid because updates were missing.
    """

    events: Events
    messages: int
    unexplained: int
    trades: int
    gaps: int

    @cached_property
    def replay(self) -> Replay:
        """The book's way through it, made once."""
        return book.replay(self.events.book)

    @cached_property
    def status(self) -> tuple[Status, ...]:
        """What happened to the recording, by arrival, with the times the book became crossed."""
        tops, rows = self.replay.tops, self.events.book
        crossed = (tops["bid_size"] > 0) & (tops["ask_size"] > 0) & (tops["bid_price"] >= tops["ask_price"])
        began = np.flatnonzero(crossed & ~np.concatenate(([False], crossed[:-1])))
        price = self.events.instrument.price_text
        found = [
            Status(
                StatusKind.CROSSED,
                int(rows["ts_recv"][top["row"]]),
                int(rows["sequence"][top["row"]]),
                f"bid {price(int(top['bid_price']))} at or above ask {price(int(top['ask_price']))}",
            )
            for top in tops[began]
        ]
        return tuple(sorted((*self.events.status, *found), key=lambda status: status.ts_recv))


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
        self._messages = 0
        self._unexplained: list[Line] = []

    def read(self) -> CaptureRead:
        for line in self._capture:
            if line.form is Form.CONNECT:
                self._connected.append(line)
                continue
            try:
                self._take(line)
            except MisreadError as error:
                raise CaptureError(f"{self._capture.where(error.place)}: {error}") from error
            except orjson.JSONDecodeError as error:
                raise CaptureError(f"{self._capture.where(line.place)}: the line holds no JSON: {error}") from error
            except KeyError as error:
                raise CaptureError(f"{self._capture.where(line.place)}: the message lacks {error}") from error
            except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
                raise CaptureError(f"{self._capture.where(line.place)}: the message is malformed: {error}") from error
        if not self._columns:
            count = self._messages + len(self._early)
            raise CaptureError(f"{self._capture}: none of {count} messages is about a symbol of {self._venue.id}")
        return self._finish()

    def _take(self, line: Line) -> None:
        message = orjson.loads(line.body)
        if not isinstance(message, dict):
            self._nameless(line, explained=False)
        elif line.form is Form.ANSWER:
            name = self._venue.answered(line.url)
            if name is not None:
                self._about(name, message, line)
            elif not self._venue.learn(message):
                self._nameless(line, explained=False)
        elif (name := self._venue.symbol_of(message)) is not None:
            self._about(name, message, line)
        elif len(self._columns) == 1:
            self._only(message, line)
        elif not self._columns:
            self._early.append((message, line))
        else:
            self._nameless(line, explained=self._venue.is_answer(message))

    def _about(self, name: str, message: Json, line: Line) -> None:
        if not _SYMBOL.fullmatch(name):
            raise ValueError(f"{name!r:.80} is no name of a symbol")
        if name not in self._columns:
            self._columns[name] = Columns(chained=self._venue.chained)
            early, self._early = self._early, []
            for before, at in early:
                self._only(before, at)
        columns = self._columns[name]
        columns.messages += 1
        if not self._venue.read(message, line.ts_recv, line.place, columns):
            columns.unexplained += 1
            self._note(columns, line)

    def _only(self, message: Json, line: Line) -> None:
        # a collector that records one symbol a file writes its snapshots without a name
        if self._venue.is_answer(message):
            self._nameless(line, explained=True)
            return
        columns = next(iter(self._columns.values()))
        columns.messages += 1
        if not self._venue.read(message, line.ts_recv, line.place, columns):
            columns.unexplained += 1
            self._note(columns, line)

    def _nameless(self, line: Line, *, explained: bool) -> None:
        self._messages += 1
        if not explained:
            self._unexplained.append(line)

    def _note(self, columns: Columns, line: Line) -> None:
        detail = f"{self._capture.where(line.place)}: not understood: {line.body[:80].decode('utf-8', 'replace')!r}"
        columns.status.append(Status(StatusKind.PARSE_ERROR, line.ts_recv, None, detail))

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
        columns.status += [Status(StatusKind.CONNECT, at.ts_recv, None, at.url[:120]) for at in self._connected]
        columns.status.sort(key=lambda status: status.ts_recv)
        listing = self._venue.listings.get(name)
        tick, lot = (listing.tick, listing.lot) if listing else (None, None)
        try:
            events = columns.finish(self._venue.id, self._venue.symbol(name), name, tick, lot)
        except MisreadError as error:
            raise CaptureError(f"{self._capture.where(error.place)}: {error}") from error
        return Recording(events, columns.messages, columns.unexplained, columns.trades, columns.gaps)
