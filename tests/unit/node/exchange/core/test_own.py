"""What an account has open in a market: how many orders it may have, and all of them taken out at once."""

import pytest

from node.exchange.core.command import Flag, Group, Kind, Side, Tif, Type
from node.exchange.core.state import WORLD
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, Floor
from tests.unit.node.exchange.core.tidy import tidy

STOP, STOP_LIMIT = Type.STOP_LOSS, Type.STOP_LOSS_LIMIT


@pytest.fixture
def floor() -> Floor:
    """The last price is 100; three open orders an account, two that wait among them."""
    floor = Floor(orders=3, waiting=2)
    floor.trade(100)
    return floor


def test_an_account_has_no_more_open_orders_than_the_market_lets_it(floor: Floor) -> None:
    for name in "abc":
        assert floor.buy(name, ANN, 1, 90) == [f"ACK {name}"]
    assert floor.buy("d", ANN, 1, 90) == ["REJECT ORDERS"]
    assert floor.sell("e", ANN, 1, type=STOP, trigger=80) == ["REJECT ORDERS"]
    assert floor.buy("d", BOB, 1, 90) == ["ACK d"]

    floor.cancel("b", ANN)
    assert floor.buy("f", ANN, 1, 90) == ["ACK f"]
    assert floor.sell("x", EVE, 1, 90) == ["ACK x", "FILL x takes 1 of a at 90"]
    assert floor.buy("g", ANN, 1, 90) == ["ACK g"]
    assert floor.buy("h", ANN, 1, 90) == ["REJECT ORDERS"]


def test_what_trades_at_once_or_not_at_all_is_not_held_to_it(floor: Floor) -> None:
    for name in "abc":
        floor.buy(name, ANN, 1, 90)
    floor.sell("s", BOB, 9, 110)
    assert floor.buy("m", ANN, 1) == ["ACK m", "FILL m takes 1 of s at 110"]
    assert floor.buy("i", ANN, 1, 110, tif=Tif.IOC) == ["ACK i", "FILL i takes 1 of s at 110"]
    assert floor.buy("f", ANN, 1, 110, tif=Tif.FOK) == ["ACK f", "FILL f takes 1 of s at 110"]
    assert floor.buy("l", ANN, 1, 110) == ["REJECT ORDERS"]


def test_of_those_that_wait_for_a_price_there_are_fewer(floor: Floor) -> None:
    floor.sell("a", ANN, 1, type=STOP, trigger=80)
    floor.buy("b", ANN, 1, 130, type=STOP_LIMIT, trigger=120)
    assert floor.sell("c", ANN, 1, type=STOP, trail=10_000) == ["REJECT WAITING"]
    assert floor.sell("c", ANN, 1, 135) == ["ACK c"]

    floor.trade(121)  # b wakes and rests, and is of its type still
    floor.cancel("c", ANN)
    assert floor.sell("d", ANN, 1, type=STOP, trigger=80) == ["REJECT WAITING"]
    floor.cancel("b", ANN)
    assert floor.sell("d", ANN, 1, type=STOP, trigger=80) == ["ACK d"]


def test_the_orders_of_a_group_count_each(floor: Floor) -> None:
    bracket = {
        "in": {"side": Side.BUY, "quantity": 1, "price": 90},
        "up": {"side": Side.SELL, "quantity": 1, "price": 110, "type": STOP_LIMIT, "trigger": 85},
        "down": {"side": Side.SELL, "quantity": 1, "type": STOP, "trigger": 80},
    }
    floor.buy("a", ANN, 1, 90)
    assert floor.group(Group.OTOCO, ANN, **bracket) == ["REJECT GROUP", "REJECT GROUP", "REJECT ORDERS"]
    floor.sell("b", BOB, 1, type=STOP, trigger=80)
    assert floor.group(Group.OTOCO, BOB, **bracket) == ["REJECT GROUP", "REJECT GROUP", "REJECT ORDERS"]
    floor.cancel("a", ANN)
    assert floor.group(Group.OTOCO, ANN, **bracket) == ["ACK in", "ACK up", "ACK down"]
    assert floor.buy("c", ANN, 1, 90) == ["REJECT ORDERS"]
    floor.cancel("in", ANN)
    assert floor.buy("c", ANN, 1, 90) == ["ACK c"]


def test_those_of_a_type_that_waits_count_together_in_a_group() -> None:
    floor = Floor(waiting=1)
    floor.trade(100)
    pair = {
        "up": {"side": Side.SELL, "quantity": 1, "type": Type.TAKE_PROFIT, "trigger": 110},
        "down": {"side": Side.SELL, "quantity": 1, "type": STOP, "trigger": 80},
    }
    assert floor.group(Group.OCO, ANN, **pair) == ["REJECT GROUP", "REJECT WAITING"]
    pair["up"] = {"side": Side.SELL, "quantity": 1, "price": 110}
    assert floor.group(Group.OCO, ANN, **pair) == ["ACK up", "ACK down"]


def test_the_world_has_as_many_as_it_likes(floor: Floor) -> None:
    for name in "abcd":
        assert floor.buy(name, WORLD, 1, 90) == [f"ACK {name}"]


def test_all_of_an_account_are_taken_out_the_oldest_first() -> None:
    """Whatever places they stand in: one that is placed anew has a place that came free."""
    floor = Floor()
    for name in "abcd":
        floor.buy(name, ANN, 1, 90)
    floor.buy("bob", BOB, 1, 90)
    floor.cancel("b", ANN)
    floor.buy("e", ANN, 1, 95)
    floor.amend("c", ANN, 2, 91)
    tidy(floor.exchange.markets[0])

    assert floor.ask(kind=Kind.CANCEL_ALL, account=ANN) == ["CANCEL a 1", "CANCEL c 2", "CANCEL d 1", "CANCEL e 1"]
    assert floor.ask(kind=Kind.CANCEL_ALL, account=ANN) == ["REJECT UNKNOWN_ORDER"]
    assert floor.ask(kind=Kind.CANCEL_ALL, account=99) == ["REJECT UNKNOWN_ORDER"]
    assert floor.ask(kind=Kind.CANCEL_ALL, account=-1) == ["REJECT UNKNOWN_ORDER"]
    floor.buy("f", ANN, 1, 90, flags=Flag.POST_ONLY)
    assert floor.ask(kind=Kind.MASS_CANCEL, account=-1) == ["CANCEL f 1", "CANCEL bob 1"]
    floor.empty()
