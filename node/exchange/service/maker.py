"""Maker: which code and libraries make the answers of an exchange."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

import numba
import numpy as np

_ROOM: Final = Path(__file__).parents[1]
_APART: Final = ("oracle", "tester", "agents/facts")
"""What has no part in an exchange that is served."""


def parts() -> list[Path]:
    """The files that answers may depend on: all but those that have no part in it, so that a new one is among them."""
    apart = [_ROOM / each for each in _APART]
    return [path for path in sorted(_ROOM.rglob("*.py")) if not any(path.is_relative_to(each) for each in apart)]


@cache
def made_by() -> str:
    """A hash: where it is the same, so is what comes of a log. Comments count, so another one need not differ."""
    digest = hashlib.blake2b(f"numpy {np.__version__} numba {numba.__version__}".encode(), digest_size=16)
    for path in parts():
        digest.update(path.relative_to(_ROOM).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
