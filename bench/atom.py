#!/usr/bin/env python
"""Market data on one core: parse, books, files and metrics, against the best known peers.

.venv/bin/python bench/atom.py            # a table, as Markdown
.venv/bin/python bench/atom.py --json     # for programs
.venv/bin/python bench/atom.py --quick    # fewer repetitions

The peers are installed into `.venv-bench` at the first run. A recorded capture is read where there is one (the folder
that FUSION_TEST_DATA names, or ../shared/data), and a made-up one of the same form otherwise.
"""

import argparse
import gzip
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

import numpy as np

from atom.book import Book
from atom.events import Events, empty
from atom.metrics import BookMetrics
from atom.reader import read_capture
from atom.recording import Recording
from atom.store import Store
from atom.venues.simulated import simulate
from bench import hft_events, traffic
from bench.peer import ROOT, Peer, in_turn
from bench.rows import Row, median, rates, seconds, told

RECORDED: Final = Path("binance_2024/usdm_btcusdt_20240808.gz")
MADE: Final = 94_000  # messages, where no recorded ones are at hand
ORDERS: Final = 400_000  # messages of the market by order


def capture(folder: Path) -> tuple[Path, str]:
    """The capture as plain text, and what to call it."""
    recorded = Path(os.environ.get("FUSION_TEST_DATA", ROOT.parent / "shared" / "data")) / RECORDED
    path = folder / "capture.txt"
    if recorded.is_file():
        with gzip.open(recorded) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        return path, "a recorded capture of Binance USD-M BTCUSDT"
    traffic.write(path, MADE)
    return path, "a made-up capture in Binance's form"


def parse(path: Path, times: int) -> Row:
    """Raw messages to events, against callbacks."""
    peer = Peer("feeds", path)
    messages = int(str(peer.facts["messages"]))
    turns = in_turn(partial(seconds, partial(read_capture, "binance_futures", [path])), peer, times)
    return Row.of("parse", "messages/s", "cryptofeed callbacks", rates(turns, messages))


def apply(what: str, events: Events, peer: Peer, name: str, times: int) -> Row:
    """Changes to a book, against another's book of the same changes."""
    rows, book = events.book, Book()
    book.apply(rows)
    bid, ask = book.best_bid, book.best_ask
    tops = [float(events.instrument.price_text(side.price)) for side in (bid, ask) if side is not None]
    theirs = peer.facts["top"]
    if not isinstance(theirs, list) or [round(float(price), 9) for price in theirs] != [round(top, 9) for top in tops]:
        raise SystemExit(f"{name} ends with another book: {theirs} and not {tops}")
    turns = in_turn(lambda: seconds(partial(Book().apply, rows)), peer, times)
    return Row.of(what, "rows/s", name, rates(turns, len(rows)))


def files(recording: Recording, folder: Path, times: int) -> list[Row]:
    """Events to files and back, against compressed arrays."""
    events = replace(recording.events, quote=empty("quote"), status=(), more={})
    recording = replace(recording, events=events)
    data, count, store = folder / "levels.npz", len(events), Store(folder / "store")
    np.savez(data, data=hft_events.levels(events))
    name = events.instrument.venue, events.instrument.symbol
    wrote = in_turn(partial(seconds, partial(store.write, recording)), Peer("hft", "write", data), times)
    reader = Peer("hft", "read", data)
    theirs = int(str(reader.facts["bytes"]))
    read = in_turn(partial(seconds, partial(store.read, *name)), reader, times)
    ours = sum(path.stat().st_size for path in (folder / "store").rglob("*.parquet"))
    peer = "hftbacktest npz"
    return [
        Row.of("write", "events/s", peer, rates(wrote, count)),
        Row.of("read", "events/s", peer, rates(read, count)),
        Row("size", ours / count, "bytes/event", peer, theirs / count),
    ]


def metrics(events: Events, times: int) -> Row:
    """All order-book metrics, against the time that the market took."""
    span = (int(events.book["ts_recv"][-1]) - int(events.book["ts_recv"][0])) / 1e9

    def all_of_them() -> None:
        BookMetrics(events.instrument).update(events)

    all_of_them()
    return Row("metrics", median([seconds(all_of_them) for _ in range(times)]), "s", "real time", span)


def measured(folder: Path, times: int, orders: int) -> tuple[str, list[Row]]:
    """What was read, and all rows."""
    path, name = capture(folder)
    rows = [parse(path, times)]
    recording = read_capture("binance_futures", [path]).recordings[0]
    np.save(folder / "rows.npy", recording.events.book)
    rows.append(apply("L2 apply", recording.events, Peer("nautilus", folder / "rows.npy"), "nautilus_trader", times))
    market = simulate(0, orders)
    for what, name_of, whose in (
        ("L3 apply", "hftbacktest L3", hft_events.BOTH),
        ("L3 apply, without its queues", "hftbacktest L3, its trader's book alone", hft_events.OURS),
    ):
        np.savez(folder / "orders.npz", data=hft_events.orders(market, whose))
        rows.append(apply(what, market, Peer("hft", "l3", folder / "orders.npz"), name_of, 3 * times))
    rows += files(recording, folder, times)
    rows.append(metrics(recording.events, times))
    return f"{name}, {len(recording.events.book):,} rows of its book; a simulated market by order", rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, for the peers too
    with tempfile.TemporaryDirectory() as folder:
        work, rows = measured(Path(folder), *((3, ORDERS // 4) if options.quick else (7, ORDERS)))
    print(told(f"market data on one core: {work}", rows, as_json=options.json))


if __name__ == "__main__":
    main()
