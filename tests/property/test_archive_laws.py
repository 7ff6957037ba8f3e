"""Laws of the open archive: who recorded, when it came to him and how he kept it do not show in a window."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, given, settings

from atom.archive.check import check
from atom.archive.publish import Record
from atom.events import Flag
from atom.instrument import Instrument, power
from atom.store import Log, Store
from atom.store.compaction import compact
from atom.store.parquet import on_steps
from atom.venues.simulated import simulate
from atom.window import window_files
from fusion.content.unixfs import directory_cid
from tests.unit.atom.archive.home import SECOND, Home, late, since
from tests.unit.atom.store.traffic import pieces

MARKET = simulate(11, 1_500)  # of half a minute
LENGTH, LATENESS = 4 * SECOND, SECOND
ACTS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["flush", "rotate", "reopen", ""])), max_size=6)
LATE = st.one_of(st.integers(0, 10**12), st.just(-(10**15)))


def windows(folder):
    """Root of each window, and whether it is whole."""
    found = Record(Store(folder), "simulated", "SIM-USD", LATENESS).windows(LENGTH)
    return {one.span: (directory_cid(window_files(one.events)), one.whole) for one in found}


def recorded(folder, events, acts):
    """A recorder's folder: traffic in batches, with what he does in between."""
    log, acts = Log(folder), sorted(acts)
    for batch, (_, act) in zip(pieces(events, [share for share, _ in acts]), [*acts, (1, "close")], strict=True):
        log.take(batch)
        if act == "reopen":
            log.close()
            log = Log(folder)
        elif act:
            getattr(log, act)()
    list(compact(folder))
    return folder


@given(ACTS, ACTS, LATE, st.integers(0, 3), st.integers(0, 20 * SECOND))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_whole_windows_are_the_same_to_all(tmp_path_factory, one, other, lateness, finer, after):
    first = windows(recorded(tmp_path_factory.mktemp("one"), MARKET, one))
    events = on_finer_steps(late(since(MARKET, after), lateness), finer)
    second = windows(recorded(tmp_path_factory.mktemp("other"), events, other))
    begun = int(MARKET.book["ts_event"][0]) + after
    for span, (window, whole) in second.items():
        assert not whole or (window, whole) == first[span]
        assert whole == (span.start - LATENESS >= begun and span in first and first[span][1])
    assert sum(whole for _, whole in first.values()) >= 4


@given(st.integers(0, 1_000_000))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_came_twice_or_in_another_order_stands_once_and_in_order(tmp_path_factory, seed):
    random = np.random.default_rng(seed)
    told = np.sort(random.integers(0, len(MARKET.trade), len(MARKET.trade) + 50))
    trade = np.concatenate((MARKET.trade, MARKET.trade[told]))
    order = np.argsort(trade["ts_event"] + random.integers(0, SECOND // 2, len(trade)), kind="stable")
    trade = trade[order]
    trade["flags"] |= np.where(random.random(len(trade)) < 0.3, int(Flag.SNAPSHOT), 0).astype(np.uint16)
    trade["ts_recv"] = np.sort(trade["ts_recv"])
    folder = tmp_path_factory.mktemp("again")
    assert windows(recorded(folder, replace(MARKET, trade=trade), [])) == windows(
        recorded(tmp_path_factory.mktemp("once"), MARKET, [])
    )


@given(st.integers(0, 30 * SECOND), st.integers(1, 10 * SECOND))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_window_with_a_hole_is_never_whole(tmp_path_factory, begin, length):
    home = Home(tmp_path_factory.mktemp("holed"))
    start = int(MARKET.book["ts_event"][0])
    before, again = MARKET, since(MARKET, begin + length)
    until = start + begin
    before = replace(
        MARKET,
        book=MARKET.book[MARKET.book["ts_event"] < until],
        trade=MARKET.trade[MARKET.trade["ts_event"] < until],
    )
    home.record(before)
    if len(again.book) and len(before.book):
        home.record(again)
    for one in home.publish(length=LENGTH, lateness=LATENESS):
        check(one.told, home.archive.content)
        span = one.told.span
        missing = (MARKET.book["ts_event"] >= max(span.start, until)) & (
            MARKET.book["ts_event"] < min(span.end, until + length)
        )
        assert not (one.told.whole and missing.any())


def on_finer_steps(events, decimals):
    """The same events as one has them who was told of finer steps."""
    of = events.instrument
    finer = Instrument(of.venue, of.symbol, of.venue_symbol, of.tick * power(decimals), of.lot * power(decimals))
    tables = {kind: on_steps(kind, events.tables()[kind], of, finer) for kind in ("book", "trade", "quote")}
    return replace(events, instrument=finer, **tables)
