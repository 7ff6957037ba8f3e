"""Data frames of Polars: rows with prices and sizes as numbers of quote and base currency, floats or exact decimals."""

from decimal import Decimal
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from atom.events import MARKET, PRICES, SIZES, Action, Rows, Side
from atom.instrument import Instrument, Ints, power, ratio, rescale, to_float
from atom.store import parquet

_DIGITS: Final = 38
_NAMES: Final = {"side": Side, "action": Action}


def frame(kind: str, rows: Rows, instrument: Instrument, *, exact: bool = False) -> pl.DataFrame:
    """Rows of a type, a column each; what is unknown is null, sides and actions are words, times are UTC.

    Args:
        kind: their type.
        rows: on the instrument's tick and lot.
        instrument: whose they are.
        exact: prices and sizes as decimals with the scale of tick and lot; else each is the float64 nearest to it.
    """
    table = parquet.table_of(rows)
    for name in table.column_names if kind in MARKET else ():
        step = instrument.tick if name in PRICES else instrument.lot if name in SIZES else None
        if step is not None:
            values = np.ascontiguousarray(rows[name])
            column = decimals(values, step) if exact else pa.array(to_float(values, step))
            known = table[name].combine_chunks().is_valid()
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.compute.if_else(known, column, pa.scalar(None, column.type)))
    told = pl.DataFrame(table)
    words = [
        pl.col(name).replace_strict({int(each): each.name.lower() for each in names}, default=None).alias(name)
        for name, names in _NAMES.items()
        if kind in MARKET and name in told.columns
    ]
    return told.with_columns(words)


def decimals(values: Ints, step: Decimal) -> pa.Array:
    """`values * step`, exactly: decimals of 38 digits with as many places as the step has."""
    places = ratio(step)[1]
    wide = np.empty((len(values), 2), "<i8")
    wide[:, 0] = rescale(values, step, power(places))
    wide[:, 1] = wide[:, 0] >> 63  # the upper half of 128 bits
    return pa.Array.from_buffers(pa.decimal128(_DIGITS, places), len(values), [None, pa.py_buffer(wide.tobytes())])
