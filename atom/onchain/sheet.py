"""Sheet: a CSV file as columns of text, and what its columns may hold."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from atom.instrument import Ints
from fusion.errors import CaptureError

_LONGEST = 1 << 16  # bytes of the header
_SECONDS = "^[0-9]{1,10}$"
_ZONE = r"( ?UTC|Z|\+00:?00)$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?( ?UTC|Z|\+00:?00)?$"


class BadCellError(ValueError):
    """A text is not what its column holds.

    Attributes:
        row: which one.
    """

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


class Sheet:
    """A CSV file with a header, every row on one line: the line of row n is n + 2.

    Args:
        path: of the file, for errors.
        content: of the file.

    Raises:
        CaptureError: it is no such file.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.names = header(content)
        if len(set(self.names)) != len(self.names):
            raise CaptureError(f"{path}:1: two columns have one name: {','.join(self.names)[:120]}")
        if not content.isascii():
            strange = next(re.finditer(rb"[^\x00-\x7f]", content))
            line = content.count(b"\n", 0, strange.start()) + 1
            raise CaptureError(
                f"{path}:{line}: the byte {strange[0]!r} is not ASCII, so this is no table of such numbers"
            )
        bad: list[int | None] = []

        def refuse(row: csv.InvalidRow) -> str:
            bad.append(row.number)
            return "error"

        try:
            self._table = csv.read_csv(
                pa.BufferReader(content),
                read_options=csv.ReadOptions(use_threads=False, column_names=self.names, skip_rows=1),
                parse_options=csv.ParseOptions(invalid_row_handler=refuse, ignore_empty_lines=False),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(self.names, pa.large_string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            where = f"{path}:{bad[0]}" if bad and bad[0] is not None else str(path)
            raise CaptureError(f"{where}: no table of {len(self.names)} columns: {error}") from error

    def __len__(self) -> int:
        return len(self._table)

    def column(self, name: str) -> pa.Array:
        """A column's texts; KeyError where there is none of that name."""
        if name not in self.names:
            raise KeyError(name)
        column = self._table[name]
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_string())


def header(content: bytes) -> list[str]:
    """The names of the columns of a CSV file."""
    return content[:_LONGEST].partition(b"\n")[0].decode("utf-8", "replace").strip().split(",")


def matching(column: pa.Array, pattern: str, message: str) -> pa.Array:
    """The column; BadCellError, with the text in place of `{}`, where one is not of the pattern."""
    matched = pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=False)
    bad = np.flatnonzero(~matched.to_numpy(zero_copy_only=False))
    if len(bad):
        raise BadCellError(int(bad[0]), message.format(repr(column[int(bad[0])].as_py())[:80]))
    return column


def nanoseconds(column: pa.Array) -> Ints:
    """Times such as `2024-01-05 00:00:23`, UTC, or seconds since 1970, as nanoseconds.

    Raises:
        BadCellError: one is neither, or has another zone.
    """
    if len(column) and pc.all(pc.match_substring_regex(column, _SECONDS)).as_py():
        return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64) * 10**9
    matching(column, _TIME, "the time {} is none in UTC, such as 2024-01-05 00:00:23")
    try:
        stamps = pc.replace_substring_regex(column, _ZONE, "").cast(pa.timestamp("ns"))
    except pa.ArrowInvalid as error:
        raise BadCellError(0, f"a time cannot be read: {error}") from error
    return np.asarray(stamps.cast(pa.int64()).to_numpy(), np.int64)
