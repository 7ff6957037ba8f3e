"""Metrics of returns, as empyrical-reloaded defines them; all in float64, NaN where there is nothing to tell from.

`returns` are simple returns of equal periods, not compounded; `year` is how many of these a year has.
"""

import math
from typing import Final

import numpy as np

from node.exchange.tester.memory import Floats

YEAR_NS: Final = 365 * 86_400 * 10**9
ANNUAL_NS: Final = YEAR_NS // 365 * 99 // 100
"""What is shorter says nothing of a year: a day, less what no record of a day has at its ends."""
ANNUAL: Final = ("annual_return", "annual_volatility", "sharpe", "sortino", "calmar")
"""Figures a year."""
PERIODIC: Final = {
    "annual_return": "total_return",
    "annual_volatility": "period_volatility",
    "sharpe": "period_sharpe",
    "sortino": "period_sortino",
}
"""What puts runs of one length in the same order as a figure a year."""


def total_return(returns: Floats) -> float:
    """All periods compounded: prod(1 + r) - 1."""
    return float(np.prod(1 + returns) - 1) if len(returns) else math.nan


def annual_return(returns: Floats, year: float) -> float:
    """The growth a year that gives the same in the end: prod(1 + r) ^ (year / n) - 1."""
    grown = float(np.prod(1 + returns)) if len(returns) else math.nan
    if not grown > 0:
        return math.nan if math.isnan(grown) else -1.0
    power = math.log(grown) * year / len(returns)
    return math.inf if power > 700 else math.expm1(power)  # what a float holds


def annual_volatility(returns: Floats, year: float) -> float:
    """Standard deviation (n - 1) times the square root of a year."""
    return float(np.std(returns, ddof=1) * math.sqrt(year)) if len(returns) > 1 else math.nan


def sharpe(returns: Floats, year: float) -> float:
    """Mean over standard deviation (n - 1), a year (W. Sharpe, 1994)."""
    if len(returns) < 2:
        return math.nan
    return _ratio(float(np.mean(returns)), float(np.std(returns, ddof=1))) * math.sqrt(year)


def sortino(returns: Floats, year: float) -> float:
    """Mean a year over the root of the mean square of what was lost, a year (Sortino and Price, 1994)."""
    if len(returns) < 2:
        return math.nan
    below = math.sqrt(float(np.mean(np.minimum(returns, 0) ** 2)))
    return _ratio(float(np.mean(returns)) * year, below * math.sqrt(year))


def max_drawdown(returns: Floats) -> float:
    """The deepest fall from a peak of the compounded value, which begins at 1; not above 0."""
    if not len(returns):
        return math.nan
    value = np.concatenate(([1.0], np.cumprod(1 + returns)))
    return float(np.min(value / np.maximum.accumulate(value)) - 1)


def calmar(returns: Floats, year: float) -> float:
    """Annual return over the deepest drawdown (T. Young, 1991)."""
    deepest = max_drawdown(returns)
    return annual_return(returns, year) / -deepest if deepest < 0 else math.nan


def omega(returns: Floats) -> float:
    """What was won over what was lost (Keating and Shadwick, 2002)."""
    return (
        _ratio(float(np.sum(returns[returns > 0])), -float(np.sum(returns[returns < 0]))) if len(returns) else math.nan
    )


def tail_ratio(returns: Floats) -> float:
    """The 95th percentile over the 5th, as magnitudes."""
    if not len(returns):
        return math.nan
    return _ratio(abs(float(np.percentile(returns, 95))), abs(float(np.percentile(returns, 5))))


def value_at_risk(returns: Floats, share: float = 0.05) -> float:
    """The return that `share` of all periods are below."""
    return float(np.percentile(returns, 100 * share)) if len(returns) else math.nan


def expected_shortfall(returns: Floats, share: float = 0.05) -> float:
    """Mean of the worst `share` of the periods: of the floor((n - 1) share) + 1 worst."""
    if not len(returns):
        return math.nan
    count = int((len(returns) - 1) * share) + 1
    return float(np.mean(np.sort(returns)[:count]))


def stability(returns: Floats) -> float:
    """How straight the logarithm of the value grows: R squared of a line through it."""
    if len(returns) < 2:
        return math.nan
    value = np.cumsum(np.log1p(np.maximum(returns, -1 + 1e-12)))
    time = np.arange(len(value)) - (len(value) - 1) / 2
    spread = value - np.mean(value)
    return _ratio(float(np.sum(time * spread)) ** 2, float(np.sum(time * time)) * float(np.sum(spread * spread)))


def of(returns: Floats, year: float) -> dict[str, float]:
    """All of them by name."""
    return {
        "total_return": total_return(returns),
        "annual_return": annual_return(returns, year),
        "annual_volatility": annual_volatility(returns, year),
        "sharpe": sharpe(returns, year),
        "sortino": sortino(returns, year),
        "calmar": calmar(returns, year),
        "max_drawdown": max_drawdown(returns),
        "omega": omega(returns),
        "tail_ratio": tail_ratio(returns),
        "value_at_risk": value_at_risk(returns),
        "expected_shortfall": expected_shortfall(returns),
        "stability": stability(returns),
    }


def of_periods(returns: Floats) -> dict[str, float]:
    """Those of one period, whatever a year has of them."""
    return {
        "period_return": float(np.mean(returns)) if len(returns) else math.nan,
        "period_volatility": annual_volatility(returns, 1),
        "period_sharpe": sharpe(returns, 1),
        "period_sortino": sortino(returns, 1),
    }


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else math.nan
