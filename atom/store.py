"""Store: events as Parquet files under `venue=/symbol=/type=/date=`, as DuckDB, Polars and pandas read them.

A file appears whole or not at all: it is written beside its place and renamed. What is unknown is null. The scale of
the integers stands in each file's metadata, under `fusion`.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from urllib.parse import quote as escaped

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from atom.events import DTYPES, MARKET, PRICES, SCHEMA_VERSION, SIZES, Events, Flag, Rows, Status, StatusKind, empty
from atom.instrument import Instrument, common_step, rescale
from atom.recording import Recording
from fusion.errors import BadInput, CaptureError, FusionError

_DAY: Final = 86_400 * 10**9
_TIME: Final = pa.timestamp("ns", tz="UTC")
_UNKNOWN: Final = {
    "ts_event": Flag.NO_EVENT_TIME,
    "ts_recv": Flag.NO_ARRIVAL,
    "sequence": Flag.NO_SEQUENCE,
    "order_id": Flag.NO_ORDER,
    "trade_id": Flag.NO_TRADE_ID,
    "maker_order_id": Flag.NO_ORDER,
    "taker_order_id": Flag.NO_ORDER,
}
_TIMES: Final = ("next_ts", "period")  # 0 is none
_STATUS: Final = pa.schema(
    [("ts_recv", _TIME), ("kind", pa.string()), ("sequence", pa.int64()), ("detail", pa.string())]
)


class Store:
    """A folder of Parquet windows.

    Args:
        folder: made when the first window is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, *recordings: Recording) -> list[Path]:
        """Keeps recordings, one file a type and day of arrival; the same recording again replaces itself.

        All files are written before the first takes its place, so that a full disk leaves what was there before.

        Returns:
            The files, in place.

        Raises:
            FusionError: the disk refuses.
        """
        staged: list[tuple[Path, Path]] = []
        try:
            for recording in recordings:
                for place, table in self._files(recording):
                    staged.append((_stage(place, table), place))
            for temporary, place in staged:
                temporary.replace(place)
        except OSError as error:
            raise FusionError(f"events cannot be kept in {self._folder}: {error.strerror or error}") from error
        finally:
            for temporary, _ in staged:
                temporary.unlink(missing_ok=True)
        return [place for _, place in staged]

    def symbols(self) -> list[tuple[str, str]]:
        """The (venue, symbol) pairs that have events, sorted."""
        found = set()
        for path in self._folder.glob("venue=*/symbol=*/type=*/date=*/*.parquet"):
            instrument = _instrument(path, pq.read_schema(path))
            found.add((instrument.venue, instrument.symbol))
        return sorted(found)

    def read(self, venue: str, symbol: str) -> Events:
        """All events of a symbol, windows in order of arrival, on one tick and lot.

        Raises:
            BadInput: there are none.
            CaptureError: a file is damaged or of another schema.
        """
        pieces: dict[str, list[tuple[Instrument, Rows]]] = {kind: [] for kind in DTYPES}
        for kind, of_kind in pieces.items():
            for path in self._paths(venue, symbol, kind):
                of_kind.append(_read(path, kind))
        instruments = [instrument for of_kind in pieces.values() for instrument, _ in of_kind]
        if not instruments:
            raise BadInput(f"no events of {symbol!r} on {venue!r} in {self._folder}")
        whole = _finest(instruments)
        tables = {kind: _joined(kind, of_kind, whole) for kind, of_kind in pieces.items()}
        more = {kind: rows for kind, rows in tables.items() if kind not in MARKET and len(rows)}
        status = tuple(one for path in self._paths(venue, symbol, "status") for one in _read_status(path))
        return Events(whole, tables["book"], tables["trade"], tables["quote"], status, more)

    def _paths(self, venue: str, symbol: str, kind: str) -> Iterator[Path]:
        yield from sorted(self._kind(venue, symbol, kind).glob("date=*/*.parquet"))

    def _files(self, recording: Recording) -> Iterator[tuple[Path, pa.Table]]:
        events = recording.events
        for kind, rows in events.tables().items():
            days = rows["ts_recv"] // _DAY
            for day in np.unique(days):
                part = rows[days == day]
                first, last = int(part["ts_recv"].min()), int(part["ts_recv"].max())
                yield self._file(events.instrument, kind, (first, last), _table(part))
        for day in sorted({status.ts_recv // _DAY for status in recording.status}):
            told = [status for status in recording.status if status.ts_recv // _DAY == day]
            table = pa.Table.from_pylist([asdict(status) for status in told], schema=_STATUS)
            yield self._file(events.instrument, "status", (told[0].ts_recv, told[-1].ts_recv), table)

    def _file(self, instrument: Instrument, kind: str, span: tuple[int, int], table: pa.Table) -> tuple[Path, pa.Table]:
        note = orjson.dumps(
            {"schema": SCHEMA_VERSION, **{name: str(text) for name, text in asdict(instrument).items()}}
        )
        date = datetime.fromtimestamp(span[0] // 10**9, UTC).date().isoformat()
        folder = self._kind(instrument.venue, instrument.symbol, kind) / f"date={date}"
        return folder / f"{span[0]:019d}-{span[1]:019d}.parquet", table.replace_schema_metadata({b"fusion": note})

    def _kind(self, venue: str, symbol: str, kind: str) -> Path:
        return self._folder / f"venue={_part(venue)}" / f"symbol={_part(symbol)}" / f"type={kind}"


def _stage(place: Path, table: pa.Table) -> Path:
    """Writes a table beside its place, on the disk before this returns."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".part")
    deltas = dict.fromkeys((column for column in table.column_names if _wide(table, column)), "DELTA_BINARY_PACKED")
    try:
        with os.fdopen(handle, "wb") as file:
            pq.write_table(table, file, compression="zstd", use_dictionary=False, column_encoding=deltas)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)


def _wide(table: pa.Table, column: str) -> bool:
    return table.schema.field(column).type in (_TIME, pa.int64())


def _table(rows: Rows) -> pa.Table:
    columns = {}
    for name in rows.dtype.names or ():
        mask = _null(rows, name)
        column = pa.array(np.ascontiguousarray(rows[name]), mask=mask)
        columns[name] = column.cast(_TIME) if name.startswith("ts_") else column
    return pa.table(columns)


def _null(rows: Rows, name: str) -> npt.NDArray[np.bool_] | None:
    """Which of a column are unknown."""
    if name in _UNKNOWN:
        return np.asarray(rows["flags"] & _UNKNOWN[name] != 0, np.bool_)
    if rows.dtype[name].kind == "f":
        return np.asarray(np.isnan(rows[name]), np.bool_)
    return np.asarray(rows[name] == 0, np.bool_) if name in _TIMES else None


def _read(path: Path, kind: str) -> tuple[Instrument, Rows]:
    table = _load(path)
    rows = empty(kind, len(table))
    for name in DTYPES[kind].names or ():
        if name not in table.column_names:
            raise CaptureError(f"{path} has no column {name}, so it is no file of {kind} events")
        column = table[name].combine_chunks()
        if name.startswith("ts_"):
            column = column.cast(pa.int64())
        null = np.nan if DTYPES[kind][name].kind == "f" else 0
        rows[name] = column.fill_null(null).to_numpy(zero_copy_only=False)
    return _instrument(path, table.schema), rows


def _read_status(path: Path) -> list[Status]:
    table = _load(path)
    if table.schema.remove_metadata() != _STATUS:
        raise CaptureError(f"{path} is no file of status events")
    table = table.set_column(0, "ts_recv", table["ts_recv"].cast(pa.int64()))
    return [Status(**{**row, "kind": StatusKind(row["kind"])}) for row in table.to_pylist()]


def _load(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise CaptureError(f"{path} cannot be read as Parquet: {error}") from error


def _instrument(path: Path, schema: pa.Schema) -> Instrument:
    try:
        note = orjson.loads((schema.metadata or {})[b"fusion"])
        version = note.pop("schema")
        if version != SCHEMA_VERSION:
            raise CaptureError(f"{path} has schema {version}; this version reads {SCHEMA_VERSION}")
        return Instrument(**{**note, "tick": Decimal(note["tick"]), "lot": Decimal(note["lot"])})
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise CaptureError(f"{path} does not say whose events it holds") from error


def _finest(instruments: Sequence[Instrument]) -> Instrument:
    tick, lot = instruments[0].tick, instruments[0].lot
    for one in instruments[1:]:
        tick = tick if one.tick == tick else common_step(tick, one.tick)
        lot = lot if one.lot == lot else common_step(lot, one.lot)
    last = instruments[-1]
    return Instrument(last.venue, last.symbol, last.venue_symbol, tick, lot)


def _joined(kind: str, pieces: Sequence[tuple[Instrument, Rows]], whole: Instrument) -> Rows:
    for instrument, rows in pieces:
        for name in rows.dtype.names or ():
            if kind in MARKET and name in PRICES:
                rows[name] = rescale(rows[name], instrument.tick, whole.tick)
            elif kind in MARKET and name in SIZES:
                rows[name] = rescale(rows[name], instrument.lot, whole.lot)
    return np.concatenate([empty(kind), *(rows for _, rows in pieces)])


def _part(name: str) -> str:
    # a symbol may hold any character a venue likes; a path must not
    return escaped(name, safe="")
