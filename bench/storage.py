#!/usr/bin/env python
"""What events cost on the disk, by venue and type, measured on recorded captures; and what a year of markets would.

.venv/bin/python bench/storage.py          # a table, as Markdown
.venv/bin/python bench/storage.py --json   # for programs

Captures are looked for in the folder that FUSION_TEST_DATA names, or ../shared/data; those that are absent are left
out. A row is a venue and a type: its events, bytes an event as a recorder writes them and after compaction, and events
a second of its busiest symbol and of one on average, opening snapshots left out. `docs/storage.md` tells what follows.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

import numpy as np

from atom.events import Events, Flag
from atom.reader import read_capture
from atom.store import parquet

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = {
    "binance_futures": ("binance_2024/usdm_btcusdt_20240808.gz",),
    "binance": ("binance_2024/spot_btcusdt_20240808.gz",),
    **{
        name.lower(): tuple(f"venues/{name}.{part}.xz" for part in parts)
        for name, *parts in (
            ("OKX", "ws.1.0", "0"),
            ("KRAKEN", "ws.48.0", "ws.49.0", "ws.50.0", "0"),
            ("INDEPENDENT_RESERVE", "ws.1.0", "http.0.0", "0"),
            ("COINBASE", "ws.28.0", "0"),
            ("BYBIT", "ws.25.0", "ws.26.0", "0"),
            ("BITFINEX", "ws.11.0", "0"),
            ("BITSTAMP", "ws.1.0", "http.0.0", "0"),
            ("DERIBIT", "ws.1.0", "0"),
        )
    },
}
TYPES = ("book", "trade", "quote")
LEVELS = {"written": 3, "compacted": 9}  # of zstd
ENOUGH = 1_000  # events a symbol
PROFILES = {"the captures' symbols on average": False, "the busiest of them": True}
SYMBOLS, YEAR = 500, 365 * 86_400  # 50 symbols on 10 venues


@dataclass(frozen=True, slots=True)
class Cost:
    """What a type of one venue costs.

    Attributes:
        venue, type: which.
        symbols, events: of the capture.
        written, compacted: bytes an event.
        busiest, rate: events a second, of the busiest symbol and of one on average.
    """

    venue: str
    type: str
    symbols: int
    events: int
    written: float
    compacted: float
    busiest: float
    rate: float


def costs(data: Path) -> Iterator[Cost]:
    """What each type of each capture costs."""
    for venue, names in CAPTURES.items():
        files = [data / name for name in names]
        if all(path.exists() for path in files):
            yield from _costs(venue, [recording.events for recording in read_capture(venue, files).recordings])


def _costs(venue: str, markets: Sequence[Events]) -> Iterator[Cost]:
    arrivals = np.concatenate([rows["ts_recv"] for events in markets for rows in events.tables().values()])
    seconds = float(arrivals.max() - arrivals.min()) / 1e9
    for kind in TYPES:
        tables = [events.tables()[kind] for events in markets]
        total = sum(map(len, tables))
        if not total:
            continue
        cost = {name: sum(_size(events, kind, level) for events in markets) / total for name, level in LEVELS.items()}
        rates = [int(np.count_nonzero(rows["flags"] & Flag.SNAPSHOT == 0)) / seconds for rows in tables]
        yield Cost(venue, kind, len(markets), total, **cost, busiest=max(rates), rate=sum(rates) / len(rates))


def _size(events: Events, kind: str, level: int) -> int:
    """Bytes of a file's columns: what stands once in a file is no part of what an event costs."""
    rows = events.tables()[kind]
    if not len(rows):
        return 0
    sizes = []
    for part in (rows, rows[:0]):
        file = io.BytesIO()
        parquet.write(file, events.instrument, [parquet.table_of(part)], level)
        sizes.append(len(file.getvalue()))
    return sizes[0] - sizes[1]


@dataclass(frozen=True, slots=True)
class Year:
    """A year of 50 symbols on 10 venues, compacted, of one type.

    Attributes:
        type: which.
        cost: bytes an event.
        rate: events a second of one symbol.
        terabytes: of them all.
    """

    type: str
    cost: float
    rate: float
    terabytes: float


def year(rows: Sequence[Cost], *, busiest: bool) -> list[Year]:
    """What a year costs, if each symbol is as busy as the captures' are on average, or as the busiest of them.

    An event costs what it does in captures with rows enough; in a short file its footer weighs more than its rows.
    """
    symbols = sum({row.venue: row.symbols for row in rows}.values())
    told = []
    for kind in TYPES:
        of_kind = [row for row in rows if row.type == kind]
        ample = [row for row in of_kind if row.events >= ENOUGH * row.symbols]
        if not ample:
            continue
        cost = sum(row.compacted * row.events for row in ample) / sum(row.events for row in ample)
        average = sum(row.rate * row.symbols for row in of_kind) / symbols
        rate = max(row.busiest for row in of_kind) if busiest else average
        told.append(Year(kind, cost, rate, SYMBOLS * YEAR * rate * cost / 1e12))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    data = Path(os.environ.get("FUSION_TEST_DATA", ROOT.parent / "shared" / "data"))
    rows = list(costs(data))
    if not rows:
        print(f"no captures in {data}; set FUSION_TEST_DATA to where they are", file=sys.stderr)
        raise SystemExit(2)
    if as_json:
        years = {name: [asdict(each) for each in year(rows, busiest=busy)] for name, busy in PROFILES.items()}
        print(json.dumps({"rows": [asdict(row) for row in rows], "year": years}))
        return
    print("| venue | type | symbols | events | B/event written | compacted | events/s busiest | average |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for row in rows:
        cells = f"{row.symbols} | {row.events:,} | {row.written:.2f} | {row.compacted:.2f}"
        print(f"| {row.venue} | {row.type} | {cells} | {row.busiest:,.1f} | {row.rate:,.1f} |")
    for name, busy in PROFILES.items():
        print(f"\nA year of 500 symbols, each as busy as {name}:\n")
        print("| type | B/event | events/s a symbol | TB |\n|---|--:|--:|--:|")
        told = year(rows, busiest=busy)
        for each in told:
            print(f"| {each.type} | {each.cost:.2f} | {each.rate:,.1f} | {each.terabytes:.2f} |")
        print(f"| all | | | {sum(each.terabytes for each in told):.2f} |")


if __name__ == "__main__":
    main()
