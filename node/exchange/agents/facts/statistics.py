"""Statistics: the stylised facts as numbers.

Sources: Cont, "Empirical properties of asset returns: stylized facts and statistical issues", 2001; Hill, "A simple
general approach to inference about the tail of a distribution", 1975; Bouchaud, Farmer and Lillo, "How markets slowly
digest changes in supply and demand", 2009.
"""

from typing import Final

import numpy as np

from atom.instrument import Floats
from node.exchange.agents.facts.tape import EDGES, Tape

SCALES: Final = (1, 10, 60, 300, 1800)
"""Seconds over which returns are taken."""
_TAIL = 0.05  # share of returns that are the tail
_FEW = 80  # returns, below which nothing is told


def kurtosis(values: Floats) -> float:
    """Excess kurtosis: 0 for a normal distribution; NaN for too few values or none that differ."""
    if len(values) < _FEW or np.ptp(values) == 0:
        return float("nan")
    away = values - values.mean()
    return float((away**4).mean() / (away**2).mean() ** 2 - 3.0)


def hill(values: Floats, share: float = _TAIL) -> float:
    """Exponent of the tail of absolute values: the chance to be above x falls as x to the power of minus this."""
    sizes = np.sort(np.abs(values))[::-1]
    count = int(len(sizes) * share)
    if count < 10 or sizes[count] <= 0:
        return float("nan")
    return float(1.0 / np.log(sizes[:count] / sizes[count]).mean())


def autocorrelation(values: Floats, lags: int) -> Floats:
    """At lags from 1 on; by Fourier transform."""
    count = len(values)
    lags = min(lags, count - 1)
    if lags < 1 or np.ptp(values) == 0:
        return np.zeros(0)
    away = values - values.mean()
    room = 1 << (2 * count - 1).bit_length()
    power = np.abs(np.fft.rfft(away, room)) ** 2
    found = np.fft.irfft(power, room)[: lags + 1]
    return np.asarray(found[1:] / found[0])


def decay(correlations: Floats, first: int = 1, last: int | None = None) -> float:
    """Exponent g of a decay as lag to the power of minus g, from lag `first` on, up to where it has come to 0.

    Lags are taken at even distances of their logarithm, so that the many late ones do not decide alone. What comes
    after the first of them that is not above 0 is chance, and nothing of it counts.
    """
    last = min(last or len(correlations), len(correlations))
    if last <= 2 * first:
        return float("nan")
    lags = np.unique(np.geomspace(first, last, 20).astype(int))
    means = np.array([correlations[max(0, int(lag * 0.8) - 1) : max(1, int(lag * 1.2))].mean() for lag in lags])
    there = int(np.argmin(means > 0)) if (means <= 0).any() else len(means)
    if there < 5:
        return float("nan")
    return float(-np.polyfit(np.log(lags[:there]), np.log(means[:there]), 1)[0])


def facts(tape: Tape) -> dict[str, float]:
    """All of them that so long a tape can tell; NaN for the others.

    Returns:
        by name: `kurtosis_<s>` and `hill_1` of returns over s seconds; `return_acf_1`, and `return_acf` as the mean of
        the sizes at lags 2 to 20; `noise_acf`, what chance alone makes of that; `abs_acf_<lag>` and `abs_decay` of
        absolute returns of a second; `sign_acf_<lag>` and `sign_decay` of orders that take; `bounce`, the first
        autocorrelation of the changes from trade to trade; `spread_median`, `spread_p95` (ticks) and `spread_ppm`
        (mean); `volatility_ppm` of a second; `takers_s`, orders that take a second; `size_hill` of what they take;
        `depth_peak_ppm`, where the book is thickest.
    """
    second = tape.returns(max(1.0, tape.step))
    count = len(second)
    linear, clustered = autocorrelation(second, 20), autocorrelation(np.abs(second), min(1000, count // 4))
    signs = autocorrelation(tape.signs.astype(float), min(1000, len(tape.signs) // 4))
    bounce = autocorrelation(np.diff(tape.prices), 1)
    spread = tape.spreads[np.isfinite(tape.spreads)]
    middle = 0.5 * (EDGES[:-1] + EDGES[1:])
    told = {f"kurtosis_{scale}": kurtosis(tape.returns(scale)) for scale in SCALES}
    told |= {
        "hill_1": hill(second),
        "return_acf_1": _at(linear, 1),
        "return_acf": float(np.abs(linear[1:]).mean()) if len(linear) > 1 else float("nan"),
        "noise_acf": float(np.sqrt(2 / np.pi / count)) if count else float("nan"),
        **{f"abs_acf_{lag}": _at(clustered, lag) for lag in (1, 10, 60, 300)},
        "abs_decay": decay(clustered),
        **{f"sign_acf_{lag}": _at(signs, lag) for lag in (1, 10, 100)},
        "sign_decay": decay(signs),
        "bounce": _at(bounce, 1),
        "spread_median": float(np.median(spread)) if len(spread) else float("nan"),
        "spread_p95": float(np.percentile(spread, 95)) if len(spread) else float("nan"),
        "spread_ppm": float(spread.mean() * tape.tick) if len(spread) else float("nan"),
        "volatility_ppm": float(second.std() * 1e6) if count else float("nan"),
        "takers_s": len(tape.signs) / tape.seconds if len(tape.mids) else float("nan"),
        "size_hill": hill(tape.sizes),
        "depth_peak_ppm": float(middle[np.argmax(tape.depth)]) if tape.depth.any() else float("nan"),
    }
    return told


def _at(values: Floats, lag: int) -> float:
    return float(values[lag - 1]) if len(values) >= lag else float("nan")
