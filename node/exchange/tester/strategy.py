"""Strategy: what a user writes, and how its file is read."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fusion.errors import BadInput
from node.exchange.core.command import Selftrade
from node.exchange.tester.book import DEPTH, Book, Event
from node.exchange.tester.orders import Orders

MODULE: Final = "strategy_"
"""What the modules of strategies' files are called, before the file's name."""


class Strategy:
    """A strategy; parameters are the keyword arguments of its `__init__`, and what it remembers are its attributes.

    Attributes:
        events: `on_event` is called after so many events; 1: after each, 0: never.
        every: ns between calls of `on_timer`, at whole multiples of it; 0: never.
        levels: of the book that it wants to see, up to 10.
        selftrade: what happens when one of its orders meets another, of `Selftrade`.
    """

    events: int = 1
    every: int = 0
    levels: int = 1
    selftrade: int = int(Selftrade.EXPIRE_TAKER)

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        """Called when something happened."""

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        """Called when it is time."""


def load(path: Path) -> type[Strategy]:
    """The strategy class of a file: the only one it defines.

    Raises:
        BadInput: the file cannot be read or run, or has none or several; the message says where.
    """
    path = path.resolve()  # as its errors name it
    name = MODULE + path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise BadInput(f"there is no strategy file {path}: give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's file raises is told with its line
        raise BadInput(told(error, path)) from error
    found = [
        each
        for each in vars(module).values()
        if inspect.isclass(each) and each.__module__ == name and issubclass(each, Strategy)
    ]
    if len(found) != 1:
        names = ", ".join(each.__name__ for each in found) or "none"
        raise BadInput(f"{path.name} has to define one class that derives from Strategy; it has {names}")
    return found[0]


def make(strategy: type[Strategy], parameters: Mapping[str, Any]) -> Strategy:
    """An instance with these parameters; BadInput where they do not fit or its `__init__` refuses them. A whole number
    is a float where the default is one, so that 1 and 1.0 are the same strategy.
    """
    known = {
        each.name: each
        for each in inspect.signature(strategy).parameters.values()
        if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)
    }
    for name in parameters:
        if name not in known:
            raise BadInput(f"{strategy.__name__} has no parameter {name}; it has {', '.join(known) or 'none'}")
    missing = [name for name, each in known.items() if each.default is each.empty and name not in parameters]
    if missing:
        raise BadInput(f"{strategy.__name__} needs its parameter {missing[0]}: give --param {missing[0]}=VALUE")
    for name, value in parameters.items():
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise BadInput(f"--param {name}={value}: whole numbers have 64 bits")
    floats = {name for name, each in known.items() if type(each.default) is float}
    given = {
        name: float(value) if name in floats and type(value) is int else value for name, value in parameters.items()
    }
    try:
        return strategy(**given)
    except (Exception, SystemExit) as error:
        raise BadInput(told(error, Path(inspect.getfile(strategy)))) from error


def check(strategy: Strategy) -> None:
    """BadInput for a strategy whose own terms cannot be."""
    limits = ("events", 0, 1 << 40), ("every", 0, 1 << 60), ("levels", 0, DEPTH), ("selftrade", 0, max(Selftrade))
    for name, least, most in limits:
        value = getattr(strategy, name)
        if not isinstance(value, int) or not least <= value <= most:
            raise BadInput(f"{type(strategy).__name__}.{name} is {value!r}: give a whole number from {least} to {most}")


def told(error: BaseException, path: Path) -> str:
    """An error of a user's file in one line, with the last of its lines that took part."""
    if isinstance(error, SyntaxError):
        return f"{path.name}:{error.lineno}: {error.msg}"
    lines = [
        each.lineno
        for each in traceback.extract_tb(error.__traceback__)
        if Path(each.filename).resolve() == path.resolve()
    ]
    where = f"{path.name}:{lines[-1]}" if lines else path.name
    return f"{where}: {type(error).__name__}: {error}"
