"""A guest's memory as a start left it, laid under each new instance without being written anew.

A fresh private mapping of it costs a page fault for every page that a job touches: some thousand, and half of a short
job's time. So copies are kept whose pages are there already. One is moved under an instance, and home again after the
job, which moves page tables and no bytes; then those pages that the job wrote, which the kernel names, are written
over. Where the kernel cannot do one of these, a fresh mapping it is.
"""

import ctypes
import fcntl
import mmap
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

AVAILABLE = sys.platform == "linux"
"""Whether this system has what it takes."""

_KEPT = 4096
"""Pages that a copy may have been written in to be kept: 16 MiB, where a page has 4 KiB."""

_AT_ONCE = 256
"""Pages that are written over together: a guest may have left no memory for more."""

_IDLE = 8
"""Copies that are kept: as many guests at once find one."""

_BORDER = 2 << 20
"""Bytes that one entry of a page table's upper level stands for; what is aligned alike in it moves quickly."""

_libc = ctypes.CDLL(None, use_errno=True)
if AVAILABLE:
    _libc.mmap.restype = _libc.mremap.restype = ctypes.c_void_p
    _libc.mmap.argtypes = (*(ctypes.c_void_p, ctypes.c_size_t), *(ctypes.c_int,) * 3, ctypes.c_long)
    _libc.mremap.argtypes = (*(ctypes.c_void_p, ctypes.c_size_t), ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p)
    _libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    _libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)

_NOTHING, _READ, _READ_WRITE = 0, 1, 1 | 2
_PRIVATE, _FIXED, _ANONYMOUS, _NO_RESERVE = 0x02, 0x10, 0x20, 0x4000
_MOVE = 1 | 2 | 4  # to a given address, with a fresh mapping left behind
_HUGE_PAGES = 14
_FAILED = ctypes.c_void_p(-1).value

_ENTRY = 8
"""Bytes that /proc/self/pagemap has for a page; the last tells its state by these bits."""
_PRESENT, _SWAPPED, _SHARED_OR_FILE = 0x80, 0x40, 0x20
_FRAME = (1 << 55) - 1

Pages = np.ndarray[Any, np.dtype[np.uint64]]


class Snapshot:
    """A memory that nobody can change any more.

    Args:
        size: bytes of memory, in whole pages.
        cells: (address, bytes) of what is not zero.

    Raises:
        OSError: there is no room for it.
    """

    def __init__(self, size: int, cells: Iterable[tuple[int, bytes]]) -> None:
        self.size = size
        self.file = os.memfd_create("fusion start", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.file, size)
        for address, data in cells:
            os.pwrite(self.file, data, address)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(self.file, fcntl.F_ADD_SEALS, seals)
        self._mapping = _Mapping(size, _READ, _PRIVATE, self.file)  # many kernels share no sealed file, even to read
        self.pages = _pages(self._mapping.address, size)
        self._moves = _can_move(self.file)
        self._idle: list[_Copy] = []

    def __del__(self) -> None:
        if hasattr(self, "file"):
            os.close(self.file)

    @contextmanager
    def laid(self, address: int) -> Iterator[None]:
        """A private copy of it is at an address whose `size` bytes are the caller's, before and after.

        Raises:
            OSError: the system refused; nothing is changed then.
        """
        copy = self._moved(address)
        if copy is None:
            _map(address, self.size, _READ_WRITE, _PRIVATE | _FIXED, self.file)
            yield
            return
        try:
            yield
        finally:
            with suppress(OSError, MemoryError):  # it is not used again
                copy.come(address)
                if len(self._idle) < _IDLE:
                    self._idle.append(copy)

    def _moved(self, address: int) -> "_Copy | None":
        """A copy that is at an address now; None where none can be made or moved."""
        if not self._moves:
            return None
        try:
            copy = self._idle.pop()
        except IndexError:
            copy = None
        try:
            copy = copy or _Copy(self.file, self.pages, address % _BORDER)
            copy.go(address)
        except OSError:
            return None
        return copy


class _Copy:
    """A private mapping of a snapshot, which has a home to wait at.

    Args:
        file: the snapshot's.
        pages: the snapshot's.
        offset: bytes from a border to its home.
    """

    def __init__(self, file: int, pages: Pages, offset: int) -> None:
        self._file = file
        self._fresh = pages
        self._room = _Mapping(pages.nbytes + 2 * _BORDER, _NOTHING, _PRIVATE | _ANONYMOUS | _NO_RESERVE, -1)
        self._home = -(-self._room.address // _BORDER) * _BORDER + offset
        self._renew()
        self._pages = _pages(self._home, pages.nbytes)

    def go(self, address: int) -> None:
        _move(self._home, address, self._pages.nbytes)

    def come(self, address: int) -> None:
        """Home again, as the snapshot is.

        Raises:
            OSError: it may not be.
        """
        try:
            _move(address, self._home, self._pages.nbytes)
        except OSError:
            self._room.abandon()  # its home may be another's by now
            raise
        written = page_map.written(self._home, self._pages.nbytes)
        if written is None or len(written) > _KEPT:
            self._renew()
        else:
            for some in np.array_split(written, -(-len(written) // _AT_ONCE) or 1):
                self._pages[some] = self._fresh[some]

    def _renew(self) -> None:
        _map(self._home, self._fresh.nbytes, _READ_WRITE, _PRIVATE | _FIXED, self._file)


class PageMap:
    """What the kernel tells of this process's pages. A fork's child opens its own: what it inherits is its parent's."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._open()
        os.register_at_fork(after_in_child=self._open)

    def _open(self) -> None:
        self.close()
        with suppress(OSError):
            self._file = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def hide(self) -> None:
        """Closes it where it tells which of the machine's memory a page is, as it does to who opened it as root."""
        here = ctypes.create_string_buffer(1)
        if self._file is not None:
            entry = os.pread(self._file, _ENTRY, ctypes.addressof(here) // mmap.PAGESIZE * _ENTRY)
            if int.from_bytes(entry, "little") & _FRAME:
                self.close()

    def written(self, address: int, size: int) -> np.ndarray[Any, np.dtype[np.intp]] | None:
        """The indices of a private mapping's pages that are not the file's any more; None where they are not told."""
        if self._file is None:
            return None
        length = size // mmap.PAGESIZE * _ENTRY
        try:
            told = os.pread(self._file, length, address // mmap.PAGESIZE * _ENTRY)
        except OSError:
            return None
        if len(told) != length:
            return None
        states = np.frombuffer(told, np.uint8)[_ENTRY - 1 :: _ENTRY]
        return np.flatnonzero((states & (_PRESENT | _SWAPPED) != 0) & (states & _SHARED_OR_FILE == 0))


class _Mapping:
    """Addresses that are unmapped with this object.

    Raises:
        OSError: the system refused.
    """

    def __init__(self, size: int, protection: int, flags: int, file: int) -> None:
        self.size = size
        self.address = _map(None, size, protection, flags, file)

    def abandon(self) -> None:
        """Leaves the addresses to whoever has them now."""
        del self.address

    def __del__(self) -> None:
        if hasattr(self, "address"):
            _libc.munmap(self.address, self.size)


def _can_move(file: int) -> bool:
    """Whether this kernel moves a private mapping of a file and leaves one behind: since 5.13; tried with one page.

    A kernel that refuses may have unmapped where it was to go, so it is not asked with what somebody needs.
    """
    source = _Mapping(mmap.PAGESIZE, _READ_WRITE, _PRIVATE, file)
    target = _Mapping(mmap.PAGESIZE, _NOTHING, _PRIVATE | _ANONYMOUS | _NO_RESERVE, -1)
    try:
        _move(source.address, target.address, mmap.PAGESIZE)
    except OSError:
        target.abandon()
        return False
    return True


def in_large_pages(address: int, size: int) -> None:
    """Asks for memory that is yet to grow to come in large pages, which cost far less to touch; a wish, no more."""
    _libc.madvise(address, size, _HUGE_PAGES)


def _map(address: int | None, size: int, protection: int, flags: int, file: int) -> int:
    return _sure(_libc.mmap(address, size, protection, flags, file, 0))


def _move(source: int, target: int, size: int) -> None:
    _sure(_libc.mremap(source, size, size, _MOVE, target))


def _sure(address: int) -> int:
    if address == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, f"the start of a guest cannot be mapped: {os.strerror(number)}")
    return address


def _pages(address: int, size: int) -> Pages:
    """Shape (pages, 8-byte words of a page)."""
    memory = (ctypes.c_char * size).from_address(address)
    return np.ndarray((size // mmap.PAGESIZE, mmap.PAGESIZE // 8), np.uint64, memoryview(memory))


page_map = PageMap()
