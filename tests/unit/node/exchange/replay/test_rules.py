"""What a record does to users' orders: queue models, gaps, coarse lots, and the ends of ranges."""

from dataclasses import replace
from decimal import Decimal
from math import log

import numpy as np
import pytest

from atom.events import Action, Events, Flag, empty
from atom.events import Side as Half
from atom.instrument import Instrument
from fusion.errors import BadInput
from node.exchange.core.command import Kind, Queue, Side, Told, Type
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.replay import run
from node.exchange.replay.tape import Model, Tape, scale_of

BUY, SELL = Side.BUY, Side.SELL
LOTS_A_COIN = 100  # of the scene


@pytest.mark.parametrize(
    ("queue", "power", "function"),
    [
        (Queue.POWER, 1, lambda lots: lots),
        (Queue.POWER, 3, lambda lots: lots**3),
        (Queue.LOG, 1, lambda lots: log(1 + lots / LOTS_A_COIN)),
    ],
)
@pytest.mark.parametrize(("front", "back", "gone"), [(300, 100, 40), (10, 5000, 900), (4000, 7, 600)])
def test_a_level_that_shrinks_lets_an_order_advance_as_the_model_says(
    scenes, lots, queue, power, function, front, back, gone
) -> None:
    scene = scenes(queue, power)
    scene.picture({99: front}, {101: 5})
    scene.order(BUY, 99, 3)
    scene.set(BUY, 99, front + back)
    scene.set(BUY, 99, front + back - gone)
    share = gone * function(front) / (function(front) + function(back))
    before = front - min(front, max(int(share), gone - back))
    assert lots(scene.trade(SELL, 99, before)) == 0
    assert lots(scene.trade(SELL, 99, 1)) == 1


def test_with_risk_averse_queues_only_trades_let_an_order_advance(scene, lots) -> None:
    scene.picture({99: 10}, {101: 5})
    scene.order(BUY, 99, 3)
    scene.set(BUY, 99, 25)
    scene.set(BUY, 99, 12)
    assert lots(scene.trade(SELL, 99, 10)) == 0
    assert lots(scene.trade(SELL, 99, 2)) == 2


def test_while_the_record_has_a_gap_nothing_fills_and_orders_stay(scene, book, lots) -> None:
    scene.picture({99: 4}, {101: 5})
    order = scene.order(BUY, 99, 3)
    scene.do(Kind.REPLAY_CLEAR)
    assert book(scene.exchange, BUY) == [(99, 3)]
    assert book(scene.exchange, SELL) == []
    assert lots(scene.trade(SELL, 90, 100)) == 0
    assert lots(scene.set(SELL, 95, 100)) == 0
    assert scene.take(BUY, 1) == 0
    rows = scene.picture({96: 4}, {97: 2, 98: 4})  # the market passed it meanwhile
    assert [(int(row["other"]), int(row["price"]), int(row["quantity"])) for row in rows] == [
        (order, 99, 2),
        (order, 99, 1),
    ]
    assert book(scene.exchange, SELL) == [(98, 3)]


def test_a_trade_wakes_who_waited_for_its_price(scene) -> None:
    scene.picture({99: 4}, {101: 5})
    scene.trade(BUY, 101, 1)
    scene.do(Kind.NEW, account=scene.user, side=BUY, type=int(Type.STOP_LOSS), trigger=103, quantity=2)
    scene.set(SELL, 103, 8)
    scene.trade(BUY, 103, 2)
    assert scene.position() == 2


def test_everybodys_orders_but_the_records_are_cancelled_at_once(scene, book) -> None:
    scene.picture({99: 4}, {101: 5})
    scene.order(BUY, 98, 3)
    scene.do(Kind.MASS_CANCEL, account=0)
    assert book(scene.exchange, BUY) == [(99, 4)]


def test_an_offer_that_nobody_can_mean_is_not_there(scene, book) -> None:
    scene.picture({99: 4}, {101: 5})
    scene.set(SELL, 1 << 55, 1 << 50)
    scene.set(SELL, -5, 3)
    scene.set(SELL, 102, -3)
    assert book(scene.exchange, SELL) == [(101, 5)]


def recorded() -> Events:
    """One bid of 2.7 lots' worth, filled in two parts of 1.35, and an offer of less than a lot."""
    book, trade = empty("book", 4), empty("trade")
    for at, (action, side, price, size, number) in enumerate(
        [
            (Action.CLEAR, Half.NONE, 0, 0, 0),
            (Action.ADD, Half.BID, 100, 270, 7),
            (Action.ADD, Half.ASK, 105, 90, 8),
            (Action.FILL, Half.BID, 100, 135, 7),
        ]
    ):
        book[at] = (at, at, at, Flag.LAST if at > 1 else 0, action, side, price, size, number)
    book["flags"][:3] |= np.uint16(Flag.SNAPSHOT)
    return Events(Instrument("v", "A-B", "AB", Decimal("0.1"), Decimal("0.01")), book, trade, empty("quote"))


COARSE = Listing("A-B", Asset("A", 4), Asset("B", 4), Decimal("0.05"), *map(Decimal, ("1", "1", "1000", "0")))


def test_sizes_below_a_lot_are_not_there_and_parts_add_up(book) -> None:
    events, exchange = recorded(), Exchange([COARSE])
    first = replace(events, book=events.book[:3])
    run(exchange, Tape(COARSE, 0, [first]))
    assert book(exchange, BUY) == [(200, 2)]
    assert book(exchange, SELL) == []
    exchange = Exchange([COARSE])
    run(exchange, Tape(COARSE, 0, [events]))
    assert book(exchange, BUY) == [(200, 1)]
    events.book["size"][3] = 270
    exchange = Exchange([COARSE])
    run(exchange, Tape(COARSE, 0, [events]))
    assert book(exchange, BUY) == []


def test_a_tape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInput, match="give the market that tick"):
        scale_of(replace(COARSE, tick=Decimal("0.2")), recorded().instrument)
    with pytest.raises(BadInput, match="not 'local'"):
        Tape(COARSE, 0, [], clock="local")
    with pytest.raises(BadInput, match="not 0"):
        Model(power=0)
    finer = replace(recorded(), instrument=replace(recorded().instrument, lot=Decimal("0.001")))
    with pytest.raises(BadInput, match="changed its tick or lot"):
        list(Tape(COARSE, 0, [recorded(), finer]).blocks())


def test_a_trade_stands_before_the_message_that_shows_it() -> None:
    events = recorded()
    trade = empty("trade", 1)
    trade[0] = (3, 9, 1, Flag.LAST | Flag.NO_ORDER, Half.ASK, 100, 10, 1, 0, 0)
    events = replace(events, trade=trade)
    for clock in ("event", "recv"):
        kinds = np.concatenate([block["kind"].copy() for block in Tape(COARSE, 0, [events], clock=clock).blocks()])
        assert kinds.tolist()[-2:] == [Kind.REPLAY_TRADE, Kind.REPLAY_FILL]
    assert Told.LAST == Flag.LAST
    assert Told.SNAPSHOT == Flag.SNAPSHOT
