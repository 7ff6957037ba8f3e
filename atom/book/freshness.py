"""Freshness: a kernel that was kept on disk is compiled anew when anything that it was made of has changed.

numba looks at a kernel's own file alone, but the kernels it calls and the constants it names are built into it; those
of other files would stay as they once were.

It also numbers the files it keeps, and writes the index before the file: of two processes that compile at once, or one
that is killed between the two, the index may lead to what another version or another signature was compiled to. Here a
file's name says what it was made of, and the index is written after it.
"""

import glob
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba.core.caching import IndexDataCacheFile
from numba.core.dispatcher import Dispatcher
from numba.extending import _Intrinsic  # type: ignore[attr-defined]  # numba has no public name for it


def track(kernel: Any) -> None:
    """Makes all that a kernel is made of part of what its kept form is known by."""
    if isinstance(kernel, Dispatcher):  # else nothing is compiled: NUMBA_DISABLE_JIT
        kernel._cache._cache_file = _Index(kernel)  # type: ignore[attr-defined]  # numba has no public name for it


class _Index(IndexDataCacheFile):
    """What is kept of a kernel."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        kept = kernel._cache
        stamp = kept._cache_file._source_stamp
        super().__init__(kept.cache_path, kept._impl.filename_base, stamp)  # type: ignore[no-untyped-call]  # numba's

    def _load_index(self) -> Any:
        try:
            return super()._load_index()  # type: ignore[no-untyped-call]  # numba's
        except (AttributeError, ImportError):  # it names a type that has gone since: numba reads it before the stamp
            return {}

    def save(self, key: Any, data: Any) -> None:
        """Keeps what a signature was compiled to; what is left of other versions goes."""
        path = Path(self._cache_path)
        version = f"{self._index_name.removesuffix('.nbi')}.{self._source_stamp.hex()[:16]}"
        name = f"{version}-{sha256(repr(key).encode()).hexdigest()[:16]}.nbc"
        self._save_data(name, data)  # type: ignore[no-untyped-call]  # numba's
        overloads = self._load_index()
        if not overloads:
            for old in path.glob(f"{glob.escape(self._index_name.removesuffix('.nbi'))}.*.nbc"):
                if not old.name.startswith(version):
                    old.unlink(missing_ok=True)
        self._save_index(overloads | {key: name})  # type: ignore[no-untyped-call]  # numba's

    @property
    def _source_stamp(self) -> bytes:
        # asked for when the kernel is first called: by then all that it names is there
        found: dict[str, object] = {}
        ahead = [self]
        while ahead:
            index = ahead.pop()
            name = f"{index.kernel.__module__}.{index.kernel.__qualname__}"
            if name not in found:
                named = list(_named(index.kernel.py_func))
                found[name] = index.own, [each for each in map(_constant, named) if each is not None]
                kernels: list[Any] = [value for _, value in named if isinstance(value, Dispatcher)]
                ahead += [
                    each
                    for each in (getattr(one._cache, "_cache_file", None) for one in kernels)
                    if isinstance(each, _Index)
                ]
        return sha256(repr(sorted(found.items())).encode()).digest()

    @_source_stamp.setter
    def _source_stamp(self, own: object) -> None:
        self.own = own


def _constant(named: tuple[str, Any]) -> object:
    """What a kernel has of a value that it names; None where that is nothing, or known in another way."""
    name, value = named
    if isinstance(value, _Intrinsic):  # its name, and the file that says what it does
        told = Path(value._defn.__code__.co_filename).stat()
        return name, repr(value), told.st_mtime_ns, told.st_size
    return named if isinstance(value, int | float | str | tuple | np.generic) else None


def _named(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """The global values that a function names."""
    names = function.__code__.co_names
    for name in names:
        value = function.__globals__.get(name)
        yield name, value
        if isinstance(value, ModuleType):
            for inner in names:
                yield f"{name}.{inner}", getattr(value, inner, None)
