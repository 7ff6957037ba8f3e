"""The decorator that makes a function a module, and the reading of its ports from type hints."""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar, overload

from fusion.sdk.interface import KINDS, Interface, Scalar, Setting, fitted
from fusion.sdk.ports import MAX_NUMBERS, NUMBERS, checked_name, dtype_of, kind_of

F = TypeVar("F", bound=Callable[..., object])
Lookback = int | Callable[..., int] | None

_ATTRIBUTE = "__fusion_module__"


@dataclass(frozen=True, slots=True)
class _Definition:
    interface: Interface
    lookback: Lookback


@overload
def module(function: F, /) -> F: ...


@overload
def module(*, lookback: Lookback = None) -> Callable[[F], F]: ...


def module(function: F | None = None, /, *, lookback: Lookback = None) -> F | Callable[[F], F]:
    """Make a function a module; it stays an ordinary function to call.

    Args:
        function: positional parameters annotated `Floats` or `Ints` (the input ports), keyword-only parameters
            annotated `int`, `float`, `bool` or `str` with defaults (the settings), returning `Floats` or `Ints` (one
            row for each row of input), `float` or `int` (one number for the whole run), or a NamedTuple of such.
        lookback: rows of history the last row depends on: a number, a function of settings by name, or None when all.
            It is about columns: a module that returns numbers alone has none.

    Raises:
        TypeError: the signature is not one of a module; the message says which part and what to write.
    """
    if function is None:
        return lambda decorated: _defined(decorated, lookback)
    return _defined(function, lookback)


def spec(function: Callable[..., object], settings: Mapping[str, Scalar] | None = None) -> Interface:
    """The interface of a module, with the lookback it has under these settings.

    Raises:
        TypeError: the function is not decorated, or a setting is unknown or of another type.
        ValueError: a setting's value cannot be used.
    """
    definition = getattr(function, _ATTRIBUTE, None)
    if not isinstance(definition, _Definition):
        raise TypeError(f"{getattr(function, '__name__', function)!r} is no module: decorate it with @module")
    interface = definition.interface
    return replace(interface, lookback=_rows(definition.lookback, interface.settle(settings or {}), interface.name))


def _defined(function: F, lookback: Lookback) -> F:
    if not inspect.isfunction(function):
        raise TypeError(f"@module decorates functions, got {type(function).__name__}")
    name = function.__name__
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise TypeError(f"module {name}: an annotation cannot be read: {error}") from None
    inputs: dict[str, str] = {}
    settings: dict[str, Setting] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"module {name}: *{parameter.name} is not allowed: name every port and setting")
        if parameter.name not in hints:
            raise TypeError(f"module {name}: parameter {parameter.name!r} has no annotation")
        if parameter.kind is parameter.KEYWORD_ONLY:
            settings[parameter.name] = _setting(name, parameter, hints[parameter.name])
        else:
            inputs[parameter.name] = _input(name, parameter, hints[parameter.name])
    if not inputs:
        raise TypeError(f"module {name}: it has no input port: give it a positional parameter annotated Floats or Ints")
    if "return" not in hints:
        raise TypeError(
            f"module {name}: it has no return annotation: write Floats, Ints, float, int or a NamedTuple of them"
        )
    outputs, several = _outputs(name, hints["return"])
    interface = Interface(name, inputs, outputs, settings, None, several)
    if lookback is not None and not interface.columns:
        raise TypeError(f"module {name}: it returns no column, so there is no last row for a lookback: leave it out")
    _rows(lookback, interface.settle({}), name)
    setattr(function, _ATTRIBUTE, _Definition(interface, lookback))
    return function


def _input(name: str, parameter: inspect.Parameter, hint: object) -> str:
    where = f"module {name}: input {parameter.name!r}"
    checked_name(parameter.name, where)
    if parameter.default is not parameter.empty:
        raise TypeError(f"{where} has a default: ports are always given; put settings after `*`")
    return dtype_of(hint, where)


def _setting(name: str, parameter: inspect.Parameter, hint: object) -> Setting:
    where = f"module {name}: setting {parameter.name!r}"
    checked_name(parameter.name, where)
    kind = next((kind for kind, python in KINDS.items() if hint is python), None)
    if kind is None:
        raise TypeError(f"{where} is annotated {hint}: write int, float, bool or str")
    if parameter.default is parameter.empty:
        raise TypeError(f"{where} has no default")
    try:
        return Setting(kind, fitted(parameter.default, kind, f"{where}'s default"))
    except ValueError as error:
        raise TypeError(str(error)) from None


def _outputs(name: str, hint: object) -> tuple[dict[str, str], bool]:
    if not (isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields")):
        return {"value": kind_of(hint, f"module {name}: the return value")}, False
    fields = typing.get_type_hints(hint)
    outputs: dict[str, str] = {}
    for field in hint._fields:
        where = f"module {name}: output {field!r}"
        if field not in fields:
            raise TypeError(f"{where} has no annotation: declare {hint.__name__} as a typing.NamedTuple")
        outputs[checked_name(field, where)] = kind_of(fields[field], where)
    numbers = sum(kind in NUMBERS for kind in outputs.values())
    if numbers > MAX_NUMBERS:
        raise TypeError(f"module {name}: {hint.__name__} has {numbers} numbers, at most {MAX_NUMBERS} are allowed")
    if not outputs:
        raise TypeError(f"module {name}: {hint.__name__} has no field: a module has at least one output")
    return outputs, True


def _rows(lookback: Lookback, settings: Mapping[str, Scalar], name: str) -> int | None:
    """The rows of history needed under these settings."""
    if lookback is None:
        return None
    if callable(lookback):
        wanted = list(inspect.signature(lookback).parameters)
        unknown = [setting for setting in wanted if setting not in settings]
        if unknown:
            raise TypeError(f"module {name}: lookback takes {unknown[0]!r}, which is no setting")
        lookback = lookback(**{setting: settings[setting] for setting in wanted})
    if type(lookback) is not int or lookback < 1:
        raise TypeError(f"module {name}: lookback is {lookback!r}: give a whole number of rows, at least 1")
    return lookback
