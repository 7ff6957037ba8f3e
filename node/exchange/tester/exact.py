"""Exact: what compiled code would do in silence and Python would not is refused, or done as in Python.

numba keeps an attribute as what it began as: a float that is put where a whole number was loses its fraction, and no
error tells of it. And it makes a whole number of NaN.
"""

import dis
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numba
from numba.core import ir
from numba.extending import overload

from node.exchange.tester.book import MOST

_CHECKED = "int", "round"


def whole(value: Any) -> int:
    """What `int` is in compiled code."""
    made: int = int(value)
    return made


def rounded(value: Any) -> int:
    """What `round` of one number is in compiled code."""
    made: int = round(value)
    return made


@overload(whole)
def _whole(value: Any) -> Callable[..., int]:
    if not isinstance(value, numba.types.Float):
        return whole

    def checked(value: Any) -> int:
        if not abs(value) < MOST:
            raise ValueError("int(): this float is no whole number")
        made: int = int(value)
        return made

    return checked


@overload(rounded)
def _rounded(value: Any) -> Callable[..., int]:
    if not isinstance(value, numba.types.Float):
        return lambda value: value  # a whole number is round already

    def checked(value: Any) -> int:
        if not abs(value) < MOST:
            raise ValueError("round(): this float is no whole number")
        made: int = round(value)
        return made

    return checked


def as_python(function: FunctionType) -> FunctionType:
    """The same function, whose `int` and `round` raise ValueError where Python's do."""
    known: dict[str, Any] = {"int": whole, "round": rounded}
    loaded = [each for each in dis.get_instructions(function) if each.opname == "LOAD_GLOBAL"]
    for name in _CHECKED:
        uses = [each.argrepr for each in loaded if each.argval == name]
        if name in function.__globals__ or any(not use.startswith("NULL") for use in uses):
            del known[name]  # another one of its own, or not called but named, as a dtype is
    made = FunctionType(
        function.__code__, function.__globals__ | known, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def fault(kind: Any, told: Mapping[Any, str]) -> tuple[str, int] | None:
    """What is wrong with a compiled class, and in which line of its file; None where all is well.

    Args:
        kind: the class as numba knows it, all of whose methods that are called have been compiled.
        told: what a strategy may read and not write: its types, and what they are called.
    """
    properties = (each for of in kind.jit_props.values() for each in of.values())
    for text in _texts([*kind.jit_methods.values(), *properties]):
        for block in text.blocks.values():
            for statement in block.find_insts(ir.SetAttr):
                owner, given = text.typemap[statement.target.name], text.typemap[statement.value.name]
                if type(owner) in told:
                    name = f"{told[type(owner)]}.{statement.attr}"
                    return f"{name} is told to a strategy, who cannot change it", statement.loc.line
                if isinstance(owner, numba.types.ClassInstanceType) and (why := _lost(statement, owner, given)):
                    return why, statement.loc.line
    return None


def _lost(statement: Any, owner: Any, given: Any) -> str:
    """What a store loses; empty where it loses nothing."""
    kept, given = owner.struct[statement.attr], numba.types.unliteral(given)  # type: ignore[no-untyped-call]  # numba's
    name = f"self.{statement.attr}"
    if isinstance(kept, numba.types.Boolean) and isinstance(given, numba.types.Number):
        return f"{name} begins as a truth and is given a number: begin with 0 or 0.0"
    if isinstance(kept, numba.types.Integer) and isinstance(given, numba.types.Float):
        return f"{name} begins as a whole number and is given a float: begin with 0.0, or use int() or //"
    return ""


def _texts(compiled: list[Any]) -> Iterator[Any]:
    """What numba knows of functions and of all compiled ones of the user's that they call."""
    known: set[int] = set()
    while compiled:
        one = compiled.pop()
        if id(one) in known:
            continue
        known.add(id(one))
        for result in one.overloads.values():
            text = result.type_annotation
            if hasattr(text, "typemap"):  # what is kept on disk has none, and is not a strategy's
                yield text
                called = (each for each in text.typemap.values() if isinstance(each, numba.types.Dispatcher))
                compiled += [each.dispatcher for each in called]
