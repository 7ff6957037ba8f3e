from dataclasses import replace

import numpy as np
import pytest

from atom import open_feed
from atom.events import Flag
from atom.reader import read_capture
from atom.window import add_window, quotes, read_window, window_files, with_metrics
from fusion.content.store import BlockStore
from fusion.content.table import read_table, table_files
from fusion.errors import ContentError


@pytest.fixture
def spot(by_hand):
    (recording,) = read_capture("binance", [by_hand / "spot.txt"]).recordings
    return recording


def test_quotes_by_hand(spot):
    table = quotes(spot)
    assert {name: column.tolist() for name, column in table.items()} == {
        "ts": [1700000000200 * 10**6, 1700000000300 * 10**6],
        "bid": [100.1, 100.2],
        "ask": [100.3, 100.3],
        "bid_size": [2.5, 1.0],
        "ask_size": [3.0, 3.0],
    }


def test_a_row_stands_only_where_the_top_changes():
    recording = open_feed("simulated:3")
    table = quotes(recording)
    numbers = np.stack([table[name] for name in ("bid", "ask", "bid_size", "ask_size")])
    assert (numbers[:, 1:] != numbers[:, :-1]).any(axis=0).all()
    assert (table["bid"] < table["ask"]).all()
    assert (np.diff(table["ts"]) >= 0).all()
    assert len(table["ts"]) < len(recording.replay.tops)


def test_rows_may_be_capped():
    recording = open_feed("simulated:3")
    assert all((quotes(recording, 10)[name] == column[:10]).all() for name, column in quotes(recording).items())
    assert len(quotes(recording, 0)["ts"]) == 0


def test_there_are_no_quotes_while_the_book_is_invalid_and_one_after(write, message):
    book = ([("100", "1")], [("101", "1")])
    told = [message("delta", 10, 11), message("snapshot", 10, *book), message("delta", 12, 12, [("99", "1")])]
    told += [message("delta", 20, 21, [("100.5", "9")]), message("snapshot", 21, *book)]
    (recording,) = read_capture("binance", [write(*told, message("delta", 22, 23, [("98", "1")]))]).recordings
    table = quotes(recording)
    assert table["bid"].tolist() == [100.0, 100.0]
    # the first is known as of the delta after the snapshot, the second as of the message that showed the gap
    assert table["ts"].tolist() == [(1704067200000 + at) * 10**6 for at in (12, 21)]


def test_without_a_snapshot_there_are_no_quotes(by_hand):
    for recording in read_capture("binance_futures", [by_hand / "futures.ws.txt"]).recordings:
        assert len(quotes(recording)["ts"]) == 0


def test_a_crossed_book_is_no_quote(write, message):
    told = [message("delta", 10, 10), message("snapshot", 10, [("100", "1")], [("101", "1")])]
    told += [message("delta", 11, 11, [("102", "1")]), message("delta", 12, 12, [("102", "0"), ("99", "2")])]
    (recording,) = read_capture("binance", [write(*told)]).recordings
    assert quotes(recording)["bid"].tolist() == [100.0]


def test_metrics_stand_beside(spot):
    table = with_metrics(quotes(spot))
    assert list(table) == ["ts", "bid", "ask", "bid_size", "ask_size", "mid", "spread", "imbalance", "microprice"]
    assert table["imbalance"].tolist() == [-0.5 / 5.5, -0.5]
    assert read_table(table_files(table)).keys() == table.keys()


def test_a_window_is_read_back_without_arrival(spot):
    back = read_window(window_files(spot.events))
    assert back.instrument == spot.events.instrument
    for kind, rows in back.tables().items():
        known = spot.events.tables()[kind].copy()
        known["ts_recv"] = 0
        known["flags"] = known["flags"] & ~np.uint16(Flag.BAD_CLOCK) | np.uint16(Flag.NO_ARRIVAL)
        assert rows.tobytes() == known.tobytes()
    assert window_files(back) == window_files(spot.events)


def test_two_recorders_of_one_market_publish_one_window(spot, tmp_path):
    shifted = {kind: rows.copy() for kind, rows in spot.events.tables().items()}
    for rows in shifted.values():
        rows["ts_recv"] += 3 * 10**9
        rows["flags"] &= ~np.uint16(Flag.BAD_CLOCK)
    store = BlockStore(tmp_path)
    assert add_window(store, replace(spot.events, **shifted)) == add_window(store, spot.events)


def test_altered_windows_are_refused(spot):
    files = window_files(spot.events)
    for path, told in (("book/price.i8", "do not match its schema"), ("trade/schema.cbor", "schema.cbor")):
        with pytest.raises(ContentError, match=told):
            read_window({name: content for name, content in files.items() if name != path})
    with pytest.raises(ContentError, match="and nothing else"):
        read_window({**files, "note.txt": b""})
    wide = {**files, "book/side.i8": np.full(9, 300).astype("<i8").tobytes()}
    with pytest.raises(ContentError, match="out of range"):
        read_window(wide)
    other = window_files(replace(spot.events, instrument=replace(spot.events.instrument, venue="other")))
    with pytest.raises(ContentError, match="of one instrument"):
        read_window({**files, "book/schema.cbor": other["book/schema.cbor"]})
