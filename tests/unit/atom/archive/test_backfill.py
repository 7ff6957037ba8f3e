"""What is filled in stands at its time, never over own records, and by whose word is told."""

from dataclasses import replace

import numpy as np
import pytest

from atom.archive.backfill import backfill, chosen
from atom.archive.catalogue import Entry
from atom.archive.cut import Span
from atom.book import Book
from atom.book.picture import picture
from atom.events import Flag
from atom.store import Log
from atom.store.compaction import compact
from atom.venues.simulated import simulate
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.errors import BadInput
from tests.unit.atom.archive.home import SECOND, Home, since

MARKET = ("simulated", "SIM-USD")
WHOLE = simulate(7, 2_800)  # of 55 s
OPENS = int(WHOLE.book["ts_event"][0])


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("published")).record(WHOLE)
    home.publish()
    return home.archive


def between(start, end):
    """What a recorder has who was there from and to these seconds."""
    events = since(WHOLE, start * SECOND) if start else WHOLE
    until = OPENS + end * SECOND
    return replace(
        events,
        book=events.book[events.book["ts_event"] < until],
        trade=events.trade[events.trade["ts_event"] < until],
    )


def filled(archive, home, start=0, end=60, **options):
    span = Span(OPENS + start * SECOND, OPENS + end * SECOND)
    return list(backfill(archive, home.store, *MARKET, span=span, **options))


def test_a_hole_between_own_records_is_filled_and_compaction_keeps_its_place(archive, tmp_path):
    home = Home(tmp_path)
    for start, end in ((0, 19), (41, 55)):
        for first, last in ((start, (start + end) // 2), ((start + end) // 2, end)):
            with Log(tmp_path / "atom") as log:  # each time it is closed, a file
                log.take(between(first, last))
    own = home.store.read(*MARKET)
    assert [one.outcome for one in filled(archive, home)] == ["own", "own", "filled", "filled", "own"][:5]
    for _ in range(2):
        told = home.store.read(*MARKET)
        mine = told.book["flags"] & Flag.NO_ARRIVAL == 0
        assert told.book[mine].tobytes() == own.book.tobytes()
        assert (np.diff(told.book["ts_event"][told.book["ts_event"] > 0]) >= 0).all()
        assert (np.diff(told.trade["ts_event"]) >= 0).all()
        for second in (5, 25, 35, 45):
            known = Book()
            known.apply(WHOLE.book[WHOLE.book["ts_event"] <= OPENS + second * SECOND])
            seen = home.store.book(*MARKET, OPENS + second * SECOND + 2_000_000 * (second not in {25, 35}))
            assert seen.book.valid
            if second in {25, 35}:
                assert picture(seen.book).tobytes() == picture(known).tobytes()
        assert home.store.book(*MARKET, 2**62).book.valid
        list(compact(tmp_path / "atom"))


def test_what_was_filled_in_is_not_filled_in_again(archive, tmp_path):
    home = Home(tmp_path)
    assert {one.outcome for one in filled(archive, home, 10, 30)} == {"filled"}
    before = home.store.read(*MARKET)
    assert {one.outcome for one in filled(archive, home, 10, 30)} == {"own"}
    assert home.store.read(*MARKET).book.tobytes() == before.book.tobytes()


def test_trades_and_changes_are_those_of_the_market(archive, tmp_path):
    home = Home(tmp_path)
    filled(archive, home, 10, 40)
    told = home.store.read(*MARKET)
    inside = (WHOLE.trade["ts_event"] >= OPENS + 10 * SECOND) & (WHOLE.trade["ts_event"] < OPENS + 40 * SECOND)
    for name in ("ts_event", "sequence", "side", "price", "size", "trade_id", "maker_order_id"):
        scale = {
            "price": told.instrument.tick / WHOLE.instrument.tick,
            "size": told.instrument.lot / WHOLE.instrument.lot,
        }
        assert (told.trade[name] * int(scale.get(name, 1)) == WHOLE.trade[name][inside]).all()


def test_where_there_is_nothing_it_says_so(archive, tmp_path):
    with pytest.raises(BadInput, match="fusion atom mirror"):
        filled(archive, Home(tmp_path), 1_000, 2_000)


def claim(signer, window, *, whole=True):
    root = Cid.of_block(DAG_PB, window.encode())
    name = Cid.of_block(RAW, f"{signer}{window}".encode())
    return Entry(name, signer, *MARKET, Span(0, 1), root, whole)


@pytest.mark.parametrize(
    ("claims", "best"),
    [
        ([("a", "x", True)], "x"),
        ([("a", "x", True), ("b", "x", True), ("c", "y", True)], "x"),
        ([("a", "x", True), ("b", "y", True)], None),
        ([("a", "x", True), ("b", "y", False), ("c", "y", False)], "x"),
        ([("a", "x", False), ("b", "y", False), ("c", "y", False)], "y"),
        ([("a", "x", True), ("a", "y", True), ("b", "y", True)], "y"),  # who names two counts for none
        ([("a", "x", True), ("a", "y", True)], None),
        ([("a", "x", True), ("a", "x", True), ("b", "y", True)], None),  # twice is once
    ],
)
def test_the_window_that_most_signers_name_is_taken(claims, best):
    those, others = chosen([claim(signer, window, whole=whole) for signer, window, whole in claims])
    wanted = None if best is None else Cid.of_block(DAG_PB, best.encode())
    assert {entry.window for entry in those} == ({wanted} if wanted else set())
    assert all(entry.window != wanted for entry in others)
