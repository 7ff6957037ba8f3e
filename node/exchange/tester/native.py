"""Native: a strategy as machine code inside the loop. Its class is taken as it is; what it asks of `book` and `orders`
are the same functions that Python runs.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError, TypingError
from numba.experimental import jitclass  # type: ignore[attr-defined]  # it is there
from numba.extending import intrinsic, models, overload_method, register_model

from fusion.errors import BadInput
from node.exchange.tester import exact, loop, text
from node.exchange.tester.book import Book, Event
from node.exchange.tester.memory import Desk
from node.exchange.tester.orders import Orders
from node.exchange.tester.strategy import Strategy
from node.exchange.tester.typed import fields

_FILE = "<strategy>"
_CHECKED: dict[str, Any] = {"jit_options": {"boundscheck": True}}  # as Python has it


class NotCompiled(BadInput):
    """A strategy is no text that can be compiled; as Python it may run."""


class _BookRecord(numba.types.Record):
    """The record of a `Book`; a kind of its own, so that its methods are not those of any record."""


class _EventRecord(numba.types.Record):
    """The record of an `Event`."""


class _OrdersRecord(numba.types.Record):
    """The record of `Orders`."""


def _kind(of: Any, kind: Any) -> Any:
    """Makes a kind of record known to numba, and lets compiled code call the structure's methods on it."""
    register_model(kind)(models.RecordModel)
    plain = numba.from_dtype(of.dtype)
    fields = [(name, {"type": each.type, "offset": each.offset}) for name, each in plain.fields.items()]
    for name, function in vars(of).items():
        if inspect.isfunction(function) and not name.startswith("__"):
            overload_method(kind, name, **_CHECKED)(_chosen(f"{of.__name__.lower()}.{name}", function))
    return kind(fields, plain.size, plain.aligned)


def _chosen(called: str, function: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(function)

    def choose(*arguments: Any, **named: Any) -> Callable[..., Any]:
        for name, given in signature.bind(*arguments, **named).arguments.items():
            parameter = signature.parameters[name]
            if parameter.annotation is int and isinstance(given, numba.types.Float):
                raise TypingError(f"{called}: {name} is a whole number; use int(), // or round()")
        return function

    choose.__signature__ = signature  # type: ignore[attr-defined]  # functions may have one
    return choose


def _cast(kind: Any) -> Any:
    """What takes a plain record for one of this kind; the same bytes."""

    @intrinsic
    def cast(typing_context, record):  # type: ignore[no-untyped-def]  # numba hands in its own objects
        return kind(record), lambda context, builder, signature, arguments: arguments[0]

    return cast


_as_book = _cast(_kind(Book, _BookRecord))
_as_event = _cast(_kind(Event, _EventRecord))
_as_orders = _cast(_kind(Orders, _OrdersRecord))


def compiled(strategy: Strategy, file: Path, desk: Desk) -> Any:
    """The strategy as a compiled object with the same attributes, ready to be driven.

    Raises:
        NotCompiled: it has attributes that cannot be, does not compile, or would do in silence what Python would not;
            the message says where in its `file`.
    """
    made = _object(strategy)
    kind = numba.typeof(made)  # type: ignore[no-untyped-call]  # numba has none
    for each in kind.jit_methods.values():
        each.targetoptions["boundscheck"] = True  # as Python has it
    try:
        _drive.compile((kind, *(numba.typeof(each) for each in (desk.book, desk.event, desk.orders)), numba.int64))  # type: ignore[no-untyped-call]  # the same
    except NumbaError as error:
        raise NotCompiled(_reason(str(error), file)) from error
    if (wrong := exact.fault(kind, {_BookRecord: "book", _EventRecord: "event"})) is not None:
        raise NotCompiled(f"{file.name}:{wrong[1]}: {wrong[0]}")
    return made


def _object(strategy: Strategy) -> Any:
    kind: Any = type(strategy)
    found = fields(strategy)
    spec = []
    for name, value in found.items():
        typed = _type_of(value)
        if typed is None:
            what = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
            raise NotCompiled(
                f"{kind.__name__}.{name} is a {what}, which a compiled strategy cannot keep: numbers, truths, text and "
                "numpy arrays of int64, float64 and bool it can; --form python runs it as it is"
            )
        spec.append((name, typed))
    return _class(kind, tuple(spec))(*found.values())


_classes: dict[tuple[Any, ...], Any] = {}
_CLASSES = 8


def _class(kind: Any, spec: tuple[tuple[str, Any], ...]) -> Any:
    """A strategy's class with attributes of these types. It is compiled once for each text and all that compiling puts
    into it: a file that is loaded anew has the same one as long as its variables say the same.
    """
    functions = {
        name: value
        for base in reversed(kind.__mro__[:-1])
        for name, value in vars(base).items()
        if inspect.isfunction(value) and name != "__init__"
    }
    texts = tuple((name, text.of(value)) for name, value in functions.items())
    key = kind.__name__, tuple((name, str(typed)) for name, typed in spec), texts
    if key not in _classes:
        while len(_classes) >= _CLASSES:
            del _classes[next(iter(_classes))]
        _classes[key] = _made(kind, functions, spec)
    return _classes[key]


def _made(kind: Any, functions: dict[str, Any], spec: tuple[tuple[str, Any], ...]) -> Any:
    methods = {name: exact.as_python(value) for name, value in functions.items()}
    names = [name for name, _ in spec]
    init = f"def __init__(self, {', '.join(names)}):\n" + "".join(f"    self.{name} = {name}\n" for name in names)
    space: dict[str, Any] = {}
    exec(compile(init, _FILE, "exec"), space)  # noqa: S102 - the names are those of the user's own attributes
    made = type(kind.__name__, (), methods | {"__init__": space["__init__"], "__module__": kind.__module__})
    return jitclass(list(spec))(made)


def _type_of(value: object) -> Any:
    if isinstance(value, str):
        return numba.types.unicode_type
    if type(value) in (bool, int, float) or (isinstance(value, np.ndarray) and value.dtype in _KEPT):
        return numba.typeof(value)  # type: ignore[no-untyped-call]  # numba has none
    return None


_KEPT = [np.dtype(each) for each in (np.bool_, np.int64, np.float64)]


@numba.njit(nogil=True)
def _drive(strategy: Any, desk_book: Any, desk_event: Any, desk_orders: Any, address: int) -> int:
    book, event, orders = _as_book(desk_book[0]), _as_event(desk_event[0]), _as_orders(desk_orders[0])
    while True:
        why = loop.step(address)
        if why == loop.WAKE:
            strategy.on_event(book, event, orders)
        elif why == loop.TIMER:
            strategy.on_timer(book, book.time, orders)
        else:
            return int(why)


def drive(strategy: Any, desk: Desk, address: int) -> int:
    """Runs the loop and a compiled strategy until the loop needs something; what."""
    return int(_drive(strategy, desk.book, desk.event, desk.orders, address))


def _reason(said: str, file: Path) -> str:
    """What numba says in fifty lines, in one."""
    lines = re.findall(rf'{re.escape(file.name)}", line (\d+)|{re.escape(file.name)} \((\d+)\)', said)
    where = f"{file.name}:{next(filter(None, lines[-1]))}" if lines else file.name
    told = [line.strip() for line in said.splitlines() if line.strip()]
    ours = re.findall(r"TypingError: ((?:orders|book|event|round)[.(].*)", said)
    why = ours[0] if ours else next((line for line in told if line.startswith(_TELLING)), told[-1] if told else "")
    return f"{where}: it does not compile: {why[:200]}; mend it, or --form python runs it as it is"


_TELLING = (
    *("Unknown attribute", "No implementation", "Untyped global name", "Cannot unify", "NameError", "Invalid use"),
    *("Cannot determine", "Use of unsupported", "The use of", "Failed at", "Attribute", "cannot"),
)
