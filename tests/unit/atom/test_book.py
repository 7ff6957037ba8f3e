import numpy as np
import pytest

from atom.book import Book, Level, Order, replay
from atom.events import Action, Flag, Side, empty

OPEN = [(Action.CLEAR, Side.NONE, 0, 0, 0, Flag.SNAPSHOT)]


def rows(*told, flags=Flag.BY_PRICE):
    """Rows of (action, side, price, size[, order id[, flags]]), each a message of its own."""
    made = empty("book", len(told))
    for row, (action, side, price, size, *more) in zip(made, told, strict=True):
        order, extra = (*more, 0, 0)[:2]
        opens = action == Action.CLEAR and extra & Flag.SNAPSHOT
        row["flags"] = flags | extra | (0 if opens else Flag.LAST)
        row["action"], row["side"], row["price"], row["size"], row["order_id"] = action, side, price, size, order
    return made


def snapshot(*levels):
    return [*OPEN, *((Action.ADD, side, price, size, 0, Flag.SNAPSHOT) for side, price, size in levels)]


def test_levels_come_best_first():
    book = Book()
    book.apply(rows(*snapshot((Side.BID, 99, 1), (Side.BID, 100, 2), (Side.ASK, 102, 4), (Side.ASK, 101, 3))))
    assert book.levels(Side.BID) == [Level(100, 2), Level(99, 1)]
    assert book.levels(Side.ASK) == [Level(101, 3), Level(102, 4)]
    assert book.levels(Side.BID, 1) == [Level(100, 2)]
    assert book.levels(Side.ASK, 0) == []
    assert (book.best_bid, book.best_ask) == (Level(100, 2), Level(101, 3))
    with pytest.raises(ValueError, match="depth"):
        book.levels(Side.BID, -1)


def test_a_book_by_price_takes_whole_sizes():
    book = Book()
    book.apply(rows(*snapshot((Side.BID, 100, 2), (Side.ASK, 101, 3))))
    book.apply(rows((Action.MODIFY, Side.BID, 100, 7), (Action.CANCEL, Side.ASK, 101, 0)))
    assert book.best_bid == Level(100, 7)
    assert book.best_ask is None
    assert book.unknown_deletes == 0


def test_a_delete_of_nothing_is_counted():
    book = Book()
    book.apply(rows(*snapshot((Side.BID, 100, 2)), (Action.CANCEL, Side.BID, 50, 0)))
    assert book.unknown_deletes == 1


def test_an_invalid_book_serves_nothing():
    book = Book()
    book.apply(rows((Action.MODIFY, Side.BID, 100, 7)))
    assert (book.valid, book.best_bid, book.levels(Side.BID)) == (False, None, [])
    book.apply(rows(*snapshot((Side.BID, 100, 2))))
    assert book.best_bid == Level(100, 2)
    book.apply(rows((Action.CLEAR, Side.NONE, 0, 0)))
    assert (book.valid, book.best_bid, book.levels(Side.BID), book.crossed) == (False, None, [], False)


def test_a_snapshot_is_served_only_when_it_is_whole():
    told = rows(*snapshot((Side.BID, 100, 2), (Side.ASK, 101, 2)))
    told["flags"][1] &= ~np.uint16(Flag.LAST)
    book = Book()
    book.apply(told[:2])
    assert not book.valid
    book.apply(told[2:])
    assert book.valid


def test_crossed_books_are_seen():
    told = rows(*snapshot((Side.BID, 100, 2), (Side.ASK, 101, 2)), (Action.MODIFY, Side.BID, 101, 1))
    gone = replay(told)
    assert gone.book.crossed
    assert gone.crossed == 1


def test_orders_add_up_to_levels_and_a_fill_takes_off_once():
    book = Book()
    book.apply(rows(*OPEN, (Action.ADD, Side.BID, 100, 5, 1, Flag.SNAPSHOT), flags=0))
    book.apply(rows((Action.ADD, Side.BID, 100, 3, 2), (Action.FILL, Side.BID, 100, 4, 1), flags=0))
    assert book.best_bid == Level(100, 4)
    book.apply(rows((Action.FILL, Side.BID, 100, 1, 1), (Action.CANCEL, Side.BID, 100, 0, 1), flags=0))
    assert book.best_bid == Level(100, 3)
    assert book.unknown_deletes == 1  # the cancel of an order that was filled


def test_an_order_may_move():
    book = Book()
    book.apply(rows(*OPEN, (Action.ADD, Side.BID, 100, 5, 1, Flag.SNAPSHOT), flags=0))
    book.apply(rows((Action.MODIFY, Side.BID, 98, 2, 1), flags=0))
    assert book.levels(Side.BID) == [Level(98, 2)]


def test_ids_cannot_be_chosen_that_all_want_one_place():
    spread, count = 0x9E3779B97F4A7C15, 2_000
    back = pow(spread, -1, 2**64)
    told = empty("book", count)
    told["action"], told["side"], told["price"], told["size"] = Action.ADD, Side.BID, 100, 1
    told["order_id"] = np.array([at * back % 2**64 for at in range(count)], np.uint64).astype(np.int64)
    book = Book()
    book.apply(told)
    taken = book.arrays.table != 0
    longest = np.diff(np.flatnonzero(np.concatenate(([True], ~taken, [True])))).max() - 1
    assert taken.sum() == count
    assert longest < 100


def test_a_book_that_does_not_fit_a_finer_scale_is_left_as_it_was():
    book = Book()
    book.apply(rows(*snapshot((Side.BID, 2**40, 7))))
    with pytest.raises(OverflowError, match="64 bits"):
        book.rescale(10**9, 1)
    assert book.best_bid == Level(2**40, 7)
    book.rescale(10, 10)
    assert book.best_bid == Level(2**40 * 10, 70)


def test_levels_may_be_as_far_apart_as_64_bits_allow():
    book = Book()
    book.apply(rows(*snapshot(*((Side.BID, price, 1) for price in (2**63 - 1, -2, 1 - 2**63, 5)))))
    assert [level.price for level in book.levels(Side.BID)] == [2**63 - 1, 5, -2, 1 - 2**63]


def test_a_level_that_goes_takes_its_orders_along():
    book = Book()
    orders = rows((Action.ADD, Side.BID, 100, 2, 1), (Action.ADD, Side.BID, 100, 3, 2), flags=0)
    book.apply(np.concatenate((rows(*OPEN), orders, rows((Action.CANCEL, Side.BID, 100, 0, 0, Flag.SNAPSHOT)))))
    book.apply(rows((Action.CANCEL, Side.BID, 0, 0, 1), (Action.ADD, Side.BID, 99, 4, 2), flags=0))
    assert book.unknown_deletes == 1
    assert book.levels(Side.BID) == [Level(99, 4)]
    assert book.orders(Side.BID, 99) == [Order(2, 4)]
