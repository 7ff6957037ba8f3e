"""Desk: lines of one venue in, events by symbol out; the same for a capture and for live traffic."""

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from itertools import pairwise
from typing import Any

import numpy as np
import orjson

from atom.capture import Form, Line, Lines
from atom.events import Events, Status, StatusKind
from atom.gather import hot
from atom.gather.columns import Columns
from atom.gather.stamp import Stamp
from atom.gather.tables import MisreadError
from atom.instrument import Ints
from atom.layout import Found, Layouts
from atom.venues.template import Json, Venue

_BROKEN = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)  # what a malformed message raises
_SYMBOL = re.compile(r"[\w./:@+-]{1,64}")
_SHOWN = 80  # bytes of what nobody understood
_FEWEST, _BATCH = 16, 1 << 16  # lines taken at once
_EXPECT = b"expect"  # the note that names the symbols which a stream shall bring


class BadLineError(ValueError):
    """A line that is malformed.

    Attributes:
        place: where it is.
        symbol: the venue's name of the symbol that it is about; None where that cannot be told.
    """

    def __init__(self, place: int, message: str, symbol: str | None = None) -> None:
        super().__init__(message)
        self.place = place
        self.symbol = symbol


class Desk:
    """Gathers what the connections of one venue bring, by symbol.

    Args:
        of: the venue.
        where: tells a place in the details of what was not understood; live lines have none.

    Attributes:
        venue: the venue; it reads the HTTP answers, and each stream has a copy with channels of its own.
        columns: by the venue's name of the symbol.
        messages: lines that name no symbol.
        unexplained: those among them that nobody understood.
    """

    def __init__(self, of: Venue, where: Callable[[int], str] | None = None) -> None:
        self.venue = of
        self.columns: dict[str, Columns] = {}
        self.messages = 0
        self.unexplained: list[Line] = []
        self._where = where
        self._streams: dict[int, _Stream] = {}
        self._early: list[tuple[Json, Line]] = []  # a snapshot that names no symbol, before the first line that does
        self._assumed: Line | None = None  # the last line taken to be about the only symbol so far
        self._careful = False
        self._layouts = Layouts()
        self._batch = _FEWEST

    @property
    def early(self) -> int:
        """Lines that wait for the name of the only symbol."""
        return len(self._early)

    def take(self, line: Line) -> bool:
        """Takes a line; whether it was understood.

        Raises:
            BadLineError: it is malformed; the line may be one kept from before.
        """
        if line.form is Form.MESSAGE:
            stream = self._streams.get(line.stream) or self._stream(line.stream)
            return self._message(stream, line)
        if line.form is Form.ANSWER:
            return self._answer(line)
        if line.form is Form.CONNECT:
            self._connect(line)
        elif line.form is Form.NOTE:
            self._note(line)
        else:
            self.receive(line)
        return True

    def take_all(self, lines: Lines) -> None:
        """Takes lines one after the other, those of a form that comes by the thousand many at once.

        Raises:
            BadLineError: one is malformed.
        """
        at = 0
        while at < len(lines.block.place):
            some = lines.part(at, at + self._batch)
            self._take_some(some)
            at += self._batch
            self._batch = min(2 * self._batch, _BATCH)  # small ones first: what they teach serves the next

    def receive(self, line: Line) -> bool:
        """Takes a message or an answer that may be anything; whether it was understood.

        What was not becomes a `Status`. Where it is malformed, the book is lost of the symbol that it was about, or of
        all that its stream brings.
        """
        is_answer = bool(line.url)
        self._careful = True
        try:
            if is_answer:
                return self._answer(line)
            return self._message(self._streams.get(line.stream) or self._stream(line.stream), line)
        except BadLineError as error:
            self._malformed(line, error, is_answer=is_answer)
            return False
        finally:
            self._careful = False

    def drain(self, now: int) -> list[Events]:
        """What has come since the last time, of the symbols that there is something of.

        Where it cannot be told in 64 bits it is given up, and a `Status` tells so.

        Args:
            now: arrival of the last line, ns.
        """
        return [self._drained(name, now) for name, columns in self.columns.items() if columns.pending]

    def events(self, name: str) -> Events:
        """What has come of one symbol since the last time.

        Raises:
            BadLineError: a number cannot be read.
        """
        listing = self.venue.listings.get(name)
        tick, lot = (listing.tick, listing.lot) if listing else (None, None)
        try:
            return self.columns[name].take(self.venue.id, self.venue.symbol(name), name, tick, lot)
        except MisreadError as error:
            raise BadLineError(error.place, str(error), name) from error

    def _drained(self, name: str, now: int) -> Events:
        try:
            return self.events(name)
        except (BadLineError, ArithmeticError, TypeError, ValueError) as error:
            columns = self.columns[name]
            columns.give_up(Stamp(None, now, 0))
            columns.status.append(Status(StatusKind.PARSE_ERROR, now, None, str(error)))
            return self.events(name)

    def note(self, columns: Columns, line: Line) -> None:
        """Tells of a line that was not understood."""
        before = "" if self._where is None or line.form is Form.ODD else f"{self._where(line.place)}: "
        shown = line.body[:_SHOWN].decode("utf-8", "replace")
        columns.status.append(_status(StatusKind.PARSE_ERROR, line, f"{before}not understood: {shown!r}"))

    def _take_some(self, lines: Lines) -> None:
        found = self._layouts.read(lines.block.text, lines.block.spans)
        streams, names = lines.streams_of(), self._layouts.names
        known = found.layout >= 0
        for number, symbol in _pairs(streams[known], found.symbol[known]):
            stream = self._streams.get(number)
            if stream is None or names[symbol] not in stream.columns:
                known &= (streams != number) | (found.symbol != symbol)
        edges = np.flatnonzero(np.diff(known, prepend=~known[:1], append=~known[-1:]))
        for first, end in pairwise(edges.tolist()):
            if known[first] and end - first >= _FEWEST:
                self._take_hot(lines, found, np.arange(first, end), streams)
            else:
                for index in range(first, end):
                    self.take(lines.line(index))

    def _take_hot(self, lines: Lines, found: Found, some: Ints, streams: Ints) -> None:
        hot.take(self._layouts, lines.block, found, some, self.columns.__getitem__)
        deltas = some[np.isin(found.layout[some], self._layouts.of_kind("delta"))]
        for number, symbol in _pairs(streams[deltas], found.symbol[deltas]):
            self._streams[number].books.add(self._layouts.names[symbol])

    def _message(self, stream: "_Stream", line: Line) -> bool:
        if stream.venue.pong and line.body.strip() == stream.venue.pong.encode():
            return self._nameless(stream, line, explained=True)
        message = _parsed(self.venue, line)
        try:
            names = stream.venue.symbols_of(message)
        except _BROKEN as error:
            raise BadLineError(line.place, _words(error)) from error
        if names:
            understood = True
            for name in names:
                understood &= self._about(stream, name, message, line)
            if understood and not self._careful:
                self._learn(stream, message, line)
            return understood
        if not (self.venue.unnamed and isinstance(message, dict) and len(self.columns) < 2):
            return self._nameless(stream, line, explained=_is_nameless(stream.venue, message, line))
        if self.columns:
            return self._only(stream, message, line)
        self._early.append((message, line))
        return True

    def _learn(self, stream: "_Stream", message: Any, line: Line) -> None:
        like = stream.venue.hot(message)
        if like is not None and like.symbol in stream.columns:
            self._layouts.learn(line.body, like)

    def _answer(self, line: Line) -> bool:
        message = _parsed(self.venue, line)
        stream = self._streams.get(line.stream) or self._stream(line.stream)
        try:
            name = self.venue.answered(line.url)
            if name is None:
                learned = self.venue.learn(line.url, message)
                return learned or self._nameless(stream, line, explained=False)
        except _BROKEN as error:
            raise BadLineError(line.place, _words(error)) from error
        return self._about(stream, name, message, line)

    def _connect(self, line: Line) -> None:
        stream = self._stream(line.stream)
        stream.venue.connected(line.url)
        self._tell(stream.lost(line), stream, _status(StatusKind.CONNECT, line, line.url[:120]))

    def _note(self, line: Line) -> None:
        stream = self._stream(line.stream)
        kind, _, detail = line.body.partition(b" ")
        try:
            if kind == _EXPECT:
                self._expect(stream, orjson.loads(detail), line)
                return
            status = _status(StatusKind(kind.decode()), line, detail.decode())
        except ValueError as error:
            raise BadLineError(line.place, f"{line.body[:_SHOWN]!r} is no note of a recorder") from error
        name = None if line.url.startswith("ws") else self.venue.answered(line.url)
        if name in self.columns:
            self._tell([self.columns[name]], None, status)
        elif line.url.startswith("ws"):
            lost = stream.lost(line) if status.kind is StatusKind.DISCONNECT else stream.columns.values()
            self._tell(lost, stream, status)
        else:
            self._tell(self.columns.values(), None, status)

    def _expect(self, stream: "_Stream", names: Any, line: Line) -> None:
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ValueError("no list of names")
        stream.expected.update(names)
        for name in names:
            self._meet(stream, name, line).begin(Stamp(None, line.ts_recv, line.place))

    def _tell(self, about: Iterable[Columns], stream: "_Stream | None", status: Status) -> None:
        for columns in about:
            columns.status.append(status)
        if stream is not None and not stream.expected:
            stream.told.append(status)  # for the symbols that it has not brought yet

    def _about(self, stream: "_Stream", name: str, message: Any, line: Line) -> bool:
        columns = stream.columns.get(name)
        if columns is None:
            if stream.expected and name not in stream.expected:
                return self._nameless(stream, line, explained=True)  # some streams are of all symbols
            columns = self._meet(stream, name, line)
        columns.messages += 1
        columns.careful = self._careful
        updates = columns.updates
        try:
            understood = (self.venue if line.url else stream.venue).read(
                name, message, line.ts_recv, line.place, columns
            )
        except MisreadError as error:  # of a line that may be one kept from before
            raise BadLineError(error.place, str(error), name) from error
        except _BROKEN as error:
            raise BadLineError(line.place, _words(error), name) from error
        finally:
            columns.careful = False
        if columns.updates != updates:
            stream.books.add(name)
        if not understood:
            columns.unexplained += 1
            self.note(columns, line)
        return understood

    def _meet(self, stream: "_Stream", name: str, line: Line) -> Columns:
        """The columns of a symbol that the stream has not brought before."""
        if not _SYMBOL.fullmatch(name):
            raise BadLineError(line.place, _words(ValueError(f"{name!r:.80} is no name of a symbol")))
        columns = self.columns.get(name)
        if columns is None:
            if self._assumed is not None:
                told = "a snapshot that names no symbol, in a capture of several; import each alone"
                raise BadLineError(self._assumed.place, told)
            columns = self.columns[name] = Columns(self.venue.rules)
        stream.columns[name] = columns
        columns.status += stream.told
        early, self._early = self._early, []
        for before, at in early:
            self._only(self._stream(at.stream), before, at)
        return columns

    def _only(self, stream: "_Stream", message: Json, line: Line) -> bool:
        # a collector that records one symbol a file writes its snapshots without a name
        if _is_nameless(stream.venue, message, line):
            return self._nameless(stream, line, explained=True)
        understood = self._about(stream, next(iter(self.columns)), message, line)
        if understood:
            self._assumed = line
        return understood

    def _nameless(self, stream: "_Stream", line: Line, *, explained: bool) -> bool:
        self.messages += 1
        if not explained and self._careful:
            for columns in stream.columns.values():
                self.note(columns, line)
        elif not explained:
            self.unexplained.append(line)
        return explained

    def _malformed(self, line: Line, error: BadLineError, *, is_answer: bool) -> None:
        stream = self._stream(line.stream)
        name = self.venue.answered(line.url) if is_answer else error.symbol
        names = [name] if name in self.columns else [] if is_answer else list(stream.columns)
        status = _status(StatusKind.PARSE_ERROR, line, f"{error}: {line.body[:_SHOWN].decode('utf-8', 'replace')!r}")
        for each in names:
            columns = self.columns[each]
            columns.messages += error.symbol is None  # else it was counted
            columns.unexplained += 1
            if not is_answer:
                columns.lost(Stamp(None, line.ts_recv, line.place))
            columns.status.append(status)

    def _stream(self, number: int) -> "_Stream":
        if number not in self._streams:
            self._streams[number] = _Stream(self.venue)
        return self._streams[number]


class _Stream:
    """One connection after another to the same address.

    Attributes:
        venue: reads its messages.
        columns: of the symbols that it has brought, or shall bring.
        books: the symbols whose books it brings.
        expected: the symbols that it shall bring; where it is empty, those are not known.
        told: what has happened to it, for the symbols still to come.
    """

    def __init__(self, of: Venue) -> None:
        self.venue = copy(of)
        self.venue.channels = {}
        self.columns: dict[str, Columns] = {}
        self.books: set[str] = set()
        self.expected: set[str] = set()
        self.told: list[Status] = []

    def lost(self, line: Line) -> Iterator[Columns]:
        """Ends the books that it brought; the columns of all its symbols."""
        for name, columns in self.columns.items():
            if name in self.books:
                columns.lost(Stamp(None, line.ts_recv, line.place))
            yield columns
        self.books.clear()


def _pairs(streams: Ints, symbols: Ints) -> Iterator[tuple[int, int]]:
    """Each stream with each symbol that it brings."""
    many = int(symbols.max(initial=0)) + 1
    for pair in np.flatnonzero(np.bincount(streams * many + symbols)):
        yield divmod(int(pair), many)


def _parsed(of: Venue, line: Line) -> Any:
    try:
        return of.parsed(line)
    except ValueError as error:
        raise BadLineError(line.place, f"the line holds no JSON: {error}") from error


def _is_nameless(of: Venue, message: Any, line: Line) -> bool:
    try:
        return of.is_nameless(message)
    except _BROKEN as error:
        raise BadLineError(line.place, _words(error)) from error


def _status(kind: StatusKind, line: Line, detail: str) -> Status:
    return Status(kind, line.ts_recv, None, detail)


def _words(error: Exception) -> str:
    """One line on what a message lacks."""
    if isinstance(error, KeyError):
        return f"the message lacks {error}"
    return f"the message is malformed: {error}"
