"""A trade's lots are spent once: the record tells of them twice, in any order, and of whom they were perhaps never."""

import pytest

from node.exchange.core.command import Kind, Side, Told
from node.exchange.core.state import SHOWN

BUY, SELL = Side.BUY, Side.SELL
PICTURE = Told.SNAPSHOT | Told.LAST
FILL, MODIFY = Kind.REPLAY_FILL, Kind.REPLAY_MODIFY


@pytest.fixture
def queue(scene):
    """A user's 3 between the orders 1 and 2 of 5 each."""
    scene.add(1, BUY, 99, 5, Told.SNAPSHOT)
    scene.add(9, SELL, 101, 5, PICTURE)
    scene.order(BUY, 99, 3)
    scene.add(2, BUY, 99, 5)
    return scene


def last(scene) -> int:
    return int(scene.exchange.markets[0].state["last"][0])


@pytest.mark.parametrize(
    ("shows", "trade_first"), [("fill", True), ("modify", True), ("cancel", True), ("fill", False), ("cancel", False)]
)
def test_a_trade_and_what_shows_it_fill_once(queue, book, lots, shows: str, trade_first: bool) -> None:
    """Venues tell of a trade in two streams, whose times differ either way."""

    def trade():
        return queue.trade(SELL, 99, 4, 2)

    def show():
        if shows == "fill":
            return queue.tell(FILL, 2, BUY, 99, 4)
        return queue.tell(MODIFY, 2, BUY, 99, 1) if shows == "modify" else queue.leave(2)

    queue.leave(1)
    filled = sum(lots(each()) for each in ((trade, show) if trade_first else (show, trade)))
    assert filled == 3
    assert last(queue) == 99
    assert book(queue.exchange, BUY) == ([] if shows == "cancel" else [(99, 1)])
    queue.leave(2)
    assert book(queue.exchange, BUY) == []


@pytest.mark.parametrize("fill_first", [False, True])
def test_a_trade_and_its_fill_are_one_when_they_leave_nothing(queue, lots, fill_first: bool) -> None:
    """The user stands behind order 1, which is known at one of the two moments alone."""
    steps = [lambda: queue.trade(SELL, 99, 5, 1), lambda: queue.tell(FILL, 1, BUY, 99, 5)]
    assert sum(lots(step()) for step in (steps[::-1] if fill_first else steps)) == 0
    assert lots(queue.trade(SELL, 99, 2, 2)) == 2


@pytest.mark.parametrize("fill_first", [False, True])
def test_a_trade_of_an_order_that_nobody_knows_fills_once(scene, lots, fill_first: bool) -> None:
    scene.picture({98: 5}, {101: 5})
    scene.order(BUY, 99, 10)
    steps = [lambda: scene.trade(SELL, 99, 5, 7), lambda: scene.tell(FILL, 7, BUY, 99, 5)]
    assert sum(lots(step()) for step in (steps[::-1] if fill_first else steps)) == 5


def test_an_order_that_left_before_its_trade_had_its_place(queue, lots) -> None:
    """Who came after it gets nothing of its trade; who came before it does."""
    queue.leave(1)
    assert lots(queue.trade(SELL, 99, 5, 1)) == 0
    queue.leave(2)
    assert lots(queue.trade(SELL, 99, 2, 2)) == 2


def test_parts_of_a_trade_are_shown_part_by_part(queue, book) -> None:
    """Two trades at one time, each shown by a message of its own: between them no lot comes back."""
    queue.trade(SELL, 99, 3, 1)
    queue.trade(SELL, 99, 1, 1)
    assert book(queue.exchange, BUY) == [(99, 1 + 3 + 5)]
    queue.tell(MODIFY, 1, BUY, 99, 2)
    assert book(queue.exchange, BUY) == [(99, 1 + 3 + 5)]
    queue.tell(MODIFY, 1, BUY, 99, 1)
    assert book(queue.exchange, BUY) == [(99, 1 + 3 + 5)]
    queue.tell(MODIFY, 1, BUY, 99, 7)
    assert book(queue.exchange, BUY) == [(99, 7 + 3 + 5)]


def test_a_trade_that_names_nobody_takes_whose_turn_it_is(queue, book, lots) -> None:
    assert lots(queue.trade(SELL, 99, 5)) == 0
    assert lots(queue.trade(SELL, 99, 4)) == 3
    assert book(queue.exchange, BUY) == [(99, 1)]
    queue.leave(1)
    queue.tell(MODIFY, 2, BUY, 99, 1)
    assert book(queue.exchange, BUY) == [(99, 1)]


def test_an_order_that_was_not_taken_from_has_its_turn_again(queue, book, lots) -> None:
    """An order that nobody sees was traded: what was taken for the first in turn stands there still, a second later."""
    queue.trade(SELL, 99, 5)
    assert book(queue.exchange, BUY) == [(99, 3 + 5)]
    queue.do(Kind.REPLAY_ADD, order=3, side=BUY, price=98, quantity=1, flags=Told.LAST, time=SHOWN - 1)
    assert book(queue.exchange, BUY) == [(99, 3 + 5), (98, 1)]
    queue.do(Kind.REPLAY_CANCEL, order=3, flags=Told.LAST, time=SHOWN)
    assert book(queue.exchange, BUY) == [(99, 5 + 3 + 5)]
    assert lots(queue.trade(SELL, 99, 5)) == 0


def test_what_comes_back_meets_users(scene, book, lots) -> None:
    """An order came while the level was taken, and the next message does not name that level: it stands as before."""
    scene.picture({99: 5}, {100: 10, 103: 5})
    scene.trade(BUY, 100, 10)
    scene.order(BUY, 100, 3)
    assert lots(scene.set(BUY, 99, 6)) == 3
    assert book(scene.exchange, SELL) == [(100, 7), (103, 5)]


def test_a_trade_far_below_fills_who_is_far_below(scene, book, lots) -> None:
    """A crash goes through orders further from the best price than the ladder's window reaches."""
    scene.picture({6_000_000: 5, 5_951_000: 5}, {6_000_100: 5})
    scene.order(BUY, 5_940_000, 3)
    assert lots(scene.trade(SELL, 5_939_000, 50)) == 3
    assert book(scene.exchange, BUY) == []


def test_levels_and_orders_have_marks_of_their_own(scene, book) -> None:
    """The number of an order may be any; here one that a level's price and side might make."""
    scene.add(200, BUY, 100, 7, Told.SNAPSHOT)
    scene.add(301, BUY, 90, 7, Told.SNAPSHOT)
    scene.add(9, SELL, 150, 4, PICTURE)
    scene.trade(SELL, 100, 3)
    scene.trade(BUY, 150, 3)
    scene.add(11, SELL, 170, 1)
    assert book(scene.exchange, BUY) == [(100, 4), (90, 7)]
    assert book(scene.exchange, SELL) == [(150, 1), (170, 1)]
