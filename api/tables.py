"""Tables: rows of JSON as CSV and as Parquet."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from atom.events import DTYPES
from atom.metrics import METRICS
from atom.stream.messages import ADMIN
from atom.stream.periods import NAMES

Row = Mapping[str, Any]  # of JSON: texts, numbers, nulls

_TIME: Final = pa.timestamp("ns", tz="UTC")
_INTEGER: Final = pa.int64()
_EXACT: Final = pa.decimal128(38, 18)
_FLOAT: Final = pa.float64()
_TEXT: Final = pa.string()

_COMMON: Final = {"ts_event": _TIME, "ts_recv": _TIME, "sequence": _INTEGER, "flags": _INTEGER}
_TOP: Final = dict.fromkeys(("bid", "bid_size", "ask", "ask_size"), _EXACT)
_WORDS: Final = ("side", "unit", "crowd", "action")  # integers that JSON tells in words


def _columns(kind: str) -> dict[str, Any]:
    """Of administrative data and facts of a chain; words of a chain are text, as 256 bits fit nothing else."""
    fields = {name: DTYPES[kind][name] for name in (DTYPES[kind].names or ())[len(_COMMON) :]}
    found = dict(_COMMON)
    for name, dtype in fields.items():
        of_dtype = {"f": _FLOAT, "i": _INTEGER, "u": _INTEGER}.get(dtype.kind, _TEXT)
        found[name] = _TIME if name == "next_ts" else _TEXT if name in _WORDS else of_dtype
    return found


COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "trades": {
        **_COMMON,
        **dict.fromkeys(("price", "size"), _EXACT),
        "side": _TEXT,
        **dict.fromkeys(("trade_id", "maker_order_id", "taker_order_id"), _INTEGER),
    },
    "quotes": {**_COMMON, **_TOP},
    "metrics": {"ts": _TIME, **dict.fromkeys(NAMES, _FLOAT)},
    "top": {**_COMMON, "state": _TEXT, **_TOP, **dict.fromkeys(METRICS, _FLOAT)},
    "status": {"ts_recv": _TIME, "sequence": _INTEGER, "kind": _TEXT, "detail": _TEXT},
    "candles": {
        "ts": _TIME,
        **dict.fromkeys(("open", "high", "low", "close", "volume", "buy_volume", "sell_volume"), _EXACT),
        "trades": _INTEGER,
    },
    **{kind: _columns(kind) for kind in ADMIN},
}
"""Of each kind of page its columns and their Arrow types. Prices and sizes of the market are exact decimals."""

_READ: Final[dict[Any, Callable[[Any], Any]]] = {_TIME: int, _INTEGER: int, _EXACT: Decimal}


def as_csv(of: str, rows: Sequence[Row]) -> bytes:
    """Rows with a header; what is unknown is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(COLUMNS[of]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_parquet(of: str, rows: Sequence[Row]) -> bytes:
    """Rows as one file, zstd."""
    columns = {}
    for name, kind in COLUMNS[of].items():
        read = _READ.get(kind, lambda value: value)
        values = [None if row.get(name) is None else read(row[name]) for row in rows]
        columns[name] = pa.array(values, _INTEGER).cast(kind) if kind == _TIME else pa.array(values, kind)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()
