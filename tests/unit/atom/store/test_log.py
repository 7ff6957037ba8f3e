"""The log: what was flushed is there, once, whatever happens to the recorder."""

import os
import subprocess
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from atom.book import Book
from atom.events import Action, Flag, Status, StatusKind, empty
from atom.store import Log, Store, frames, segments
from atom.store.frames import Batch, Frame, Hole
from fusion.errors import CaptureError, FusionError
from tests.unit.atom.store.traffic import pieces


def same(store, market):
    back = store.read(market.instrument.venue, market.instrument.symbol)
    assert back.book.tobytes() == market.book.tobytes()
    assert back.trade.tobytes() == market.trade.tobytes()
    return back


def crashed(folder, market, batches=3):
    """A segment as `kill -9` leaves it; where each of its frames ends."""
    with Log(folder) as log:
        edges = []
        for batch in pieces(market, batches):
            log.take(batch)
            log.flush()
            (number,) = segments.numbers(folder)
            edges.append(segments.place(folder, number).stat().st_size)
        content = segments.place(folder, number).read_bytes()
    for path in folder.rglob("*.parquet"):
        path.unlink()
    for left in segments.numbers(folder):
        segments.place(folder, left).unlink()
    segments.place(folder, number).write_bytes(content)
    return segments.place(folder, number), edges


def test_what_was_flushed_is_read_before_and_after_it_is_parquet(tmp_path, market):
    with Log(tmp_path) as log:
        for batch in pieces(market, 9):
            log.take(batch)
        log.flush()
        assert not list(tmp_path.rglob("*.parquet"))
        same(Store(tmp_path), market)
        assert Store(tmp_path).symbols() == [("simulated", "SIM-USD")]
    assert list(tmp_path.rglob("*.parquet"))
    same(Store(tmp_path), market)
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_is_made_when_there_are_rows_enough(tmp_path, market):
    with Log(tmp_path, rotate_rows=1000) as log:
        for batch in pieces(market, 8):
            log.take(batch)
            log.flush()
    assert len(list(tmp_path.glob("*/*/type=book/*/*.parquet"))) > 2
    same(Store(tmp_path), market)


def test_all_types_and_status_come_back(tmp_path, market):
    rate = empty("funding", 2)
    rate["ts_recv"], rate["rate"], rate["flags"] = [5, 6], [0.0001, np.nan], int(Flag.LAST | Flag.NO_SEQUENCE)
    told = (Status(StatusKind.GAP, 5, None, "one"), Status(StatusKind.RESYNC, 6, 7, "two"))
    with Log(tmp_path) as log:
        log.take(replace(market, more={"funding": rate}, status=told))
        log.take(replace(market, book=empty("book"), trade=empty("trade"), status=told[:1]))
        log.flush()
        for _ in range(2):
            back = Store(tmp_path).read("simulated", "SIM-USD")
            assert back.status == (*told, told[0])
            assert back.more["funding"].tobytes() == rate.tobytes()
            log.rotate()


@pytest.mark.parametrize("cut", [1, 9, 40, 10_000_000])
def test_a_torn_last_frame_is_dropped_and_told(tmp_path, market, cut, capsys):
    place, edges = crashed(tmp_path, market)
    whole = place.read_bytes()
    torn = max(edges[1] + 1, len(whole) - cut)
    place.write_bytes(whole[:torn])
    two = int(2 / 3 * len(market.book))
    for recorders in (0, 1, 1):  # nobody has come since; one comes; the next finds nothing more to recover
        for _ in range(recorders):
            Log(tmp_path).close()
        back = Store(tmp_path).read("simulated", "SIM-USD")
        assert back.book[:two].tobytes() == market.book[:two].tobytes()
        assert back.book["action"][two:].tolist() == [Action.CLEAR]
        (status,) = back.status
        assert status.kind == StatusKind.CRASH
        assert status.detail.endswith(f"; {torn - edges[1]} bytes that were no whole frame are dropped")
    told = capsys.readouterr()
    assert (told.out + told.err).count("an earlier recorder ended without a word") == 1
    book = Book()
    book.apply(back.book)
    assert not book.valid


def test_a_frame_that_was_damaged_costs_no_other(tmp_path, market):
    place, edges = crashed(tmp_path, market)
    content = bytearray(place.read_bytes())
    content[(edges[0] + edges[1]) // 2] ^= 1
    place.write_bytes(content)
    read = list(frames.read(bytes(content), "x"))
    assert [type(each) for each in read] == [Frame, Hole, Frame, Hole]
    with Log(tmp_path):
        pass
    third = len(market.book) // 3
    back = Store(tmp_path).read("simulated", "SIM-USD").book
    assert back[:third].tobytes() == market.book[:third].tobytes()
    assert back["action"][third] == Action.CLEAR
    assert back[third + 1 : -1].tobytes() == market.book[int(2 / 3 * len(market.book)) :].tobytes()


@pytest.mark.parametrize("size", [0, 5, len(frames.HEADER)])
def test_a_segment_that_was_only_begun(tmp_path, market, size):
    (tmp_path / "log").mkdir()
    segments.place(tmp_path, 7).write_bytes(frames.HEADER[:size])
    with Log(tmp_path) as log:
        log.take(market)
    same(Store(tmp_path), market)
    assert segments.numbers(tmp_path)[0] > 8


def test_a_quiet_symbol_is_told_of_a_crash_too(tmp_path, market):
    """Its book was last heard of in an earlier segment, but it too is stale after the crash."""
    other = replace(market.instrument, symbol="OTHER")
    with Log(tmp_path) as log:
        log.take(replace(market, instrument=other))
        log.rotate()
        log.take(market)
        log.flush()
        number = segments.numbers(tmp_path)[-1]
        content = segments.place(tmp_path, number).read_bytes()
    for path in tmp_path.glob("venue=*/symbol=SIM-USD/*/*/*.parquet"):
        path.unlink()
    for left in segments.numbers(tmp_path):
        segments.place(tmp_path, left).unlink()
    segments.place(tmp_path, number).write_bytes(content)
    with Log(tmp_path):
        pass
    for symbol in ("OTHER", "SIM-USD"):
        assert Store(tmp_path).read("simulated", symbol).book["action"][-1] == Action.CLEAR


def test_numbers_go_on_where_the_log_was_removed(tmp_path, market):
    """By its number a file stands in order, so what is new must not stand before what is old."""
    *before, after = pieces(market, 4)
    with Log(tmp_path) as log:
        for batch in before:
            log.take(batch)
            log.rotate()
    for number in segments.numbers(tmp_path):
        segments.place(tmp_path, number).unlink()
    with Log(tmp_path) as log:
        log.take(after)
        log.flush()
        same(Store(tmp_path), market)
    same(Store(tmp_path), market)


def test_two_recorders_are_refused_and_so_is_a_closed_log(tmp_path, market):
    with Log(tmp_path) as log, pytest.raises(FusionError, match="another recorder writes to"):
        Log(tmp_path)
    log.close()
    with pytest.raises(FusionError, match="is closed"):
        log.take(market)


def test_another_schema_is_refused(tmp_path, market):
    place, _ = crashed(tmp_path, market)
    place.write_bytes(b"FUSION-LOG\x63\x00" + place.read_bytes()[len(frames.HEADER) :])
    with pytest.raises(CaptureError, match="is no log of schema"):
        Store(tmp_path).read("simulated", "SIM-USD")


def test_a_disk_that_refuses_stops_the_recording(tmp_path, market, monkeypatch):
    one, two = pieces(market, 2)

    def full(_):
        raise OSError(28, "No space left on device")

    log = Log(tmp_path)
    log.take(one)
    log.flush()
    monkeypatch.setattr("os.fsync", full)
    log.take(two)
    for _ in range(2):
        with pytest.raises(FusionError, match="has stopped: No space left on device; what was flushed is kept"):
            log.flush()
    log.close()
    monkeypatch.undo()
    back = Store(tmp_path).read("simulated", "SIM-USD")
    assert back.book[:-1].tobytes() == one.book.tobytes()
    assert back.book["action"][-1] == Action.CLEAR  # nobody follows it any more


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small disk is mounted by root alone")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_stops_the_recording_and_leaves_only_whole_files(small_disk, market):
    def record():
        with Log(small_disk) as log:
            for _ in range(200):
                log.take(market)
                log.rotate()

    with pytest.raises(FusionError, match="has stopped: No space left on device"):
        record()
    assert not list(small_disk.rglob("*.part"))
    assert all(len(pq.read_table(path, partitioning=None)) for path in small_disk.rglob("*.parquet"))
    back = Store(small_disk).read("simulated", "SIM-USD").book
    cleared = back[-1]["action"] == Action.CLEAR  # where the segment had no room for its end
    assert len(back) > cleared
    assert (len(back) - cleared) % len(market.book) == 0


def test_frames_are_read_as_they_were_written():
    assert list(frames.read(frames.HEADER, "x")) == [Hole(0)]
    made = frames.frame([Batch(instrument_of())], 5) + frames.frame([], 6, ends=True)
    first, last = frames.read(frames.HEADER + made, "x")
    assert (first.until, first.ends, last.until, last.ends) == (5, False, 6, True)
    assert [batch.instrument for batch in first.batches] == [instrument_of()]


def instrument_of():
    return frames.instrument_of({"venue": "v", "symbol": "S", "venue_symbol": "s", "tick": "0.01", "lot": "1"})
