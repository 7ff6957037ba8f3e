"""What counts as growth: a leak does, noise and a few odd samples do not."""

import random

import pytest

from tests.soak.trend import Bound, trend

TIMES = [5.0 * number for number in range(120)]
BOUND = Bound(share=0.05, least=3.0)


def noise(seed: int, size: float) -> list[float]:
    chance = random.Random(seed)
    return [chance.uniform(-size, size) for _ in TIMES]


def test_a_slow_leak_under_noise_is_growth() -> None:
    values = [100.0 + time / 60 + each for time, each in zip(TIMES, noise(1, 2.0), strict=True)]
    found = trend(TIMES, values, BOUND)
    assert found.grows
    assert found.last - found.first == pytest.approx(TIMES[-1] / 60, abs=0.5)


def test_one_descriptor_a_minute_is_growth() -> None:
    assert trend(TIMES, [40.0 + time // 60 for time in TIMES], Bound(share=0.0, least=3.0)).grows


def test_noise_is_no_growth() -> None:
    for seed in range(20):
        assert not trend(TIMES, [100.0 + each for each in noise(seed, 8.0)], BOUND).grows


def test_a_few_odd_samples_are_no_growth() -> None:
    values = [50.0] * len(TIMES)
    values[-20:] = [500.0] * 20  # a run that is under way when the measuring ends
    assert not trend(TIMES, values, BOUND).grows


def test_what_shrinks_is_no_growth() -> None:
    assert not trend(TIMES, [500.0 - time / 10 for time in TIMES], BOUND).grows


def test_without_samples_there_is_no_slope() -> None:
    with pytest.raises(ValueError, match="1 samples have no slope"):
        trend([0.0], [1.0], BOUND)
