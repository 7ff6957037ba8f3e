"""Limbs: fields of bytes as columns of int64, for tables that hold nothing else.

A field of n bytes becomes n / 8 columns, rounded up, `NAME_0` with the first eight bytes and so on, each big-endian and
the last filled up with zeros. So `amount0` of 32 bytes is `amount0_0` (the most significant, with the sign) to
`amount0_3`.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from atom.events import Rows
from atom.instrument import Ints

_BYTES = 8


def names(name: str, dtype: np.dtype[np.void] | np.dtype[np.bytes_]) -> list[str]:
    """The columns of a field."""
    return [f"{name}_{index}" for index in range(-(-dtype.itemsize // _BYTES))]


def is_bytes(dtype: npt.DTypeLike) -> bool:
    """Whether a field is of bytes."""
    return np.dtype(dtype).kind in "SV"


def split(name: str, field: Rows) -> dict[str, Ints]:
    """The columns of a field, by name."""
    columns = names(name, field.dtype)
    wide = np.zeros((len(field), len(columns) * _BYTES), np.uint8)
    raw = np.frombuffer(np.ascontiguousarray(field).tobytes(), np.uint8)
    wide[:, : field.dtype.itemsize] = raw.reshape(len(field), field.dtype.itemsize)
    values = wide.reshape(-1).view(">i8").astype(np.int64).reshape(len(field), len(columns))
    return dict(zip(columns, values.T, strict=True))


def join(name: str, columns: Mapping[str, npt.NDArray[np.float64 | np.int64]], dtype: np.dtype[np.void]) -> Rows:
    """A field from its columns.

    Raises:
        ValueError: there are bytes beyond the field.
    """
    limbs = np.stack([np.asarray(columns[each], np.int64) for each in names(name, dtype)], axis=1)
    wide = limbs.astype(">i8").reshape(-1).view(np.uint8).reshape(len(limbs), limbs.shape[1] * _BYTES)
    if wide[:, dtype.itemsize :].any():
        raise ValueError(f"{name} has more than {dtype.itemsize} bytes")
    return np.frombuffer(np.ascontiguousarray(wide[:, : dtype.itemsize]).tobytes(), dtype)
