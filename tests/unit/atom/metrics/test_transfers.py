"""Flows through labelled addresses."""

import math

import numpy as np
import pytest

from atom.metrics import FundFlow, Transfer, read_labels
from fusion.errors import BadInput

OWNERS = read_labels("address,owner,note\n0xAA,one,cold\n0xab,one,\n0xBB,two,\n")
TRANSFERS = [
    Transfer(1, "0x1", "0xaa", 600),  # into one
    Transfer(2, "0xAB", "0x2", 200),  # out of it
    Transfer(3, "0xaa", "0xab", 900),  # within it: no flow
    Transfer(9, "0x1", "0x2", 300),
    Transfer(10, "0xaa", "0xbb", 500),  # out of one and into two
    Transfer(25, "0x1", "0x2", 100),
    Transfer(30, "0x1", "0x2", 1),
]


def test_by_hand():
    table = FundFlow(OWNERS, decimals=2, period=10).update(TRANSFERS)
    assert table["ts"].tolist() == [10, 20, 30]
    assert table["inflow"].tolist() == [6.0, 5.0, 0.0]
    assert table["outflow"].tolist() == [2.0, 5.0, 0.0]
    assert table["transferred"].tolist() == [20.0, 5.0, 1.0]
    np.testing.assert_array_equal(table["fund_flow_ratio"], [800 / 2000, 2.0, 0.0])
    np.testing.assert_array_equal(table["nfr"], [400 / 800, 0.0, math.nan])


def test_amounts_are_summed_exactly():
    table = FundFlow(OWNERS, period=10).update(
        [
            Transfer(1, "0x1", "0xaa", 2**200),
            Transfer(1, "0x1", "0xaa", 1),
            Transfer(1, "0xaa", "0x1", 2**200),
            TRANSFERS[-1],
        ]
    )
    assert table["nfr"].tolist() == [1 / (2**201 + 1)]


@pytest.mark.parametrize("cut", range(len(TRANSFERS)))
def test_it_is_the_same_wherever_it_is_cut(cut):
    whole, flow = FundFlow(OWNERS, period=10).update(TRANSFERS), FundFlow(OWNERS, period=10)
    pieces = [flow.update(TRANSFERS[:cut]), flow.update(TRANSFERS[cut:])]
    for name, column in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tobytes() == column.tobytes()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("address,name\n0x1,a\n", "columns address, owner, not address, name"),
        ("", "columns address, owner"),
        ("address,owner\n0x1,\n", "line 2 of the labels lacks"),
        ("address,owner\n0x1\n", "line 2 of the labels lacks"),
        ("address,owner\n0xA,a\n0xa,b\n", "a second owner, b"),
    ],
)
def test_labels_that_say_nothing_are_refused(text, told):
    with pytest.raises(BadInput, match=told):
        read_labels(text)


def test_a_period_and_decimals_that_cannot_be_are_refused():
    for wrong in ({"period": 0}, {"decimals": -1}, {"decimals": 78}):
        with pytest.raises(BadInput, match="above 0 ns"):
            FundFlow(OWNERS, **wrong)
