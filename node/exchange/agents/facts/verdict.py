"""Verdict: which facts a market shows, and what real ones show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

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
        lambda of: of["abs_acf_1"] > 0.1 and of["abs_acf_60"] > 0.02 and 0.1 < of["abs_decay"] < 0.8,
    ),
    Fact(
        "returns are not correlated",
        (("return_acf_1", "lag 1 s {:.3f}"), ("return_acf", "2 to 20 s {:.3f}"), ("noise_acf", "chance {:.3f}")),
        "about 0 beyond some seconds",
        lambda of: abs(of["return_acf_1"]) < 0.1 and of["return_acf"] < 0.03,
    ),
    Fact(
        "trades bounce between bid and ask",
        (("bounce", "{:.2f}"),),
        "below 0",
        lambda of: of["bounce"] < -0.02,
    ),
    Fact(
        "longer returns are more normal",
        (("kurtosis_1", "1 s {:.1f}"), ("kurtosis_60", "1 min {:.1f}"), ("kurtosis_300", "5 min {:.1f}")),
        "kurtosis falls with the span",
        lambda of: of["kurtosis_1"] > of["kurtosis_10"] > of["kurtosis_60"],
    ),
    Fact(
        "signs of orders persist",
        (
            ("sign_acf_1", "lag 1 {:.2f}"),
            ("sign_acf_10", "10 {:.2f}"),
            ("sign_acf_100", "100 {:.3f}"),
            ("sign_decay", "decay {:.2f}"),
        ),
        "positive for thousands of orders, decay about 0.5",
        lambda of: of["sign_acf_1"] > 0.1 and of["sign_acf_10"] > 0.03,
    ),
    Fact(
        "impact is concave",
        (
            ("impact_exponent", "exponent {:.2f}"),
            ("impact_error", "+- {:.2f}"),
            ("impact_prefactor", "prefactor {:.2f}"),
        ),
        "exponent 0.4 to 0.7, prefactor about 1",
        lambda of: 0.3 < of["impact_exponent"] < 0.85,
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
        "thickest at the touch or a little behind it",
        lambda of: of["depth_peak_ppm"] < 100,
    ),
)


def told(fact: Fact, of: Stats) -> str:
    """The figures of a fact as a line; those that nothing is known of are left out."""
    parts = [form.format(of[name]) for name, form in fact.figures if name in of and of[name] == of[name]]
    return ", ".join(parts) or "too short to tell"
