"""Memory that a process could write machine code into and run: none may be left when it locks itself in.

No system call makes such memory any more once the filter stands, but ctypes has a page of it for the functions that it
lends to C, and got it before.
"""

from collections.abc import Iterator
from pathlib import Path

from sandbox.jail import kernel


def close() -> None:
    """Makes what can be written and run run alone; ctypes can lend no further function then, nor take one back.

    Raises:
        OSError: the kernel refused.
    """
    for start, end in list(_open()):
        kernel.mprotect(start, end - start, kernel.PROT_READ | kernel.PROT_EXEC)


def _open() -> Iterator[tuple[int, int]]:
    """First address and the one after the last of what can be written and run."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights = line.split(maxsplit=2)[:2]
        if rights[1:3] == "wx":
            start, end = (int(address, 16) for address in span.split("-"))
            yield start, end
