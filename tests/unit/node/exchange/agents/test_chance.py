"""Draws are the published generator's, alike on every machine, and distributed as they say."""

import math

import numpy as np
import pytest

from node.exchange.agents import chance


def drawer(state: int) -> np.ndarray:
    return np.array([(state,)], [("chance", "<u8")])


def test_first_draws_of_splitmix() -> None:
    # The reference implementation gives 0xE220A8397B1DCDAF and 0x6E789E6AA1B965F4 from state 0.
    owner = drawer(0)[0]
    for word in (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4):
        assert chance.uniform(owner) == ((word >> 11) + 0.5) * 2.0**-53


@pytest.mark.parametrize("value", [1e-300, 1e-9, 0.3, 0.999, 1.0, 1.7, 12345.6, 1e300])
def test_logarithm(value: float) -> None:
    assert chance.logarithm(value) == pytest.approx(math.log(value), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("value", [-700.0, -3.2, -1e-9, 0.0, 0.5, 9.9, 700.0])
def test_exponential_function(value: float) -> None:
    assert chance.exponential_function(value) == pytest.approx(math.exp(value), rel=1e-13)


def test_distributions() -> None:
    owner = drawer(chance.seed_of(1, 2))[0]
    normals = np.array([chance.normal(owner) for _ in range(4000)])
    waits = np.array([chance.exponential(owner) for _ in range(4000)])
    sizes = np.array([chance.pareto(owner, 3.0) for _ in range(4000)])
    assert abs(normals.mean()) < 0.06
    assert normals.std() == pytest.approx(1.0, abs=0.05)
    assert waits.mean() == pytest.approx(1.0, abs=0.06)
    assert sizes.min() >= 1.0
    assert (sizes > 2.0).mean() == pytest.approx(1 / 8, abs=0.02)


def test_seeds_are_far_apart() -> None:
    states = {chance.seed_of(seed, number) for seed in range(30) for number in range(30)}
    assert len(states) == 900
