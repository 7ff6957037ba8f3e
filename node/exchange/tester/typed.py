"""Typed: what a strategy's attributes are, the same in both forms. Each keeps the type that it has after `__init__`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fusion.errors import BadInput
from node.exchange.tester.stores import looked
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
    space = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    methods = looked(kind, Strategy, known, _fit)
    strategy.__class__ = type(kind.__name__, (kind,), space | (_each_store(known) if methods is None else methods))
    if methods is not None:
        strategy.__dict__ = dict(vars(strategy))  # one that shares its keys with others' is found three times slower


def _each_store(known: Mapping[str, type]) -> dict[str, Any]:
    """What looks at whatever is stored, from wherever."""
    keep = object.__setattr__

    def put(self: Strategy, name: str, value: Any) -> None:
        of = known.get(name)
        keep(self, name, value if of is None or type(value) is of else _fit(of, value))

    return {"__setattr__": put}


def _fit(of: type, value: Any) -> Any:
    """A number as one of the type that was there; anything else as it is."""
    return of(value) if isinstance(value, _FITS[of]) else value


_FITS: dict[type, tuple[type, ...]] = {
    bool: (np.bool_,),
    int: (int, np.bool_, np.integer),
    float: (int, float, np.bool_, np.integer, np.floating),
}
