"""Home: the folder of one exchange. One process at a time may have it."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from fusion.errors import BadInput, NotReady
from node.exchange.service import disk

_LOCK, _MARKETS, _ADMIN, _RUNNING, _BEGUN = "lock", "markets.json", "admin.key", "running.json", "begun"
LOG_FILE: Final = "serve.log"
"""What an exchange in the background says."""
_OURS: Final = {_LOCK, _ADMIN, _RUNNING, LOG_FILE}
_TRIES: Final = 10
_MADE_BY: Final = 2
"""Grows with each change after which older homes cannot be read."""


class Home:
    """A folder that this process alone has, for as long as this is entered.

    Args:
        folder: made where it is not there, for its owner's eyes only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.make()
        try:
            self._lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unfit(self.folder, error) from error
        for _ in range(_TRIES):
            if _taken(self._lock):
                break
            time.sleep(0.02)  # somebody may only have looked
        else:
            os.close(self._lock)
            raise BadInput(f"another process serves the exchange of {self.folder}; stop it, or give another home")
        (self.folder / _RUNNING).unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self.folder / _RUNNING).unlink(missing_ok=True)
        os.close(self._lock)

    def make(self) -> None:
        """Makes the folder where it is not there; BadInput where there can be none."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unfit(self.folder, error) from error

    @property
    def is_new(self) -> bool:
        """Whether no exchange was opened here yet."""
        return not (self.folder / _MARKETS).exists()

    def check(self) -> None:
        """BadInput where no exchange was begun here and there is something else, which is nobody's to delete."""
        if (self.folder / _BEGUN).exists() or not self.is_new or not self.folder.is_dir():
            return
        others = sorted(each.name for each in self.folder.iterdir() if each.name not in _OURS)
        if others:
            raise BadInput(
                f"{self.folder} holds {others[0]} and no {_MARKETS}: give a home of its own, or put that file back"
            )

    def begin(self, folders: Collection[str]) -> None:
        """Makes ready to open an exchange here.

        What an earlier try left in these folders, which nobody was told of, goes; a mark says that there was one.

        Raises:
            BadInput: there is something else in the home.
        """
        self.check()
        (self.folder / _BEGUN).touch(mode=0o600)
        for name in folders:
            if (self.folder / name).exists():
                shutil.rmtree(self.folder / name)

    def describe(self, plan: dict[str, Any]) -> None:
        """Keeps what the exchange trades; once, when it is opened."""
        write(self.folder / _MARKETS, {"made_by": _MADE_BY, **plan})
        (self.folder / _BEGUN).unlink(missing_ok=True)

    def plan(self) -> dict[str, Any]:
        """What the exchange trades."""
        return plan(self.folder)

    def admin_key(self) -> str:
        """The key of who administers this exchange; made when it is asked for first."""
        path = self.folder / _ADMIN
        if not path.exists():
            write(path, {"key": secrets.token_hex(32)})
        return key_of(self.folder)

    def tell_running(self, **facts: Any) -> None:
        """Says where this process serves it: its `url`, and more."""
        write(self.folder / _RUNNING, {"pid": os.getpid(), "home": str(self.folder), **facts})

    def tell_starting(self, stage: str, part: float) -> None:
        """Says what this process does before it serves, and how much of that is done, up to 1."""
        write(self.folder / _RUNNING, {"pid": os.getpid(), "home": str(self.folder), "stage": stage, "part": part})


def _unfit(folder: Path, error: OSError) -> BadInput:
    return BadInput(f"{folder} cannot be an exchange's home ({error.strerror}); give another --home")


def plan(folder: Path) -> dict[str, Any]:
    """What the exchange of a folder trades; NotReady where there is none."""
    found = _read(folder / _MARKETS, f"there is no exchange in {folder}; `fusion exchange serve` makes one")
    if found.pop("made_by", None) != _MADE_BY:
        raise BadInput(f"the exchange in {folder} was made by another version; give a fresh home")
    return found


def key_of(folder: Path) -> str:
    """The key of who administers the exchange of a folder."""
    return str(_read(folder / _ADMIN, f"there is no exchange in {folder}; `fusion exchange serve` makes one")["key"])


def holder(folder: Path) -> dict[str, Any] | None:
    """The process that has the exchange of a folder: where it serves, or what it does before. None: there is none."""
    path = folder / _RUNNING
    if not path.exists() or not _held(folder):
        return None
    try:
        return _read(path, "")
    except NotReady:  # it has just ended
        return None


def running(folder: Path) -> dict[str, Any] | None:
    """Where the exchange of a folder is served, and by whom; None where it is not, or not yet."""
    found = holder(folder)
    return found if found is not None and "url" in found else None


def _held(folder: Path) -> bool:
    """Whether a process has the folder."""
    lock = os.open(folder / _LOCK, os.O_RDWR)
    try:
        return not _taken(lock)
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    """Whether the lock is this descriptor's now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write(path: Path, facts: dict[str, Any]) -> None:
    """Writes a file for its owner's eyes, whole or not at all."""
    disk.put(path, orjson.dumps(facts))


def _read(path: Path, missing: str) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotReady(missing) from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    return facts
