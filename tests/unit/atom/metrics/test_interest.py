"""Open interest over venues: EOI and AOPV."""

import math
from dataclasses import replace

import numpy as np
import pytest

from atom.events import Unit
from atom.metrics import OpenInterest
from fusion.errors import BadInput
from tests.unit.atom.metrics.notes import INSTRUMENT, events

NAN = math.nan
INVERSE = replace(INSTRUMENT, venue="there", symbol="BTC-USD-PERP")


def test_each_unit_by_hand():
    rows = [(2, Unit.BASE, 3.0, NAN, NAN), (3, Unit.CONTRACTS, 50.0, 0.1, NAN), (4, Unit.QUOTE, 400.0, 100.0, NAN)]
    table = OpenInterest().update(events(mark_price=[(1, 200.0)], open_interest=rows))
    assert table["eoi"].tolist() == [3.0, 5.0, 2.0]
    assert table["aopv"].tolist() == [600.0, 1000.0, 400.0]


def test_contracts_of_so_much_quote_currency_are_valued_as_told():
    """Ten contracts of 100 dollars at 200 dollars a coin are five coins, whatever the size of a contract says."""
    table = OpenInterest().update(
        events(mark_price=[(1, 200.0)], open_interest=[(2, Unit.CONTRACTS, 10.0, 100.0, 1000.0)])
    )
    assert table["eoi"].tolist() == [5.0]
    assert table["aopv"].tolist() == [1000.0]


def test_without_a_mark_what_the_venue_tells_counts():
    rows = [(1, Unit.BASE, 3.0, NAN, 610.0), (2, Unit.BASE, 3.0, NAN, NAN), (3, Unit.QUOTE, 400.0, 100.0, NAN)]
    table = OpenInterest().update(events(open_interest=rows))
    np.testing.assert_array_equal(table["aopv"], [610.0, NAN, 400.0])
    np.testing.assert_array_equal(table["eoi"], [3.0, 3.0, NAN])


def test_it_is_summed_over_venues_of_one_base_currency():
    metric, ether = OpenInterest(stale=100), replace(INSTRUMENT, symbol="ETH-USDT-PERP")
    metric.update(events(mark_price=[(1, 10.0)], open_interest=[(2, Unit.BASE, 1e6, NAN, NAN)], of=ether))
    metric.update(events(mark_price=[(1, 200.0)], open_interest=[(2, Unit.BASE, 3.0, NAN, NAN)]))
    table = metric.update(
        events(
            mark_price=[(3, 100.0)], open_interest=[(at, Unit.QUOTE, 400.0, 10.0, NAN) for at in (4, 102)], of=INVERSE
        )
    )
    assert table["eoi_total"].tolist() == [7.0, 4.0]  # the first venue has been silent for too long by then
    assert table["aopv_total"].tolist() == [1000.0, 400.0]
    assert table["contracts"].tolist() == [2, 1]


def test_other_quote_currencies_need_their_worth():
    krone = replace(INSTRUMENT, symbol="BTC-DKK-PERP")
    told = events(mark_price=[(1, 100.0)], open_interest=[(2, Unit.BASE, 2.0, NAN, NAN)], of=krone)
    assert np.isnan(OpenInterest().update(told)["aopv"]).all()
    assert OpenInterest(dollars={"DKK": 0.5}).update(told)["aopv"].tolist() == [100.0]


def test_it_is_the_same_wherever_it_is_cut():
    told = [events(open_interest=[(at, Unit.BASE, float(at), NAN, 7.0)], mark_price=[(at, 2.0)]) for at in range(1, 6)]
    one, pieces = OpenInterest(), OpenInterest()
    rows = [(at, Unit.BASE, float(at), NAN, 7.0) for at in range(1, 6)]
    whole = one.update(events(open_interest=rows, mark_price=[(at, 2.0) for at in range(1, 6)]))
    tables = [pieces.update(each) for each in told]
    for name, column in whole.items():
        assert np.concatenate([table[name] for table in tables]).tobytes() == column.tobytes()


def test_a_time_that_cannot_be_is_refused():
    with pytest.raises(BadInput, match="not 0"):
        OpenInterest(stale=0)
