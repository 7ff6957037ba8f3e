"""Compiled: how the core's kernels are made."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numba
import numpy as np
from numba import types
from numba.core.dispatcher import Dispatcher

from atom.book.freshness import track

Int: TypeAlias = int | np.int64
"""A whole number in a kernel; never one without sign, which numba would meet an int64 with as a float."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def jit(function: _Function) -> _Function:
    """Compiles a kernel once a machine. It makes no arrays, and holds no lock while it runs.

    Whole numbers that another kernel hands over come as int64, whatever their width: a kernel is not compiled once more
    for a byte of a row and once more for a constant. Those of 64 bits without sign stay what they are.
    """
    return _compiled(function, False)


def inlined(function: _Function) -> _Function:
    """The same for a kernel that every order passes through: it becomes a part of each that calls it."""
    return _compiled(function, True)


def _compiled(function: _Function, inline: bool) -> _Function:
    compiled: _Function = numba.njit(  # type: ignore[call-overload]  # `_nrt` is not in its types
        cache=True, nogil=True, boundscheck=False, error_model="numpy", _nrt=False, forceinline=inline
    )(function)
    track(compiled)
    _widen(compiled)
    return compiled


def _widen(kernel: Any) -> None:
    if not isinstance(kernel, Dispatcher):  # NUMBA_DISABLE_JIT
        return
    resolve = kernel.get_call_template

    def widened(arguments: Any, keywords: Any) -> Any:
        return resolve(tuple(map(_wide, arguments)), {name: _wide(each) for name, each in keywords.items()})

    kernel.get_call_template = widened  # type: ignore[method-assign, assignment]  # how a kernel's callers find its form


def _wide(kind: Any) -> Any:
    kind = types.unliteral(kind)  # type: ignore[no-untyped-call]  # numba's
    return types.int64 if isinstance(kind, types.Integer) and kind != types.uint64 else kind
