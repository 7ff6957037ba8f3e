"""Arrow: a field of structured rows as an Arrow column and back, bytes included."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Field = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def column(values: Field, mask: Mask | None = None) -> pa.Array:
    """A field as a column, null where `mask` says so: `Vn` as binary of fixed size, `Sn` as text."""
    values = np.ascontiguousarray(values)
    match values.dtype.kind:
        case "V":
            bits = None if mask is None else pa.py_buffer(np.packbits(~mask, bitorder="little").tobytes())
            kind = pa.binary(values.dtype.itemsize)
            return pa.FixedSizeBinaryArray.from_buffers(kind, len(values), [bits, pa.py_buffer(values.tobytes())])
        case "S":
            return pa.array(np.char.decode(values, "ascii"), mask=mask)
        case _:
            return pa.array(values, mask=mask)


def field(values: pa.Array, dtype: np.dtype[Any]) -> Field:
    """A column as a field; null is zero, and NaN in a float.

    Raises:
        ValueError: the column holds another type.
    """
    match dtype.kind:
        case "V":
            if values.type != pa.binary(dtype.itemsize):
                raise ValueError(f"{values.type} is not {pa.binary(dtype.itemsize)}")
            raw = values.fill_null(bytes(dtype.itemsize)).buffers()[1]
            return np.frombuffer(raw or b"", dtype)[values.offset : values.offset + len(values)]
        case "S":
            return np.array(values.fill_null("").to_pylist(), dtype)
        case "f":
            return np.asarray(values.fill_null(np.nan).to_numpy(zero_copy_only=False))
        case _:
            return np.asarray(values.fill_null(0).to_numpy(zero_copy_only=False))
