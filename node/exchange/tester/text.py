"""Text: what a function would be compiled to, as something that can be compared."""

from collections.abc import Iterator
from enum import EnumType
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher


def of(function: FunctionType) -> Any:
    """Its code with the values that compiling fixes: the variables of its file that it and the functions it calls there
    name. Equal ones compile to the same; what cannot be compared is equal to itself alone.
    """
    return _of(function, function.__globals__, [])


def _of(value: Any, home: dict[str, Any], known: list[Any]) -> Any:
    if isinstance(value, Dispatcher):
        return "compiled", _of(value.py_func, home, known)
    if isinstance(value, FunctionType) and value.__module__ == home.get("__name__"):
        return known.index(value) if value in known else _function(value, home, known)
    if isinstance(value, tuple | list):
        return type(value).__name__, *(_of(each, home, known) for each in value)
    return _plain(value)


def _function(value: FunctionType, home: dict[str, Any], known: list[Any]) -> Any:
    known.append(value)
    names = sorted(set(_names(value.__code__)))
    space = value.__globals__
    cells = [each.cell_contents for each in value.__closure__ or ()]
    used = tuple((name, _named(space[name], names, home, known)) for name in names if name in space)
    return value.__code__, used, *(_of(each, home, known) for each in (value.__defaults__, cells))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str | np.generic):
        return type(value), repr(value)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, EnumType):
        return value.__qualname__, tuple(value.__members__), repr(list(value.__members__.values()))
    return value if value.__hash__ is not None else object()


def _named(value: Any, names: list[str], home: dict[str, Any], known: list[Any]) -> Any:
    """A variable of the file; of a module all that may be meant of it."""
    if not isinstance(value, ModuleType):
        return _of(value, home, known)
    inner = ((name, vars(value)[name]) for name in names if name in vars(value))
    return value, *((name, _of(each, home, known)) for name, each in inner)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)
