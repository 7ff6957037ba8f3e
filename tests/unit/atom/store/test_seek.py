"""Seek: the book at any time is the one that a replay from the beginning makes."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from atom import open_feed
from atom.book import Book
from atom.book.picture import picture
from atom.events import Action, Side
from atom.recording import Recording
from atom.store import Log, Store
from fusion.errors import BadInput
from tests.unit.atom.store.traffic import pieces


def like(book: Book) -> tuple[object, ...]:
    levels = {side: book.levels(side) for side in (Side.BID, Side.ASK)}
    return book.valid, levels, [book.orders(side, level.price) for side in levels for level in levels[side]]


def replayed(rows, at):
    after = np.flatnonzero(rows["ts_recv"] > at)
    book = Book()
    book.apply(rows[: after[0]] if len(after) else rows)
    return book


def check(store, times, venue="simulated", symbol="SIM-USD"):
    rows = store.read(venue, symbol).book
    for at in times:
        seen = store.book(venue, symbol, int(at))
        expected = replayed(rows, int(at))
        assert like(seen.book) == like(expected)
        assert picture(seen.book).tobytes() == picture(expected).tobytes()


def moments(rows, count):
    times = rows["ts_recv"]
    return [times.min() - 1, *np.linspace(times.min(), times.max(), count).astype(np.int64).tolist(), times.max() + 1]


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr("atom.store.checkpoint.EVERY", 200)
    monkeypatch.setattr("atom.store.parquet.ROWS", 256)


def lost(market):
    """The market with its book lost in the middle and back after a third of the rest."""
    rows = market.book.copy()
    middle = len(rows) // 2
    gone, back = rows[middle : middle + 1].copy(), picture(replayed(rows, 2**62))
    gone["action"] = Action.CLEAR
    back["ts_recv"], back["ts_event"] = rows["ts_recv"][-1], rows["ts_event"][-1]
    return replace(market, book=np.concatenate([rows[:middle], gone, rows[middle : middle + 99], back]))


def test_an_import_is_sought_through(tmp_path, market):
    store = Store(tmp_path)
    store.write(Recording(market, 0, 0, 0, 0))
    assert list(tmp_path.glob("*/*/type=checkpoint/*/*.parquet"))
    check(store, moments(market.book, 23))


def test_what_was_recorded_live_is_sought_through(tmp_path, market):
    market = lost(market)
    store = Store(tmp_path)
    with Log(tmp_path) as log:
        for place, batch in enumerate(pieces(market, 12)):
            log.take(batch)
            if place in (2, 3, 7):
                log.rotate()
        log.flush()
        check(store, moments(market.book, 23))
    check(store, moments(market.book, 23))
    assert len(list(tmp_path.glob("*/*/type=checkpoint/*/*.parquet"))) > 2


def test_a_finer_tick_on_the_way(tmp_path, market):
    finer = replace(market.instrument, tick=Decimal("0.005"), lot=Decimal("0.0001"))
    with Log(tmp_path) as log:
        for place, batch in enumerate(pieces(market, 4)):
            if place < 2:
                log.take(batch)
            else:
                rows = batch.book.copy()
                rows["price"] *= 2
                rows["size"] *= 10
                log.take(replace(batch, instrument=finer, book=rows))
            log.rotate()
    store = Store(tmp_path)
    at = int(market.book["ts_recv"].max())
    seen = store.book("simulated", "SIM-USD", at)
    assert seen.instrument.tick == finer.tick
    assert like(seen.book) == like(replayed(store.read("simulated", "SIM-USD").book, at))


def test_an_import_between_makes_no_checkpoint_lie(tmp_path, market):
    """A picture that was made without rows which stand before it is not used."""
    store = Store(tmp_path)
    with Log(tmp_path) as log:
        for batch in pieces(market, 3):
            log.take(batch)
            log.rotate()
    between = open_feed("simulated:5@1704067220").events
    store.write(Recording(replace(between, book=between.book[:700]), 0, 0, 0, 0))
    check(store, moments(market.book, 23))


def test_a_book_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="no book of 'X' on 'y'"):
        Store(tmp_path).book("y", "X", 0)


def test_a_span_is_what_arrived_in_it(tmp_path, market):
    """Where the clock jumped back too: a span is of arrivals, wherever their rows stand."""
    rows = market.book.copy()
    rows["ts_recv"][1000:1300] -= 10**10
    store = Store(tmp_path)
    store.write(Recording(replace(market, book=rows), 0, 0, 0, 0))
    times = np.sort(rows["ts_recv"])
    for first, last in ((0, 10), (500, 501), (900, 1400), (3000, len(times) - 1)):
        start, end = int(times[first]), int(times[last])
        wanted = rows[(rows["ts_recv"] >= start) & (rows["ts_recv"] < end)]
        assert store.read("simulated", "SIM-USD", start=start, end=end).book.tobytes() == wanted.tobytes()
    check(store, moments(rows, 9))
