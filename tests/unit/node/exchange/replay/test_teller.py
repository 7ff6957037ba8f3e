"""What a record's trades are told as where users were filled: every lot once, at its price, in its turn."""

import numpy as np
import pytest

from node.exchange.core.command import COMMAND, Kind, Side, Told, Type
from node.exchange.core.journal import Record
from node.exchange.core.state import WORLD
from node.exchange.exchange import Commands, Journal, command
from node.exchange.replay.teller import Teller
from node.exchange.service.trade import Count, times, trades

BUY, SELL = Side.BUY, Side.SELL
USER, RECORD = "user", "record"


def told(scene, *commands: Commands) -> Journal:
    asked = np.concatenate(commands)
    scene.plain.carry_out(asked.tobytes())  # which goes on beside it
    return Teller().carry_out(scene.exchange, asked)


def at(time: int, kind: Kind, side: Side, price: int, size: int, order: int = 0) -> Commands:
    return command(
        time=time, kind=kind, side=side, price=price, quantity=size, order=order, flags=Told.LAST, account=WORLD
    )


def trade(time: int, side: Side, price: int, size: int, order: int = 0) -> Commands:
    return at(time, Kind.REPLAY_TRADE, side, price, size, order)


def seen(rows: Journal) -> list[tuple[int, int, int, str]]:
    """Time, price, lots of each trade, and who was taken from, as users see them."""
    found, _ = trades(rows, times(rows, np.zeros(1, np.int64)), 0, Count())
    return [
        (int(each["time"]), int(each["price"]), int(each["quantity"]), RECORD if each["maker"] == WORLD else USER)
        for each in found
    ]


def test_what_a_user_was_filled_is_taken_off_the_trade_that_filled_them(scene) -> None:
    """Two trades at two prices: the lower stays, though it came first."""
    scene.picture({99: 5}, {100: 10, 102: 5})
    scene.order(SELL, 101, 7)
    rows = told(scene, trade(5, BUY, 100, 10), trade(8, BUY, 101, 10))
    assert seen(rows) == [(5, 100, 10, RECORD), (8, 101, 7, USER), (8, 101, 3, RECORD)]
    assert rows["kind"][0] == rows["kind"][-1] == Record.RECORDED
    assert (rows["time"][0], rows["time"][-1]) == (5, 8)


def test_what_no_trade_filled_is_taken_off_none(scene) -> None:
    """A recorded order that comes to a user's price fills them, and the record tells no trade of that."""
    scene.picture({99: 5}, {103: 10})
    scene.order(SELL, 101, 7)
    rows = told(scene, trade(5, SELL, 99, 2), at(6, Kind.REPLAY_SET, BUY, 101, 4), trade(9, BUY, 103, 1))
    assert seen(rows) == [(5, 99, 2, RECORD), (6, 101, 4, USER), (9, 101, 1, USER)]
    assert seen(told(scene, trade(11, BUY, 103, 3))) == [(11, 101, 2, USER), (11, 103, 1, RECORD)]


@pytest.mark.parametrize("fill_first", [False, True])
def test_a_trade_that_the_book_showed_before_is_told_once(scene, fill_first: bool) -> None:
    scene.add(1, SELL, 101, 5, Told.SNAPSHOT)
    scene.add(9, BUY, 99, 5, Told.SNAPSHOT | Told.LAST)
    scene.order(SELL, 100, 3)
    both = [at(5, Kind.REPLAY_FILL, SELL, 101, 4, 1), trade(5, BUY, 101, 4, 1)]
    rows = told(scene, *(both if fill_first else both[::-1]), trade(6, BUY, 101, 1, 1))
    assert seen(rows) == [(5, 100, 3, USER), (5, 101, 1, RECORD), (6, 101, 1, RECORD)]


def test_what_it_knows_of_trades_to_come_is_kept(scene) -> None:
    scene.add(1, SELL, 101, 5, Told.SNAPSHOT | Told.LAST)
    scene.order(SELL, 100, 3)
    before, after = Teller(), Teller()
    before.carry_out(scene.exchange, at(5, Kind.REPLAY_FILL, SELL, 101, 4, 1))
    after.load(before.save())
    parts = [trade(6, BUY, 101, 1, 1), trade(7, BUY, 101, 3, 1)]
    assert seen(after.carry_out(scene.exchange, np.concatenate(parts))) == [(7, 101, 1, RECORD)]


def test_a_trade_comes_before_what_it_wakes_and_after_what_time_ended(scene) -> None:
    scene.picture({90: 10}, {101: 10})
    scene.order(BUY, 80, 1, tif=3, expiry=4)
    stop = scene.do(Kind.NEW, account=scene.user, side=SELL, type=Type.STOP_LOSS, quantity=2, trigger=90)
    assert stop["kind"][0] == Record.ACK
    rows = told(scene, trade(3, BUY, 101, 1), trade(6, SELL, 90, 1))
    kinds = [Record(kind).name for kind in rows["kind"].tolist()]
    assert kinds == ["RECORDED", "FILL", "EXPIRE", "RECORDED", "FILL", "TRIGGER", "FILL", "RECORDED"]
    assert [each[:3] for each in seen(rows)] == [(3, 101, 1), (6, 90, 1), (6, 90, 2)]


def test_without_users_trades_are_the_records_and_of_nothing_nothing_is_told(scene) -> None:
    scene.picture({99: 5}, {100: 10})
    found = [trade(5, BUY, 100, 4), at(5, Kind.REPLAY_SET, BUY, 98, 4), trade(5, BUY, 100, 3), trade(7, BUY, 101, 2)]
    rows = told(scene, *found)
    assert seen(rows) == [(5, 100, 4, RECORD), (5, 100, 3, RECORD), (7, 101, 2, RECORD)]
    scene.order(BUY, 90, 1)
    assert seen(told(scene, *found)) == seen(rows)
    assert not len(Teller().carry_out(scene.exchange, np.zeros(0, COMMAND)))


def test_sizes_are_told_in_the_markets_lots(scene) -> None:
    scene.do(Kind.REPLAY_BEGIN, price=100, quantity=5, trigger=2)
    scene.picture({99: 4}, {100: 10})
    quiet = seen(told(scene, trade(5, BUY, 100, 3)))
    scene.order(BUY, 90, 1)
    assert quiet == [(5, 100, 7, RECORD)]
    assert seen(told(scene, trade(6, BUY, 100, 3))) == [(6, 100, 7, RECORD)]


def test_a_liquidation_is_told_at_its_time_among_the_trades(scenes) -> None:
    """In a perpetual a mark price leads to fills though nobody has an open order."""
    scene = scenes(initial="0.05")
    scene.picture({900: 10, 999: 100}, {1001: 100})
    scene.do(Kind.WITHDRAW, account=scene.user, order=1, quantity=10**15 - 3000)
    assert scene.take(BUY, 5) == 5
    mark = command(time=7, kind=Kind.MARK, price=960)
    rows = told(scene, trade(5, BUY, 1001, 1), mark, trade(9, BUY, 1001, 2))
    assert seen(rows) == [(5, 1001, 1, RECORD), (7, 999, 5, RECORD), (9, 1001, 2, RECORD)]
