"""Ratios of what venues tell themselves."""

import math

import numpy as np

from atom.events import Crowd
from atom.metrics import LongShort, TakerVolume
from tests.unit.atom.metrics.notes import events


def test_long_short_ratio_of_each_crowd():
    rows = [
        (1, Crowd.ACCOUNTS, 300, 0.6, 0.4),
        (2, Crowd.TOP_POSITIONS, 300, 0.25, 0.75),
        (3, Crowd.ACCOUNTS, 300, 1, 0),
    ]
    table = LongShort().update(events(long_short=rows))
    np.testing.assert_array_equal(table["long_short_ratio"], [0.6 / 0.4, 0.25 / 0.75, math.nan])
    assert table["crowd"].tolist() == [1, 3, 1]
    assert table["ts"].tolist() == [1, 2, 3]


def test_taker_volume_of_the_venue():
    table = TakerVolume().update(events(taker_volume=[(1, 300, 3.0, 1.5), (2, 300, 3.0, 0.0)]))
    np.testing.assert_array_equal(table["told_taker_ratio"], [2.0, math.nan])


def test_of_nothing_there_are_no_rows():
    assert {len(column) for column in LongShort().update(events()).values()} == {0}
