"""Seek: the book at any time, from the last checkpoint before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from atom.book import Book
from atom.events import BOOK, Rows
from atom.instrument import Instrument, Ints
from atom.store import parquet
from atom.store.names import File, Name
from atom.store.parquet import CHECKPOINT
from atom.store.view import Held, View
from fusion.errors import BadInput


@dataclass(frozen=True, slots=True)
class BookAt:
    """A book as it was known at a moment.

    Attributes:
        instrument: on whose tick and lot it is.
        at: the moment, ns.
        book: it holds all rows before the first that arrived later.
    """

    instrument: Instrument
    at: int
    book: Book

    def on(self, instrument: Instrument) -> Book | None:
        """The same book on another's steps; None where it has none on them."""
        finer = instrument.finer_than(self.instrument)
        if finer is not None:
            self.book.rescale(*finer)
        return None if finer is None else self.book


class _Piece(NamedTuple):
    """Rows of the book; of the log where there is no file."""

    name: Name
    file: File | None
    rows: Sequence[tuple[Instrument, Rows]]


def book_at(view: View, venue: str, symbol: str, at: int) -> BookAt:
    """The book before the first row that arrived after `at`, ns.

    Raises:
        BadInput: there are no rows of that book.
        CaptureError: a file is damaged.
    """
    pieces = [
        _Piece(file.name, file if rows is None else None, rows or ())
        for file, rows in _ordered(view, venue, symbol, at)
    ]
    if not pieces:
        raise BadInput(f"no book of {symbol!r} on {venue!r} in {view.folder}; `fusion atom ls` shows what there is")
    last = next((place for place, piece in enumerate(pieces) if piece.name.last > at), len(pieces) - 1)
    told = list(_from_picture(pieces[: last + 1], at))
    whole = parquet.finest([instrument for instrument, _ in told])
    book = Book()
    for instrument, rows in told:
        book.apply(parquet.on_steps("book", rows, instrument, whole))
    return BookAt(whole, at, book)


def _ordered(view: View, venue: str, symbol: str, at: int) -> list[Held]:
    """Files and segments of the log; no log where a file of what was recorded live ends after the moment."""
    files = view.files(venue, symbol, "book")
    last = next((file for file in files if file.name.last > at), None)
    if last is not None and last.name.segments is not None:
        return [(file, None) for file in files]
    return view.ordered(venue, symbol, "book")


def _from_picture(pieces: Sequence[_Piece], at: int) -> Iterator[tuple[Instrument, Rows]]:
    """What makes the book: the last good picture, and the rows after it that had arrived."""
    stop = _stop(pieces[-1], at)
    first, row = 0, 0
    for place in range(len(pieces) - 1, -1, -1):
        file = pieces[place].file
        if file is None or not parquet.beside(file.path).exists():
            continue
        beside = parquet.beside(file.path)
        rows, since = parquet.integers(beside, ("row", "since"))
        good = rows <= stop if place == len(pieces) - 1 else np.ones(len(rows), np.bool_)
        good &= _unbroken(pieces, place, since)
        if good.any():
            first, row = place, int(rows[good].max())
            of_it = np.flatnonzero(good & (rows == row))
            instrument, picture = parquet.read(beside, CHECKPOINT, int(of_it[0]), int(of_it[-1]) + 1)
            yield instrument, _book_rows(picture)
            break
    for place in range(first, len(pieces)):
        piece, start = pieces[place], row if place == first else 0
        end = stop if place == len(pieces) - 1 else None
        if piece.file is not None:
            yield parquet.read(piece.file.path, "book", start, end)
        else:
            yield from _cut(piece.rows, end)


def _stop(piece: _Piece, at: int) -> int:
    """How many rows of a piece come before the first that arrived later."""
    if piece.file is not None:
        return parquet.first_after(piece.file.path, at)
    times = np.concatenate([rows["ts_recv"] for _, rows in piece.rows])
    after = np.flatnonzero(times > at)
    return int(after[0]) if len(after) else len(times)


def _cut(pieces: Sequence[tuple[Instrument, Rows]], end: int | None) -> Iterator[tuple[Instrument, Rows]]:
    for instrument, rows in pieces:
        yield instrument, rows[:end]
        end = None if end is None else max(0, end - len(rows))


def _unbroken(pieces: Sequence[_Piece], place: int, since: Ints) -> npt.NDArray[np.bool_]:
    """For which of the segments nothing but what was recorded live has come since."""
    if pieces[place].name.segments is None:
        return np.ones(len(since), np.bool_)
    before = (other.name.segments for other in pieces[place::-1])
    begun = pieces[place].name.segments or (0, 0)
    for segments in before:
        if segments is None:
            break
        begun = segments
    return np.asarray(since >= begun[0], np.bool_)


def _book_rows(pictures: Rows) -> Rows:
    rows = np.zeros(len(pictures), BOOK)
    for name in BOOK.names or ():
        rows[name] = pictures[name]
    return rows
