"""In which order positions are closed."""

import math

import pytest

from atom.metrics import AdlQueue, Position
from atom.metrics.adl import score


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position(mark=110.0, entry=100.0, bankruptcy=90.0), 0.1 * 110 / 20),  # a long in profit
        (Position(mark=90.0, entry=100.0, bankruptcy=80.0), -0.1 / (90 / 10)),  # and in loss
        (Position(mark=-90.0, entry=-100.0, bankruptcy=-110.0), 0.1 * 90 / 20),  # a short in profit
        (Position(mark=100.0, entry=100.0, bankruptcy=90.0), 0.0),
        (Position(mark=90.0, entry=100.0, bankruptcy=90.0), math.nan),
        (Position(mark=90.0, entry=0.0, bankruptcy=80.0), math.nan),
    ],
)
def test_the_score_by_hand(position, expected):
    assert score(position) == pytest.approx(expected, rel=1e-15, nan_ok=True)


def test_longs_and_shorts_are_ranked_apart_and_each_light_is_a_fifth():
    queue = AdlQueue()
    queue.update({f"long{at}": Position(100.0 + at, 100.0, 50.0) for at in range(1, 11)})
    queue.update({"short": Position(-90.0, -100.0, -110.0), "spent": Position(-110.0, -100.0, -110.0)})
    places = queue.places()
    assert [place.account for place in places][:3] == ["long10", "long9", "long8"]
    assert [place.lights for place in places if place.is_long] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [(place.account, place.rank, place.lights) for place in places[-2:]] == [("short", 1, 5), ("spent", 0, 0)]


def test_the_queue_is_that_of_the_last_positions():
    queue, fresh = AdlQueue(), AdlQueue()
    queue.update({"a": Position(110.0, 100.0, 90.0), "b": Position(120.0, 100.0, 90.0)})
    queue.update({"a": Position(130.0, 100.0, 90.0), "b": None, "c": None})
    fresh.update({"a": Position(130.0, 100.0, 90.0)})
    assert queue.places() == fresh.places()
