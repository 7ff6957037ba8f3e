"""The statistics find what series were made with."""

import numpy as np
import pytest

from node.exchange.agents.facts import statistics
from node.exchange.agents.facts.impact import exponent
from node.exchange.agents.facts.statistics import autocorrelation, decay, hill, kurtosis
from node.exchange.agents.facts.tape import EDGES, Tape, depth_of, shares

RNG = np.random.Generator(np.random.PCG64(1))


def test_kurtosis_of_a_normal_and_of_a_heavy_tailed_series() -> None:
    assert kurtosis(RNG.standard_normal(20_000)) == pytest.approx(0.0, abs=0.15)
    assert kurtosis(RNG.laplace(size=20_000)) == pytest.approx(3.0, abs=0.6)
    assert np.isnan(kurtosis(np.zeros(1000)))
    assert np.isnan(kurtosis(np.arange(10.0)))


def test_hill_finds_the_exponent_of_a_pareto_tail() -> None:
    assert hill(RNG.pareto(3.0, 50_000) + 1.0) == pytest.approx(3.0, abs=0.3)
    assert np.isnan(hill(np.zeros(1000)))


def test_autocorrelation_of_a_first_order_process() -> None:
    series, shocks = np.zeros(40_000), RNG.standard_normal(40_000)
    for at in range(1, len(series)):
        series[at] = 0.6 * series[at - 1] + shocks[at]
    assert autocorrelation(series, 3) == pytest.approx([0.6, 0.36, 0.216], abs=0.03)
    assert len(autocorrelation(np.ones(50), 3)) == 0


def test_decay_of_a_power_law() -> None:
    assert decay(np.arange(1, 1001) ** -0.5) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(decay(-np.ones(100)))


def test_decay_ends_where_correlation_has_come_to_nothing() -> None:
    """What chance makes positive afterwards is not chosen from."""
    ended = np.arange(1, 1001) ** -0.5
    ended[200:] = -0.01
    later = ended.copy()
    later[600:] = 0.5
    assert decay(later) == decay(ended) > 0.4


def test_exponent_weighs_what_is_known_better() -> None:
    share = np.array([0.01, 0.02, 0.04, 0.08])
    peak = 3 * share**0.5
    assert exponent(share, peak, np.full(4, 0.01)) == pytest.approx(0.5)
    peak[0] *= 0.3
    assert exponent(share, peak, np.array([10.0, 0.01, 0.01, 0.01])) == pytest.approx(0.5, abs=0.01)
    assert np.isnan(exponent(share, -peak, np.full(4, 0.01)))


def test_exponent_counts_sizes_that_moved_the_price_the_wrong_way() -> None:
    share, known = np.array([0.01, 0.02, 0.04, 0.08]), np.full(4, 0.01)
    assert (
        exponent(share, np.array([0.5, -0.5, 0.5, 0.7]), known)
        > exponent(share, np.array([0.5, 0.5, 0.5, 0.7]), known) + 0.5
    )


def test_depth_by_distance() -> None:
    depth = depth_of(100.0, np.array([100.0001, 99.9999, 100.01]), np.array([5.0, 7.0, 3.0]))
    assert depth[:2].sum() == 12
    assert depth.sum() == 15
    assert (shares(depth) * np.diff(EDGES)).sum() == pytest.approx(1.0)
    assert not shares(np.zeros(len(EDGES) - 1)).any()


def test_a_short_and_silent_tape_tells_nothing_and_breaks_nothing() -> None:
    nothing = np.zeros(0)
    tape = Tape("x", 1.0, np.full(5, 100.0), np.ones(5), 1.0, np.zeros(0, np.int64), nothing, nothing, nothing)
    found = statistics.facts(tape)
    assert np.isnan(found["kurtosis_1"])
    assert found["takers_s"] == 0
