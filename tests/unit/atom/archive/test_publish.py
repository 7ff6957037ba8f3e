from dataclasses import replace
from itertools import pairwise

import pytest

from atom.archive.check import check
from atom.events import Status, StatusKind
from atom.venues.simulated import simulate
from tests.unit.atom.archive.home import SECOND, Home, late, since


@pytest.fixture(scope="module")
def market():
    """About a minute."""
    return simulate(7, 3_000)


def windows(published):
    return {one.told.span: (one.told.window, one.told.whole) for one in published}


def test_two_recorders_of_one_market_publish_the_same_windows(market, tmp_path):
    first = windows(Home(tmp_path / "a").record(market).publish())
    second = windows(Home(tmp_path / "b", 2).record(late(market, 77 * 10**6)).publish())
    assert first == second
    assert [whole for _, whole in first.values()] == [False, True, True, True, True]


def test_who_came_later_publishes_the_same_from_then_on(market, tmp_path):
    first = windows(Home(tmp_path / "a").record(market).publish())
    second = windows(Home(tmp_path / "b", 2).record(since(market, 25 * SECOND)).publish())
    spans = sorted(first)
    assert [second[span] == first[span] for span in spans[2:]] == [False, True, True]
    assert second[spans[2]][1] is False


def test_what_is_published_is_as_its_manifest_says(market, tmp_path):
    home = Home(tmp_path).record(market)
    published = home.publish()
    before = None
    for one in published:
        told = home.archive.manifest(one.manifest)
        assert told == one.told
        assert told.previous == before
        assert len(check(told, home.archive.content)) == sum(told.rows.values()) > 0
        before = one.manifest
    assert home.publish() == []


def test_no_window_is_whole_while_a_connection_is_down_though_the_book_goes_on(market, tmp_path):
    opens = int(market.book["ts_recv"][0])
    told = [(0, "connect"), (0, "connect"), (12, "disconnect"), (38, "connect")]
    status = tuple(Status(StatusKind(kind), opens + at * SECOND, None, "") for at, kind in told)
    home = Home(tmp_path).record(replace(market, status=status))
    assert [one.told.whole for one in home.publish()] == [False, False, False, False, True]
    held = home.archive.catalogue.of_market("simulated", "SIM-USD")
    assert {gap.why for one in held[1:4] for gap in gaps(home, one)} == {"disconnect"}


def test_what_fits_no_folder_is_published_as_its_halves(market, tmp_path, monkeypatch):
    monkeypatch.setattr("atom.archive.publish.LARGEST", 8 * 8 * 700)
    published = Home(tmp_path).record(market).publish(length=20 * SECOND)
    assert len(published) > 3
    spans = [one.told.span for one in published]
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert all(sum(one.told.rows.values()) <= 800 for one in published)


def gaps(home, entry):
    return home.archive.manifest(entry.manifest).gaps
