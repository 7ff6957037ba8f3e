"""Windows of real traffic: what two recorders of it name, one of whom came later and knew less of the book."""

from dataclasses import replace

import numpy as np
import pytest

from atom.archive.check import check
from atom.archive.cut import LATENESS
from atom.book import Book
from atom.book.picture import picture
from atom.events import Flag, Side
from atom.instrument import Instrument
from atom.reader import read_capture
from atom.store.parquet import on_steps
from tests.unit.atom.archive.home import SECOND, Home

FILES = {"binance_futures": "usdm_btcusdt_20240808.gz", "binance": "spot_btcusdt_20240808.gz"}
LEVELS = 100
LATE = 37 * SECOND


def other(events):
    """The same traffic as one has it who came 80 s later, with a snapshot of few levels and finer steps."""
    timed = events.book["flags"] & (Flag.NO_EVENT_TIME | Flag.SNAPSHOT) == 0
    begin = int(events.book["ts_event"][timed][0]) + 80 * SECOND
    place = int(np.flatnonzero(timed & (events.book["ts_event"] >= begin))[0])
    book = Book()
    book.apply(events.book[:place])
    rows = picture(book)
    near = {side: {level.price for level in book.levels(side, LEVELS)} for side in (Side.BID, Side.ASK)}
    rows = rows[[row["side"] == 0 or int(row["price"]) in near[Side(int(row["side"]))] for row in rows]]
    rows["flags"][-1] |= np.uint16(Flag.LAST)
    rows["ts_recv"], rows["sequence"] = events.book["ts_recv"][place], events.book["sequence"][place - 1]
    rows["flags"] |= np.uint16(Flag.NO_EVENT_TIME)
    book_rows = np.concatenate((rows, events.book[place:]))
    since = int(events.book["ts_recv"][place])
    trade, quote = (of[of["ts_recv"] >= since] for of in (events.trade, events.quote))
    of = events.instrument
    finer = Instrument(of.venue, of.symbol, of.venue_symbol, of.tick / 100, of.lot / 10)
    tables = {}
    for kind, told in (("book", book_rows), ("trade", trade), ("quote", quote)):
        tables[kind] = on_steps(kind, told, of, finer).copy()
        tables[kind]["ts_recv"] += LATE
    return replace(events, instrument=finer, **tables)


@pytest.mark.parametrize("venue", FILES)
def test_two_recorders_of_real_traffic_name_the_same_windows(venue, shared_data, tmp_path):
    (recording,) = read_capture(venue, [shared_data / "binance_2024" / FILES[venue]]).recordings
    homes = Home(tmp_path / "one"), Home(tmp_path / "other", 2)
    first, second = (
        {one.told.span: one.told for one in home.record(events).publish(length=60 * SECOND, lateness=LATENESS)}
        for home, events in zip(homes, (recording.events, other(recording.events)), strict=True)
    )
    whole = [span for span, told in second.items() if told.whole]
    assert len(whole) == 3
    for span in whole:
        assert first[span].whole
        assert second[span].window == first[span].window
        assert second[span].pictures != first[span].pictures  # he never saw the levels further off
        assert len(check(second[span], homes[1].archive.content)) > 10_000
    assert [told.whole for told in first.values()] == [False, True, True, True, True]
