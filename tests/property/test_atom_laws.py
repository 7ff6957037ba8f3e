"""Laws of Atom: the book against plain dicts, a metric one by one against a column, decimals against Python's."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom.book import Book, changes, replay
from atom.events import Action, Events, Flag, Side, empty
from atom.gather.decimals import DecimalColumn
from atom.imports import import_capture
from atom.instrument import Instrument, to_float
from atom.metrics import METRICS
from atom.recording import Recording
from atom.store import Store
from atom.window import quotes, read_window, window_files, with_metrics
from fusion.errors import CaptureError

BY_HAND = Path(__file__).resolve().parents[1] / "data" / "binance"
INSTRUMENT = Instrument("simulated", "SIM-USD", "SIM-USD", Decimal("0.01"), Decimal("0.001"))

unhurried = settings(deadline=None)  # a busy machine breaks no law

sides = st.sampled_from([Side.BID, Side.ASK])
prices = st.integers(1, 12)
sizes = st.integers(1, 5)


@st.composite
def by_price(draw):
    """Messages of a book by price, with clears (gaps) and snapshots among them."""
    told = []
    for kind in draw(st.lists(st.sampled_from(["set", "set", "set", "cancel", "clear", "snapshot"]), max_size=60)):
        if kind == "clear":
            told.append((Flag.LAST, Action.CLEAR, Side.NONE, 0, 0, 0))
        elif kind == "snapshot":
            levels = draw(st.lists(st.tuples(sides, prices, sizes), max_size=6))
            part = [(Flag.SNAPSHOT, Action.CLEAR, Side.NONE, 0, 0, 0)]
            part += [(Flag.SNAPSHOT, Action.ADD, *level, 0) for level in levels]
            part[-1] = (Flag.SNAPSHOT | Flag.LAST, *part[-1][1:])
            told += part
        elif kind == "set":
            told.append(
                (draw(st.sampled_from([0, Flag.LAST])), Action.MODIFY, draw(sides), draw(prices), draw(sizes), 0)
            )
        else:
            told.append((Flag.LAST, Action.CANCEL, draw(sides), draw(prices), 0, 0))
    return rows(told, Flag.BY_PRICE | Flag.NO_ORDER)


@st.composite
def by_order(draw):
    """Messages of a book by order, some about orders that it does not hold."""
    told = [(Flag.SNAPSHOT | Flag.LAST, Action.CLEAR, Side.NONE, 0, 0, 0)]
    kinds = st.sampled_from([Action.ADD, Action.ADD, Action.MODIFY, Action.CANCEL, Action.FILL])
    told += draw(st.lists(st.tuples(st.just(Flag.LAST), kinds, sides, prices, sizes, st.integers(1, 8)), max_size=60))
    return rows(told, 0)


def rows(told, flags):
    made = empty("book", len(told))
    for index, name in enumerate(("flags", "action", "side", "price", "size", "order_id")):
        made[name] = [int(row[index]) for row in told]
    made["flags"] |= np.uint16(flags)
    made["ts_event"] = made["ts_recv"] = np.arange(1, len(told) + 1)
    return made


@given(by_price())
@unhurried
def test_a_book_by_price_is_two_dicts(told):
    book, plain, valid, unknown = Book(), {Side.BID: {}, Side.ASK: {}}, False, 0
    for change in changes(told):
        flags, action, side, price, size, _ = change
        book.step(change)
        if action == Action.CLEAR:
            plain, valid = {Side.BID: {}, Side.ASK: {}}, False
        elif action == Action.CANCEL:
            unknown += plain[side].pop(price, None) is None
        else:
            plain[side][price] = size
        valid |= bool(flags & Flag.SNAPSHOT and flags & Flag.LAST)
        agrees(book, plain, valid)
    assert book.unknown_deletes == unknown


@given(by_order())
@unhurried
def test_a_book_by_order_is_a_dict_of_orders(told):
    book, orders, unknown = Book(), {}, 0
    for change in changes(told):
        _, action, side, price, size, order = change
        book.step(change)
        if action in (Action.CANCEL, Action.FILL) and order not in orders:
            unknown += 1
        elif action == Action.FILL:
            held, at, left = orders.pop(order)
            if left > size:
                orders[order] = (held, at, left - size)
        elif action == Action.CANCEL:
            del orders[order]
        elif action != Action.CLEAR:
            orders[order] = (side, price, size)
        plain = {one: Counter() for one in (Side.BID, Side.ASK)}
        for held, at, left in orders.values():
            plain[held][at] += left
        agrees(book, plain, valid=True)
    assert book.unknown_deletes == unknown


def agrees(book, plain, valid):
    bids = sorted(plain[Side.BID].items(), reverse=True) if valid else []
    asks = sorted(plain[Side.ASK].items()) if valid else []
    assert book.valid == valid
    assert book.levels(Side.BID) == bids
    assert book.levels(Side.ASK) == asks
    assert book.levels(Side.ASK, 2) == asks[:2]
    assert book.best_bid == (bids[0] if bids else None)
    assert book.best_ask == (asks[0] if asks else None)
    assert book.crossed == bool(bids and asks and bids[0][0] >= asks[0][0])


@given(by_price())
@unhurried
def test_metrics_one_by_one_are_those_of_the_column(told):
    table = with_metrics(quotes(recorded(told)))
    for name, metric in METRICS.items():
        one_by_one = [metric.step(*moment) for moment in zip(*(table[i] for i in inputs), strict=True)]
        assert np.array(one_by_one, dtype=np.float64).tobytes() == table[name].tobytes()


inputs = ("bid", "ask", "bid_size", "ask_size")
numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=20))
@unhurried
def test_metrics_of_any_numbers_are_those_of_the_column(moments):
    columns = np.array(moments, dtype=np.float64).reshape(-1, 4).T
    for metric in METRICS.values():
        batch = metric.batch(dict(zip(inputs, columns, strict=True)))
        assert np.array_equal(batch, [metric.step(*moment) for moment in moments], equal_nan=True)


@given(by_price())
@unhurried
def test_quotes_are_the_tops_that_a_walk_through_the_book_sees(told):
    book, seen, before = Book(), [], None
    for at, change in enumerate(changes(told), start=1):
        book.step(change)
        if not change[0] & Flag.LAST:
            continue
        top = (book.best_bid, book.best_ask)
        sound = None not in top and not book.crossed
        if sound and top != before:
            seen.append((at, top[0].price, top[1].price, top[0].size, top[1].size))
        before = top if sound else None
    table = quotes(recorded(told))
    expected = [
        (ts, bid / 100, ask / 100, bid_size / 1000, ask_size / 1000) for ts, bid, ask, bid_size, ask_size in seen
    ]
    assert (
        list(zip(*(table[name].tolist() for name in ("ts", "bid", "ask", "bid_size", "ask_size")), strict=True))
        == expected
    )


@given(st.one_of(by_price(), by_order()))
@settings(unhurried, max_examples=30)
def test_a_window_and_a_file_give_back_what_they_were_given(tmp_path_factory, told):
    recording = recorded(told)
    back = read_window(window_files(recording.events))
    assert window_files(back) == window_files(recording.events)
    assert replay(back.book).tops.tobytes() == recording.replay.tops.tobytes()
    if len(told):
        store = Store(tmp_path_factory.mktemp("events"))
        store.write(recording)
        assert store.read("simulated", "SIM-USD").book.tobytes() == told.tobytes()


@given(st.lists(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=8), min_size=1))
@unhurried
def test_decimal_text_is_read_and_written_exactly(values):
    column = DecimalColumn()
    column.extend(format(value, "f") for value in values)
    integers, step = column.finish()
    assert [int(integer) * step for integer in integers] == values
    assert to_float(integers, step).tolist() == [float(value) for value in values]


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1), st.integers(0, 12), st.sampled_from([1, 5, 25]))
@unhurried
def test_floats_are_rounded_once(values, places, number):
    step = number * Decimal((0, (1,), -places))
    expected = [pytest.approx(float(value * step), rel=0, abs=0) for value in values if value * number < 10**28]
    got = to_float(np.array([value for value in values if value * number < 10**28], dtype=np.int64), step)
    assert got.tolist() == expected


@settings(unhurried, max_examples=200)
@given(
    file=st.sampled_from(["spot.txt", "futures.ws.txt", "futures.http.txt"]),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.binary(max_size=6)), min_size=1, max_size=4),
)
def test_an_altered_capture_is_read_or_refused_in_one_line(tmp_path_factory, file, cuts):
    content = (BY_HAND / file).read_bytes()
    for where, length, put in cuts:
        at = int(where * len(content))
        content = content[:at] + put + content[at + length :]
    path = tmp_path_factory.mktemp("altered") / "capture"
    path.write_bytes(content)
    for venue in ("binance", "binance_futures"):
        try:
            import_capture(venue, [path])
        except CaptureError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - most altered captures are read
            assert "capture" in str(error)  # noqa: PT017


def recorded(told):
    events = Events(INSTRUMENT, told, empty("trade"), empty("quote"))
    return Recording(events, messages=len(told), unexplained=0, trades=0, gaps=0)
