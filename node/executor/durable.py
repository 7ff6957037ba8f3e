"""A SQLite file of one process, of which nothing that was written is lost.

A disk without room, or one that fails, ends a write with NoRoom and changes nothing; reading goes on.
"""

import errno
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from fusion.errors import BadInput, Retryable

BUSY = 1.0  # seconds to wait for another process to let go of a file
LOG_BYTES = 1 << 22  # of the write-ahead log that are kept once it has been written back
_OWN = 0o600
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


class NoRoom(Retryable):
    """A file cannot be written now."""


class Durable(ABC):
    """The file, open in one thread; each write is on disk when the call returns. Nobody but its owner may read it.

    Attributes:
        kind: what it is called in messages; each file has its own.

    Raises:
        BadInput: another process has it open, or it is damaged.
        NoRoom: it cannot be written now.
    """

    kind: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=_OWN)
            for file in (path, self._log()):
                if file.exists():  # one of an earlier version may be open to others
                    file.chmod(_OWN)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise self._no_room(error) from error
            raise BadInput(f"the {self.kind} {path} cannot be opened ({error.strerror})") from error
        self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY)
        try:
            # Two operators with one account would commit to two salts, and one of them could not reveal.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
            with self._transaction():
                self._make()
        except NoRoom:
            self._db.close()
            raise
        except sqlite3.DatabaseError as error:
            self._db.close()
            if _is_full(error):
                raise self._no_room(error) from error
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise BadInput(f"{path} is in use: another operator runs with this home; stop it first") from error
            raise BadInput(f"the {self.kind} {path} cannot be read ({error}): restore it, or move it away") from error

    def close(self) -> None:
        self._db.close()

    def _log(self) -> Path:
        """SQLite's write-ahead log."""
        return self.path.with_name(self.path.name + "-wal")

    @abstractmethod
    def _make(self) -> None:
        """Makes the tables that are not there, in a transaction."""

    def _script(self, schema: str) -> None:
        for statement in filter(str.strip, schema.split(";")):
            self._db.execute(statement)

    def _write(self, statement: str, values: Sequence[object]) -> None:
        with self._transaction():
            self._db.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, and on disk at its end."""
        with self._told(), self._db:  # commits, or rolls back on an exception
            self._db.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Says NoRoom where SQLite says in several ways that there is none."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if _is_full(error):
                raise self._no_room(error) from error
            raise

    def _no_room(self, error: sqlite3.DatabaseError | OSError) -> NoRoom:
        return NoRoom(f"the {self.kind} {self.path} cannot be written ({error}): make room on its disk")


def _is_full(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode & 0xFF in _FULL
