"""Verdict: which facts a market shows, and what real ones show.

A fact's limits are those of the literature, written beside it, whatever the agents were calibrated to. Sources: Cont,
2001; Lillo and Farmer, "The long memory of the efficient market", 2004; Toth et al., 2011; Bouchaud, Mezard and
Potters, "Statistical properties of stock order books", 2002.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

Stats = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fact:
    """A stylised fact.

    Attributes:
        name: of it.
        figures: names of the statistics that tell it, and how each is written.
        real: what the literature finds.
        holds: whether the statistics show it; a comparison with NaN is False.
    """

    name: str
    figures: tuple[tuple[str, str], ...]
    real: str
    holds: Callable[[Stats], bool]

    def shown_by(self, of: Stats) -> bool:
        """Whether a market shows it; a fact that nothing is known of is not shown."""
        return self.holds(_Known(of))


class _Known(dict[str, float]):
    """Statistics of which those that are not there are NaN."""

    def __missing__(self, name: str) -> float:
        return float("nan")


FACTS: Final = (
    Fact(
        "heavy tails",
        (("kurtosis_1", "excess kurtosis {:.1f}"), ("hill_1", "tail exponent {:.1f}")),
        "kurtosis far above 0, exponent 2 to 5",
        lambda of: of["kurtosis_1"] > 1 and 2 < of["hill_1"] < 5,
    ),
    Fact(
        "volatility comes in clusters",
        (("abs_acf_1", "lag 1 s {:.2f}"), ("abs_acf_60", "60 s {:.2f}"), ("abs_decay", "decay {:.2f}")),
        "positive for hours, decay 0.2 to 0.5",
        lambda of: of["abs_acf_1"] > 0.1 and of["abs_acf_60"] > 0.02 and 0.2 <= of["abs_decay"] <= 0.5,
    ),
    Fact(
        "returns are not correlated",
        (("return_acf_1", "lag 1 s {:.3f}"), ("return_acf", "2 to 20 s {:.3f}"), ("noise_acf", "chance {:.3f}")),
        "below 0.1 at 1 s, then not twice what chance makes",
        lambda of: abs(of["return_acf_1"]) < 0.1 and of["return_acf"] < 2 * of["noise_acf"],
    ),
    Fact(
        "trades bounce between bid and ask",
        (("bounce", "{:.2f}"),),
        "below 0, above the -0.5 of a price that only bounces",
        lambda of: -0.5 < of["bounce"] < -0.02,
    ),
    Fact(
        "longer returns are more normal",
        (("kurtosis_1", "1 s {:.1f}"), ("kurtosis_60", "1 min {:.1f}"), ("kurtosis_300", "5 min {:.1f}")),
        "kurtosis falls with the span",
        lambda of: (
            of["kurtosis_1"] > of["kurtosis_10"] > of["kurtosis_60"] and not of["kurtosis_300"] > of["kurtosis_60"]
        ),
    ),
    Fact(
        "signs of orders persist",
        (
            ("sign_acf_1", "lag 1 {:.2f}"),
            ("sign_acf_10", "10 {:.2f}"),
            ("sign_acf_100", "100 {:.3f}"),
            ("sign_decay", "decay {:.2f}"),
        ),
        "positive for thousands of orders, decay 0.2 to 0.7",
        lambda of: of["sign_acf_1"] > 0.1 and of["sign_acf_100"] > 0.01 and 0.2 <= of["sign_decay"] <= 0.7,
    ),
    Fact(
        "impact is concave",
        (
            ("impact_exponent", "exponent {:.2f}"),
            ("impact_error", "+- {:.2f}"),
            ("impact_prefactor", "prefactor {:.2f}"),
        ),
        "exponent 0.4 to 0.7, prefactor about 1 (half to twice)",
        lambda of: 0.4 <= of["impact_exponent"] <= 0.7 and 0.5 <= of["impact_prefactor"] <= 2,
    ),
    Fact(
        "the spread is small",
        (("spread_median", "median {:.0f} ticks"), ("spread_p95", "95 % {:.0f}"), ("spread_ppm", "mean {:.1f} ppm")),
        "a tick, or a millionth or two, where much is traded",
        lambda of: of["spread_ppm"] < 2 or of["spread_median"] <= 1,
    ),
    Fact(
        "the book is thickest near the touch",
        (("depth_peak_ppm", "thickest {:.1f} ppm away"),),
        "thickest at the touch or a little behind it, within three spreads",
        lambda of: of["depth_peak_ppm"] < max(2, 3 * of["spread_ppm"]),
    ),
)


def shown(fact: Fact, markets: Sequence[Stats]) -> str:
    """Whether most of the markets show a fact: `yes` or `no`, and how many where they do not agree."""
    count = sum(fact.shown_by(each) for each in markets)
    part = f" ({count} of {len(markets)})" if 0 < count < len(markets) else ""
    return ("yes" if 2 * count > len(markets) else "no") + part


def told(fact: Fact, markets: Sequence[Stats]) -> str:
    """The figures of a fact as a line: medians, and their ranges; those that nothing is known of are left out."""
    parts = []
    for name, form in fact.figures:
        known = [each[name] for each in markets if name in each and each[name] == each[name]]
        if known:
            low, high = (_NUMBER.findall(form)[0].format(value) for value in (min(known), max(known)))
            parts.append(form.format(float(np.median(known))) + (f" ({low} to {high})" if low != high else ""))
    return ", ".join(parts) or "too short to tell"


_NUMBER: Final = re.compile(r"\{.*?\}")
