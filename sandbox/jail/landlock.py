"""Landlock: a process gives up files, ports and signals to others for good, without any privilege."""

import os
import struct
from collections.abc import Iterable

from sandbox.jail import kernel

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(1, 6))
_MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 7, 1 << 8, 1 << 14

_READ = _READ_FILE | _READ_DIR
_CHANGE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Landlock version -> how many rights over files it knows; versions between know as many as the one before."""

_PORTS = 0b11  # binding and connecting, since version 4
_SCOPES = 0b11  # abstract unix sockets and signals of processes outside, since version 6


def restrict(readable: Iterable[str] = (), writable: Iterable[str] = ()) -> None:
    """Leaves this thread and all that it starts nothing but reading `readable` and changing `writable`.

    Args:
        readable, writable: folders or files, with all below them.

    Raises:
        OSError: this kernel has no Landlock, or a folder is not there.
    """
    version = kernel.landlock_version()
    rights = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= version)) - 1
    attributes = struct.pack("<Q", rights)
    if version >= 4:
        attributes += struct.pack("<Q", _PORTS)
    if version >= 6:
        attributes += struct.pack("<Q", _SCOPES)
    rules = kernel.landlock_create(attributes)
    try:
        for paths, access in ((readable, _READ), (writable, _CHANGE)):
            for path in paths:
                _allow(rules, path, access & rights)
        kernel.landlock_restrict(rules)
    finally:
        os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        folder = os.path.isdir(path)  # noqa: PTH112 - pathlib is not worth loading in a process that is to be locked
        of_files = _READ_FILE | _WRITE_FILE | _TRUNCATE
        kernel.landlock_allow(rules, opened, access if folder else access & of_files)
    finally:
        os.close(opened)
