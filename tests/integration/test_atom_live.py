"""Live recording from a venue on loopback: what is wrong is told, and what is served is true."""

import asyncio
import time
from collections import Counter
from random import Random

import numpy as np
import pytest

from atom.book import Book
from atom.events import Flag, Side, StatusKind, empty
from atom.live import Arrivals, Recorder, Timing
from atom.reader import read_capture
from fusion.errors import BadInput, FusionError
from tests.integration.atom_venue import FAULTS, Binance, FakeVenue, Okx

QUICK = Timing(
    batch=0.01,
    stale=0.25,
    first=0.01,
    longest=0.05,
    healthy=0.1,
    connects=0.0,
    requests=0.0,
    picture=0.5,
    polls=0.05,
    flush=0.05,
)
NAMES = {"binance": Binance.names}
TELLS = {
    "drop": StatusKind.GAP,
    "reorder": StatusKind.GAP,
    "duplicate": StatusKind.REPEATED,
    "half": StatusKind.PARSE_ERROR,
    "bad_json": StatusKind.PARSE_ERROR,
    "stall": StatusKind.STALE,
    "429": StatusKind.RATE_LIMITED,
    "close": StatusKind.DISCONNECT,
    "cut": StatusKind.DISCONNECT,
    "goodbye": StatusKind.DISCONNECT,
    "clock": StatusKind.CLOCK,
}


class Judge:
    """A sink that compares each book, whenever it says anything, with what the venue's was."""

    def __init__(self, venue):
        self.venue = venue
        self.batches = {}
        self.books = {}
        self.compared = 0
        self.told = set()

    def take(self, events):
        symbol = events.instrument.venue_symbol
        self.batches.setdefault(symbol, []).append(events)
        self.told |= {(status.ts_recv, status.kind) for status in events.status}  # once, though of all symbols
        book, market = self.books.setdefault(symbol, Book()), self.venue.markets[symbol]
        assert (str(events.instrument.tick), str(events.instrument.lot)) == ("0.01", "0.001")
        ends = np.flatnonzero(events.book["flags"] & Flag.LAST) + 1
        for first, last in zip([0, *ends], [*ends, len(events.book)], strict=True):
            rows = events.book[first:last]
            book.apply(rows)
            if len(rows) and book.valid:
                key = int(rows["ts_event"][-1]) // 10**6 if self.venue.form.by_time else int(rows["sequence"][-1])
                self.compared += 1
                assert says(book) == market.truth[key]
            elif len(rows):
                assert says(book) == ({}, {})

    @property
    def status(self):
        return Counter(kind for _, kind in self.told)

    @property
    def whole(self):
        return len(self.books) == 2 and all(book.valid for book in self.books.values())


def says(book):
    return tuple(dict(book.levels(side)) for side in (Side.BID, Side.ASK))


async def recorded(venue, *, raw=None, timing=QUICK, enough=lambda judge: True):
    """Records until all faults are spent and told, and the books have been whole for a while; and it is enough."""
    judge, stop = Judge(venue), asyncio.Event()
    venue.ready = lambda: judge.whole and judge.status >= told_of(venue.form, venue.spent)

    def look(recorder):
        if venue.spent_all and venue.steps > 30 and enough(judge):
            stop.set()

    async with venue.run() as hosts, asyncio.timeout(60):
        recorder = Recorder({venue.form.venue: venue.form.names}, [judge], timing=timing, hosts=hosts, raw=raw, seed=0)
        await recorder.run(stop, look)
    return judge


def same(batches, events):
    for kind, rows in events.tables().items():
        live = np.concatenate([empty(kind), *(batch.tables().get(kind, empty(kind)) for batch in batches)])
        assert live.tobytes() == rows.tobytes()
    assert tuple(status for batch in batches for status in batch.status) == events.status


def told_of(form, faults):
    """How often each kind of status must have been told at least."""
    tells = {**TELLS, "checksum": StatusKind.CHECKSUM} if form.by_time else TELLS  # the other form has no checksums
    return Counter(tells[fault] for fault in faults if fault in tells)


@pytest.mark.parametrize("form", [Binance(), Okx()])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_and_the_book_recovers(form, fault):
    judge = asyncio.run(recorded(FakeVenue(form, 7, [fault])))
    assert judge.compared > 10


@pytest.mark.parametrize("form", [Binance(), Okx()])
@pytest.mark.parametrize("faults", [FAULTS, Random(1).choices(FAULTS, k=12)], ids=["each", "any"])
def test_what_is_recorded_through_faults_is_what_an_import_of_the_raw_recording_gives(form, faults, tmp_path):
    judge = asyncio.run(recorded(FakeVenue(form, 1, faults), raw=tmp_path))
    assert judge.compared > 100
    imported = read_capture(form.venue, sorted(tmp_path.glob("*/*"))).recordings
    assert len(imported) == 2
    for one in imported:
        same(judge.batches[one.events.instrument.venue_symbol], one.events)


def test_a_picture_that_is_refused_is_asked_for_again_and_a_limit_is_told(tmp_path):
    venue = FakeVenue(Binance(), 3)
    venue.pictures.extend((429, 503, 404, 418, 429))
    judge = asyncio.run(recorded(venue, raw=tmp_path))
    assert judge.status[StatusKind.RATE_LIMITED] == 3
    for one in read_capture("binance", sorted(tmp_path.glob("*/*"))).recordings:
        same(judge.batches[one.events.instrument.venue_symbol], one.events)


class Clock:
    """The time, put back by an hour when it is told to."""

    def __init__(self):
        self.jump = 0

    def __call__(self):
        return time.time_ns() + self.jump


def test_a_jump_of_the_own_clock_is_told_and_the_order_of_arrival_is_kept():
    clock, venue = Clock(), FakeVenue(Binance(), 2)

    async def main():
        judge, stop = Judge(venue), asyncio.Event()

        def look(recorder):
            if judge.whole and not clock.jump:
                clock.jump, venue.steps = -3600 * 10**9, 0
            if clock.jump and venue.steps > 30:
                stop.set()

        async with venue.run() as hosts, asyncio.timeout(60):
            arrivals = Arrivals(clock)
            await Recorder(NAMES, [judge], timing=QUICK, hosts=hosts, arrivals=arrivals).run(stop, look)
        return judge

    judge = asyncio.run(main())
    assert judge.status[StatusKind.CLOCK] == 1
    for batches in judge.batches.values():
        arrived = np.concatenate([batch.trade["ts_recv"] for batch in batches])
        assert (np.diff(arrived) > 0).all()  # of the book a change may have waited for the picture that it follows


def test_a_message_beyond_all_bounds_ends_the_connection_and_is_told(monkeypatch):
    monkeypatch.setattr("atom.live.connection._LARGEST", 1000)
    judge, stop = Judge(FakeVenue(Okx(), 2)), asyncio.Event()  # a full picture has more

    async def main():
        async with judge.venue.run() as hosts, asyncio.timeout(60):
            recorder = Recorder({"okx": Okx.names}, [judge], timing=QUICK, hosts=hosts)
            await recorder.run(stop, lambda recorder: stop.set() if judge.status[StatusKind.DISCONNECT] > 2 else None)

    asyncio.run(main())
    details = [status.detail for batch in judge.batches["BTC-USDT"] for status in batch.status]
    assert any(detail.startswith("1009") for detail in details)
    assert judge.compared == 0


def test_a_sink_that_fails_ends_the_recording_with_its_error():
    class Full:
        def take(self, events):
            raise FusionError("the disk is full")

    async def main():
        async with FakeVenue(Binance(), 2).run() as hosts, asyncio.timeout(60):
            await Recorder(NAMES, [Full()], timing=QUICK, hosts=hosts).run(asyncio.Event())

    with pytest.raises(FusionError, match="the disk is full"):
        asyncio.run(main())


def test_it_ends_at_once_while_the_venue_does_not_answer():
    async def main():
        stop = asyncio.Event()
        hosts = dict.fromkeys(Binance.hosts, "http://127.0.0.1:9")  # nobody is there
        asyncio.get_running_loop().call_later(0.2, stop.set)
        async with asyncio.timeout(60):
            recorder = Recorder(NAMES, [], timing=QUICK, hosts=hosts)
            await recorder.run(stop)
            assert recorder.up == (0, 0)

    asyncio.run(main())


def test_a_symbol_that_is_not_listed_is_refused_with_what_is_near():
    async def main():
        async with FakeVenue(Binance(), 2).run() as hosts, asyncio.timeout(60):
            await Recorder({"binance": ["BTC-USDC"]}, [], timing=QUICK, hosts=hosts).run(asyncio.Event())

    with pytest.raises(BadInput, match="binance lists no 'BTC-USDC'; near are BTC-USDT"):
        asyncio.run(main())
    with pytest.raises(BadInput, match="nothing is to be recorded"):
        Recorder({}, [])
