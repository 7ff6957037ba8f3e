"""What a port carries: a column, or out of a module also one number."""

import re

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""A column of numbers, shape (rows,), float64; NaN where there is none yet."""

Ints = npt.NDArray[np.int64]
"""A column of whole numbers, shape (rows,), int64: counts, flags, times in ns."""

COLUMNS = ("float64", "int64")
"""The kinds of port that carry a column, by its dtype's name."""

NUMBERS = ("float", "int")
"""The kinds of output port that carry one number for the whole run: float64 and int64."""

MAX_NUMBERS = 32
"""Outputs of one number that a module may have: they are all told on chain, with their names."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def dtype_of(annotation: object, where: str) -> str:
    """The dtype name a port's annotation stands for.

    Raises:
        TypeError: it is neither `Floats` nor `Ints`.
    """
    if annotation == Floats:
        return "float64"
    if annotation == Ints:
        return "int64"
    raise TypeError(f"{where} is annotated {_shown(annotation)}: write Floats or Ints")


def kind_of(annotation: object, where: str) -> str:
    """The kind of output that an annotation stands for: one of `COLUMNS` or `NUMBERS`.

    Raises:
        TypeError: it is none of `Floats`, `Ints`, `float` and `int`.
    """
    if annotation in (float, int):
        return "float" if annotation is float else "int"
    if annotation in (Floats, Ints):
        return dtype_of(annotation, where)
    raise TypeError(f"{where} is annotated {_shown(annotation)}: write Floats, Ints, float or int")


def checked_name(name: str, where: str) -> str:
    """The name of a port or setting, which is also a column's and a file's.

    Raises:
        TypeError: it is not a letter and up to 63 letters, digits or underscores.
    """
    if not _NAME.fullmatch(name):
        raise TypeError(f"{where} is named {name!r}: use a letter, then up to 63 letters, digits or underscores")
    return name


def _shown(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
