"""Disk: the few ways in which the store changes it. A step is whole or has not happened, come what may."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from fusion.errors import FusionError

PART = ".part"  # of files that are not whole yet
_LOOKS: Final = 10
_LOOK_S: Final = 0.01


def make(folder: Path) -> None:
    """Makes a folder and those above it; each is on the disk when this returns, or what is put in could be lost."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync(each.parent)


def stage(place: Path, write: Callable[[IO[bytes]], None], *, mark: str = "") -> Path:
    """Writes a file beside its place; it is on the disk when this returns.

    Args:
        place: where it will stand; folders are made.
        write: puts the content.
        mark: sets apart those that may write the same file at the same time.
    """
    make(place.parent)
    temporary = place.with_name(f".{place.name}{mark}{PART}")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def settle(temporary: Path, place: Path) -> None:
    """Gives a staged file its place, over what was there."""
    temporary.replace(place)


def remove(path: Path) -> None:
    """Removes a file, if it is there."""
    path.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """What was renamed or made in a folder stays so."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hold(path: Path, refusal: str) -> int:
    """Holds a lock until the handle that this returns is closed, or the process ends.

    Raises:
        FusionError: another process holds it; the text is `refusal`.
    """
    make(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        for left in range(_LOOKS, -1, -1):
            if _locked(handle, fcntl.LOCK_EX):
                return handle
            time.sleep(_LOOK_S if left else 0)  # somebody may only look whether it is held
        raise FusionError(refusal)
    except (OSError, FusionError):
        os.close(handle)
        raise


def is_held(path: Path) -> bool:
    """Whether a process holds a lock."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    with released(handle):
        return not _locked(handle, fcntl.LOCK_SH)


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


@contextmanager
def released(handle: int) -> Iterator[None]:
    """Lets go of a lock at the end."""
    try:
        yield
    finally:
        os.close(handle)
