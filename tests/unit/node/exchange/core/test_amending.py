"""Amending: who only gives way keeps the place; who wants more, or another price, queues anew."""

import pytest

from node.exchange.core.command import Flag, Type
from tests.unit.node.exchange.core.floor import ANN, BOB, EVE, Floor


@pytest.fixture
def floor() -> Floor:
    floor = Floor()
    floor.sell("a", ANN, 5, 100)
    floor.sell("b", BOB, 5, 100)
    return floor


def test_a_smaller_order_keeps_its_turn(floor: Floor) -> None:
    assert floor.amend("a", ANN, 2, 100) == ["AMEND a 2 at 100 KEPT"]
    assert floor.held(ANN) == (2, 0)
    assert floor.buy("x", EVE, 3)[1:] == ["FILL x takes 2 of a at 100", "FILL x takes 1 of b at 100"]


def test_a_larger_order_loses_its_turn_and_keeps_its_id(floor: Floor) -> None:
    assert floor.amend("a", ANN, 6, 100) == ["AMEND a 6 at 100"]
    assert floor.held(ANN) == (6, 0)
    assert floor.buy("x", EVE, 6)[1:] == ["FILL x takes 5 of b at 100", "FILL x takes 1 of a at 100"]
    assert floor.cancel("a", ANN) == ["CANCEL a 5"]


def test_another_price_may_take(floor: Floor) -> None:
    floor.buy("c", EVE, 3, 98)

    assert floor.amend("a", ANN, 5, 97) == ["AMEND a 5 at 97", "FILL a takes 3 of c at 98"]
    assert floor.held(ANN) == (2, 0)
    assert floor.amend("b", BOB, 5, 97) == ["AMEND b 5 at 97"]


@pytest.mark.parametrize(
    ("name", "account", "quantity", "price", "why"),
    [
        ("a", ANN, 0, 100, "MALFORMED"),
        ("a", ANN, 5, -1, "MALFORMED"),
        ("a", BOB, 5, 99, "UNKNOWN_ORDER"),
        ("a", ANN, 5, 1 << 61, "OVERFLOW"),
        ("a", ANN, 1 << 40, 99, "INSUFFICIENT_FUNDS"),
        ("passive", BOB, 5, 100, "WOULD_TAKE"),
        ("waits", ANN, 5, 100, "UNKNOWN_ORDER"),
    ],
)
def test_what_is_refused_changes_nothing(
    floor: Floor, name: str, account: int, quantity: int, price: int, why: str
) -> None:
    floor.buy("passive", BOB, 5, 90, flags=Flag.POST_ONLY)
    floor.sell("waits", ANN, 1, type=Type.STOP_LOSS, trigger=50)
    before = floor.held(ANN), floor.held(BOB)

    assert floor.amend(name, account, quantity, price) == [f"REJECT {why}"]
    assert (floor.held(ANN), floor.held(BOB)) == before
    assert floor.buy("x", EVE, 1)[1:] == ["FILL x takes 1 of a at 100"]


def test_an_iceberg_gives_what_is_hidden_first() -> None:
    floor = Floor()
    floor.sell("ice", ANN, 10, 100, display=3)
    floor.sell("b", BOB, 5, 100)

    assert floor.amend("ice", ANN, 5, 100) == ["AMEND ice 5 at 100 KEPT"]
    assert floor.buy("x", EVE, 10)[1:] == [
        "FILL x takes 3 of ice at 100",
        "FILL x takes 5 of b at 100",
        "FILL x takes 2 of ice at 100",
    ]
    floor.empty()


def test_an_order_far_from_the_rest_shrinks_too() -> None:
    floor = Floor()
    floor.buy("near", ANN, 1, 200_000)
    floor.buy("far", BOB, 9, 10)

    assert floor.amend("far", BOB, 4, 10) == ["AMEND far 4 at 10 KEPT"]
    floor.cancel("near", ANN)
    assert floor.sell("x", EVE, 5) == ["ACK x", "FILL x takes 4 of far at 10", "EXPIRE x 1 NO_LIQUIDITY"]
    floor.empty()
