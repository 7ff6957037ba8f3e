"""Triggers: who waits for a price wakes when a trade comes to it, in the order of being passed, and not before."""

import numpy as np
import pytest

from node.exchange.core.command import Flag, Kind, Side, Tif, Type
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, RICH, Floor

STOP, STOP_LIMIT, PROFIT, PROFIT_LIMIT = Type.STOP_LOSS, Type.STOP_LOSS_LIMIT, Type.TAKE_PROFIT, Type.TAKE_PROFIT_LIMIT


@pytest.fixture
def floor() -> Floor:
    """The last price is 100."""
    floor = Floor()
    floor.trade(100)
    return floor


@pytest.mark.parametrize(
    ("kind", "side", "trigger"),
    [(STOP, Side.SELL, 95), (STOP, Side.BUY, 105), (PROFIT, Side.SELL, 105), (PROFIT, Side.BUY, 95)],
)
def test_the_type_says_which_way_the_price_must_come(floor: Floor, kind: Type, side: Side, trigger: int) -> None:
    toward = 1 if trigger > 100 else -1
    assert floor.order("w", ANN, side, 2, type=kind, trigger=100 - 5 * toward) == ["REJECT WOULD_TRIGGER"]
    assert floor.order("w", ANN, side, 2, type=kind, trigger=trigger) == ["ACK w"]

    floor.trade(trigger - toward)
    assert floor.state("watch") == 1
    floor.sell("ask", BOB, 1, trigger)
    rows = floor.buy("bid", EVE, 1, trigger)

    assert rows[-2:] == [f"TRIGGER w 2 at {trigger}", "EXPIRE w 2 NO_LIQUIDITY"]
    floor.empty()


def test_what_waits_holds_what_it_will_give_as_far_as_that_is_known(floor: Floor) -> None:
    floor.sell("a", ANN, 3, type=STOP, trigger=90)
    assert floor.held(ANN) == (3, 0)
    floor.buy("b", ANN, 2, 120, type=STOP_LIMIT, trigger=110)
    assert floor.held(ANN) == (3, 240)
    floor.buy("c", ANN, 900_000, type=STOP, trigger=200)
    assert floor.held(ANN) == (3, 240)

    assert floor.buy("d", ANN, 10_000, 120, type=STOP_LIMIT, trigger=110) == ["REJECT INSUFFICIENT_FUNDS"]
    assert [floor.cancel(name, ANN) for name in "abc"] == [["CANCEL a 3"], ["CANCEL b 2"], ["CANCEL c 900000"]]
    floor.empty()


def test_those_that_are_passed_on_the_way_wake_in_the_order_of_being_passed(floor: Floor) -> None:
    """A seller's sweep trades at 98 first and at 94 last: who waits at 98 is passed before who waits at 95."""
    for name, trigger in (("low", 95), ("high", 98), ("twin", 98), ("lower", 93)):
        floor.sell(name, ANN, 1, type=STOP, trigger=trigger)
    for name, price in (("b1", 98), ("b2", 94), ("b3", 80)):
        floor.buy(name, BOB, 2, price)

    rows = floor.sell("x", EVE, 4)

    assert rows == [
        "ACK x",
        "FILL x takes 2 of b1 at 98",
        "FILL x takes 2 of b2 at 94",
        "TRIGGER high 1 at 98",
        "TRIGGER twin 1 at 98",
        "TRIGGER low 1 at 94",
        "FILL high takes 1 of b3 at 80",
        "TRIGGER lower 1 at 80",
        "FILL twin takes 1 of b3 at 80",
        "EXPIRE low 1 NO_LIQUIDITY",
        "EXPIRE lower 1 NO_LIQUIDITY",
    ]
    floor.empty()


def test_a_dip_before_a_rise_wakes_both_ways(floor: Floor) -> None:
    """The book's best ask is below the last price: a buyer's sweep goes down to it and then up."""
    floor.sell("fall", ANN, 1, type=STOP, trigger=97)
    floor.buy("rise", ANN, 1, type=STOP, trigger=103)
    floor.sell("a1", BOB, 1, 96)
    floor.sell("a2", BOB, 1, 104)

    rows = floor.buy("x", EVE, 2)

    assert rows[-4:-2] == ["TRIGGER fall 1 at 96", "TRIGGER rise 1 at 104"]
    floor.empty()


def test_a_woken_limit_order_rests_where_it_meets_nothing(floor: Floor) -> None:
    floor.buy("w", ANN, 2, 106, type=STOP_LIMIT, trigger=105, tif=Tif.GTD, expiry=1_000)

    floor.trade(105)

    assert floor.held(ANN) == (0, 212)
    assert floor.sell("x", EVE, 1) == ["ACK x", "FILL x takes 1 of w at 106"]
    assert floor.ask(kind=Kind.TIMER, time=1_000) == ["EXPIRE w 1 TIME"]
    floor.empty()


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"tif": Tif.IOC}, ["FILL w takes 1 of ask at 107", "EXPIRE w 1 IMMEDIATE"]),
        ({"tif": Tif.FOK}, ["EXPIRE w 2 NOT_FILLABLE"]),
        ({"flags": Flag.POST_ONLY}, ["EXPIRE w 2 WOULD_TAKE"]),
        ({"selftrade": 1}, ["FILL w takes 1 of ask at 107"]),
    ],
)
def test_the_terms_of_an_order_count_when_it_wakes(floor: Floor, terms: dict[str, int], told: list[str]) -> None:
    floor.buy("w", ANN, 2, 108, type=PROFIT_LIMIT, trigger=95, **terms)
    floor.buy("bid", BOB, 1, 95)
    floor.sell("ask", EVE, 1, 107)

    rows = floor.sell("x", EVE, 1)

    assert rows[2:] == ["TRIGGER w 2 at 95", *told]


def test_a_buyer_who_cannot_pay_when_it_wakes_expires(floor: Floor) -> None:
    floor.buy("w", ANN, 3, type=STOP, trigger=105)
    floor.sell("dear", BOB, 3, RICH // 2 + 1)
    floor.sell("ask", BOB, 1, 105)

    rows = floor.buy("x", EVE, 1)

    assert rows[-2:] == ["FILL w takes 1 of dear at 500001", "EXPIRE w 2 INSUFFICIENT_FUNDS"]


def test_a_trigger_follows_the_best_price_and_never_turns_back(floor: Floor) -> None:
    floor.sell("t", ANN, 1, type=STOP, trail=100_000)
    for price in (150, 200, 190, 181):
        floor.trade(price)
    assert floor.state("highs")

    floor.sell("ask", BOB, 1, 180)
    rows = floor.buy("x", EVE, 1)

    assert rows[-2:] == ["TRIGGER t 1 at 180", "EXPIRE t 1 NO_LIQUIDITY"]
    floor.empty()


def test_a_trigger_follows_from_the_price_it_starts_at(floor: Floor) -> None:
    floor.buy("t", ANN, 1, type=STOP, trail=100_000, trigger=80)
    for price in (95, 106, 81, 90, 80, 70, 76):
        floor.trade(price)
    assert floor.state("lows")

    floor.trade(77)  # a tenth above 70

    assert not floor.state("lows")
    floor.empty()


def test_a_trigger_keeps_a_tick_at_least(floor: Floor) -> None:
    floor.sell("t", ANN, 1, type=STOP, trail=1)

    floor.trade(101)
    assert floor.state("highs")
    floor.trade(100)

    floor.empty()


@pytest.mark.parametrize(
    "terms",
    [
        {"type": Type.STOP_LOSS},
        {"type": Type.STOP_LOSS, "trigger": -1},
        {"type": Type.STOP_LOSS, "trail": 1_000_000},
        {"type": Type.STOP_LOSS, "trigger": 90, "trail": -1},
        {"type": Type.STOP_LOSS_LIMIT, "trigger": 90},
        {"type": Type.STOP_LOSS, "trigger": 90, "flags": Flag.BY_QUOTE},
        {"type": Type.LIMIT, "price": 100, "trigger": 90},
        {"type": Type.MARKET, "trail": 1},
        {"type": 6, "trigger": 90},
    ],
)
def test_what_makes_no_sense_is_malformed(floor: Floor, terms: dict[str, int]) -> None:
    assert floor.sell("a", ANN, 1, **terms) == ["REJECT MALFORMED"]


def test_orders_wait_for_the_first_trade_where_there_was_none() -> None:
    floor = Floor()
    floor.sell("stop", ANN, 1, type=STOP, trigger=95)
    floor.sell("trails", ANN, 1, type=STOP, trail=50_000)
    floor.trade(100)
    assert floor.state("watch") == 2

    floor.trade(95)

    floor.empty()


def test_orders_that_follow_one_price_wake_as_each_alone_would(floor: Floor) -> None:
    """Whatever group they are of, and whoever of it leaves first."""
    trails = {"a": 50_000, "b": 1, "c": 20_000, "d": 2, "e": 20_000}
    for price, (name, trail) in zip((100, 103, 104, 105, 110), trails.items(), strict=True):
        floor.trade(price)
        floor.sell(name, ANN, 1, type=STOP, trail=trail)
    floor.trade(120)
    floor.sell("late", ANN, 1, type=STOP, trail=10_000)
    floor.cancel("b", ANN)
    floor.sell("ask", BOB, 1, 112)

    rows = floor.buy("x", EVE, 1, 112)

    woken = [each for each in rows if each.startswith("TRIGGER")]
    assert woken == [f"TRIGGER {each} 1 at 112" for each in ("d", "late", "c", "e", "a")]
    floor.empty()


def test_many_that_follow_leave_in_any_order(floor: Floor) -> None:
    dice = np.random.Generator(np.random.PCG64(5))
    names: list[str] = []
    for turn in range(400):
        draw = dice.random()
        if draw < 0.5:
            names.append(f"t{turn}")
            side, start = Side(int(dice.integers(2))), int(dice.integers(80, 120)) if dice.random() < 0.3 else 0
            trail = int(dice.choice((1, 2, 5_000, 10_000, 30_000, 90_000, 300_000)))
            floor.order(names[-1], ANN, side, 1, type=STOP, trail=trail, trigger=start)
        elif draw < 0.6 and names:
            floor.cancel(names.pop(int(dice.integers(len(names)))), ANN)
        else:
            floor.trade(int(100 + 20 * np.sin(turn / 20) + dice.integers(-4, 5)))
    floor.ask(kind=Kind.MASS_CANCEL)
    floor.empty()
