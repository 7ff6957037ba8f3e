"""Exact: what compiled code would do in silence and Python would not is refused, or done as in Python.

numba gives each variable one type, and converts what is put there without a word: a whole number loses its last digits
as a float, a float its fraction as a whole number. So no variable of a compiled strategy may need such a conversion;
attributes keep the type they begin with, in Python too (`typed`). And numba makes a whole number of NaN.
"""

import dis
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numba
from numba.core import ir
from numba.core.dispatcher import Dispatcher
from numba.core.errors import TypingError
from numba.extending import overload

from node.exchange.tester.book import MOST

_CHECKED = "int", "round"


def whole(value: Any) -> int:
    """What `int` is in compiled code."""
    made: int = int(value)
    return made


def rounded(value: Any, digits: Any = None) -> Any:
    """What `round` is in compiled code."""
    return round(value, digits)


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
def _rounded(value: Any, digits: Any = None) -> Callable[..., int]:
    if digits is not None:
        raise TypingError("round() to digits: its last digit is another than Python's; use round(x * 100) / 100")
    if not isinstance(value, numba.types.Float):
        return lambda value, digits=None: value  # a whole number is round already

    def checked(value: Any, digits: Any = None) -> int:
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


def harden(space: dict[str, Any]) -> None:
    """Makes the compiled functions of a strategy's file raise where Python does, in both forms alike."""
    made: dict[str, Dispatcher] = {}
    for name, value in space.items():
        if isinstance(value, Dispatcher) and value.py_func.__globals__ is space:
            made[name] = numba.njit(boundscheck=True)(as_python(value.py_func))
    for each in made.values():
        each.py_func.__globals__.update(made)
    space.update(made)


def fault(kind: Any, told: Mapping[Any, str]) -> tuple[str, int] | None:
    """What is wrong with a compiled class, and in which line of its file; None where all is well.

    Args:
        kind: the class as numba knows it, all of whose methods that are called have been compiled.
        told: what a strategy may read and not write: its types, and what they are called.
    """
    properties = (each for of in kind.jit_props.values() for each in of.values())
    for text in _texts([*kind.jit_methods.values(), *properties]):
        shown = _shown(text)
        for block in text.blocks.values():
            for statement in block.body:
                if why := _written(statement, text.typemap, told, shown) or _changed(statement, text.typemap):
                    return why, statement.loc.line
    return None


def _shown(text: Any) -> set[str]:
    """Variables that are tables of `book`, or rows of one."""
    found = {name for name, kind in text.typemap.items() if isinstance(kind, numba.types.NestedArray)}
    for block in text.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            of = value.value if isinstance(value, ir.Expr) and "getitem" in value.op else value
            if isinstance(of, ir.Var) and of.name in found:
                found.add(statement.target.name)
    return found


def _written(statement: Any, kinds: Any, told: Mapping[Any, str], shown: set[str]) -> str:
    """Whether something is written that is told to a strategy."""
    if isinstance(statement, ir.SetAttr | ir.SetItem | ir.StaticSetItem):
        target = statement.target.name
        owner = told.get(type(kinds[target]), "book" if target in shown else "")
        if owner:
            name = f".{statement.attr}" if isinstance(statement, ir.SetAttr) else "[...]"
            return f"{owner}{name} is told to a strategy, who cannot change it"
    return ""


def _changed(statement: Any, kinds: Any) -> str:
    """What a statement does otherwise than Python in silence; empty where it does nothing such."""
    if isinstance(statement, ir.SetAttr) and isinstance(kinds[statement.target.name], numba.types.ClassInstanceType):
        return _lost(statement, kinds[statement.target.name], kinds[statement.value.name])
    if not isinstance(statement, ir.Assign):
        return ""
    value, kept = statement.value, kinds[statement.target.name]
    plain = numba.types.unliteral(kept)  # type: ignore[no-untyped-call]  # numba's
    if isinstance(plain, numba.types.Integer | numba.types.Float) and plain not in _PLAIN:
        return f"a number is {plain} here, which wraps or rounds as no number of Python does: use int() or float()"
    if isinstance(value, ir.Expr) and value.op == "cast":
        value = value.value
    if isinstance(value, ir.Var) and _converts(kinds[value.name], kept):
        name = value.name.split(".")[0]
        name = "a result" if name.startswith("$") else name
        return f"{name} is a whole number here, and elsewhere a float: use float() or int()"
    return _of_expression(value, kinds, kept) if isinstance(value, ir.Expr) else ""


def _converts(given: Any, kept: Any) -> bool:
    """Whether a whole number, which is no constant, becomes a float."""
    if isinstance(kept, numba.types.UniTuple | numba.types.Tuple):
        return any(_converts(*each) for each in zip(given.types, kept.types, strict=True))
    if isinstance(kept, numba.types.Optional):
        kept = kept.type
    return (
        isinstance(kept, numba.types.Float)
        and isinstance(given, numba.types.Integer)
        and not isinstance(given, numba.types.IntegerLiteral)
    )


def _of_expression(value: Any, kinds: Any, kept: Any) -> str:
    operands: list[Any] = []
    if value.op in ("binop", "inplace_binop") and value.fn in (operator.pow, operator.ipow):
        operands = [kinds[value.lhs.name], kinds[value.rhs.name]]
    elif value.op == "call":
        called = getattr(kinds[value.func.name], "typing_key", None)
        given = [kinds[each.name] for each in value.args]
        if called in _TO_WHOLE and isinstance(given[0], numba.types.Float):
            return f"math.{called.__name__}() of NaN is a number here: use int(np.{called.__name__}(x))"
        operands = given if called is pow else []
    elif value.op == "build_list" and any(_converts(kinds[each.name], kept.dtype) for each in value.items):
        return "a list has whole numbers and floats: use float() or int()"
    if len(operands) > 1 and all(isinstance(each, numba.types.Integer) for each in operands[:2]):
        power = getattr(operands[1], "literal_value", -1)
        if power < 0:
            return "a whole number to the power of one that may be below 0, which is a float in Python: use 2.0 ** n"
    return ""


def _lost(statement: Any, owner: Any, given: Any) -> str:
    """What a store loses that Python would keep; empty where it loses nothing."""
    kept, given = owner.struct[statement.attr], numba.types.unliteral(given)  # type: ignore[no-untyped-call]  # numba's
    name = f"self.{statement.attr}"
    if isinstance(kept, numba.types.Boolean) and isinstance(given, numba.types.Number):
        return f"{name} begins as a truth and is given a number: begin with 0 or 0.0"
    if isinstance(kept, numba.types.Integer) and isinstance(given, numba.types.Float):
        return f"{name} begins as a whole number and is given a float: begin with 0.0, or use int() or //"
    return ""


_PLAIN = numba.int64, numba.float64
_TO_WHOLE = math.floor, math.ceil, math.trunc


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
