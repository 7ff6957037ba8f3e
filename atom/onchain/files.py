"""Files of raw logs: CSV as exporters write them, or JSON, a log a line or the answer of a node; plain, gzip or xz."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pyarrow.compute as pc

from atom.capture import read_whole
from atom.instrument import Ints
from atom.onchain.logs import Logs
from atom.onchain.sheet import BadCellError, Sheet, header, matching, nanoseconds
from fusion.errors import CaptureError

_CSV: Final = {
    "block": "block_number",
    "tx_index": "transaction_index",
    "log_index": "log_index",
    "ts": "block_timestamp",
    "tx_hash": "transaction_hash",
    "address": "address",
    "topics": "topics",
    "data": "data",
}
_OPTIONAL: Final = ("ts", "address")
_TOPICS: Final = r"""^\[(\s*["']0x[0-9a-fA-F]{64}["']\s*,?)*\s*\]$"""


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file of logs, read.

    Attributes:
        path: of the file.
        logs: in its order.
        lines: the line of each.
    """

    path: Path
    logs: Logs
    lines: Ints

    def where(self, row: int) -> str:
        """A log's place as `file:line`."""
        return f"{self.path}:{self.lines[row]}"


def read_files(paths: Sequence[Path]) -> list[RawFile]:
    """Files of raw logs.

    Raises:
        CaptureError: a file is missing, cut short, holds no log, or one that is malformed; with file and line.
    """
    if not paths:
        raise CaptureError("no capture was named; give at least one file of logs")
    return [_read(path) for path in paths]


def _read(path: Path) -> RawFile:
    content = read_whole(path)
    start = content[:4096].lstrip()[:1]
    if not start:
        raise CaptureError(f"{path}: the capture holds no log")
    told = _of_json(path, content) if start in (b"{", b"[") else _of_csv(path, content)
    if not len(told.logs):
        raise CaptureError(f"{path}: the capture holds no log")
    return told


def _of_csv(path: Path, content: bytes) -> RawFile:
    names = header(content)
    missing = [name for key, name in _CSV.items() if name not in names and key not in _OPTIONAL]
    if missing:
        raise CaptureError(f"{path}:1: no file of logs: its columns lack {', '.join(missing)[:120]}")
    sheet = Sheet(path, content)
    lines = np.arange(2, len(sheet) + 2)
    columns = {key: sheet.column(name) for key, name in _CSV.items() if name in names}
    try:
        matching(columns["topics"], _TOPICS, "the topics {} are no list of 0x and 64 hexadecimal digits")
        columns["topics"] = pc.replace_substring_regex(columns["topics"], r"0x|[^0-9a-fA-F]", "")
        times = nanoseconds(columns.pop("ts")) if "ts" in columns else np.zeros(len(sheet), np.int64)
        return RawFile(path, Logs.checked(columns, times), lines)
    except BadCellError as error:
        raise CaptureError(f"{path}:{lines[error.row]}: {error}") from error


def _of_json(path: Path, content: bytes) -> RawFile:
    told: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise CaptureError(f"{path}:{number}: the line holds no JSON: {error}") from error
        if isinstance(found, dict) and isinstance(found.get("result"), list):
            found = found["result"]
        for log in found if isinstance(found, list) else [found]:
            if not isinstance(log, dict):
                raise CaptureError(f"{path}:{number}: {log!r:.60} is no log")
            if log.get("removed") is not True:  # a node says so of what a reorganisation took back
                told.append(log)
                lines.append(number)
    try:
        return RawFile(path, Logs.parsed(told), np.array(lines, np.int64))
    except BadCellError as error:
        raise CaptureError(f"{path}:{lines[error.row]}: {error}") from error
