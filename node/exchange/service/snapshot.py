"""Snapshot: all that an exchange is at one time, in one file that is either whole or not there."""

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from fusion.errors import BadInput, StorageFull
from node.exchange.service import disk

Arrays = dict[str, npt.NDArray[Any]]
_SUFFIX: Final = ".snapshot"
_FACTS: Final = "facts"


class Snapshot(NamedTuple):
    """What a file holds.

    Attributes:
        number: of the last record of the log that is in it.
        arrays: by name.
        facts: the rest, as JSON tells it.
    """

    number: int
    arrays: Arrays
    facts: dict[str, Any]


def write(folder: Path, snapshot: Snapshot) -> Path:
    """Keeps a snapshot; StorageFull where there is no room, and then there is none of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{snapshot.number:020d}{_SUFFIX}"
    passing = path.with_suffix(".part")
    try:
        with passing.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            facts = np.frombuffer(orjson.dumps(snapshot.facts), np.uint8)
            np.savez_compressed(file, allow_pickle=False, **{_FACTS: facts}, **snapshot.arrays)
            file.flush()
            os.fsync(file.fileno())
        passing.replace(path)
        disk.sync(folder)
    except OSError as error:
        passing.unlink(missing_ok=True)
        raise StorageFull(f"{folder} takes no more ({error.strerror}); make room") from error
    return path


def read(path: Path) -> Snapshot:
    """The snapshot of a file; BadInput where it is damaged."""
    arrays = _loaded(path, None)
    told = arrays.pop(_FACTS)
    return Snapshot(int(path.stem), arrays, orjson.loads(told.tobytes()))


def checked(path: Path) -> dict[str, Any]:
    """The facts of a snapshot all of which was read; BadInput where it is damaged."""
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        damaged = str(error)
    if damaged is not None:
        raise BadInput(f"{path} is no whole snapshot: {damaged[:200]}")
    told: dict[str, Any] = orjson.loads(_loaded(path, _FACTS)[_FACTS].tobytes())
    return told


def _loaded(path: Path, only: str | None) -> Arrays:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files if only in (None, name)}
    except (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} is no whole snapshot: {str(error)[:200]}") from error


def files(folder: Path) -> list[Path]:
    """The snapshots of a folder, oldest first."""
    return sorted(folder.glob(f"*{_SUFFIX}"))
