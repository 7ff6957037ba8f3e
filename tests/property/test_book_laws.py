"""The kernels of the book do what the plain one does, whatever comes, and wherever a batch is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom.book import Book, changes, engine, replay
from atom.events import Action, Flag, Rows, Side, empty
from tests.unit.atom.plain_book import PlainBook

PRICES, IDS = 40, 30


@st.composite
def streams(draw: st.DrawFn, *, by_price: bool) -> Rows:
    length = draw(st.integers(1, 400))
    seed = draw(st.integers(0, 2**32))
    return made(np.random.default_rng(seed), length, by_price=by_price, clears=draw(st.booleans()))


def made(
    chance: np.random.Generator, length: int, *, by_price: bool, clears: bool, prices: int = PRICES, ids: int = IDS
) -> Rows:
    """A stream that knows nothing of the book it changes: sides cross, ids come twice, sizes are 0."""
    rows = empty("book", length)
    actions = [Action.ADD, Action.ADD, Action.MODIFY, Action.CANCEL, *([] if by_price else [Action.FILL])]
    rows["action"] = chance.choice(actions, length)
    rows["flags"] = chance.choice(
        [0, Flag.LAST, Flag.SNAPSHOT, Flag.SNAPSHOT | Flag.LAST], length, p=[0.2, 0.7, 0.05, 0.05]
    )
    rows["flags"] |= np.uint16(Flag.BY_PRICE if by_price else 0)
    rows["side"] = chance.integers(1, 3, length)
    rows["price"] = chance.integers(-3, prices, length)
    rows["size"] = chance.integers(0, 9, length)
    rows["order_id"] = chance.integers(-3, ids, length) * (2**58 + 1)
    if clears:
        rows["action"][chance.random(length) < 0.02] = Action.CLEAR
    rows["flags"][0] |= Flag.SNAPSHOT | Flag.LAST
    return rows


def check(book: Book, plain: PlainBook) -> None:
    assert (book.valid, book.unknown_deletes) == (plain.valid, plain.unknown)
    for side in (Side.BID, Side.ASK):
        sizes = plain.sizes(side) if plain.valid else []
        assert book.levels(side) == sizes
        for price, _ in sizes:
            assert book.orders(side, price) == plain.queue(side, price)
            before: list[int] = []
            for order_id, size in plain.queue(side, price):
                assert book.ahead(order_id) == (len(before), sum(before))
                before.append(size)


@pytest.mark.parametrize("by_price", [True, False])
@settings(deadline=None)  # the first finds the kernels not compiled yet
@given(data=st.data())
def test_it_is_the_plain_book_after_each_row(data: st.DataObject, by_price: bool) -> None:
    rows = data.draw(streams(by_price=by_price))
    book, plain = Book(), PlainBook()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    for first, last in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        book.apply(rows[first:last])
        for change in changes(rows[first:last]):
            plain.step(change)
        check(book, plain)


@pytest.mark.parametrize("by_price", [True, False])
@settings(deadline=None)  # the first finds the kernels not compiled yet
@given(data=st.data())
def test_a_replay_notes_the_plain_book_s_tops(data: st.DataObject, by_price: bool) -> None:
    rows = data.draw(streams(by_price=by_price))
    found, plain, expected, crossed = replay(rows), PlainBook(), [], 0
    for index, change in enumerate(changes(rows)):
        plain.step(change)
        if change[0] & Flag.LAST:
            bid, ask = (
                next(iter(plain.sizes(side)), (0, 0)) if plain.valid else (0, 0) for side in (Side.BID, Side.ASK)
            )
            expected.append((index, plain.valid, *bid, *ask))
            crossed += bid[1] > 0 and ask[1] > 0 and bid[0] >= ask[0]
    assert found.tops.tolist() == expected
    assert found.crossed == crossed


@pytest.mark.parametrize("by_price", [True, False])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_it_grows_as_far_as_it_must(by_price: bool, seed: int) -> None:
    rows = made(np.random.default_rng(seed), 6_000, by_price=by_price, clears=False, prices=4_000, ids=3_000)
    book, plain = Book(), PlainBook()
    book.apply(rows)
    for change in changes(rows):
        plain.step(change)
    assert len(plain.sizes(Side.BID)) > 600
    check(book, plain)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_hostile_rows_leave_a_book_in_order(seed: int) -> None:
    """Levels and orders of one price mixed, prices as far apart as 64 bits allow, unknown actions and sides."""
    chance, length = np.random.default_rng(seed), 2_000
    rows = empty("book", length)
    rows["flags"] = chance.choice([0, Flag.LAST, Flag.SNAPSHOT | Flag.LAST, Flag.BY_PRICE, 5, 7], length)
    rows["action"] = np.where(chance.random(length) < 0.97, chance.integers(1, 5, length), chance.choice([0, 5, 200]))
    rows["side"] = chance.choice([0, 1, 2, 7], length)
    rows["price"] = chance.choice([1, 2, 3, 4, -1, 2**63 - 1, 1 - 2**63, -(2**62), 2**62], length)
    rows["size"] = chance.choice([0, 1, 5, -1, 2**63 - 1, 1 - 2**63], length)
    rows["order_id"] = chance.integers(-5, 20, length)
    book = Book()
    book.apply(rows)
    arrays, held = book.arrays, 0
    for side in range(2):
        count = int(arrays.counts[side])
        keys, slots = arrays.keys[side, :count].tolist(), arrays.slots[side, :count].tolist()
        assert keys == sorted(set(keys))
        assert [arrays.levels[slot, engine.PRICE] for slot in slots] == [key if side == 0 else -key for key in keys]
        held += int(arrays.levels[slots, engine.COUNT].sum())
    assert held == arrays.state[engine.ORDERS] == np.count_nonzero(arrays.table)
