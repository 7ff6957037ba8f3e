"""Windows: a closed span of data in canonical form, so that the same market gives the same CID to every recorder.

Arrival is a fact of the recorder and not of the market, so it is left out: the times, and the flags that tell of them.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import numpy as np

from atom import limbs
from atom.events import DTYPES, MARKET, SCHEMA_VERSION, Events, Flag, Rows, empty
from atom.instrument import Instrument, Ints
from atom.metrics import METRICS
from atom.recording import Recording
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.content.table import Column, Table, read_schema, read_table, table_files
from fusion.errors import ContentError

_OF_ARRIVAL: Final = int(Flag.BAD_CLOCK | Flag.NO_ARRIVAL)
_NAMES: Final = ("venue", "symbol", "venue_symbol", "tick", "lot")


def quotes(recording: Recording, rows: int | None = None) -> dict[str, Column]:
    """The top of the book, one row each time it changes.

    A row stands only while the book is valid, has both sides and is not crossed. After a gap the first valid top is a
    row again, even where it equals the one before.

    Args:
        recording: of any venue.
        rows: at most so many, from the beginning; all by default.

    Returns:
        Columns of one length: ts (int64 ns, the venue's time), bid, ask (float64, quote currency), bid_size, ask_size
        (float64, base currency). Each float is the one nearest to the venue's decimal.
    """
    tops, book, instrument = recording.replay.tops, recording.events.book, recording.events.instrument
    ts = _known_times(book["ts_event"][tops["row"]], book["flags"][tops["row"]])
    sound = tops["valid"] & (tops["bid_size"] > 0) & (tops["ask_size"] > 0) & (tops["bid_price"] < tops["ask_price"])
    changed = np.ones(len(tops), dtype=bool)
    changed[1:] = ~sound[:-1] | (ts[:-1] == 0)
    for name in ("bid_price", "bid_size", "ask_price", "ask_size"):
        changed[1:] |= tops[name][1:] != tops[name][:-1]
    keep = np.flatnonzero(sound & changed & (ts > 0))[:rows]
    top = tops[keep]
    return {
        "ts": ts[keep],
        "bid": instrument.prices(top["bid_price"]),
        "ask": instrument.prices(top["ask_price"]),
        "bid_size": instrument.sizes(top["bid_size"]),
        "ask_size": instrument.sizes(top["ask_size"]),
    }


def with_metrics(table: Table) -> dict[str, Column]:
    """A table of quotes with a column for each metric of `atom.metrics` beside."""
    return {**table, **{name: metric.batch(table) for name, metric in METRICS.items()}}


def window_files(events: Events) -> dict[str, bytes]:
    """Events in canonical form, path -> content: the tables, each a folder."""
    instrument = events.instrument
    meta: dict[str, str | int] = {name: str(getattr(instrument, name)) for name in _NAMES}
    meta["schema"] = SCHEMA_VERSION
    files: dict[str, bytes] = {}
    for kind, rows in events.tables().items():
        table: dict[str, Column] = {}
        for name in DTYPES[kind].names or ():
            if limbs.is_bytes(rows.dtype[name]):
                table |= limbs.split(name, rows[name])
            elif name != "ts_recv":
                table[name] = _wide(rows[name])
        table["flags"] = rows["flags"].astype(np.int64) & ~_OF_ARRIVAL
        files |= {f"{kind}/{path}": content for path, content in table_files(table, meta=meta).items()}
    return files


def add_window(store: BlockStore, events: Events) -> Cid:
    """Keeps events in `store` in canonical form and returns the window's root."""
    return store.add_directory(window_files(events))


def read_window(files: Mapping[str, bytes]) -> Events:
    """Events of a window; their arrival is unknown.

    Raises:
        ContentError: the files are not those of a window of this schema.
    """
    tables: dict[str, Rows] = {}
    notes: list[Mapping[str, str | int]] = []
    for kind in (kind for kind in DTYPES if kind in MARKET or f"{kind}/schema.cbor" in files):
        inside = {path.removeprefix(f"{kind}/"): files[path] for path in files if path.startswith(f"{kind}/")}
        notes.append(read_schema(inside).meta)
        tables[kind] = _rows(kind, read_table(inside))
    if sum(path.partition("/")[0] not in DTYPES for path in files):
        raise ContentError(f"a window holds {', '.join(DTYPES)} and nothing else")
    if any(meta != notes[0] for meta in notes) or notes[0].get("schema") != SCHEMA_VERSION:
        raise ContentError(f"the tables of a window are of one instrument and of schema {SCHEMA_VERSION}")
    try:
        venue, symbol, venue_symbol, tick, lot = (str(notes[0][name]) for name in _NAMES)
        instrument = Instrument(venue, symbol, venue_symbol, Decimal(tick), Decimal(lot))
    except (KeyError, ArithmeticError) as error:
        raise ContentError(f"a window's notes hold {', '.join(_NAMES)}, these {sorted(notes[0])}") from error
    more = {kind: rows for kind, rows in tables.items() if kind not in MARKET}
    return Events(instrument, tables["book"], tables["trade"], tables["quote"], more=more)


def _rows(kind: str, table: Table) -> Rows:
    names = [name for name in DTYPES[kind].names or () if name != "ts_recv"]
    of_bytes = {name: limbs.names(name, DTYPES[kind][name]) for name in names if limbs.is_bytes(DTYPES[kind][name])}
    wanted = [column for name in names for column in of_bytes.get(name, [name])]
    if sorted(table) != sorted(wanted):
        raise ContentError(f"the {kind} table of a window has the columns {', '.join(wanted)}, this {', '.join(table)}")
    rows = empty(kind, len(table["flags"]))
    for name in names:
        if name in of_bytes:
            try:
                rows[name] = limbs.join(name, table, DTYPES[kind][name])
            except ValueError as error:
                raise ContentError(f"a window's {kind} table: {error}") from error
            continue
        rows[name] = table[name]
        if not np.array_equal(rows[name], table[name], equal_nan=rows[name].dtype.kind == "f"):
            raise ContentError(f"column {name} of a window's {kind} table holds a number out of range")
    rows["flags"] |= np.uint16(Flag.NO_ARRIVAL)
    return rows


def _wide(values: Rows) -> Column:
    return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)


def _known_times(ts: Ints, flags: Rows) -> Ints:
    # a REST snapshot of spot has no time of its own: its book is known as of the message before it, if there is one
    known = np.flatnonzero(flags & Flag.NO_EVENT_TIME == 0)
    if not len(known):
        return np.zeros(len(ts), dtype=np.int64)
    before = np.searchsorted(known, np.arange(len(ts)), side="right") - 1
    return np.where(before >= 0, ts[known[np.maximum(before, 0)]], 0)
