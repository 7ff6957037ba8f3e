"""What users of other backtesters complained of, each as a test that would fail there."""

import pytest

from node.exchange.core.command import Kind, Queue, Side, Told
from node.exchange.core.journal import Record

BUY, SELL = Side.BUY, Side.SELL


def test_one_trade_fills_two_orders_of_a_price_only_once(scene, lots) -> None:
    """Two limit orders at one price were both filled by the same lots.

    https://github.com/nautechsystems/nautilus_trader/issues/2564
    """
    scene.picture({99: 5}, {101: 5})
    first, second = scene.order(SELL, 100, 3), scene.order(SELL, 100, 3)
    rows = scene.trade(BUY, 100, 4)
    assert [(int(row["other"]), int(row["quantity"])) for row in rows] == [(first, 3), (second, 1)]
    assert lots(scene.trade(BUY, 100, 1)) == 1
    assert scene.position() == -5


def test_what_one_order_took_the_next_does_not_find(scene) -> None:
    """The same complaint of orders that take: the recorded level stands at 5 after each of them.

    https://github.com/nautechsystems/nautilus_trader/issues/2564
    """
    scene.picture({99: 5}, {101: 5, 102: 2})
    assert scene.take(BUY, 4) == 4
    scene.set(SELL, 101, 5)
    assert scene.take(BUY, 4) == 3  # one of 101, two of 102
    assert scene.take(BUY, 4) == 0
    scene.set(SELL, 101, 6)
    assert scene.take(BUY, 4) == 1


def test_an_order_after_a_trade_meets_the_book_after_it(scene, book) -> None:
    """Fills were made from the book as it was before the trade, whose change of the book comes later.

    https://github.com/nautechsystems/nautilus_trader/issues/3596
    """
    scene.picture({99: 5}, {100: 10, 103: 5, 104: 20})
    scene.trade(BUY, 100, 8)
    assert book(scene.exchange, SELL) == [(100, 2), (103, 5), (104, 20)]
    assert scene.take(BUY, 4) == 4
    assert book(scene.exchange, SELL) == [(103, 3), (104, 20)]
    scene.set(
        SELL, 100, 2
    )  # the change that shows the trade takes nothing off again, nor brings back what the user took
    assert book(scene.exchange, SELL) == [(103, 3), (104, 20)]


def test_each_trade_has_lots_of_its_own_order_by_order(scene, lots) -> None:
    """The same complaint of a record by order, whose trades come before the messages that show them.

    https://github.com/nautechsystems/nautilus_trader/issues/5017
    """
    scene.add(1, BUY, 5459, 1000, Told.SNAPSHOT)
    scene.add(9, SELL, 5462, 1000, Told.SNAPSHOT | Told.LAST)
    scene.order(BUY, 5459, 3000)
    assert lots(scene.trade(SELL, 5459, 600)) == 0
    assert lots(scene.trade(SELL, 5459, 400)) == 0
    assert lots(scene.trade(SELL, 5459, 2000)) == 2000
    scene.leave(1)
    assert lots(scene.trade(SELL, 5459, 2000)) == 1000
    assert scene.position() == 3000


def test_each_trade_has_lots_of_its_own(scene, lots) -> None:
    """A second trade of the same price and size did not fill the order that the first had come to.

    https://github.com/nautechsystems/nautilus_trader/issues/5017
    """
    scene.picture({5459: 1000}, {5462: 1000})
    scene.order(BUY, 5459, 3000)
    assert lots(scene.trade(SELL, 5459, 2000)) == 1000
    assert lots(scene.trade(SELL, 5459, 2000)) == 2000
    assert scene.position() == 3000


@pytest.mark.parametrize("queue", list(Queue))
def test_a_partial_fill_counts_at_once(scenes, lots, queue: Queue) -> None:
    """Fills of a part never reached position and balance, with the probability queue models.

    https://github.com/nkaz001/hftbacktest/issues/316
    """
    scene = scenes(queue)
    scene.picture({99: 4}, {101: 5})
    scene.order(BUY, 99, 10)
    free, locked = scene.exchange.ledger.balances[scene.user, 1]
    for size, position in ((7, 3), (2, 5), (4, 9), (8, 10)):
        scene.trade(SELL, 99, size)
        assert scene.position() == position
    unit = scene.exchange.markets[0].rules["unit"][0]
    assert scene.exchange.ledger.balances[scene.user, 1].tolist() == [free, locked - 10 * 99 * unit]


def test_a_fill_of_exactly_what_is_left_ends_an_order_and_the_replay_goes_on(scene, lots) -> None:
    """The backtest stopped, the order in a state of which it knew no way on.

    https://github.com/nkaz001/hftbacktest/issues/301
    """
    scene.picture({99: 4}, {101: 5})
    for _ in range(300):
        order = scene.order(BUY, 100, 5)
        assert lots(scene.trade(SELL, 100, 2)) == 2
        assert lots(scene.trade(SELL, 100, 3)) == 3
        rows = scene.do(Kind.CANCEL, account=scene.user, order=order)
        assert rows["kind"].tolist() == [Record.REJECT]
        scene.set(BUY, 99, 5)
        scene.set(BUY, 99, 4)
    assert scene.position() == 1500


def test_nothing_fills_an_order_but_what_came_to_it(scene, book, lots) -> None:
    """Orders were filled, all of them, without a trade: the best price had only come to theirs.

    https://github.com/nkaz001/hftbacktest/issues/158
    """
    scene.picture({99: 4, 98: 10}, {101: 5})
    scene.order(BUY, 99, 6)
    scene.order(BUY, 98, 6)
    assert lots(scene.set(BUY, 99, 0)) == 0  # all before it left
    assert lots(scene.set(SELL, 101, 0)) == 0
    assert lots(scene.set(SELL, 100, 5)) == 0
    assert lots(scene.set(SELL, 99, 2)) == 2  # an offer of 2 came, and is gone
    assert book(scene.exchange, SELL) == [(100, 5)]
    assert lots(scene.set(SELL, 99, 2)) == 0
    assert lots(scene.set(SELL, 98, 3)) == 3
    assert scene.position() == 5


def test_an_order_inside_the_spread_is_in_the_book_and_is_filled_first(scene, book, lots) -> None:
    """Orders between bid and ask were not in the book, and trades at worse prices passed them by.

    https://github.com/nkaz001/hftbacktest/issues/14
    """
    scene.picture({960: 5}, {970: 5})
    scene.order(BUY, 966, 2)
    scene.order(SELL, 968, 2)
    assert book(scene.exchange, SELL) == [(968, 2), (970, 5)]
    assert book(scene.exchange, BUY) == [(966, 2), (960, 5)]
    rows = scene.trade(BUY, 970, 3)
    assert [(int(row["price"]), int(row["quantity"])) for row in rows] == [(968, 2)]
    assert book(scene.exchange, SELL) == [(970, 2)]


def test_one_orders_cancel_lets_nobody_pass_but_those_behind_it(scene, lots) -> None:
    """Any cancel of an order at its price put the user's order first.

    https://github.com/nautechsystems/nautilus_trader/issues/4370
    """
    scene.add(1, BUY, 99, 5, Told.SNAPSHOT)
    scene.add(2, BUY, 99, 5, Told.SNAPSHOT | Told.LAST)
    scene.order(BUY, 99, 3)
    scene.add(3, BUY, 99, 5)
    scene.leave(3)
    scene.leave(1)
    fill = {"side": BUY, "price": 99, "quantity": 2, "flags": int(Told.LAST)}
    assert lots(scene.do(Kind.REPLAY_FILL, order=2, **fill)) == 0
    assert lots(scene.do(Kind.REPLAY_FILL, order=2, **fill)) == 0
    scene.add(4, BUY, 99, 5)
    assert lots(scene.do(Kind.REPLAY_FILL, order=4, **fill)) == 2


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("clears", [1, 2, 3])  # one as the gap is seen, one as its picture begins, and one more
@pytest.mark.parametrize("by_order", [False, True])
def test_a_new_picture_gives_nobody_a_better_place(scene, lots, by_order: bool, clears: int, torn: bool) -> None:
    """Pictures of the book forgot the queue before an order.

    https://github.com/nautechsystems/nautilus_trader/pull/4942
    """

    def bids(*sizes: int) -> None:
        if not by_order:
            scene.set(BUY, 99, sum(sizes), Told.SNAPSHOT)
            return
        for number, size in enumerate(sizes, 1):
            scene.add(number, BUY, 99, size, Told.SNAPSHOT)

    def ask() -> None:
        last = Told.SNAPSHOT | Told.LAST
        scene.add(9, SELL, 101, 5, last) if by_order else scene.set(SELL, 101, 5, last)

    bids(4, 2)
    ask()
    scene.order(BUY, 99, 3)
    for _ in range(clears):
        scene.do(Kind.REPLAY_CLEAR)
    if torn:
        bids(4, 2)
        scene.do(Kind.REPLAY_CLEAR)
    scene.order(BUY, 99, 1)
    bids(4, 2, 6)
    ask()

    def trade(size: int) -> int:
        return lots(scene.trade(SELL, 99, size))

    assert trade(6) == 0
    assert trade(2) == 2
    assert trade(1) == 1
    assert trade(3) == 0  # of the 6 in between the two trades before took 3
    assert trade(1) == 1
