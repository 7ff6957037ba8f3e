"""The order-book metrics tell the same bits however a stream is cut, and nothing of what follows."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom.events import Action, Events, Flag, Rows, Side, empty
from atom.instrument import Instrument
from atom.metrics import BookMetrics, Parameters, Values, book_metrics
from tests.property.test_book_laws import made
from tests.unit.atom.metrics.plain_metrics import Plain

INSTRUMENT = Instrument("simulated", "SIM-USD", "SIM-USD", Decimal("0.5"), Decimal("0.01"))
SMALL = Parameters(
    period=10**7,
    levels=2,
    depths=(100, 900),
    vpin_volume=Decimal("0.05"),
    vpin_buckets=3,
    kyle_periods=3,
    volatility_periods=2,
    cluster_range=2_000,
    cluster_width=300,
)
unhurried = settings(deadline=None)  # the first example finds the kernels not compiled yet


@st.composite
def streams(draw: st.DrawFn) -> Events:
    """Rows and trades with gaps, torn messages and times that go back: of a market, or of none that there could be."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    length, by_price, gaps = draw(st.integers(1, 400)), draw(st.booleans()), draw(st.booleans())
    if draw(st.integers(0, 4)):
        book = market(chance, length, by_price=by_price, gaps=gaps)
    else:
        book = made(chance, length, by_price=by_price, clears=gaps)
    return with_trades(chance, book, draw(st.integers(0, 200)))


def market(chance: np.random.Generator, length: int, *, by_price: bool, gaps: bool) -> Rows:
    """Bids below a price and asks above, of orders that mostly keep theirs; now and then a side crosses or is empty."""
    rows = empty("book", length)
    actions = [Action.ADD, Action.MODIFY, Action.MODIFY, Action.CANCEL, *([] if by_price else [Action.FILL])]
    rows["action"] = chance.choice(actions, length)
    rows["flags"] = chance.choice([0, Flag.LAST], length, p=[0.1, 0.9])
    rows["order_id"] = chance.integers(1, 25, length)
    rows["side"] = 1 + rows["order_id"] % 2
    away = 1 + rows["order_id"] // 2 % 4
    moved = chance.random(length) < 0.05
    away[moved] += chance.integers(-2, 6, moved.sum())
    around = chance.choice([20, 20, 1])  # around 1 the mid is 0 or less at times
    rows["price"] = np.where(rows["side"] == Side.BID, around - away, around + away)
    rows["size"] = chance.integers(0, 9, length)
    rows["action"][: length // 8] = Action.ADD
    pictures = np.flatnonzero(chance.random(length) < 0.01 * gaps)
    rows["action"][pictures] = chance.choice([Action.CLEAR, Action.ADD], len(pictures))
    rows["flags"][pictures[1::2]] |= np.uint16(Flag.SNAPSHOT)
    rows["flags"][np.minimum(pictures + 3, length - 1)] |= np.uint16(Flag.SNAPSHOT | Flag.LAST)
    rows["flags"][0] |= np.uint16(Flag.SNAPSHOT | Flag.LAST)
    rows["flags"] |= np.uint16(Flag.BY_PRICE if by_price else 0)
    return rows


def with_trades(chance: np.random.Generator, book: Rows, count: int) -> Events:
    book["ts_recv"] = times(chance, len(book), len(book))
    trades = empty("trade", count)
    trades["ts_recv"] = times(chance, count, len(book))
    trades["side"] = chance.integers(0, 3, count)
    trades["price"] = chance.integers(17, 24, count)
    trades["size"] = chance.integers(0, 9, count) * chance.choice([1, 1, 100], count)
    return Events(INSTRUMENT, book, trades, empty("quote"))


def times(chance: np.random.Generator, count: int, span: int) -> Rows:
    made = np.sort(chance.integers(1_000, 1_000 + span, count)) * 10**6  # so that some are equal
    back = chance.random(count) < 0.05
    return np.where(back, made - 3 * 10**6, made)


def cut(events: Events, book: int, trades: int) -> Events:
    """The events after so many rows and trades."""
    return replace(events, book=events.book[book:], trade=events.trade[trades:])


def head(events: Events, book: int, trades: int) -> Events:
    return replace(events, book=events.book[:book], trade=events.trade[:trades])


def merged(events: Events) -> list[tuple[int, int]]:
    """How many rows and trades have been taken after each step of the merged order."""
    book, trades = events.book["ts_recv"].tolist(), events.trade["ts_recv"].tolist()
    steps, at = [(0, 0)], [0, 0]
    while at != [len(book), len(trades)]:
        of_book = at[1] == len(trades) or (at[0] < len(book) and book[at[0]] < trades[at[1]])
        at[0 if of_book else 1] += 1
        steps.append((at[0], at[1]))
    return steps


def joined(pieces: list[Values]) -> Values:
    return Values(
        *(
            {name: np.concatenate([piece[table][name] for piece in pieces]) for name in pieces[0][table]}
            for table in (0, 1)
        )
    )


def same(one: Values, other: Values) -> None:
    for mine, theirs in zip(one, other, strict=True):
        assert {name: column.tobytes() for name, column in mine.items()} == {
            name: column.tobytes() for name, column in theirs.items()
        }


@unhurried
@given(events=streams(), data=st.data())
def test_pieces_of_any_size_tell_the_same_bits(events: Events, data: st.DataObject) -> None:
    steps = merged(events)
    places = sorted(data.draw(st.lists(st.sampled_from(steps), max_size=6)))
    metrics, before, pieces = BookMetrics(INSTRUMENT, SMALL), (0, 0), []
    for place in [*places, steps[-1]]:
        piece = cut(head(events, *place), *before)
        pieces.append(metrics.update(piece))
        before = place
    same(joined(pieces), book_metrics(events, SMALL))


@settings(deadline=None, max_examples=20)
@given(events=streams())
def test_row_by_row_tells_the_same_bits(events: Events) -> None:
    steps, metrics = merged(events), BookMetrics(INSTRUMENT, SMALL)
    pieces = [metrics.update(cut(head(events, *place), *before)) for before, place in pairwise(steps)]
    same(joined(pieces), book_metrics(events, SMALL))


@unhurried
@given(events=streams(), data=st.data())
def test_nothing_is_known_of_what_follows(events: Events, data: st.DataObject) -> None:
    whole, part = (
        book_metrics(events, SMALL),
        book_metrics(head(events, *data.draw(st.sampled_from(merged(events)))), SMALL),
    )
    for early, late in zip(part, whole, strict=True):
        for name, column in early.items():
            assert column.tobytes() == late[name][: len(column)].tobytes()


@unhurried
@given(events=streams(), finer=st.tuples(st.sampled_from([1, 2, 10]), st.sampled_from([1, 5, 100])), data=st.data())
def test_a_finer_tick_or_lot_changes_no_bit(events: Events, finer: tuple[int, int], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(merged(events)))
    fine = replace(
        events,
        instrument=replace(INSTRUMENT, tick=INSTRUMENT.tick / finer[0], lot=INSTRUMENT.lot / finer[1]),
        book=events.book.copy(),
        trade=events.trade.copy(),
    )
    for rows in (fine.book, fine.trade):
        rows["price"] *= finer[0]
        rows["size"] *= finer[1]
    metrics = BookMetrics(INSTRUMENT, SMALL)
    same(joined([metrics.update(head(events, *place)), metrics.update(cut(fine, *place))]), book_metrics(events, SMALL))


@pytest.mark.parametrize("by_price", [True, False])
def test_a_book_that_outgrows_its_room_is_told_the_same(by_price: bool) -> None:
    chance = np.random.default_rng(7)
    rows = made(chance, 9_000, by_price=by_price, clears=False, prices=9_000, ids=9_000)
    events = with_trades(chance, rows, 500)
    steps, metrics = merged(events), BookMetrics(INSTRUMENT, SMALL)
    places = [*steps[:: len(steps) // 7], steps[-1]]
    pieces = [metrics.update(cut(head(events, *to), *start)) for start, to in pairwise(places)]
    same(joined(pieces), book_metrics(events, SMALL))


@unhurried
@given(events=streams())
def test_they_are_what_a_plain_reading_of_the_definitions_gives(events: Events) -> None:
    values, plain = book_metrics(events, SMALL), Plain(events, SMALL)
    for table, rows in ((values.messages, plain.messages), (values.periods, plain.periods)):
        for name, column in table.items():
            expected = np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)
            np.testing.assert_allclose(column, expected, rtol=1e-9, atol=1e-12, err_msg=name)
