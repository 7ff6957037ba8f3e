"""Maker: which code and libraries make the answers of an exchange."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

import numba
import numpy as np

_ROOM: Final = Path(__file__).parents[1]
_PARTS: Final = ("core/*.py", "agents/*.py", "replay/replay.py", "exchange.py", "listing.py")


@cache
def made_by() -> str:
    """A hash: where it is the same, so is what comes of a log. Comments count, so another one need not differ."""
    digest = hashlib.blake2b(f"numpy {np.__version__} numba {numba.__version__}".encode(), digest_size=16)
    for path in sorted(path for part in _PARTS for path in _ROOM.glob(part)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
