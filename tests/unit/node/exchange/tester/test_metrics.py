"""The metrics, against their definitions written out one number at a time."""

import math

import numpy as np
import pytest

from node.exchange.tester import metrics

RETURNS = [0.01, -0.02, 0.015, 0.0, -0.005, 0.03, -0.01, 0.002]
YEAR = 252


def slow() -> dict[str, float]:
    """In plain floats, after the definitions of empyrical-reloaded."""
    count, mean = len(RETURNS), sum(RETURNS) / len(RETURNS)
    deviation = math.sqrt(sum((each - mean) ** 2 for each in RETURNS) / (count - 1))
    below = math.sqrt(sum(min(each, 0) ** 2 for each in RETURNS) / count)
    value, peak, deepest, logs, total = 1.0, 1.0, 0.0, [], 0.0
    for each in RETURNS:
        value *= 1 + each
        peak = max(peak, value)
        deepest = min(deepest, value / peak - 1)
        total += math.log(1 + each)
        logs.append(total)
    annual = value ** (YEAR / count) - 1
    middle, average = (count - 1) / 2, sum(logs) / count
    covariance = sum((at - middle) * (each - average) for at, each in enumerate(logs))
    squares = sum((at - middle) ** 2 for at in range(count)), sum((each - average) ** 2 for each in logs)
    ordered = sorted(RETURNS)

    def percentile(share: float) -> float:
        place = share * (count - 1)
        low = int(place)
        return ordered[low] + (place - low) * (ordered[min(low + 1, count - 1)] - ordered[low])

    return {
        "total_return": value - 1,
        "annual_return": annual,
        "annual_volatility": deviation * math.sqrt(YEAR),
        "sharpe": mean / deviation * math.sqrt(YEAR),
        "sortino": mean * YEAR / (below * math.sqrt(YEAR)),
        "calmar": annual / -deepest,
        "max_drawdown": deepest,
        "omega": sum(each for each in RETURNS if each > 0) / -sum(each for each in RETURNS if each < 0),
        "tail_ratio": abs(percentile(0.95)) / abs(percentile(0.05)),
        "value_at_risk": percentile(0.05),
        "expected_shortfall": ordered[0],
        "stability": covariance**2 / (squares[0] * squares[1]),
    }


def test_each_metric_is_its_definition() -> None:
    found, wanted = metrics.of(np.array(RETURNS), YEAR), slow()
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("returns", [[], [0.0], [0.0, 0.0], [-1.0, 0.5], [1e-9] * 5])
def test_what_tells_nothing_is_told_as_such(returns: list[float]) -> None:
    for name, value in metrics.of(np.array(returns), metrics.YEAR_NS / 1e9).items():
        assert isinstance(value, float), name
