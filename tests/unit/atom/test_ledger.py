"""What a venue leaves out of a change is filled in from what is known of the order."""

import pytest

from atom.events import Action, Side
from atom.ledger import Ledger, Order

PLACED = Order(Action.ADD, Side.BID, "50.5", "2.00", 1)


def change(action, size="0", order_id=1):
    return Order(action, Side.BID, "0", size, order_id)


@pytest.fixture
def ledger():
    held = Ledger()
    assert held.complete([PLACED]) == [PLACED]
    return held


def test_what_was_told_before_is_left_out(ledger):
    assert ledger.complete([PLACED, PLACED._replace(size="1")]) == []


def test_what_remains_becomes_what_was_taken_off(ledger):
    assert ledger.complete([change(Action.FILL, "0.75")]) == [PLACED._replace(action=Action.FILL, size="1.25")]
    assert ledger.complete([change(Action.FILL, "0.75")]) == []  # told again
    assert ledger.complete([change(Action.FILL, "1")]) == []  # of before
    assert ledger.complete([change(Action.FILL, "0")]) == [PLACED._replace(action=Action.FILL, size="0.75")]
    assert ledger.complete([change(Action.CANCEL)]) == [change(Action.CANCEL)]  # it is not held any more


def test_a_cancel_has_price_and_size(ledger):
    ledger.complete([change(Action.FILL, "0.5")])
    assert ledger.complete([change(Action.CANCEL)]) == [PLACED._replace(action=Action.CANCEL, size="0.5")]


def test_of_an_unknown_order_a_change_stays_as_it_came(ledger):
    told = [change(Action.CANCEL, order_id=2), change(Action.FILL, "1", order_id=3)]
    assert ledger.complete(told) == told
    ledger.clear()
    assert ledger.complete([change(Action.CANCEL)]) == [change(Action.CANCEL)]


def test_a_size_that_is_no_number_is_refused(ledger):
    with pytest.raises(ArithmeticError):
        ledger.complete([change(Action.FILL, "much")])
