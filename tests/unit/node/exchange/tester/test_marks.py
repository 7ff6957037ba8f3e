"""Best prices in a file are those that were put there, however many and in whatever pieces."""

import gc
import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import StorageFull
from node.exchange.core.command import Kind
from node.exchange.exchange import Exchange, command
from node.exchange.replay.reel import wound
from node.exchange.tester import BUY, SELL, Book, Orders, Strategy
from node.exchange.tester import made as market
from node.exchange.tester.marks import BLOCK, Marks
from node.exchange.tester.memory import MARK, Floats, Ints, Rows
from node.exchange.tester.run import Form, Run, Terms

COUNT = 2 * BLOCK + 100


def made(count: int = COUNT) -> Rows:
    """Rows some ns apart; often a side is empty, and long at a block's begin; the mark price comes later."""
    chance, rows = np.random.Generator(np.random.PCG64(1)), np.zeros(count, MARK)
    rows["time"] = np.cumsum(chance.integers(1, 9, count))
    rows["bid"], rows["ask"] = chance.integers(100, 110, count), chance.integers(110, 120, count)
    rows["ask"][chance.random(count) < 0.2] = 0
    rows["bid"][BLOCK - 50 : BLOCK + 50] = 0
    rows["bid"][:5] = 0
    rows["mark"][20:] = chance.integers(100, 120, max(0, count - 20))
    return rows


def put(rows: Rows, size: int, folder: Path | None = None) -> Marks:
    found = Marks(folder)
    for first in range(0, len(rows), size):
        found.add(rows[first : first + size])
    return found


def last(values: Floats, at: Ints) -> Floats:
    """The last value that is a number up to each row; NaN where there is none."""
    known = np.flatnonzero(np.isfinite(values))
    place = np.searchsorted(known, at, "right") - 1
    return np.where(place >= 0, values[known[np.maximum(place, 0)]], np.nan)


@pytest.mark.parametrize("size", [COUNT, 1000, BLOCK, BLOCK - 1])
def test_prices_at_any_time_are_those_of_all_rows(size: int) -> None:
    rows = made()
    marks = put(rows, size)
    assert len(marks) == COUNT
    assert marks.read().tobytes() == rows.tobytes()
    assert marks.digest() == put(rows, COUNT).digest() != put(rows[1:], COUNT).digest()
    times = np.random.Generator(np.random.PCG64(2)).permutation(np.append(rows["time"][::7], np.arange(-9, 2000)))
    for before in (False, True):
        at = np.searchsorted(rows["time"], times, "left" if before else "right") - 1
        wanted = rows[at]
        wanted[at < 0] = 0
        assert marks.at(times, before=before).tobytes() == wanted.tobytes()
        mid = np.where((wanted["bid"] > 0) & (wanted["ask"] > 0), (wanted["bid"] + wanted["ask"]) / 2, np.nan)
        assert np.array_equal(marks.mid(times, before=before), mid, equal_nan=True)
    at = np.searchsorted(rows["time"], times, "right") - 1
    mids = np.where((rows["bid"] > 0) & (rows["ask"] > 0), (rows["bid"] + rows["ask"]) / 2, np.nan)
    assert np.array_equal(marks.last_mid(times), last(mids, at), equal_nan=True)
    prices = np.where(rows["mark"] > 0, rows["mark"], np.nan)
    assert np.array_equal(marks.last_mark(times), last(prices, at), equal_nan=True)


def test_of_nothing_there_is_nothing() -> None:
    marks = Marks()
    assert not marks.at(np.arange(3))["time"].any()
    assert np.isnan(marks.last_mid(np.arange(3))).all()
    assert len(marks.at(np.zeros(0, np.int64))) == 0


def test_the_file_has_no_name_and_ends_with_its_last_reader(tmp_path: Path) -> None:
    """So that nothing is left of a run that was broken off or killed."""
    marks = put(made(), 1000, tmp_path)
    assert list(tmp_path.iterdir()) == []
    before = len(list(Path("/proc/self/fd").iterdir()))
    del marks
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match=r"nowhere takes no more \(No such file or directory\)"):
        Marks(tmp_path / "nowhere")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MARK.itemsize * 1000, hard))
    try:
        with pytest.raises(StorageFull, match=r"takes no more \(File too large\); make room, or set FUSION_HOME"):
            put(made(), 600, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Everywhere(Strategy):
    """Has orders before, at and behind the best prices, plain ones and icebergs."""

    every = 3_000_000
    events = 0

    def __init__(self) -> None:
        self.turn = 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.turn += 1
        if orders.open > 20:
            orders.cancel_all()
        elif book.bid_size and book.ask_size:
            away = self.turn % 5 - 2
            orders.buy(book.bid - away, 300)
            orders.sell(book.ask + away, 300)
            orders.iceberg(BUY if self.turn % 2 else SELL, book.ask if self.turn % 3 else book.bid, 900, 100)


@pytest.mark.parametrize("count", range(400, 4000, 300))
def test_the_best_prices_are_those_that_are_left_without_own_orders(count: int) -> None:
    """Which are what the market shows once all of the strategy's orders have been cancelled."""
    exchange, commands = Exchange([market.LISTING]), market.made(count, 5)
    run = Run(exchange, Everywhere(), Terms(), Form.PYTHON)
    run.fund(market.OPENS, market.PRICE)
    found = run.go(commands).marks.read()[-1]
    exchange.carry_out(command(kind=Kind.CANCEL_ALL, account=run.account, time=int(commands["time"][-1])))
    after = exchange.markets[0]
    assert after.top.min() >= 0
    assert (found["bid"], found["ask"]) == tuple((after.top + after.base) * (1, -1))


def test_a_run_of_many_commands_takes_no_more_memory_than_one_of_few(tmp_path: Path) -> None:
    peaks = []
    for count in (400_000, 800_000):
        commands = wound([market.made(count, 1)], tmp_path / str(count))
        run = Run(Exchange([market.LISTING]), Strategy(), Terms(), Form.PYTHON, folder=tmp_path)
        run.fund(market.OPENS, market.PRICE)
        tracemalloc.start()
        record = run.go(commands)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(record.marks) * MARK.itemsize > 8_000_000
    assert peaks[1] < peaks[0] + 1_000_000
