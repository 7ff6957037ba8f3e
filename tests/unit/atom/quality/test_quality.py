"""What a day of data is worth, against sums made one event at a time."""

from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import numpy as np
import pytest

from atom.book import Book
from atom.events import Action, Flag, Status, StatusKind, empty
from atom.quality import assess, days, page
from atom.recording import Recording
from atom.store import Store
from atom.venues.simulated import OPENS, simulate
from fusion.errors import BadInput

DAY = date(2024, 1, 1)


def kept(folder, events):
    store = Store(folder / "atom")
    store.write(Recording(events, messages=1, unexplained=0, trades=len(events.trade), gaps=0))
    return store


@pytest.fixture(scope="module")
def market():
    return simulate(1, 9_000)  # three minutes


def test_a_sound_day_is_valid_from_its_first_picture_on(tmp_path, market):
    found = assess(kept(tmp_path, market), "simulated", "SIM-USD", DAY)
    assert found.valid == 1.0
    assert (found.book, found.trades, found.gaps, found.crossed) == (len(market.book), len(market.trade), 0, 0)
    assert found.trades_missing == 0
    latency = np.concatenate([rows["ts_recv"] - rows["ts_event"] for rows in (market.book, market.trade)]) / 1e6
    assert found.latency_p99_ms == pytest.approx(np.percentile(latency, 99))
    assert found.minutes.events.sum() == len(market)


def test_time_without_a_book_is_not_valid(tmp_path, market):
    """The book is lost in the middle and never whole again: what is valid is summed one message at a time."""
    rows = market.book
    middle = np.flatnonzero(rows["flags"] & Flag.LAST)[4_500] + 1
    lost = empty("book", 1)
    lost["ts_recv"], lost["action"], lost["flags"] = rows["ts_recv"][middle], Action.CLEAR, Flag.LAST | Flag.BY_PRICE
    status = (Status(StatusKind.GAP, int(rows["ts_recv"][middle]), None, "updates 5 to 6 are missing"),)
    torn = replace(market, book=np.concatenate((rows[:middle], lost, rows[middle:])), status=status)
    found = assess(kept(tmp_path, torn), "simulated", "SIM-USD", DAY)
    book, valid, before = Book(), 0, None
    last = int(max(torn.book["ts_recv"].max(), torn.trade["ts_recv"].max()))
    for at in range(len(torn.book)):
        now = int(torn.book["ts_recv"][at])
        valid += now - before if before is not None and book.valid else 0
        before = now
        book.apply(torn.book[at : at + 1])
    assert found.valid == pytest.approx(valid / (last - found.first))
    assert found.gaps == 1
    shares = found.minutes.valid[np.isfinite(found.minutes.valid)]
    assert shares[0] == 1.0
    assert shares[-1] == 0.0


def test_a_day_begins_with_the_book_that_the_day_before_left(tmp_path):
    events = simulate(2, 4_000, opens=OPENS - 40 * 10**9)
    store = kept(tmp_path, events)
    assert [of[2] for of in days(store)] == [date(2023, 12, 31), DAY]
    second = assess(store, "simulated", "SIM-USD", DAY)
    assert second.valid == pytest.approx(1.0)
    assert not second.crossed


def test_trades_that_are_missing_or_came_again_are_counted(tmp_path, market):
    keep = np.ones(len(market.trade), bool)
    keep[[5, 6, 9]] = False
    trades = market.trade[keep]
    torn = replace(market, trade=np.concatenate((trades[:20], trades[19:])))
    found = assess(kept(tmp_path, torn), "simulated", "SIM-USD", DAY)
    assert (found.trades_missing, found.trades_repeated) == (3, 1)


def test_a_day_without_events_is_refused(tmp_path, market):
    with pytest.raises(BadInput, match="nothing of SIM-USD on simulated arrived on 2024-01-02"):
        assess(kept(tmp_path, market), "simulated", "SIM-USD", date(2024, 1, 2))


def test_the_page_stands_alone_and_hides_nothing(tmp_path, market):
    status = tuple(Status(kind, OPENS + 10**9, None, "<b>") for kind in StatusKind)
    shown = page([assess(kept(tmp_path, replace(market, status=status)), "simulated", "SIM-USD", DAY)])
    assert "<script" not in shown
    assert "http" not in shown
    picture = shown[shown.index("<svg") : shown.index("</svg>") + 6]
    titles = {each.text for each in ElementTree.fromstring(picture).iter("title")}
    assert {"gap", "checksum", "disconnect", "stale", "rate_limited", "parse_error", "crossed", "clock"} <= titles


def test_a_day_on_a_coarser_tick_than_the_one_before(tmp_path, market):
    """The book that the day found keeps its prices: it once fell to zero, and seemed crossed."""
    half = int(np.flatnonzero(market.book["flags"] & Flag.LAST)[2_000]) + 1
    first, second = market.book[:half].copy(), market.book[half:].copy()
    first["price"] *= 10
    second["ts_recv"] += 86_400 * 10**9
    fine = replace(market.instrument, tick=market.instrument.tick / 10)
    none = replace(market, trade=market.trade[:0])
    store = kept(tmp_path, replace(none, instrument=fine, book=first))
    kept(tmp_path, replace(none, book=second))
    found = [assess(store, *of) for of in days(store)]
    assert [(one.valid, one.crossed, one.crossed_s) for one in found] == [(1.0, 0, 0.0)] * 2
