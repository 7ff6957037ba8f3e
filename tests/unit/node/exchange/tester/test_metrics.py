"""The metrics, against those of empyrical-reloaded."""

import math

import empyrical  # type: ignore[import-untyped]  # it has none
import numpy as np
import pytest

from node.exchange.tester import metrics
from node.exchange.tester.memory import Floats

YEAR = 252


def theirs(returns: Floats) -> dict[str, float]:
    return {
        "total_return": empyrical.cum_returns_final(returns),
        "annual_return": empyrical.annual_return(returns, annualization=YEAR),
        "annual_volatility": empyrical.annual_volatility(returns, annualization=YEAR),
        "sharpe": empyrical.sharpe_ratio(returns, annualization=YEAR),
        "sortino": empyrical.sortino_ratio(returns, annualization=YEAR),
        "calmar": empyrical.calmar_ratio(returns, annualization=YEAR),
        "max_drawdown": empyrical.max_drawdown(returns),
        "omega": empyrical.omega_ratio(returns),
        "tail_ratio": empyrical.tail_ratio(returns),
        "value_at_risk": empyrical.value_at_risk(returns),
        "expected_shortfall": empyrical.conditional_value_at_risk(returns),
        "stability": empyrical.stability_of_timeseries(returns),
    }


@pytest.mark.parametrize("count", [2, 8, 21, 500])
def test_each_metric_is_theirs(count: int) -> None:
    returns = np.random.Generator(np.random.PCG64(count)).normal(0.0005, 0.02, count)
    returns[-1] = -abs(returns[-1])  # so that something was lost
    found, wanted = metrics.of(returns, YEAR), theirs(returns)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize(
    ("returns", "known"),
    [
        ([], {}),
        ([0.0], {"total_return": 0.0, "annual_return": 0.0, "max_drawdown": 0.0}),
        ([0.0, 0.0], {"total_return": 0.0, "annual_volatility": 0.0, "max_drawdown": 0.0, "expected_shortfall": 0.0}),
        ([-1.0, 0.5], {"total_return": -1.0, "annual_return": -1.0, "max_drawdown": -1.0, "calmar": -1.0}),
    ],
)
def test_what_tells_nothing_is_no_number(returns: list[float], known: dict[str, float]) -> None:
    found = metrics.of(np.array(returns), YEAR)
    assert {name: found[name] for name in known} == known
    ratios = {"sharpe", "sortino", "omega", "stability", "tail_ratio"} - (set(found) if returns[1:] == [0.5] else set())
    assert all(math.isnan(found[name]) for name in ratios)
