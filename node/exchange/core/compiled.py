"""Compiled: how the core's kernels are made."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numba
import numpy as np

from atom.book.freshness import track

Int: TypeAlias = int | np.int64
"""A whole number in a kernel; never one without sign, which numba would meet an int64 with as a float."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def jit(function: _Function) -> _Function:
    """Compiles a kernel once a machine. It makes no arrays, and holds no lock while it runs."""
    return _compiled(function, False)


def inlined(function: _Function) -> _Function:
    """The same for a kernel that every order passes through: it becomes a part of each that calls it."""
    return _compiled(function, True)


def _compiled(function: _Function, inline: bool) -> _Function:
    compiled: _Function = numba.njit(  # type: ignore[call-overload]  # `_nrt` is not in its types
        cache=True, nogil=True, boundscheck=False, error_model="numpy", _nrt=False, forceinline=inline
    )(function)
    track(compiled)
    return compiled
