"""Parquet: structured rows as files and back, with the scale of their integers in the metadata under `fusion`.

What is unknown is null. Encodings are told column by column; `docs/storage.md` has what each type costs with them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from atom import arrow
from atom.events import BOOK, DTYPES, MARKET, PRICES, SCHEMA_VERSION, SIZES, Flag, Rows, Status, StatusKind
from atom.instrument import Instrument, Ints, common_step, rescale
from atom.store.frames import instrument_of
from fusion.errors import CaptureError

CHECKPOINT: Final = "checkpoint"
"""The type of files of pictures of the book; not a type of events."""

_DTYPES: Final = {**DTYPES, CHECKPOINT: np.dtype([*BOOK.descr, ("row", "<i8")])}
_ON_STEPS: Final = (*MARKET, CHECKPOINT)
_DAY: Final = 86_400 * 10**9
_TIME: Final = pa.timestamp("ns", tz="UTC")
_UNKNOWN: Final = {
    "ts_event": Flag.NO_EVENT_TIME,
    "ts_recv": Flag.NO_ARRIVAL,
    "sequence": Flag.NO_SEQUENCE,
    "order_id": Flag.NO_ORDER,
    "bid_size": Flag.NO_SIZE,
    "ask_size": Flag.NO_SIZE,
    "trade_id": Flag.NO_TRADE_ID,
    "maker_order_id": Flag.NO_ORDER,
    "taker_order_id": Flag.NO_ORDER,
    **dict.fromkeys(("sqrt_price", "tick", "tick_lower", "tick_upper"), Flag.NO_TICKS),
}
_TIMES: Final = ("next_ts", "period")  # 0 is none
_STATUS: Final = pa.schema(
    [("ts_recv", _TIME), ("kind", pa.string()), ("sequence", pa.int64()), ("detail", pa.string())]
)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one type and one day of arrival, ready to be written.

    Attributes:
        day: days since 1970 UTC.
        span: least and greatest arrival, ns.
        table: the rows.
    """

    day: int
    span: tuple[int, int]
    table: pa.Table


def parts(kind: str, rows: Rows) -> Iterator[Part]:
    """Rows by the day they arrived; where the clock was put back, the later day stands."""
    days = np.maximum.accumulate(rows["ts_recv"] // _DAY)
    edges = np.flatnonzero(np.diff(days)) + 1
    for piece in np.split(rows, edges) if len(rows) else ():
        yield Part(int(piece["ts_recv"].max()) // _DAY, _span(piece["ts_recv"]), table_of(kind, piece))


def status_parts(status: Sequence[Status]) -> Iterator[Part]:
    """Status by the day it arrived."""
    times = np.array([one.ts_recv for one in status], np.int64)
    days = np.maximum.accumulate(times // _DAY)
    for day in np.unique(days):
        told = [one for one, at in zip(status, days, strict=True) if at == day]
        table = pa.Table.from_pylist([asdict(one) for one in told], schema=_STATUS)
        yield Part(int(day), _span(times[days == day]), table)


def write(file: IO[bytes], of: Instrument, table: pa.Table) -> None:
    """Writes a table as Parquet."""
    names = {name: str(value) for name, value in asdict(of).items()}
    note = orjson.dumps({"schema": SCHEMA_VERSION, **names})
    table = table.replace_schema_metadata({b"fusion": note})
    deltas = dict.fromkeys((column for column in table.column_names if _wide(table, column)), "DELTA_BINARY_PACKED")
    pq.write_table(table, file, compression="zstd", use_dictionary=False, column_encoding=deltas)


def read(path: Path, kind: str) -> tuple[Instrument, Rows]:
    """The rows of a file.

    Raises:
        FileNotFoundError: it is gone.
        CaptureError: it is damaged, or of another schema or type.
    """
    table = _load(path)
    rows = np.zeros(len(table), _DTYPES[kind])
    for name in _DTYPES[kind].names or ():
        if name not in table.column_names:
            raise CaptureError(f"{path} has no column {name}, so it is no file of {kind} events")
        column = table[name].combine_chunks()
        if name.startswith("ts_"):
            column = column.cast(pa.int64())
        rows[name] = arrow.field(column, _DTYPES[kind][name])
    return instrument(path, table.schema), rows


def read_status(path: Path) -> tuple[Instrument, list[Status]]:
    """The Status of a file; raises as `read` does."""
    table = _load(path)
    if table.schema.remove_metadata() != _STATUS:
        raise CaptureError(f"{path} is no file of status events")
    of = instrument(path, table.schema)
    table = table.set_column(0, "ts_recv", table["ts_recv"].cast(pa.int64()))
    return of, [Status(**{**row, "kind": StatusKind(row["kind"])}) for row in table.to_pylist()]


def instrument(path: Path, schema: pa.Schema | None = None) -> Instrument:
    """Whose events a file holds; raises as `read` does."""
    try:
        told = pq.read_schema(path) if schema is None else schema
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error
    try:
        note = orjson.loads((told.metadata or {})[b"fusion"])
        version = note.pop("schema")
        if version != SCHEMA_VERSION:
            raise CaptureError(f"{path} has schema {version}; this version reads {SCHEMA_VERSION}")
        return instrument_of(note)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise CaptureError(f"{path} does not say whose events it holds") from error


def table_of(kind: str, rows: Rows) -> pa.Table:
    """Rows as an Arrow table."""
    columns = {}
    for name in rows.dtype.names or ():
        mask = _null(rows, name)
        column = arrow.column(rows[name], mask)
        columns[name] = column.cast(_TIME) if name.startswith("ts_") else column
    return pa.table(columns)


def finest(instruments: Sequence[Instrument]) -> Instrument:
    """The last of them, on the coarsest tick and lot of which all are multiples."""
    tick, lot = instruments[0].tick, instruments[0].lot
    for one in instruments[1:]:
        tick = tick if one.tick == tick else common_step(tick, one.tick)
        lot = lot if one.lot == lot else common_step(lot, one.lot)
    last = instruments[-1]
    return Instrument(last.venue, last.symbol, last.venue_symbol, tick, lot)


def joined(kind: str, pieces: Sequence[tuple[Instrument, Rows]], whole: Instrument) -> Rows:
    """Rows of several pieces on the tick and lot of `whole`; a single piece that is on them is not copied."""
    on_step = [on_steps(kind, rows, instrument, whole) for instrument, rows in pieces]
    if len(on_step) == 1:
        return on_step[0]
    return np.concatenate([np.zeros(0, _DTYPES[kind]), *on_step])


def on_steps(kind: str, rows: Rows, old: Instrument, new: Instrument) -> Rows:
    """Rows on finer steps."""
    if kind not in _ON_STEPS or (old.tick, old.lot) == (new.tick, new.lot):
        return rows
    rows = rows.copy()
    for name in rows.dtype.names or ():
        if name in PRICES:
            rows[name] = rescale(rows[name], old.tick, new.tick)
        elif name in SIZES:
            rows[name] = rescale(rows[name], old.lot, new.lot)
    return rows


def _span(times: Ints) -> tuple[int, int]:
    return int(times.min()), int(times.max())


def _wide(table: pa.Table, column: str) -> bool:
    return table.schema.field(column).type in (_TIME, pa.int64())


def _null(rows: Rows, name: str) -> npt.NDArray[np.bool_] | None:
    """Which of a column are unknown."""
    if name in _UNKNOWN:
        return np.asarray(rows["flags"] & _UNKNOWN[name] != 0, np.bool_)
    if rows.dtype[name].kind == "f":
        return np.asarray(np.isnan(rows[name]), np.bool_)
    return np.asarray(rows[name] == 0, np.bool_) if name in _TIMES else None


def _load(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CaptureError | FileNotFoundError:
    if isinstance(error, FileNotFoundError):
        return error
    return CaptureError(f"{path} cannot be read as Parquet: {error}")
