"""Shape: one piece of memory that compiled code knows as a record and Python as an object with plain attributes.

A getter of ctypes costs 30 ns; numba's own way to hand a record to a kernel costs 25 us. So both sides look at the same
bytes, and nothing is handed over.
"""

import ctypes
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

INT, FLOAT = ctypes.c_int64, ctypes.c_double
_NUMPY = {INT: "<i8", FLOAT: "<f8"}
_Shape = TypeVar("_Shape", bound=ctypes.Structure)


def dtype_of(structure: type[ctypes.Structure]) -> np.dtype[Any]:
    """The numpy dtype of a structure of 64-bit numbers and of tables of them."""
    fields: list[tuple[Any, ...]] = []
    for name, kind, *_ in structure._fields_:
        shape: list[int] = []
        inner: Any = kind
        while issubclass(inner, ctypes.Array):
            shape.append(inner._length_)
            inner = inner._type_
        fields.append((name, _NUMPY[inner], tuple(shape)) if shape else (name, _NUMPY[inner]))
    return np.dtype(fields)


class Shared:
    """Mixed into a structure: makes it over an array's only row."""

    dtype: ClassVar[np.dtype[Any]]

    @classmethod
    def sharing(cls: type[_Shape], array: npt.NDArray[Any]) -> _Shape:  # type: ignore[misc]  # cls is a structure too
        """The structure in the first row of an array of its dtype; both see what either writes."""
        return cls.from_buffer(array)  # type: ignore[arg-type]  # an array is a buffer
