"""A guest's memory as a start left it, laid under a new instance: pages are copied only when a job writes them.

Laying takes one system call; writing the same bytes would touch some 700 pages before a job has begun.
"""

import ctypes
import fcntl
import os
import sys
import weakref
from collections.abc import Iterable

AVAILABLE = sys.platform == "linux"
"""Whether this system has what it takes."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (*(ctypes.c_void_p, ctypes.c_size_t), *(ctypes.c_int,) * 3, ctypes.c_long)

_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)

_HUGE_PAGES = 14
_READ_WRITE = 1 | 2
_PRIVATE_FIXED = 0x02 | 0x10
_FAILED = ctypes.c_void_p(-1).value


class Snapshot:
    """A memory that nobody can change any more.

    Args:
        size: bytes of memory.
        cells: (address, bytes) of what is not zero.

    Raises:
        OSError: there is no room for it.
    """

    def __init__(self, size: int, cells: Iterable[tuple[int, bytes]]) -> None:
        self._size = size
        self._file = os.memfd_create("fusion start", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, size)
        for address, data in cells:
            os.pwrite(self._file, data, address)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, seals)

    def lay(self, address: int) -> None:
        """Put a private copy of it at an address whose `size` bytes are the caller's.

        Raises:
            OSError: the system refused; nothing is changed then.
        """
        at = _libc.mmap(address, self._size, _READ_WRITE, _PRIVATE_FIXED, self._file, 0)
        if at == _FAILED:
            number = ctypes.get_errno()
            raise OSError(number, f"the start of a guest cannot be mapped: {os.strerror(number)}")


def in_large_pages(address: int, size: int) -> None:
    """Asks for memory that is yet to grow to come in large pages, which cost far less to touch; a wish, no more."""
    _libc.madvise(address, size, _HUGE_PAGES)
