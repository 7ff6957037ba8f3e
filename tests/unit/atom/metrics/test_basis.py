"""The distance of a contract from its index."""

import math
from dataclasses import replace

import numpy as np
import pytest

from atom.metrics import Basis
from atom.metrics.basis import basis
from fusion.errors import BadInput
from tests.unit.atom.metrics.notes import events

DAY = 86_400 * 10**9


def test_the_venue_s_own_example():
    assert basis(34414.10, 34400.15945) == 13.94055


def test_a_row_for_each_index_with_the_last_trade():
    told = events(index_price=[(1, 100.0), (5, 101.0)], trade=[(2, 1, 1012, 1), (4, 1, 1015, 1)])
    table = Basis().update(told)
    np.testing.assert_array_equal(table["ts"], [1, 5])
    np.testing.assert_array_equal(table["contract"], [np.nan, 101.5])
    np.testing.assert_array_equal(table["basis"], [np.nan, 0.5])
    np.testing.assert_array_equal(table["basis_rate"], [np.nan, 0.5 / 101])
    assert np.isnan(table["basis_annualised"]).all()


def test_the_mark_price_may_stand_for_the_contract():
    table = Basis(of="mark").update(events(mark_price=[(1, 102.0)], index_price=[(2, 100.0)], trade=[(1, 1, 1, 1)]))
    assert table["basis"].tolist() == [2.0]


@pytest.mark.parametrize(("days", "expected"), [(73, 0.02 * 5), (365, 0.02), (0, math.nan), (-1, math.nan)])
def test_a_year_of_it(days, expected):
    told = events(mark_price=[(DAY, 102.0)], index_price=[(DAY, 100.0)])
    value = Basis(of="mark", expiry=(days + 1) * DAY).update(told)["basis_annualised"]
    np.testing.assert_allclose(value, [expected], rtol=1e-15)


def test_without_an_index_above_zero_there_is_no_rate():
    table = Basis(of="mark").update(events(mark_price=[(1, 1.0)], index_price=[(2, 0.0), (3, math.nan)]))
    assert np.isnan(table["basis_rate"]).all()
    np.testing.assert_array_equal(table["basis"], [1.0, np.nan])


def test_the_venue_s_clock():
    told = events(mark_price=[(1, 1.0)], index_price=[(2, 2.0)])
    told.more["index_price"]["ts_event"] = 7
    assert Basis(of="mark", clock="venue").update(told)["ts"].tolist() == [7]
    assert Basis(of="mark").update(replace(told))["ts"].tolist() == [2]


@pytest.mark.parametrize("cut", range(1, 8))
def test_it_is_the_same_wherever_it_is_cut(cut):
    rows = {
        "trade": [(1, 1, 1010, 1), (4, 1, 1020, 1), (6, 1, 1030, 1)],
        "index_price": [(2, 99.5), (4, 99.7), (7, 100.1)],
    }
    halves = [
        {kind: [row for row in of if (row[0] < cut) == early] for kind, of in rows.items()} for early in (True, False)
    ]
    whole, metric = Basis().update(events(**rows)), Basis()
    pieces = [metric.update(events(**half)) for half in halves]
    for name, column in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tobytes() == column.tobytes()


def test_other_prices_are_refused():
    with pytest.raises(BadInput, match="not 'index'"):
        Basis(of="index")
