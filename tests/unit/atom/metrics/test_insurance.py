"""What an insurance fund could bear."""

import math

import numpy as np
import pytest

from atom.events import Side, Unit
from atom.metrics import InsuranceFund
from fusion.errors import BadInput
from tests.unit.atom.metrics.notes import events

TOLD = {
    "mark_price": [(1, 100.0)],
    "open_interest": [(2, Unit.BASE, 50.0, math.nan, math.nan)],
    "liquidation": [(3, Side.ASK, 98.0, 10.0), (4, Side.BID, 105.0, 2.0), (5, Side.ASK, 103.0, 9.0)],
    "insurance_fund": [(2, 900.0), (6, 1000.0), (14, 600.0), (30, 1200.0)],
}


def test_by_hand():
    table = InsuranceFund(trailing=10).update(events(**TOLD))
    assert table["ts"].tolist() == [2, 6, 14, 30]
    assert table["fund_to_interest"].tolist() == [900 / 5000, 1000 / 5000, 600 / 5000, 1200 / 5000]
    # the long fell short by 2 * 10, the short by 5 * 2; the third was filled better than the mark
    np.testing.assert_array_equal(table["fund_to_shortfall"], [math.nan, 1000 / 30, math.nan, math.nan])
    assert table["fund_drawdown"].tolist() == [0.0, 0.0, 1 - 600 / 1000, 0.0]


def test_a_fund_in_another_currency():
    table = InsuranceFund(worth=100.0).update(events(**TOLD | {"insurance_fund": [(6, 10.0)]}))
    assert table["fund_to_interest"].tolist() == [1000 / 5000]


@pytest.mark.parametrize("cut", range(1, 31))
def test_it_is_the_same_wherever_it_is_cut(cut):
    whole, fund = InsuranceFund(trailing=10).update(events(**TOLD)), InsuranceFund(trailing=10)
    halves = [
        {kind: [row for row in rows if (row[0] < cut) == early] for kind, rows in TOLD.items()}
        for early in (True, False)
    ]
    pieces = [fund.update(events(**half)) for half in halves]
    for name, column in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tobytes() == column.tobytes()


def test_what_cannot_be_is_refused():
    for wrong in ({"worth": 0.0}, {"worth": math.nan}, {"trailing": 0}):
        with pytest.raises(BadInput, match="above 0"):
            InsuranceFund(**wrong)
