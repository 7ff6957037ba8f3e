"""What a venue leaves out of a change is filled in from what is known of the order."""

import pytest

from atom.events import Action, Side
from atom.gather.roster import Order, Roster

PLACED = Order(Action.ADD, Side.BID, "50.5", "2.00", 1)


def change(action, size="0", order_id=1):
    return Order(action, Side.BID, "0", size, order_id)


@pytest.fixture
def roster():
    held = Roster()
    assert held.complete([PLACED]) == [PLACED]
    return held


def test_what_was_told_before_is_left_out(roster):
    assert roster.complete([PLACED, PLACED._replace(size="1")]) == []


def test_what_remains_becomes_what_was_taken_off(roster):
    assert roster.complete([change(Action.FILL, "0.75")]) == [PLACED._replace(action=Action.FILL, size="1.25")]
    assert roster.complete([change(Action.FILL, "0.75")]) == []  # told again
    assert roster.complete([change(Action.FILL, "1")]) == []  # of before
    assert roster.complete([change(Action.FILL, "0")]) == [PLACED._replace(action=Action.FILL, size="0.75")]
    assert roster.complete([change(Action.CANCEL)]) == [change(Action.CANCEL)]  # it is not held any more


def test_a_cancel_has_price_and_size(roster):
    roster.complete([change(Action.FILL, "0.5")])
    assert roster.complete([change(Action.CANCEL)]) == [PLACED._replace(action=Action.CANCEL, size="0.5")]


def test_of_an_unknown_order_a_change_stays_as_it_came(roster):
    told = [change(Action.CANCEL, order_id=2), change(Action.FILL, "1", order_id=3)]
    assert roster.complete(told) == told
    roster.clear()
    assert roster.complete([change(Action.CANCEL)]) == [change(Action.CANCEL)]


def test_a_size_that_is_no_number_is_refused(roster):
    with pytest.raises(ArithmeticError):
        roster.complete([change(Action.FILL, "much")])
