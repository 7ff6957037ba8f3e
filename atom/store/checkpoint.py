"""Checkpoints: pictures of the book as files of their own, beside the rows they hold, so that no seek begins at the
beginning.

A checkpoint is good only while everything since the book was last empty is there, and nothing else came between.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from atom.book import Book, engine
from atom.book.picture import picture
from atom.events import Action, Flag, Rows, empty
from atom.instrument import Instrument
from atom.store.parquet import CHECKPOINT_ROWS

EVERY: Final = 100_000
"""Rows of the book between two pictures, at least; and twice what the picture has."""

FILES: Final = 16
"""Files of the book after which there is a picture, however few rows they have."""

_AT: Final = Flag.NO_EVENT_TIME | Flag.NO_SEQUENCE | Flag.NO_ARRIVAL


class Course:
    """One symbol's book on its way through file after file."""

    def __init__(self) -> None:
        self._book = Book()
        self._instrument: Instrument | None = None
        self._since: int | None = None  # the segment in which it was last empty
        self._rows = self._files = 0  # since the last picture

    def pictures(self, instrument: Instrument, rows: Rows, number: int) -> Rows:
        """The pictures to be kept beside a file's rows, which follow those given before.

        Args:
            instrument: on whose steps the rows are, never coarser than before.
            rows: of the book.
            number: of the segment, or 0 for an import.
        """
        finer = instrument.finer_than(self._instrument or instrument)
        if finer is None:  # another recording, on steps of its own
            self._book, self._since = Book(), None
        elif finer != (1, 1):
            self._book.rescale(*finer)
        self._instrument = instrument
        self._files += 1
        return np.concatenate([np.zeros(0, CHECKPOINT_ROWS), *self._pictures(rows, number)])

    def _pictures(self, rows: Rows, number: int) -> Iterator[Rows]:
        for start in range(0, len(rows), EVERY):
            part = rows[start : start + EVERY]
            if (part["action"] == Action.CLEAR).any():
                self._since = number
            if self._since is None:
                continue
            self._book.apply(part)
            self._rows += len(part)
            arrays = self._book.arrays
            held = int(arrays.counts.sum()) + int(arrays.state[engine.ORDERS])
            if self._files >= FILES or self._rows >= max(EVERY, 2 * held):
                self._rows = self._files = 0
                yield self._told(part[-1], start + len(part))

    def _told(self, last: np.void, row: int) -> Rows:
        seen = picture(self._book)
        told = np.zeros(len(seen), CHECKPOINT_ROWS)
        for name in empty("book").dtype.names or ():
            told[name] = seen[name]
        for name in ("ts_event", "ts_recv", "sequence"):
            told[name] = last[name]
        told["flags"] |= np.uint16(last["flags"] & int(_AT))
        told["row"], told["since"] = row, self._since
        return told
