"""Memory that a process could turn against its walls: none may be left when it locks itself in.

Memory that can be written and run:
no system call makes such memory any more once the filter stands, but ctypes has a page of it for the functions that it
lends to C, and got it before.

The first thread's stack: no limit of data counts it, and `mremap` can leave any number of stacks behind.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sandbox.jail import kernel

_MOVES_SEVERAL = (6, 17)  # the kernel whose `mremap` moves several mappings at once


def close() -> None:
    """Makes what can be written and run run alone; ctypes can lend no further function then, nor take one back.

    Raises:
        OSError: the kernel refused.
    """
    for start, end in list(_open()):
        kernel.mprotect(start, end - start, kernel.PROT_READ | kernel.PROT_EXEC)


def hold_stack() -> bool:
    """Fixes the first thread's stack where it is; whether it then cannot be moved, alone or with what lies around it.

    A kernel that cannot fix it (before 6.10) moves one mapping at a time, and a stack is smaller than what the profile
    of the wasm host lets be moved. From 6.17 on it moves several.
    """
    for start, end, _, name in _mappings():
        if name == "[stack]":
            try:
                kernel.seal(start, end - start)
            except OSError:
                return _release() < _MOVES_SEVERAL
            return True
    return False


def _release() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))


def _open() -> Iterator[tuple[int, int]]:
    """First address and the one after the last of what can be written and run."""
    for start, end, rights, _ in _mappings():
        if rights[1:3] == "wx":
            yield start, end


def _mappings() -> Iterator[tuple[int, int, str, str]]:
    """First address and the one after the last, rights and name of each."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(address, 16) for address in span.split("-"))
        yield start, end, rights, "".join(name)
