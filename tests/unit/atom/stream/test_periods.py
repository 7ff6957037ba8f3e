"""The feed of metrics: the same bits as a pass over all events, made only while somebody reads."""

import json
from dataclasses import replace

import numpy as np
import pytest

from atom.events import Events, Flag
from atom.metrics import book_metrics
from atom.stream import Bus, Key
from atom.stream.bus import Direct
from atom.stream.replay import slices
from atom.venues.simulated import INSTRUMENT, simulate

OF = (INSTRUMENT.venue, INSTRUMENT.symbol)


@pytest.fixture(scope="module")
def events() -> Events:
    return simulate(5, 3000)


def read(bus: Bus, feed: str = "metrics") -> tuple[list[str], Direct]:
    lines: list[str] = []
    reader = Direct(lambda frame: lines.extend(frame.text.decode().split("\n")))
    bus.subscribe(Key(*OF, feed), reader)
    return lines, reader


def column(lines: list[str], name: str) -> np.ndarray:
    values = [json.loads(line)[name] for line in lines]
    return np.array([np.nan if value is None else value for value in values], np.float64)


def test_periods_are_those_of_one_pass_to_the_bit(events: Events) -> None:
    bus = Bus([OF])
    lines, _ = read(bus)
    for _, piece in slices([events]):
        bus.take(piece)
    wanted = book_metrics(events).periods
    assert len(lines) > 3
    assert [int(json.loads(line)["ts"]) for line in lines] == wanted["ts"].tolist()
    assert list(json.loads(lines[0]))[4:] == list(wanted)
    for name in list(wanted)[1:]:
        assert column(lines, name).tobytes() == wanted[name].tobytes(), name


def test_who_comes_late_is_told_of_the_book_that_stood_there(events: Events) -> None:
    bus, market = Bus([OF]), Bus([OF])
    early, _ = read(bus)
    pieces = [piece for _, piece in slices([events])]
    late: list[str] = []
    for number, piece in enumerate(pieces):
        if number == len(pieces) // 3:
            late, _ = read(market)
        bus.take(piece)
        market.take(piece)
    begun = [json.loads(line)["ts"] for line in early].index(json.loads(late[0])["ts"])
    assert [json.loads(line)["seq"] for line in late] == list(range(1, len(late) + 1))
    for name in ("mid", "imbalance_orders", "bid_depth_10"):
        assert column(late, name).tobytes() == column(early[begun:], name).tobytes()
    for name in ("ofi", "inserts", "cluster_bid_share"):  # of a period that was seen whole
        assert column(late[1:], name).tobytes() == column(early[begun + 1 :], name).tobytes()


def test_nothing_is_made_for_nobody(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus([OF])
    lines, reader = read(bus)
    half = len(events.book) // 2
    bus.take(replace(events, book=events.book[:half]))
    told = len(lines)
    bus.unsubscribe(Key(*OF, "metrics"), reader)
    top, _ = read(bus, "top")

    def made(*_: object) -> None:
        raise AssertionError("metrics are made")

    monkeypatch.setattr("atom.stream.periods.BookMetrics", made)
    bus.take(replace(events, book=events.book[half:], trade=events.trade[:0]))
    assert len(lines) == told > 0
    assert top


def test_events_that_have_no_arrival_are_refused_and_the_other_feeds_go_on(events: Events) -> None:
    book = events.book.copy()
    book["flags"] |= np.uint16(Flag.NO_ARRIVAL)
    bus = Bus([OF])
    lines, _ = read(bus)
    top, _ = read(bus, "top")
    for _, piece in slices([replace(events, book=book)]):
        bus.take(piece)
    (only,) = map(json.loads, lines)
    assert (only["op"], only["code"]) == ("error", "cannot_subscribe")
    assert "do not tell when they arrived" in only["message"]
    assert len(top) > 10
