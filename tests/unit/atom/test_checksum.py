"""Checksums and depths of venues' books: what the kernels say against text built as the venues' pages describe it."""

from decimal import Decimal
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom import book
from atom.book import Level
from atom.book.checksum import Form
from atom.events import Action, Flag, Side, StatusKind
from atom.gather.columns import Columns, Order, Rules, Stamp
from atom.instrument import rescale

OKX, KRAKEN = Rules(form=Form.OKX), Rules(form=Form.KRAKEN, depth=10)


def okx(bids, asks):
    """`price:size` of bid and ask in turn; where one side is shorter only the other goes on."""
    parts = []
    for n in range(25):
        parts += [text for side in (bids, asks) if n < len(side) for text in side[n]]
    return crc32(":".join(parts).encode())


def kraken(bids, asks):
    return crc32(
        "".join(
            text.replace(".", "").lstrip("0") for side in (asks, bids) for level in side[:10] for text in level
        ).encode()
    )


def sides(levels):
    """Bids and asks as the venue orders them, best first."""
    bids, asks = (sorted(side.items(), key=lambda level: Decimal(level[0])) for side in levels)
    return bids[::-1], asks


def at(n):
    return Stamp(None, n, n)


def taken(columns, *, tick=None):
    return columns.take("okx", "BTC-USDT", "BTC-USDT", tick, None)


def verdicts(columns):
    return columns.checksums_ok, columns.checksums_bad


def kinds(events):
    return [status.kind for status in events.status]


def test_the_example_of_kraken():
    """https://docs.kraken.com/api/docs/guides/spot-ws-book-v1"""
    asks = [(f"0.0{5005 + 5 * n}", "0.00000500") for n in range(10)]
    bids = [(f"0.0{price}", "0.00000500") for price in (5000, 4995, *range(4990, 4945, -5)) if price != 4985]
    assert kraken(bids, asks) == 974947235
    columns = Columns(KRAKEN)
    columns.whole(at(1), None, bids, asks, 974947235)
    taken(columns)
    assert verdicts(columns) == (1, 0)


digits = st.integers(0, 8).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n))
numbers = st.builds(
    lambda whole, after: f"{whole}.{after}" if after else str(whole), st.integers(0, 99_999), digits
).filter(lambda text: Decimal(text) > 0)
levels = st.tuples(st.dictionaries(numbers, numbers, max_size=30), st.dictionaries(numbers, numbers, max_size=30))


def one_text_a_price(side):
    return {text: side[text] for text in {Decimal(text): text for text in side}.values()}


@settings(max_examples=150, deadline=None)
@given(levels, st.sampled_from([(OKX, okx), (KRAKEN, kraken)]), st.integers(0, 2**32 - 1))
def test_checksums_are_those_of_the_text(told, form, other):
    rules, text = form
    bids, asks = sides([one_text_a_price(side) for side in told])
    right = text(bids, asks)
    columns = Columns(rules)
    columns.whole(at(1), None, bids, asks, right)
    columns.whole(at(2), None, asks[:0], asks, text([], asks))
    columns.whole(at(3), None, bids, asks, other if other != right else other ^ 1)
    taken(columns)
    assert verdicts(columns) == (2, 1)


BIDS, ASKS = [("99.5", "1.0"), ("99.0", "2")], [("100.0", "0.50")]


def after_a_wrong_one():
    """A picture, a change whose checksum is wrong, and another change."""
    columns = Columns(OKX)
    columns.whole(at(1), None, BIDS, ASKS, okx(BIDS, ASKS))
    columns.change(at(2), None, [("99.0", "0")], [], 7)
    columns.change(at(3), None, [("98.0", "5")], [], 8)
    return columns


def test_a_wrong_checksum_clears_the_book_at_that_message():
    columns = after_a_wrong_one()
    events = taken(columns)
    assert verdicts(columns) == (1, 1)
    assert columns.stale
    assert kinds(events) == [StatusKind.CHECKSUM]
    assert (events.status[0].ts_recv, events.status[0].detail) == (2, "the venue's checksum is 7, the book's is not")
    rows = events.book
    assert rows["ts_recv"].tolist() == [1, 1, 1, 1, 2, 2]  # what follows is left out
    assert rows["action"][4:].tolist() == [Action.CANCEL, Action.CLEAR]
    assert [bool(flags & Flag.LAST) for flags in rows["flags"][4:]] == [False, True]
    assert rows["flags"][5] & Flag.DERIVED
    assert not rows["flags"][5] & Flag.SNAPSHOT
    replay = book.replay(rows)
    assert replay.tops["valid"].tolist() == [True, False]
    assert not replay.book.valid


def test_the_next_full_picture_makes_the_book_valid_again():
    columns = after_a_wrong_one()
    columns.whole(at(4), None, BIDS, ASKS, okx(BIDS, ASKS))
    columns.change(at(5), None, [("98", "5")], [], okx([*BIDS, ("98", "5")], ASKS))
    events = taken(columns)
    assert verdicts(columns) == (3, 1)
    assert not columns.stale
    assert [(status.kind, status.ts_recv) for status in events.status] == [
        (StatusKind.CHECKSUM, 2),
        (StatusKind.RESYNC, 4),
    ]
    replay = book.replay(events.book)
    assert replay.tops["valid"].tolist() == [True, False, True, True]
    assert replay.book.levels(Side.BID) == [Level(995, 10), Level(990, 20), Level(980, 50)]


def test_a_picture_whose_checksum_is_wrong_does_not_help():
    columns = after_a_wrong_one()
    columns.whole(at(4), None, BIDS, ASKS, 9)
    events = taken(columns)
    assert verdicts(columns) == (1, 2)
    assert kinds(events) == [StatusKind.CHECKSUM, StatusKind.CHECKSUM]
    assert columns.stale
    assert not book.replay(events.book).book.valid


def test_a_picture_without_checksum_is_served_and_proven_by_the_first_change_that_has_one():
    columns = after_a_wrong_one()
    columns.whole(at(4), None, BIDS, ASKS)
    events = taken(columns)
    assert kinds(events) == [StatusKind.CHECKSUM]
    assert book.replay(events.book).tops["valid"].tolist() == [True, False, True]
    assert not columns.stale
    columns.change(at(5), None, [("99", "0")], [], okx(BIDS[:1], ASKS))
    assert kinds(taken(columns)) == [StatusKind.RESYNC]


def test_the_stream_may_end_while_a_picture_is_waited_for():
    columns = after_a_wrong_one()
    columns.lost(at(4))
    assert not book.replay(taken(columns).book).book.valid
    assert columns.stale
    columns.whole(at(5), None, BIDS, ASKS, okx(BIDS, ASKS))
    assert book.replay(taken(columns).book).book.valid
    assert not columns.stale


def picture(*prices):
    return [(str(price), "1") for price in prices]


def test_what_falls_below_the_depth_is_cancelled():
    columns = Columns(Rules(depth=2))
    columns.whole(at(1), None, picture(10, 9), picture(11, 12))
    columns.change(at(2), None, picture(10.5, 8), picture(13))
    columns.change(at(3), None, [("10.5", "0")], [])
    rows = taken(columns).book
    second = rows[rows["ts_recv"] == 2]
    assert second["action"].tolist() == [Action.MODIFY] * 3 + [Action.CANCEL] * 3
    assert second[["side", "price"]][3:].tolist() == [(Side.BID, 80), (Side.BID, 90), (Side.ASK, 130)]
    assert [bool(flags & Flag.DERIVED) for flags in second["flags"]] == [False] * 3 + [True] * 3
    assert [bool(flags & Flag.LAST) for flags in second["flags"]] == [False] * 5 + [True]
    replay = book.replay(rows)
    assert replay.book.levels(Side.BID) == [Level(100, 1)]  # the one below is not known until the venue tells it again
    assert replay.book.unknown_deletes == 0


def test_the_depth_is_that_of_the_last_picture():
    columns = Columns(Rules(depth=1000))
    columns.whole(at(1), None, picture(10, 9, 8), [], depth=1)
    columns.whole(at(2), None, picture(10, 9), [], depth=2)
    columns.change(at(3), None, picture(11), [])
    first = taken(columns).book
    columns.change(at(4), None, picture(12), [])
    columns.whole(at(5), None, picture(10, 9, 8), [], depth=3)
    replay = book.replay(np.concatenate([first, taken(columns).book]))
    assert [len(book.replay(first[first["ts_recv"] <= n]).book.levels(Side.BID)) for n in (1, 2, 3)] == [1, 2, 2]
    assert replay.tops["bid_price"].tolist() == [10, 10, 11, 12, 10]
    assert [level.price for level in replay.book.levels(Side.BID)] == [10, 9, 8]


def test_orders_below_the_depth_are_cancelled_one_by_one():
    columns = Columns(Rules(depth=1))
    told = [Order(Action.ADD, Side.BID, price, "1", number) for price, number in (("9", 1), ("9", 2), ("10", 3))]
    columns.whole(at(1), None, (), (), orders=told)
    columns.change(at(2), None, (), (), orders=[Order(Action.ADD, Side.BID, "11", "4", 4)])
    rows = taken(columns).book
    derived = rows[rows["flags"] & Flag.DERIVED != 0]
    assert derived[["action", "order_id"]].tolist() == [(Action.CANCEL, number) for number in (1, 2, 3)]
    assert book.replay(rows).book.levels(Side.BID) == [Level(11, 4)]


def test_a_level_of_many_orders_may_fall_below_the_depth_long_after_they_came():
    columns = Columns(Rules(depth=1))
    orders = [Order(Action.ADD, Side.BID, "9", "1", number) for number in range(5_000)]
    columns.whole(at(1), None, (), (), orders=orders)
    taken(columns)
    columns.change(at(2), None, (), (), orders=[Order(Action.ADD, Side.BID, "10", "4", 5_000)])
    rows = taken(columns).book
    assert len(rows) == 5_001
    assert rows["order_id"][1:].tolist() == list(range(5_000))


def test_levels_and_orders_in_one_batch_are_each_read_as_what_they_are():
    columns = Columns(Rules(depth=1))
    columns.whole(at(1), None, [("9", "1")], [])
    columns.change(at(2), None, (), (), orders=[Order(Action.ADD, Side.BID, "10", "4", 77)])
    columns.change(at(3), None, [("11", "2")], [])
    rows = taken(columns).book
    assert rows[["action", "price", "order_id"]].tolist() == [
        (Action.CLEAR, 0, 0),
        (Action.ADD, 9, 0),
        (Action.ADD, 10, 77),
        (Action.CANCEL, 9, 0),
        (Action.MODIFY, 11, 0),
        (Action.CANCEL, 10, 77),
    ]
    assert book.replay(rows).book.levels(Side.BID) == [Level(11, 2)]


small = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3.5", "4", "5"]), st.sampled_from(["0", "1.0", "2.5"])), max_size=4
)
messages = st.lists(st.tuples(small, small, st.sampled_from(["whole", "change", "wrong"])), min_size=1, max_size=12)


def feed(columns, message, n, held):
    """Tells columns a message with its checksum; `held` is the book as a dictionary a side."""
    bids, asks, kind = message
    for side, changes in zip(held, (bids, asks), strict=True):
        if kind == "whole":
            side.clear()
        side.update(changes)
        for price in [price for price, size in side.items() if size == "0"]:
            del side[price]
    right = okx(*sides(held))
    if kind == "whole":
        columns.whole(at(n), None, *sides(held), right)
    else:
        columns.change(at(n), None, bids, asks, right if kind == "change" else right ^ 1)


@settings(max_examples=100, deadline=None)
@given(messages, st.sets(st.integers(0, 11)))
def test_taking_now_and_then_is_taking_once(told, cuts):
    """Live and imported traffic go through it in batches of any size."""
    once, often = Columns(OKX), Columns(OKX)
    batches, held, again = [], ({}, {}), ({}, {})
    for n, message in enumerate(told):
        feed(once, message, n, held)
        feed(often, message, n, again)
        if n in cuts:
            batches.append(taken(often))
    batches.append(taken(often))
    whole = taken(once)
    assert verdicts(once) == verdicts(often)
    assert [status for batch in batches for status in batch.status] == list(whole.status)
    last = batches[-1].instrument
    assert (last.tick, last.lot) == (whole.instrument.tick, whole.instrument.lot)
    for batch in batches:
        for name, step in (("price", "tick"), ("size", "lot")):
            batch.book[name] = rescale(batch.book[name], getattr(batch.instrument, step), getattr(last, step))
    assert np.array_equal(np.concatenate([batch.book for batch in batches]), whole.book)


@pytest.mark.parametrize("finer", ["99.25", "99.125"])
def test_steps_become_finer_between_takes(finer):
    """The book of the checksums keeps its levels when prices and sizes get more decimals."""
    columns = Columns(OKX)
    columns.whole(at(1), None, BIDS, ASKS, okx(BIDS, ASKS))
    first = taken(columns).instrument
    between = [BIDS[0], (finer, "0.0001"), BIDS[1]]
    columns.change(at(2), None, [(finer, "0.0001")], [], okx(between, ASKS))
    second = taken(columns).instrument
    columns.change(at(3), None, [("99", "0")], [], okx(between[:2], ASKS))
    third = taken(columns).instrument
    assert verdicts(columns) == (3, 0)
    assert second.tick < first.tick
    assert second.lot < first.lot
    assert (third.tick, third.lot) == (second.tick, second.lot)


def test_trailing_zeros_and_leading_zeros_count_as_written():
    bids = [("0.10", "0.0100"), ("0.09", "00.5")]
    columns = Columns(OKX)
    columns.whole(at(1), None, bids[:1], [], okx(bids[:1], []))
    columns.change(at(2), None, [("0.10", "0.01")], [], okx([("0.10", "0.01")], []))  # the same size, written anew
    taken(columns)
    assert verdicts(columns) == (2, 0)
