import numpy as np
import pytest

from atom.book import replay
from atom.events import Action, Flag
from atom.venues.simulated import simulate


@pytest.fixture(scope="module")
def market():
    return simulate(7, 3_000)


def test_the_same_seed_gives_the_same_bytes(market):
    again, other = simulate(7, 3_000), simulate(8, 3_000)
    assert again.book.tobytes() == market.book.tobytes()
    assert again.trade.tobytes() == market.trade.tobytes()
    assert other.book.tobytes() != market.book.tobytes()


def test_the_book_is_sound_throughout(market):
    gone = replay(market.book)
    assert gone.crossed == 0
    assert gone.book.unknown_deletes == 0
    assert gone.tops["valid"].all()
    assert (gone.tops["bid_price"] < gone.tops["ask_price"]).all()
    assert len(gone.tops) == 3_001  # the opening and each message


def test_time_and_sequence_go_forward(market):
    for rows in (market.book, market.trade):
        assert (np.diff(rows["ts_event"]) >= 0).all()
        assert (np.diff(rows["sequence"]) >= 0).all()
        assert (rows["ts_recv"] > rows["ts_event"]).all()


def test_each_trade_is_a_fill_of_the_book(market):
    fills = market.book[market.book["action"] == Action.FILL]
    assert len(market.trade) > 100
    for ours, theirs in (("price", "price"), ("size", "size"), ("order_id", "maker_order_id")):
        assert (fills[ours] == market.trade[theirs]).all()
    assert (fills["side"] != market.trade["side"]).all()  # the aggressor takes from the other side


def test_every_message_ends_once(market):
    last = market.book["flags"] & Flag.LAST != 0
    assert (last == np.append(np.diff(market.book["sequence"]) > 0, True)).all()


def test_all_kinds_of_messages_come(market):
    assert {Action.ADD, Action.CANCEL, Action.FILL, Action.CLEAR} == set(market.book["action"].tolist())


def test_the_mid_stays_near_where_it_began():
    tops = replay(simulate(1, 10_000).book).tops
    mid = (tops["bid_price"] + tops["ask_price"]) / 2
    assert 0.5 < mid.std() < 50
    assert abs(mid.mean() - 10_000) < 50
