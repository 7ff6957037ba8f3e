from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from atom import open_feed
from atom.reader import read_capture
from atom.store import Store
from fusion.errors import BadInput, CaptureError, FusionError


@pytest.fixture
def spot(by_hand):
    (recording,) = read_capture("binance", [by_hand / "spot.txt"]).recordings
    return recording


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "events")


def test_what_is_written_is_read_back(store, spot):
    store.write(spot)
    back = store.read("binance", "BTC-USDT")
    assert back.instrument == spot.events.instrument
    for kind, rows in spot.events.tables().items():
        assert back.tables()[kind].tobytes() == rows.tobytes()


def test_orders_and_status_come_back_too(store, write, message):
    market = open_feed("simulated")
    store.write(market)
    assert store.read("simulated", "SIM-USD").book.tobytes() == market.events.book.tobytes()
    told = [message("delta", 20, 21), message("snapshot", 10, [("1", "1")], [("2", "1")])]
    (lost,) = read_capture("binance", [write(*told)]).recordings
    store.write(lost)
    assert store.read("binance", "BTC-USDT").status == lost.status


def test_the_tree_of_files(store, spot, tmp_path):
    paths = store.write(spot)
    parts = ["venue=binance", "symbol=BTC-USDT", "type=book", "date=2023-11-14"]
    assert list(paths[0].relative_to(tmp_path / "events").parts[:-1]) == parts
    assert not [path for path in (tmp_path / "events").rglob("*") if path.name.endswith(".part")]


def test_the_unknown_is_null(store, spot):
    book = pq.read_table(store.write(spot)[0], partitioning=None)
    assert book["ts_event"].null_count == 5
    assert book["order_id"].null_count == len(book)
    assert book.schema.field("ts_recv").type == pa.timestamp("ns", tz="UTC")


def test_writing_again_replaces(store, spot):
    assert store.write(spot) == store.write(spot)
    assert len(store.read("binance", "BTC-USDT").trade) == 2


def test_midnight_parts_the_files(store, spot):
    spot.events.book["ts_recv"][5:] += 86_400 * 10**9
    dates = [path.parent.name for path in store.write(spot) if "type=book" in str(path)]
    assert dates == ["date=2023-11-14", "date=2023-11-15"]
    assert store.read("binance", "BTC-USDT").book.tobytes() == spot.events.book.tobytes()


def test_files_of_several_ticks_are_read_on_the_finest(store, spot):
    store.write(spot)
    finer = replace(spot.events.instrument, tick=Decimal("0.01"))
    later = {kind: rows.copy() for kind, rows in spot.events.tables().items()}
    for rows in later.values():
        rows["ts_recv"] += 10**9
    store.write(replace(spot, events=replace(spot.events, instrument=finer, **later)))
    back = store.read("binance", "BTC-USDT")
    assert back.instrument.tick == Decimal("0.01")
    assert back.trade["price"].tolist() == [10030, 10010, 1003, 1001]


def test_a_hostile_symbol_stays_inside(store, spot, tmp_path):
    named = replace(spot.events.instrument, symbol="../../out")
    for path in store.write(replace(spot, events=replace(spot.events, instrument=named))):
        assert (tmp_path / "events") in path.resolve().parents
    assert store.symbols() == [("binance", "../../out")]


def test_what_is_not_there_or_damaged_is_refused(store, spot):
    with pytest.raises(BadInput, match="no events of 'ETH-USDT' on 'binance'"):
        store.read("binance", "ETH-USDT")
    paths = store.write(spot)
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaptureError, match="cannot be read as Parquet"):
        store.read("binance", "BTC-USDT")
    pq.write_table(pa.table({"x": np.arange(3)}), paths[0])
    with pytest.raises(CaptureError, match="has no column ts_event"):
        store.read("binance", "BTC-USDT")


def test_a_full_disk_leaves_what_was_there(store, spot, tmp_path, monkeypatch):
    store.write(spot)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    syncs = iter([None, OSError(28, "No space left on device")])

    def fsync(_):
        if error := next(syncs):
            raise error

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(FusionError, match=r"events cannot be kept in .*: No space left on device"):
        store.write(spot)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_another_schema_is_refused(store, spot, monkeypatch):
    monkeypatch.setattr("atom.store.parquet.SCHEMA_VERSION", 99)
    store.write(spot)
    monkeypatch.undo()
    with pytest.raises(CaptureError, match="has schema 99; this version reads 2"):
        store.read("binance", "BTC-USDT")
