"""Freshness: a kernel that was kept on disk is compiled anew when anything that it was made of has changed.

numba looks at a kernel's own file alone, but the kernels it calls and the constants it names are built into it; those
of other files would stay as they once were.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from types import ModuleType
from typing import Any

from numba.core.dispatcher import Dispatcher


def track(kernel: Any) -> None:
    """Makes what a kernel was made of part of what its kept form is known by."""
    index = _index(kernel)
    index._source_stamp = sha256(repr([index._source_stamp, *_made_of(kernel.py_func)]).encode()).digest()


def _index(kernel: Any) -> Any:
    return kernel._cache._cache_file  # numba has no public name for it


def _made_of(function: Callable[..., Any]) -> Iterator[object]:
    """The global constants that a function names, and of the kernels among them their stamps."""
    for name, value in _named(function):
        if isinstance(value, Dispatcher):
            yield name, _index(value)._source_stamp
        elif isinstance(value, int | float | str | bytes | tuple):
            yield name, value


def _named(function: Callable[..., Any]) -> Iterator[tuple[str, object]]:
    names = function.__code__.co_names
    for name in names:
        value = function.__globals__.get(name)
        yield name, value
        if isinstance(value, ModuleType):
            for inner in names:
                yield f"{name}.{inner}", getattr(value, inner, None)
