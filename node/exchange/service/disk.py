"""Disk: files that are whole or not there, also after a power cut."""

import os
from pathlib import Path

from fusion.errors import StorageFull


def put(path: Path, data: bytes) -> None:
    """Writes a file for its owner's eyes in place of the one that is there, which stays where there is no room:
    StorageFull.
    """
    passing = path.with_suffix(".part")
    try:
        file = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        finally:
            os.close(file)
        passing.replace(path)
        sync(path.parent)
    except OSError as error:
        passing.unlink(missing_ok=True)
        raise StorageFull(f"{path} cannot be written ({error.strerror}); make room, then ask again") from error


def sync(path: Path) -> None:
    """Waits until the disk has what was written to a file, or which files a folder has; one that is gone is none."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(file)
    finally:
        os.close(file)
