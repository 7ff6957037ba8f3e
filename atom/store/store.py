"""Store: events as Parquet files under `venue=/symbol=/type=/date=`, as DuckDB, Polars and pandas read them.

A file appears whole or not at all: it is written beside its place and renamed. What arrives live is first in the log,
see `atom.store.log`; `Store` reads both as one.
"""

import os
from collections.abc import Collection, Iterator
from datetime import date
from functools import partial
from pathlib import Path

from atom.events import DTYPES, MARKET, Events
from atom.recording import Recording
from atom.store import disk, parquet, rotation
from atom.store.checkpoint import Course
from atom.store.names import folder_of
from atom.store.parquet import Part
from atom.store.seek import BookAt, book_at
from atom.store.view import View, steadily
from fusion.errors import BadInput, FusionError

STATUS = "status"


class Store:
    """A folder of events.

    Args:
        folder: made when the first events are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, *recordings: Recording) -> list[Path]:
        """Keeps recordings, one file a type and day of arrival; the same recording again replaces itself.

        All files are written before the first takes its place, so that a full disk leaves what was there before.

        Returns:
            The files, in place.

        Raises:
            FusionError: the disk refuses.
        """
        staged: list[tuple[Path, Path]] = []
        try:
            for recording in recordings:
                instrument = recording.events.instrument
                for kind, part in _parts(recording):
                    folder = self.folder / folder_of(instrument.venue, instrument.symbol, kind)
                    place = folder / rotation.path_of(part, None)
                    write = partial(parquet.write, of=instrument, tables=[part.table])
                    staged.append((disk.stage(place, write, mark=f".{os.getpid()}"), place))
            for temporary, place in staged:
                disk.settle(temporary, place)
            for folder in {place.parent for _, place in staged}:
                disk.sync(folder)
        except OSError as error:
            raise FusionError(f"events cannot be kept in {self.folder}: {error.strerror or error}") from error
        finally:
            for temporary, _ in staged:
                temporary.unlink(missing_ok=True)
        return [place for _, place in staged]

    def symbols(self) -> list[tuple[str, str]]:
        """The (venue, symbol) pairs that have events, sorted."""
        return steadily(self.folder, lambda view: sorted(view.symbols()))

    def dates(self, venue: str, symbol: str) -> list[date]:
        """The days, UTC by arrival, on which events of the market came of a symbol, sorted."""
        return steadily(self.folder, lambda view: sorted(view.dates(venue, symbol)))

    def read(
        self, venue: str, symbol: str, *, kinds: Collection[str] = (*DTYPES, STATUS), start: int = 0, end: int = 2**63
    ) -> Events:
        """Events of a symbol in the order in which they took effect, on one tick and lot.

        Args:
            venue, symbol: whose.
            kinds: the types that are wanted.
            start, end: the arrivals that are wanted, ns, from `start` on and before `end`.

        Raises:
            BadInput: there are none of that symbol.
            CaptureError: a file is damaged or of another schema.
            Retryable: files come and go too fast.
        """
        return steadily(self.folder, lambda view: _read(view, (venue, symbol), kinds, (start, end)))

    def book(self, venue: str, symbol: str, at: int) -> BookAt:
        """The book as it was known at `at`, ns: the same that a replay from the beginning makes, found by a checkpoint.

        It holds every row before the first that arrived later. Its `unknown_deletes` count from the checkpoint on.

        Raises:
            BadInput: there are no rows of that book.
            CaptureError: a file is damaged or of another schema.
            Retryable: files come and go too fast.
        """
        return steadily(self.folder, lambda view: book_at(view, venue, symbol, at))


def _read(view: View, of: tuple[str, str], kinds: Collection[str], span: tuple[int, int]) -> Events:
    pieces = {kind: view.pieces(*of, kind, span) for kind in DTYPES if kind in kinds}
    instruments = [piece[0] for those in pieces.values() for piece in those]
    told = view.status(*of, span) if STATUS in kinds else []
    instruments += [instrument for instrument, _ in told]
    if not instruments:
        instruments = view.instruments(*of)
    if not instruments:
        raise BadInput(f"no events of {of[1]!r} on {of[0]!r} in {view.folder}; `fusion atom ls` shows what there is")
    whole = parquet.finest(instruments)
    tables = {kind: parquet.joined(kind, pieces.get(kind, ()), whole) for kind in DTYPES}
    more = {kind: rows for kind, rows in tables.items() if kind not in MARKET and len(rows)}
    status = tuple(one for _, those in told for one in those)
    return Events(whole, tables["book"], tables["trade"], tables["quote"], status, more)


def _parts(recording: Recording) -> Iterator[tuple[str, Part]]:
    for kind, rows in recording.events.tables().items():
        yield from rotation.parts(kind, rows, recording.events.instrument, Course())
    for part in parquet.status_parts(recording.status):
        yield STATUS, part
