"""Log: takes live events, and has them safe on the disk each second.

What arrives is appended to a segment as one checksummed frame a second, and synced. A segment that has grown large or
old is closed and becomes Parquet, in the background. Whatever is left of a recorder that ended without a word becomes
Parquet when the next one begins.
"""

import os
import threading
from collections import deque
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, Self

import structlog

from atom.events import Events
from atom.instrument import Instrument
from atom.store import disk, frames, names, rotation, segments
from atom.store.checkpoint import Course
from atom.store.frames import Batch
from fusion.errors import FusionError

_WAITING: Final = 20_000_000  # rows in memory at which whoever brings more waits for the disk

log = structlog.get_logger()


class Log:
    """A sink that keeps events in a store. One process a folder may have one.

    Args:
        folder: the store's.
        flush_every: seconds after which what arrived is on the disk.
        rotate_rows: rows after which a segment becomes Parquet, about 50 bytes of memory each while it does.
        rotate_every: seconds after which it does.

    Raises:
        FusionError: another recorder writes to this folder, or the disk refuses.
    """

    def __init__(
        self, folder: Path, *, flush_every: float = 1.0, rotate_rows: int = 8_000_000, rotate_every: float = 900.0
    ) -> None:
        self._folder = folder
        self._flush_every, self._rotate_rows, self._rotate_every = flush_every, rotate_rows, rotate_every
        self._change = threading.Condition()
        self._error: FusionError | None = None
        self._pending: dict[tuple[str, str], list[Batch]] = {}
        self._rows = self._until = 0
        self._books: dict[tuple[str, str], Instrument] = {}
        self._asked = self._flushed = 0
        self._rotate_now = self._closing = False
        self._closed: deque[int] = deque()
        self._rotating = False
        try:
            self._lock = disk.hold(
                folder / segments.LOG / segments.LOCK,
                f"another recorder writes to {folder}; stop it, or record to another folder",
            )
            self._recover()
            self._open(max(self._closed or names.segments(folder), default=0) + 1)
        except OSError as error:
            raise self._refused(error) from error
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._write, self._rotate)]
        for thread in self._threads:
            thread.start()

    def take(self, events: Events) -> None:
        """Takes the events of one symbol that follow those it took before. The arrays must not be changed afterwards.

        Raises:
            FusionError: the disk refused what came before; nothing is recorded any more.
        """
        tables = {kind: rows for kind, rows in events.tables().items() if len(rows)}
        rows = sum(map(len, tables.values()))
        if not tables and not events.status:
            return
        key = events.instrument.venue, events.instrument.symbol
        with self._change:
            self._change.wait_for(lambda: self._error or self._closing or self._rows < _WAITING)
            self._check()
            batches = self._pending.setdefault(key, [])
            if not batches or batches[-1].instrument != events.instrument:
                batches.append(Batch(events.instrument))
            for kind, arrived in tables.items():
                batches[-1].tables.setdefault(kind, []).append(arrived)
                self._until = max(self._until, int(arrived["ts_recv"][-1]))
            batches[-1].status += events.status
            self._rows += rows
            if "book" in tables:
                self._books[key] = events.instrument

    def flush(self) -> None:
        """Returns when all that was taken is on the disk; raises as `take` does."""
        with self._change:
            self._ask()

    def rotate(self) -> None:
        """Returns when all that was taken is Parquet; raises as `take` does."""
        with self._change:
            self._rotate_now = True
            self._ask()
            self._change.wait_for(lambda: self._error or not (self._closed or self._rotating))
            self._check()

    def close(self) -> None:
        """Makes all that was taken Parquet and lets go of the folder; raises as `take` does. Again, it does nothing."""
        if self._lock < 0:
            return
        try:
            if self._error is None:
                self.rotate()
                self._append(frames.frame([], self._until, ends=True))
        except OSError as error:
            raise self._refused(error) from error
        finally:
            with self._change:
                self._closing = True
                self._change.notify_all()
            for thread in self._threads:
                thread.join()
            os.close(self._file)
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ask(self) -> None:
        self._check()
        self._asked += 1
        mine = self._asked
        self._change.notify_all()
        self._change.wait_for(lambda: self._error or self._flushed >= mine)
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closing:
            raise FusionError(f"the log of {self._folder} is closed; open it again to record more")

    def _refused(self, error: Exception) -> FusionError:
        why = str(error) if isinstance(error, FusionError) else repr(error)
        if isinstance(error, OSError):
            why = error.strerror or why
        refused = FusionError(f"recording to {self._folder} has stopped: {why}; what was flushed is kept")
        refused.__cause__ = error
        return refused

    def _recover(self) -> None:
        for number in segments.numbers(self._folder):
            self._closed.append(number)
            place = segments.place(self._folder, number)
            if not frames.closed(place):
                size = place.stat().st_size
                log.warning("an earlier recorder ended without a word", segment=place.name, bytes=size)

    def _open(self, number: int) -> None:
        place = segments.place(self._folder, number)
        self._file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._number = number
        self._size = self._held = 0
        self._append(frames.HEADER)
        if self._books:
            self._append(frames.frame([Batch(instrument) for instrument in self._books.values()], self._until))
        disk.sync(place.parent)
        self._began = monotonic()

    def _append(self, content: bytes) -> None:
        """All of it or nothing."""
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(content)

    def _write(self) -> None:
        """The thread that appends."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closing or self._asked > self._flushed, self._flush_every)
                if self._closing:
                    return
                pending, self._pending = self._pending, {}
                rows, self._rows = self._rows, 0
                asked, until = self._asked, self._until
                wanted, self._rotate_now = self._rotate_now, False
            try:
                self._flush([batch for batches in pending.values() for batch in batches], rows, until)
                old = monotonic() - self._began >= self._rotate_every
                if self._held and (wanted or old or self._held >= self._rotate_rows):
                    self._turn(until)
            except Exception as error:  # noqa: BLE001  # whoever waits for this thread must hear of it
                self._stop(error)
                return
            with self._change:
                self._flushed = asked
                self._change.notify_all()

    def _flush(self, batches: list[Batch], rows: int, until: int) -> None:
        if batches:
            self._append(frames.frame(batches, until))
            self._held += max(rows, 1)

    def _turn(self, until: int) -> None:
        """Closes the segment and begins the next."""
        self._append(frames.frame([], until, ends=True))
        before, number = self._file, self._number
        self._open(number + 1)
        os.close(before)
        with self._change:
            self._closed.append(number)
            self._change.notify_all()

    def _rotate(self) -> None:
        """The thread that makes Parquet."""
        courses: dict[tuple[str, str], Course] = {}
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closing or self._closed)
                if self._closing:
                    return
                number, self._rotating = self._closed.popleft(), True
            try:
                rotation.rotate(self._folder, number, courses)
            except Exception as error:  # noqa: BLE001  # likewise
                self._stop(error)
                return
            with self._change:
                self._rotating = False
                self._change.notify_all()

    def _stop(self, error: Exception) -> None:
        with self._change:
            self._error = self._error or self._refused(error)
            self._change.notify_all()
