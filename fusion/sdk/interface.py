"""What a module takes and gives, as plain data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fusion.sdk.ports import COLUMNS

Scalar = int | float | bool | str
"""The value of a setting."""

KINDS: dict[str, type[int] | type[float] | type[bool] | type[str]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
}
"""The types a setting can have, by the name used in an interface."""

_MAX_TEXT = 4096


class Setting(NamedTuple):
    """A setting's type (`int`, `float`, `bool` or `str`, as text) and default."""

    type: str
    default: Scalar


@dataclass(frozen=True, slots=True)
class Interface:
    """A module's ports and settings.

    Attributes:
        name: name of the decorated function.
        inputs: input port -> `float64` or `int64`, in the order of the parameters.
        outputs: output port -> `float64` or `int64` for a column, `float` or `int` for one number, in the order of the
            fields.
        settings: setting -> its type and default.
        lookback: rows of history that a trailing window needs for the last row to be right, or None for all.
        several: whether the function returns a NamedTuple and not one array or number.
    """

    name: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    lookback: int | None = None
    several: bool = False

    @property
    def columns(self) -> list[str]:
        """The output ports that carry a column; the others carry one number."""
        return [name for name, kind in self.outputs.items() if kind in COLUMNS]

    def settle(self, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Every setting's value: what was given, else the default.

        Raises:
            TypeError: an unknown setting, or a value of another type.
            ValueError: a value that cannot be written down exactly (NaN, infinity, beyond 64 bits, text too long).
        """
        for name in given:
            if name not in self.settings:
                known = ", ".join(self.settings) or "none"
                raise TypeError(f"unknown setting {name!r} of {self.name}: known settings are {known}")
        return {
            name: fitted(given.get(name, setting.default), setting.type, f"setting {name!r} of {self.name}")
            for name, setting in self.settings.items()
        }


def fitted(value: object, kind: str, where: str) -> Scalar:
    """A value as the named kind takes it; only an int where a float is wanted is converted."""
    if kind == "float" and type(value) is int:
        value = float(value)
    if type(value) is not KINDS[kind]:
        raise TypeError(f"{where} takes {kind}, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: give a finite number")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{where} is beyond 64 bits")
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        raise ValueError(f"{where} has {len(value)} characters, at most {_MAX_TEXT} are allowed")
    return value
