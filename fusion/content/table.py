"""A named table: columns of one length, written so that the same numbers always have the same CID.

On disk it is a folder of `schema.cbor` and one raw little-endian file a column:

    schema.cbor   {"rows": 3, "columns": [["bid", "<f8"], ["ts", "<i8"]], "meta": {}}, columns sorted by name
    bid.f8        3 x 8 bytes, NaN as 0x7ff8000000000000, no negative zero
    ts.i8         3 x 8 bytes
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentError

Column: TypeAlias = npt.NDArray[np.float64 | np.int64]
Table: TypeAlias = Mapping[str, Column]

SCHEMA = "schema.cbor"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_SUFFIXES = {"<f8": ".f8", "<i8": ".i8"}


@dataclass(frozen=True, slots=True)
class Schema:
    """What `schema.cbor` says.

    Attributes:
        rows: length of every column.
        columns: name -> "<f8" (float64) or "<i8" (int64), sorted by name.
        meta: what the maker noted (venue, symbol, first and last time ...).
    """

    rows: int
    columns: Mapping[str, str]
    meta: Mapping[str, str | int] = field(default_factory=dict)


def canonical(column: Column) -> Column:
    """`column` in C order and little-endian, with one NaN and no negative zero."""
    if column.dtype.kind == "i":
        return np.ascontiguousarray(column, dtype="<i8")
    values = np.ascontiguousarray(column, dtype="<f8") + 0.0  # -0.0 + 0.0 is 0.0
    values[np.isnan(values)] = np.nan
    return values


def table_files(table: Table, *, meta: Mapping[str, str | int] | None = None) -> dict[str, bytes]:
    """The files of a table, path -> content.

    Args:
        table: name -> 1-D float64 or int64 array, all of one length.
        meta: notes to keep with it.

    Raises:
        BadInput: a name that is no identifier, another type or shape, or columns of several lengths.
    """
    if not table:
        raise BadInput("a table has at least one column")
    files: dict[str, bytes] = {}
    columns: list[tuple[str, str]] = []
    lengths: dict[int, str] = {}
    for name in sorted(table):
        column = table[name]
        if not _NAME.fullmatch(name):
            raise BadInput(f"column name {name[:80]!r} is not an identifier of up to 64 ASCII letters, digits and _")
        if column.dtype not in (np.dtype(np.float64), np.dtype(np.int64)):
            raise BadInput(f"column {name} has type {column.dtype}; use float64 or int64")
        if column.ndim != 1:
            raise BadInput(f"column {name} has {column.ndim} dimensions; use one")
        lengths.setdefault(len(column), name)
        kind = "<f8" if column.dtype.kind == "f" else "<i8"
        columns.append((name, kind))
        files[name + _SUFFIXES[kind]] = canonical(column).tobytes()
    if len(lengths) > 1:
        told = ", ".join(f"{name} has {length}" for length, name in lengths.items())
        raise BadInput(f"the columns of a table have one length, but {told}")
    notes = dict(meta or {})
    for key, note in notes.items():
        if type(note) not in (str, int):
            raise BadInput(f"note {key!r} of a table has type {type(note).__name__}; use str or int")
    files[SCHEMA] = dcbor.encode({"rows": next(iter(lengths)), "columns": columns, "meta": notes})
    return files


def add_table(store: BlockStore, table: Table, *, meta: Mapping[str, str | int] | None = None) -> Cid:
    """Keeps a table in `store` and returns its root. Raises as `table_files`."""
    return store.add_directory(table_files(table, meta=meta))


def read_schema(files: Mapping[str, bytes]) -> Schema:
    """Reads `schema.cbor` strictly; raises ContentError when it is not as `table_files` writes it."""
    if SCHEMA not in files:
        raise ContentError(f"a table has a file {SCHEMA}, this folder has {sorted(files)[:5]}")
    match dcbor.decode(files[SCHEMA]):
        case {"rows": int(rows), "columns": list(listed), "meta": dict(meta), **rest} if (
            not rest and type(rows) is int and rows >= 0
        ):
            pass
        case _:
            raise ContentError(f"{SCHEMA} does not hold rows, columns and meta")
    columns: dict[str, str] = {}
    for entry in listed:
        match entry:
            case [str(name), str(kind)] if kind in _SUFFIXES and _NAME.fullmatch(name):
                columns[name] = kind
            case _:
                raise ContentError(f"{SCHEMA} lists a column as {entry!r:.80}")
    if isinstance(rows, bool) or rows < 0:
        raise ContentError(f"{SCHEMA} states {rows} rows")
    if not columns or list(columns) != sorted(columns) or len(columns) != len(listed):
        raise ContentError(f"{SCHEMA} lists its columns twice, out of order, or not at all")
    notes = {key: note for key, note in meta.items() if isinstance(note, str | int) and not isinstance(note, bool)}
    if len(notes) < len(meta):
        raise ContentError(f"{SCHEMA} holds notes that are neither text nor integer: {sorted(meta.keys() - notes)[:5]}")
    return Schema(rows, columns, notes)


def read_table(files: Mapping[str, bytes]) -> dict[str, Column]:
    """The columns of a table, name -> read-only 1-D array.

    Raises:
        ContentError: the schema, the set of files, or the bytes of a column are not as `table_files` writes them.
    """
    schema = read_schema(files)
    names = {name + _SUFFIXES[kind]: (name, kind) for name, kind in schema.columns.items()}
    if files.keys() != {SCHEMA, *names}:
        odd = sorted(files.keys() ^ {SCHEMA, *names})
        raise ContentError(f"the files of a table do not match its schema: {odd[:5]}")
    table: dict[str, Column] = {}
    for path, (name, kind) in names.items():
        if len(files[path]) != 8 * schema.rows:
            raise ContentError(f"column {name} has {len(files[path])} bytes; {schema.rows} rows need {8 * schema.rows}")
        column: Column = np.frombuffer(files[path], dtype=kind)
        if canonical(column).tobytes() != files[path]:
            raise ContentError(f"column {name} holds a negative zero or an odd NaN, so its CID is not the table's")
        table[name] = column
    return table
