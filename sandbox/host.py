"""The whole world a guest sees: a deterministic WASI of about twenty calls.

There is no host file, clock, entropy, environment or network behind it. The clock stands still, random numbers are a
function of the job's seed, the only file is the standard library's archive, and every other call answers ENOSYS. What
the guest writes is counted against one budget.

Reference: WASI snapshot preview 1 (wasi_snapshot_preview1.witx).
"""

import ctypes
import hashlib
import struct
from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np
import wasmtime

from sandbox.code import PRINTED
from sandbox.frame import Parts

NOW = 1_700_000_000_000_000_000
"""The time in every guest, ns since 1970 UTC; the monotonic clock reads 0."""

RESULT = 1000
"""Descriptor on which the runner sends frames to the host."""

_SUCCESS, _BADF, _INVAL, _NOENT, _NOSYS = 0, 8, 28, 44, 52
_STDIN, _STDOUT, _STDERR, _LIBRARY = 0, 1, 2, 3
_FIRST_FILE, _LAST_FILE = 4, 67
_CHARACTER_DEVICE, _DIRECTORY, _REGULAR_FILE = 2, 3, 4
_ALL_RIGHTS = (1 << 30) - 1
_CREATE_OR_TRUNCATE = 1 | 8
_FOLDER, _ARCHIVE = b"/usr/local/lib", b"python315.zip"
_MASK = 0xFFFFFFFF
_MAX_RANDOM = 65536
_MAX_VECTORS = 1024
_LAST_OFFSET = (1 << 63) - 1

_READ_ONLY = 0x100
_look = ctypes.pythonapi.PyMemoryView_FromMemory
_look.restype = ctypes.py_object
_look.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)

Stop = Literal["output", "exit", "fault", "broken"]


class Host:
    """The host side of one job.

    Args:
        store: the store the guest lives in.
        archive: the standard library's zip.
        stdin: what the guest reads on descriptor 0; one read gives of one part.
        seed: what random numbers are derived from.
        output: bytes the guest may write on all descriptors together.

    Attributes:
        memory: the guest's linear memory, set once it is instantiated.
        result: what was written on the result descriptor.
        printed: the first bytes written on stdout and stderr.
        stopped: why the host ended the run, if it did.
        error: the defect in this host behind `stopped == "broken"`.
    """

    memory: wasmtime.Memory

    def __init__(
        self,
        store: wasmtime.Store,
        archive: memoryview,
        *,
        stdin: Parts = (),
        seed: bytes = b"",
        output: int = 0,
    ) -> None:
        self._store = store
        self._archive = archive
        self._stdin = deque(memoryview(part).cast("B") for part in stdin if len(part))
        self._seed = seed
        self._drawn = 0
        self._budget = output
        self._files: dict[int, int] = {}
        self.result = bytearray()
        self.printed = bytearray()
        self.stopped: Stop | None = None
        self.error: BaseException | None = None

    def answer(self, name: str, arguments: tuple[int, ...]) -> int:
        """Serve one import call; never raises, since an exception must not cross wasm frames."""
        if self.stopped is not None:
            return _NOSYS
        call = _CALLS.get(name)
        if call is None:
            return _NOSYS
        try:
            return call(self, *arguments)
        except _OutOfBoundsError:
            return self.stop("fault")
        except Exception as error:  # noqa: BLE001 - told by the runtime once the guest has ended
            self.error = error
            return self.stop("broken")

    def stop(self, why: Stop) -> int:
        """End the guest at its next function entry or loop turn, which is the same one on every machine."""
        self.stopped = why
        self._store.set_epoch_deadline(0)
        return _NOSYS

    # Guest memory

    def at(self, pointer: int, size: int) -> int:
        """Where bytes of the guest lie in this process, all of them its own."""
        pointer &= _MASK
        if pointer + size > self.memory.data_len(self._store):
            raise _OutOfBoundsError
        return ctypes.addressof(self.memory.data_ptr(self._store).contents) + pointer

    def read(self, pointer: int, size: int) -> bytes:
        """Copy bytes out of the guest."""
        return ctypes.string_at(self.at(pointer, size), size)

    def write(self, pointer: int, data: bytes | memoryview) -> int:
        """Copy bytes into the guest."""
        if len(data):
            source = data if isinstance(data, bytes) else np.frombuffer(data, np.uint8).ctypes.data
            ctypes.memmove(self.at(pointer, len(data)), source, len(data))
        return _SUCCESS

    def _vectors(self, pointer: int, count: int) -> list[tuple[int, int]]:
        count &= _MASK
        if count > _MAX_VECTORS:
            raise _OutOfBoundsError
        return list(struct.iter_unpack("<II", self.read(pointer, 8 * count)))

    # Arguments, environment, clock, random

    def _no_strings(self, count: int, size: int) -> int:
        return self.write(count, bytes(4)) or self.write(size, bytes(4))

    def _nothing(self, *_: int) -> int:
        return _SUCCESS

    def _clock_time_get(self, clock: int, _precision: int, out: int) -> int:
        return self.write(out, struct.pack("<Q", 0 if clock else NOW))

    def _clock_res_get(self, _clock: int, out: int) -> int:
        return self.write(out, struct.pack("<Q", 1000))

    def _random_get(self, pointer: int, size: int) -> int:
        size &= _MASK
        if size > _MAX_RANDOM:
            return _INVAL
        self._drawn += 1
        return self.write(pointer, hashlib.shake_256(self._seed + struct.pack("<Q", self._drawn)).digest(size))

    def _proc_exit(self, _code: int) -> int:
        return self.stop("exit")

    # Files: three standard streams, the library's folder with its one archive, and opened copies of it

    def _kind(self, fd: int) -> int | None:
        if fd in self._files:
            return _REGULAR_FILE
        if fd == _LIBRARY:
            return _DIRECTORY
        return _CHARACTER_DEVICE if 0 <= fd < _LIBRARY else None

    def _fd_fdstat_get(self, fd: int, out: int) -> int:
        kind = self._kind(fd)
        if kind is None:
            return _BADF
        return self.write(out, struct.pack("<BxHxxxxQQ", kind, 0, _ALL_RIGHTS, _ALL_RIGHTS))

    def _fd_prestat_get(self, fd: int, out: int) -> int:
        return _BADF if fd != _LIBRARY else self.write(out, struct.pack("<II", 0, len(_FOLDER)))

    def _fd_prestat_dir_name(self, fd: int, out: int, size: int) -> int:
        return _BADF if fd != _LIBRARY else self.write(out, _FOLDER[: size & _MASK])

    def _stat(self, out: int, inode: int, kind: int, size: int) -> int:
        return self.write(out, struct.pack("<QQB7xQQQQQ", 1, inode, kind, 1, size, NOW, NOW, NOW))

    def _fd_filestat_get(self, fd: int, out: int) -> int:
        kind = self._kind(fd)
        if kind is None:
            return _BADF
        if kind == _REGULAR_FILE:
            return self._stat(out, 2, kind, len(self._archive))
        return self._stat(out, fd + 10, kind, 0)

    def _names_archive(self, pointer: int, size: int) -> bool:
        size &= _MASK
        found = self.at(pointer, size)
        return size == len(_ARCHIVE) and ctypes.string_at(found, size) == _ARCHIVE  # no copy of all that it names

    def _path_filestat_get(self, fd: int, _flags: int, pointer: int, size: int, out: int) -> int:
        if fd != _LIBRARY or not self._names_archive(pointer, size):
            return _NOENT
        return self._stat(out, 2, _REGULAR_FILE, len(self._archive))

    def _path_open(
        self,
        fd: int,
        _lookup: int,
        pointer: int,
        size: int,
        how: int,
        _rights: int,
        _inheriting: int,
        _flags: int,
        out: int,
    ) -> int:
        if fd != _LIBRARY or not self._names_archive(pointer, size) or how & _CREATE_OR_TRUNCATE:
            return _NOENT
        free = next((number for number in range(_FIRST_FILE, _LAST_FILE + 1) if number not in self._files), None)
        if free is None:
            return _NOENT
        self._files[free] = 0
        return self.write(out, struct.pack("<I", free))

    def _fd_close(self, fd: int) -> int:
        return _BADF if self._files.pop(fd, None) is None else _SUCCESS

    def _fd_seek(self, fd: int, offset: int, whence: int, out: int) -> int:
        if fd not in self._files:
            return _BADF
        if whence not in (0, 1, 2):
            return _INVAL
        position = (0, self._files[fd], len(self._archive))[whence] + offset
        if not 0 <= position <= _LAST_OFFSET:
            return _INVAL
        self._files[fd] = position
        return self.write(out, struct.pack("<Q", position))

    def _fd_tell(self, fd: int, out: int) -> int:
        return self._fd_seek(fd, 0, 1, out)

    def _fd_read(self, fd: int, vectors: int, count: int, out: int) -> int:
        if fd != _STDIN and fd not in self._files:
            return _BADF
        source, position = self._source(fd)
        total = 0
        for pointer, size in self._vectors(vectors, count):
            chunk = source[position + total : position + total + size]
            self.write(pointer, chunk)
            total += len(chunk)
        if fd != _STDIN:
            self._files[fd] += total
        elif self._stdin and total == len(source):
            self._stdin.popleft()
        elif self._stdin:
            self._stdin[0] = source[total:]
        return self.write(out, struct.pack("<I", total))

    def _source(self, fd: int) -> tuple[memoryview, int]:
        """What a readable descriptor reads, and from where."""
        if fd != _STDIN:
            return self._archive, self._files[fd]
        return (self._stdin[0] if self._stdin else memoryview(b"")), 0

    def _fd_write(self, fd: int, vectors: int, count: int, out: int) -> int:
        if fd not in (_STDOUT, _STDERR, RESULT):
            return _BADF
        parts = self._vectors(vectors, count)
        total = sum(size for _, size in parts)
        if total > self._budget:
            return self.stop("output")
        self._budget -= total
        for pointer, size in parts:
            data = _look(self.at(pointer, size), size, _READ_ONLY)
            if fd == RESULT:
                self.result += data
            else:
                self.printed += data[: PRINTED - len(self.printed)]
        return self.write(out, struct.pack("<I", total))


class _OutOfBoundsError(Exception):
    """The guest named memory it does not have."""


_CALLS: dict[str, Callable[..., int]] = {
    "args_get": Host._nothing,
    "args_sizes_get": Host._no_strings,
    "environ_get": Host._nothing,
    "environ_sizes_get": Host._no_strings,
    "clock_time_get": Host._clock_time_get,
    "clock_res_get": Host._clock_res_get,
    "random_get": Host._random_get,
    "sched_yield": Host._nothing,
    "proc_exit": Host._proc_exit,
    "fd_advise": Host._nothing,
    "fd_close": Host._fd_close,
    "fd_fdstat_get": Host._fd_fdstat_get,
    "fd_filestat_get": Host._fd_filestat_get,
    "fd_prestat_get": Host._fd_prestat_get,
    "fd_prestat_dir_name": Host._fd_prestat_dir_name,
    "fd_read": Host._fd_read,
    "fd_seek": Host._fd_seek,
    "fd_tell": Host._fd_tell,
    "fd_write": Host._fd_write,
    "path_filestat_get": Host._path_filestat_get,
    "path_open": Host._path_open,
}
