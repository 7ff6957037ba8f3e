"""Typed: what a strategy's attributes are, the same in both forms. Each keeps the type that it has after `__init__`."""

from typing import Any

import numpy as np

from fusion.errors import BadInput
from node.exchange.tester.strategy import Strategy

_PLAIN: dict[type, type] = {np.bool_: bool, np.int64: int, np.float64: float}


def fields(strategy: Strategy) -> dict[str, Any]:
    """All attributes, those of its class too; numpy's numbers of 64 bits as Python's.

    Raises:
        BadInput: a whole number that is beyond 64 bits.
    """
    found = {
        name: value
        for base in reversed(type(strategy).__mro__[:-1])
        for name, value in vars(base).items()
        if not name.startswith("__")
        and not callable(value)
        and not isinstance(value, property | staticmethod | classmethod)
    } | vars(strategy)
    for name, value in found.items():
        if type(value) is int and not -(1 << 63) <= value < 1 << 63:
            raise BadInput(f"{type(strategy).__name__}.{name} is {value:.3g}: whole numbers have 64 bits")
    return {name: _PLAIN[type(value)](value) if type(value) in _PLAIN else value for name, value in found.items()}


def settle(strategy: Strategy) -> None:
    """From now on a number that is put where a float was is one, as compiled code has it."""
    kind = type(strategy)
    if kind.__setattr__ is not object.__setattr__:
        return  # its own affair; such a class does not compile
    known: dict[str, Any] = {}
    for name, value in fields(strategy).items():
        if type(value) in (bool, int, float):
            known[name] = type(value)
            if name in vars(strategy):
                setattr(strategy, name, value)
    keep = object.__setattr__

    def put(self: Strategy, name: str, value: Any) -> None:
        of = known.get(name)
        if of is not None and type(value) is not of and isinstance(value, _FITS[of]):
            value = of(value)
        keep(self, name, value)

    space = {"__setattr__": put, "__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    strategy.__class__ = type(kind.__name__, (kind,), space)


_FITS: dict[type, tuple[type, ...]] = {
    bool: (np.bool_,),
    int: (int, np.bool_, np.integer),
    float: (int, float, np.bool_, np.integer, np.floating),
}
