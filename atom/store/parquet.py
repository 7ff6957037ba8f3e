"""Parquet: structured rows as files and back, with the scale of their integers in the metadata under `fusion`.

What is unknown is null. Encodings are told column by column; `docs/storage.md` has what each type costs with them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final, TypeVar

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from atom import arrow
from atom.events import BOOK, DTYPES, MARKET, PRICES, SCHEMA_VERSION, SIZES, Flag, Rows, Status, StatusKind
from atom.instrument import Instrument, Ints, common_step, rescale
from atom.store.frames import instrument_of
from fusion.errors import CaptureError

CHECKPOINT: Final = "checkpoint"
"""The type of files of pictures of the book; not a type of events."""

CHECKPOINT_ROWS: Final = np.dtype([*BOOK.descr, ("row", "<i8"), ("since", "<i8")])
"""A picture's rows: of the book's, and how many rows of the file beside it they hold, and in which segment the book was
last empty, 0 in an import."""

ROWS: Final = 1 << 17
"""Rows of a row group: what a seek reads at least."""

PICTURE_ROWS: Final = 1 << 13
"""Likewise, of a file of pictures."""

_DTYPES: Final = {**DTYPES, CHECKPOINT: CHECKPOINT_ROWS}
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


# What costs least, as measured on real captures; see `docs/storage.md`.
_FEW: Final = ("flags", "action", "side", "unit", "crowd", "kind", "detail")
_STEADY: Final = ("ts_event", "ts_recv", "sequence", "trade_id", "maker_order_id", "taker_order_id", "row", "since")
_TEXTS: Final = (pa.string(), pa.binary(20))  # addresses, of which there are few
_WIDE: Final = 2**48  # ids spread further are no numbers in a row, and only their repetitions are worth anything
_LEVEL: Final = 3  # of zstd


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one type and one day of arrival, ready to be written.

    Attributes:
        day: days since 1970 UTC.
        span: least and greatest arrival, ns.
        table: the rows.
        rows: the same, where they are an array.
    """

    day: int
    span: tuple[int, int]
    table: pa.Table
    rows: Rows | None = None


def columns(kind: str) -> tuple[str, ...]:
    """The columns of a type's files."""
    return tuple(_STATUS.names) if kind == "status" else _DTYPES[kind].names or ()


def parts(rows: Rows) -> Iterator[Part]:
    """Rows by the day they arrived; where the clock was put back, the later day stands."""
    days = np.maximum.accumulate(rows["ts_recv"] // _DAY)
    edges = np.flatnonzero(np.diff(days)) + 1
    for piece in np.split(rows, edges) if len(rows) else ():
        yield Part(int(piece["ts_recv"].max()) // _DAY, _span(piece["ts_recv"]), table_of(piece), piece)


def status_parts(status: Sequence[Status]) -> Iterator[Part]:
    """Status by the day it arrived."""
    times = np.array([one.ts_recv for one in status], np.int64)
    days = np.maximum.accumulate(times // _DAY)
    for day in np.unique(days):
        told = [one for one, at in zip(status, days, strict=True) if at == day]
        yield Part(int(day), _span(times[days == day]), status_table(told))


def status_table(status: Sequence[Status]) -> pa.Table:
    """Status as an Arrow table."""
    return pa.Table.from_pylist([asdict(one) for one in status], schema=_STATUS)


def write(file: IO[bytes], of: Instrument, tables: Iterable[pa.Table], level: int = _LEVEL) -> None:
    """Writes tables of one type as one Parquet file, with zstd of a level; there is at least one."""
    names = {name: str(value) for name, value in asdict(of).items()}
    note = orjson.dumps({"schema": SCHEMA_VERSION, **names})
    writer: pq.ParquetWriter | None = None
    for table in tables:
        if writer is None:
            few = [field.name for field in table.schema if field.name in _FEW or field.type in _TEXTS]
            writer = pq.ParquetWriter(
                file,
                table.schema.with_metadata({b"fusion": note}),
                compression="zstd",
                compression_level=level,
                use_dictionary=few,
                column_encoding={name: _encoding(table, name) for name in table.column_names if name not in few},
                write_batch_size=ROWS,
            )
        writer.write_table(table, row_group_size=PICTURE_ROWS if "since" in table.column_names else ROWS)
    if writer is not None:
        writer.close()


def beside(path: Path) -> Path:
    """Where the checkpoints of a file of the book are."""
    return path.parent.parent.parent / f"type={CHECKPOINT}" / path.parent.name / path.name


def count(path: Path) -> int:
    """The rows of a file; raises as `read` does."""
    return int(_open(path).metadata.num_rows)


def read(path: Path, kind: str, start: int = 0, end: int | None = None) -> tuple[Instrument, Rows]:
    """The rows of a file, or those from `start` on and before `end`.

    Raises:
        FileNotFoundError: it is gone.
        CaptureError: it is damaged, or of another schema or type.
    """
    file = _open(path)
    first, groups = 0, list[int]()
    stop = file.metadata.num_rows if end is None else end
    edge = 0
    for group in range(file.metadata.num_row_groups):
        before, edge = edge, edge + file.metadata.row_group(group).num_rows
        if edge > start and before < stop:
            first = first if groups else before
            groups.append(group)
    rows = _rows(path, file, kind, groups)
    return instrument(path, file.schema_arrow), rows[start - first : stop - first]


def read_span(path: Path, kind: str, since: int, until: int) -> tuple[Instrument, Rows]:
    """The rows of a file that arrived from `since` on and before `until`, ns; raises as `read` does."""
    file = _open(path)
    groups = []
    for group in range(file.metadata.num_row_groups):
        least, most = _arrivals(file, group)
        if most >= since and least < until:
            groups.append(group)
    rows = _rows(path, file, kind, groups)
    return instrument(path, file.schema_arrow), rows[(rows["ts_recv"] >= since) & (rows["ts_recv"] < until)]


def _rows(path: Path, file: pq.ParquetFile, kind: str, groups: Sequence[int]) -> Rows:
    table = _loaded(path, lambda: file.read_row_groups(groups))
    rows = np.zeros(len(table), _DTYPES[kind])
    for name in _DTYPES[kind].names or ():
        if name not in table.column_names:
            raise CaptureError(f"{path} has no column {name}, so it is no file of {kind} events")
        _fill(rows, name, table[name])
    unknown = rows["flags"] & Flag.NO_ARRIVAL != 0
    rows["ts_recv"][unknown] = rows["ts_event"][unknown]  # by which files are in order then, and are sought in
    return rows


def integers(path: Path, names: Sequence[str]) -> list[Ints]:
    """Some columns of a file, without nulls; raises as `read` does."""
    table = _loaded(path, lambda: _open(path).read(columns=list(names)))
    return [table[name].to_numpy() for name in names]


def first_after(path: Path, at: int) -> int:
    """The place of the first row of a file that arrived after `at`, or the number of rows; raises as `read` does."""
    file = _open(path)
    edge = 0
    for group in range(file.metadata.num_row_groups):
        if _arrivals(file, group)[1] > at:
            table = _loaded(path, partial(file.read_row_group, group, columns=["ts_recv", "ts_event"]))
            times = pc.coalesce(table["ts_recv"], table["ts_event"]).cast(pa.int64()).fill_null(0).to_numpy()
            after = np.flatnonzero(times > at)
            if len(after):
                return edge + int(after[0])
        edge += file.metadata.row_group(group).num_rows
    return edge


def _arrivals(file: pq.ParquetFile, group: int) -> tuple[int, int]:
    """The least and the greatest arrival of a row group, ns; all of time where that is not told."""
    column = file.schema_arrow.get_field_index("ts_recv")
    told = file.metadata.row_group(group).column(column).statistics if column >= 0 else None
    if told is None or not told.has_min_max or told.null_count:
        return 0, 2**63 - 1
    return int(told.min_raw), int(told.max_raw)


def _fill(rows: Rows, name: str, column: pa.ChunkedArray) -> None:
    if column.null_count == len(column):
        if rows.dtype[name].kind == "f":
            rows[name] = np.nan
        return
    at = 0
    for chunk in column.chunks:
        values = chunk.view(pa.int64()) if pa.types.is_timestamp(chunk.type) else chunk
        rows[name][at : at + len(chunk)] = arrow.field(values, rows.dtype[name])
        at += len(chunk)


def read_status(path: Path) -> tuple[Instrument, list[Status]]:
    """The Status of a file; raises as `read` does."""
    table = _loaded(path, lambda: _open(path).read())
    if table.schema.remove_metadata() != _STATUS:
        raise CaptureError(f"{path} is no file of status events")
    of = instrument(path, table.schema)
    table = table.set_column(0, "ts_recv", table["ts_recv"].cast(pa.int64()))
    return of, [Status(**{**row, "kind": StatusKind(row["kind"])}) for row in table.to_pylist()]


def instrument(path: Path, schema: pa.Schema | None = None) -> Instrument:
    """Whose events a file holds; raises as `read` does."""
    told = _open(path).schema_arrow if schema is None else schema
    try:
        note = orjson.loads((told.metadata or {})[b"fusion"])
        version = note.pop("schema")
        if version != SCHEMA_VERSION:
            raise CaptureError(f"{path} has schema {version}; this version reads {SCHEMA_VERSION}")
        return instrument_of(note)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise CaptureError(f"{path} does not say whose events it holds") from error


def table_of(rows: Rows) -> pa.Table:
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


def _encoding(table: pa.Table, name: str) -> str:
    kind = table.schema.field(name).type
    if pa.types.is_floating(kind):
        return "BYTE_STREAM_SPLIT"
    if not (pa.types.is_integer(kind) or pa.types.is_timestamp(kind)):
        return "PLAIN"
    if name.endswith("_id") and len(table) and table[name].null_count < len(table):
        least, most = pc.min_max(table[name]).as_py().values()
        if most - least >= _WIDE:
            return "PLAIN"
    if name in _STEADY or pa.types.is_timestamp(kind):
        return "DELTA_BINARY_PACKED"
    return "BYTE_STREAM_SPLIT" if name in {"price", "size", "order_id"} else "PLAIN"


def _null(rows: Rows, name: str) -> npt.NDArray[np.bool_] | None:
    """Which of a column are unknown."""
    if name in _UNKNOWN:
        return np.asarray(rows["flags"] & _UNKNOWN[name] != 0, np.bool_)
    if rows.dtype[name].kind == "f":
        return np.asarray(np.isnan(rows[name]), np.bool_)
    return np.asarray(rows[name] == 0, np.bool_) if name in _TIMES else None


def _open(path: Path) -> pq.ParquetFile:
    return _loaded(path, lambda: pq.ParquetFile(path))


_Loaded = TypeVar("_Loaded")


def _loaded(path: Path, load: Callable[[], _Loaded]) -> _Loaded:
    try:
        return load()
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise CaptureError(f"{path} cannot be read as Parquet: {error}") from error
