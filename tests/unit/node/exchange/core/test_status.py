"""Status: halts, bands and the circuit breaker keep prices from running away, and all orders may be taken out."""

from decimal import Decimal

import pytest

from node.exchange.core import door
from node.exchange.core.command import Group, Kind, Side, Type
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, Floor


def test_limit_orders_outside_the_band_are_refused_and_market_orders_stop_at_it() -> None:
    floor = Floor(band=Decimal("0.1"))
    floor.sell("far", BOB, 5, 120)
    floor.trade(100)
    floor.sell("near", BOB, 2, 110)

    assert floor.buy("a", ANN, 1, 111) == ["REJECT BAND"]
    assert floor.sell("b", ANN, 1, 89) == ["REJECT BAND"]
    assert floor.buy("c", ANN, 3) == ["ACK c", "FILL c takes 2 of near at 110", "EXPIRE c 1 BAND"]
    assert floor.buy("d", ANN, 1) == ["ACK d", "FILL d takes 1 of far at 120"]  # a tenth of 110 is 11


def test_the_band_counts_for_a_waiting_order_when_it_wakes() -> None:
    floor = Floor(band=Decimal("0.1"))
    floor.trade(100)
    floor.sell("w", ANN, 1, 50, type=Type.STOP_LOSS_LIMIT, trigger=95)
    floor.buy("bid", BOB, 1, 95)

    assert floor.sell("x", EVE, 1)[2:] == ["TRIGGER w 1 at 95", "EXPIRE w 1 BAND"]
    floor.empty()


def test_a_halted_market_takes_cancels_alone() -> None:
    floor = Floor()
    floor.sell("a", ANN, 2, 100)

    assert floor.ask(kind=Kind.HALT) == ["STATUS HALTED"]
    assert floor.buy("x", BOB, 1, 100) == ["REJECT HALTED"]
    assert floor.amend("a", ANN, 1, 100) == ["REJECT HALTED"]
    assert floor.cancel("a", ANN) == ["CANCEL a 2"]
    assert floor.ask(kind=Kind.RESUME) == ["STATUS OPEN"]
    assert floor.buy("y", BOB, 1, 100) == ["ACK y"]


@pytest.fixture
def guarded() -> Floor:
    """A market that pauses for 1,000 ns when the price moves by more than a tenth within 500 ns; the last is 100."""
    floor = Floor(breaker=Decimal("0.1"), window=500, pause=1_000)
    floor.trade(100)
    return floor


def test_the_breaker_pauses_the_market_and_time_opens_it(guarded: Floor) -> None:
    guarded.sell("ask", BOB, 1, 111)

    rows = guarded.buy("x", EVE, 3, 111)
    paused = guarded.now

    assert rows == ["ACK x", "FILL x takes 1 of ask at 111", "STATUS PAUSED BREAKER"]
    assert guarded.sell("y", ANN, 1, 111, time=paused + 999) == ["REJECT HALTED"]
    assert guarded.sell("z", ANN, 1, 111, time=paused + 1_000) == [
        "STATUS OPEN TIME",
        "ACK z",
        "FILL z takes 1 of x at 111",
    ]
    guarded.trade(120)
    assert guarded.state("halted") == 0  # a tenth of 111 is 11


def test_a_slow_move_is_none(guarded: Floor) -> None:
    for price in (105, 110, 115, 120, 125):
        guarded.now += 500
        guarded.trade(price)

    assert guarded.state("halted") == 0


def test_what_woke_waits_for_the_pause_to_end(guarded: Floor) -> None:
    guarded.sell("w", ANN, 2, type=Type.STOP_LOSS, trigger=85)
    guarded.sell("v", ANN, 1, type=Type.STOP_LOSS, trigger=85)
    guarded.buy("bid", BOB, 9, 80)

    rows = guarded.sell("x", EVE, 1)

    assert rows[2:] == ["TRIGGER w 2 at 80", "TRIGGER v 1 at 80", "STATUS PAUSED BREAKER"]
    assert guarded.held(ANN) == (3, 0)
    assert guarded.cancel("v", ANN) == ["CANCEL v 1"]
    assert guarded.ask(kind=Kind.TIMER, time=guarded.now + 1_000) == [
        "STATUS OPEN TIME",
        "FILL w takes 2 of bid at 80",
    ]
    guarded.cancel("bid", BOB)
    guarded.empty()


def test_a_keeper_may_end_a_pause_or_make_it_a_halt(guarded: Floor) -> None:
    guarded.trade(120)
    assert guarded.state("halted") == 2

    assert guarded.ask(kind=Kind.HALT) == ["STATUS HALTED"]
    assert guarded.ask(kind=Kind.TIMER, time=50_000) == []
    assert guarded.ask(kind=Kind.RESUME) == ["STATUS OPEN"]


def test_all_orders_of_an_account_leave_at_once() -> None:
    floor = Floor()
    floor.sell("a", ANN, 2, 100)
    floor.sell("b", BOB, 2, 101)
    floor.sell("c", ANN, 3, type=Type.STOP_LOSS, trigger=50)
    floor.group(
        Group.OTO, ANN,
        d={"side": Side.BUY, "quantity": 1, "price": 9}, e={"side": Side.SELL, "quantity": 1, "price": 99},
    )  # fmt: skip

    assert floor.ask(kind=Kind.CANCEL_ALL, account=ANN) == [
        "CANCEL a 2",
        "CANCEL c 3",
        "CANCEL d 1",
        "EXPIRE e 1 GROUP",
    ]
    assert floor.ask(kind=Kind.CANCEL_ALL, account=ANN) == ["REJECT UNKNOWN_ORDER"]
    assert floor.ask(kind=Kind.MASS_CANCEL) == ["CANCEL b 2"]
    floor.empty()


def test_orders_that_pause_the_market_one_after_another_have_room_for_their_rows() -> None:
    """Each of them wakes, trades with a part of a maker, expires, pauses the market, and the pause ends."""
    floor = Floor(breaker=Decimal("0.05"), window=1, pause=10)
    at_first = door.rows_needed(floor.exchange.table, 0)
    floor.trade(100)
    floor.sell("ask", BOB, 1000, 120)
    floor.buy("bid", BOB, 1000, 90)
    floor.buy("first", ANN, 1, type=Type.STOP_LOSS, trigger=106)
    for turn in range(20):
        poor = floor.exchange.open_account(0, 0)
        assert floor.plain.open_account(0, 0) == poor
        floor.ask(kind=Kind.DEPOSIT, account=poor, order=1, quantity=150)
        floor.sell(f"falls{turn}", ANN, 1, type=Type.TAKE_PROFIT, trigger=120)
        floor.buy(f"rises{turn}", poor, 2, type=Type.STOP_LOSS, trigger=120)
    floor.trade(106)
    room = door.rows_needed(floor.exchange.table, 0) - at_first

    rows = floor.ask(kind=Kind.TIMER, time=1_000_000)

    assert rows.count("STATUS PAUSED BREAKER") == 41
    assert len(rows) <= room
