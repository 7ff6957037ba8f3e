"""What is searched: for each varied setting, a range of numbers or a choice of values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.errors import BadInput
from fusion.sdk import Interface, Scalar
from fusion.sdk.interface import fitted

_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; `log` draws each decade as often as another."""

    kind: type[int] | type[float]
    low: float
    high: float
    log: bool = False

    def draw(self, random: np.random.Generator) -> Scalar:
        if self.kind is int and not self.log:
            return int(random.integers(int(self.low), int(self.high), endpoint=True))
        if not self.log:
            return float(random.uniform(self.low, self.high))
        # Whole numbers are drawn from half a step beyond both ends, so that the ends are drawn as often as they should.
        half = 0.5 if self.kind is int else 0.0
        drawn = math.exp(random.uniform(math.log(self.low - half), math.log(self.high + half)))
        bounded = min(max(drawn, self.low), self.high)
        return round(bounded) if self.kind is int else bounded


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these values."""

    values: tuple[Scalar, ...]

    def draw(self, random: np.random.Generator) -> Scalar:
        return self.values[int(random.integers(len(self.values)))]


Space = Mapping[str, Range | Choice]


def parse_space(texts: Mapping[str, str], interface: Interface) -> Space:
    """The space that a person wrote: setting -> `2:200`, `2:200:log` or `a|b|c`.

    Raises:
        BadInput: nothing is varied, or a setting is unknown, or takes no such range or values.
    """
    if not texts:
        known = ", ".join(interface.settings) or "none"
        raise BadInput(f"nothing is varied: give --vary NAME=LOW:HIGH or NAME=A|B; its settings are {known}")
    space: dict[str, Range | Choice] = {}
    for name, text in texts.items():
        if name not in interface.settings:
            known = ", ".join(interface.settings) or "none"
            raise BadInput(f"--vary {name}: {interface.name} has no such setting; its settings are {known}")
        kind = interface.settings[name].type
        if ":" in text and kind in ("int", "float"):
            space[name] = _range(name, text, int if kind == "int" else float)
        else:
            space[name] = Choice(tuple(_value(name, each, kind) for each in dict.fromkeys(text.split("|"))))
    return space


def draw(space: Space, random: np.random.Generator) -> dict[str, Scalar]:
    """A value for each varied setting, in the space's order."""
    return {name: varied.draw(random) for name, varied in space.items()}


def _range(name: str, text: str, kind: type[int] | type[float]) -> Range:
    parts = text.split(":")
    log = len(parts) == 3 and parts[2] == "log"
    if len(parts) != 2 and not log:
        raise BadInput(f"--vary {name} is {text!r}: write a range as LOW:HIGH or LOW:HIGH:log")
    low, high = (_number(name, part, kind) for part in parts[:2])
    if not low < high:
        raise BadInput(f"--vary {name} is {text!r}: LOW has to be below HIGH")
    if log and low <= 0:
        raise BadInput(f"--vary {name} is {text!r}: a logarithmic range begins above zero")
    return Range(kind, low, high, log)


def _number(name: str, text: str, kind: type[int] | type[float]) -> float:
    try:
        number = kind(text)
        fitted(number, kind.__name__, f"--vary {name}")
    except ValueError:
        raise BadInput(f"--vary {name}: {text!r} is no {kind.__name__} that a setting can have") from None
    return number


def _value(name: str, text: str, kind: str) -> Scalar:
    if kind == "str":
        return text
    if kind == "bool":
        if text not in _WORDS:
            raise BadInput(f"--vary {name}: {text!r} is neither true nor false")
        return _WORDS[text]
    return _number(name, text, int if kind == "int" else float)
