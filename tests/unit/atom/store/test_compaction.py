"""Compaction and rotation: whoever reads sees each row once, wherever the process is killed."""

import itertools
import os
from dataclasses import replace
from shutil import copytree

import duckdb
import pytest

from atom.events import Status, StatusKind
from atom.store import Log, Store, disk, rotation, segments
from atom.store.compaction import compact
from atom.venues.simulated import simulate
from fusion.errors import FusionError
from tests.unit.atom.store.test_seek import check, moments
from tests.unit.atom.store.traffic import pieces

STEPS = ("stage", "settle", "remove", "sync")


class Killed(BaseException):
    """The process is no more: nothing it does after this changes the disk."""


@pytest.fixture
def kill(monkeypatch):
    """`kill(n)` ends the process at its n-th step on the disk; `kill(None)` lets it live."""

    def at(step):
        count = itertools.count()

        def dying(original):
            def run(*args, **more):
                if step is not None and next(count) >= step:
                    raise Killed
                return original(*args, **more)

            return run

        for name, original in originals.items():
            monkeypatch.setattr(disk, name, dying(original) if step is not None else original)

    originals = {name: getattr(disk, name) for name in STEPS}
    return at


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr("atom.store.checkpoint.EVERY", 200)
    monkeypatch.setattr("atom.store.parquet.ROWS", 256)


def recorded(folder, market, batches=6):
    with Log(folder) as log:
        for batch in pieces(market, batches):
            log.take(batch)
            log.rotate()


def whole(folder, market):
    back = Store(folder).read("simulated", "SIM-USD")
    assert back.book.tobytes() == market.book.tobytes()
    assert back.trade.tobytes() == market.trade.tobytes()
    assert back.status == market.status


def files(folder, kind="book"):
    return sorted(folder.glob(f"venue=*/symbol=*/type={kind}/date=*/*.parquet"))


@pytest.fixture
def market(market):
    told = Status(StatusKind.CONNECT, int(market.book["ts_recv"][0]), None, "here")
    return replace(market, status=(told,))


def test_a_day_becomes_one_file(tmp_path, market):
    recorded(tmp_path, market)
    before = sum(path.stat().st_size for path in files(tmp_path))
    made = list(compact(tmp_path))
    assert len(files(tmp_path)) == len(files(tmp_path, "trade")) == len(files(tmp_path, "checkpoint")) == 1
    assert next(each for each in made if "type=book" in str(each.path)).before == before
    whole(tmp_path, market)
    check(Store(tmp_path), moments(market.book, 11))
    assert list(compact(tmp_path)) == []
    ((rows,),) = duckdb.sql(f"select count(*) from '{tmp_path}/venue=*/symbol=*/type=book/*/*.parquet'").fetchall()
    assert rows == len(market.book)


def test_a_compaction_that_is_killed_anywhere(tmp_path, kill):
    market = simulate(7, 800)
    recorded(tmp_path / "home", market, 3)
    for step in range(100):
        folder = copytree(tmp_path / "home", tmp_path / str(step))
        kill(step)
        try:
            list(compact(folder))
        except Killed:
            kill(None)
        else:
            kill(None)
            break
        whole(folder, market)
        check(Store(folder), moments(market.book, 3))
        list(compact(folder))
        assert len(files(folder)) == len(files(folder, "checkpoint")) == 1
        whole(folder, market)
        check(Store(folder), moments(market.book, 1))
    assert step > 10


def test_a_rotation_that_is_killed_anywhere(tmp_path, market, kill):
    for step in range(100):
        folder = tmp_path / str(step)
        with Log(folder) as log:
            log.take(market)
            log.flush()
            (number,) = segments.numbers(folder)
            content = segments.place(folder, number).read_bytes()
        for path in files(folder, "*"):
            path.unlink()
        segments.place(folder, number).write_bytes(content)
        kill(step)
        try:
            rotation.rotate(folder, number, {})
        except Killed:
            kill(None)
        else:
            break
        back = Store(folder).read("simulated", "SIM-USD")
        assert back.book[: len(market.book)].tobytes() == market.book.tobytes()
        assert len(back.book) == len(market.book) + 1  # the segment had no end: the book is cleared
        with Log(folder):
            pass
        again = Store(folder).read("simulated", "SIM-USD")
        assert again.book.tobytes() == back.book.tobytes()
        assert again.trade.tobytes() == market.trade.tobytes()
        assert [one.kind for one in again.status] == [StatusKind.CONNECT, StatusKind.CRASH]
    assert step > 5


def test_a_segment_in_the_log_is_left_alone(tmp_path, market):
    recorded(tmp_path, market, 4)
    with Log(tmp_path) as log:
        log.take(market)
        log.flush()
        list(compact(tmp_path))
        assert len(Store(tmp_path).read("simulated", "SIM-USD").book) == 2 * len(market.book)


def test_two_at_once_are_refused(tmp_path, market):
    recorded(tmp_path, market, 3)
    running = compact(tmp_path)
    next(running)
    with pytest.raises(FusionError, match="another compaction"):
        list(compact(tmp_path))


def test_what_nobody_came_to_finish_is_removed(tmp_path, market):
    recorded(tmp_path, market, 2)
    old, new = (files(tmp_path)[0].with_name(f".{name}.parquet.part") for name in "ab")
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    list(compact(tmp_path))
    assert not old.exists()
    assert new.exists()
