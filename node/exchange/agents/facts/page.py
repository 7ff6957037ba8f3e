"""Page: the facts of a simulated and of a recorded market side by side, as one HTML file."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np

from atom.instrument import Floats
from node.exchange.agents.facts.chart import Axis, Series, chart
from node.exchange.agents.facts.impact import Impact
from node.exchange.agents.facts.statistics import SCALES, autocorrelation, kurtosis
from node.exchange.agents.facts.tape import EDGES, Tape
from node.exchange.agents.facts.verdict import FACTS, Stats, shown, told

_STYLE: Final = """
:root { color-scheme: light dark;
  --ink: #111827; --faint: #6b7280; --line: #e5e7eb; --paper: #ffffff; --one: #047857; --two: #b45309; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e7eb; --faint: #9ca3af; --line: #2b3442; --paper: #111827; --one: #34d399; --two: #fbbf24; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } p { color: var(--faint); max-width: 46rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1.2rem 0; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; color: var(--faint); } .no { color: var(--two); font-weight: 600; } .yes { color: var(--one); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1.6rem 1.4rem; }
svg { width: 100%; height: auto; }
"""
_LAGS = 300


def page(tapes: Sequence[Tape], stats: Sequence[Sequence[Stats]], impact: Impact | None) -> str:
    """The page, which needs nothing but itself.

    Args:
        tapes: what is drawn; the first is the simulated market, of one seed.
        stats: of each tape what the table tells: one of each seed, or of the recording the only one.
    """
    charts = [
        _prices(tapes),
        _tails(tapes),
        _linear(tapes),
        _clusters(tapes),
        _normal(tapes),
        _signs(tapes),
        _spreads(tapes),
        _depth(tapes),
        *([] if impact is None else [_impact(impact)]),
    ]
    lengths = "; ".join(f"{escape(each.name)}: {_span(each.seconds)}, {len(each.signs):,} takers" for each in tapes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Stylised facts</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>Stylised facts of the simulated market</h1>\n<p>{lengths}. {_seeds(stats[0])}</p>\n"
        f"{_table(tapes, stats)}\n"
        f'<div class="charts">{"".join(charts)}</div></body></html>\n'
    )


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _seeds(markets: Sequence[Stats]) -> str:
    if len(markets) == 1:
        return "One seed of the simulated market."
    return f"The table has medians and ranges of {len(markets)} seeds of the simulated market; the plots show one."


def _table(tapes: Sequence[Tape], stats: Sequence[Sequence[Stats]]) -> str:
    head = "".join(f"<th>{escape(each.name)}</th>" for each in tapes)
    lines = []
    for fact in FACTS:
        holds = shown(fact, stats[0])
        cells = "".join(f"<td>{escape(told(fact, each))}</td>" for each in stats)
        mark = f'<td class="{holds.split()[0]}">{holds}</td>'
        lines.append(f"<tr><td>{escape(fact.name)}</td>{cells}<td>{escape(fact.real)}</td>{mark}</tr>")
    return f"<table><tr><th>fact</th>{head}<th>real markets</th><th>holds</th></tr>{''.join(lines)}</table>"


def _prices(tapes: Sequence[Tape]) -> str:
    lines = []
    for number, each in enumerate(tapes):
        change = (each.mids / each.mids[np.isfinite(each.mids)][0] - 1) * 100
        lines.append(Series(each.name, np.arange(len(change)) / max(1, len(change) - 1) * 100, change, number))
    return chart("The mid's way", Axis("part of the stretch, %"), Axis("change, %"), lines)


def _tails(tapes: Sequence[Tape]) -> str:
    lines = []
    for number, each in enumerate(tapes):
        found = each.returns(1)
        sizes = np.sort(np.abs(found) / found.std())[::-1] if len(found) > 1 and found.std() > 0 else np.zeros(0)
        keep = np.unique(np.geomspace(1, max(1, len(sizes)), 300).astype(int)) - 1 if len(sizes) else np.zeros(0, int)
        lines.append(Series(each.name, sizes[keep], (keep + 1) / max(1, len(sizes)), number))
    x = np.geomspace(0.1, 4.5, 80)
    lines.append(Series("normal", x, _beyond(x), 2, dashed=True))
    return chart(
        "Tails of returns of a second",
        Axis("size, standard deviations", log=True, low=0.1),
        Axis("part beyond", log=True, low=1e-5, high=1.0),
        lines,
    )


def _beyond(x: Floats) -> Floats:
    """Chance that a normal draw is further from 0 than x."""
    grid = np.linspace(0, 8, 8001)
    density = np.exp(-(grid**2) / 2) * np.sqrt(2 / np.pi)
    below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(grid))])
    return np.asarray(1.0 - np.interp(x, grid, below))


def _lags(values: Floats, most: int) -> tuple[Floats, Floats]:
    found = autocorrelation(values, min(most, len(values) // 4))
    return np.arange(1, len(found) + 1).astype(float), found


def _linear(tapes: Sequence[Tape]) -> str:
    lines = [Series(each.name, *_lags(each.returns(1), 30), number) for number, each in enumerate(tapes)]
    return chart(
        "Autocorrelation of returns of a second", Axis("lag, s"), Axis("correlation", low=-0.5, high=0.5), lines
    )


def _clusters(tapes: Sequence[Tape]) -> str:
    lines = [Series(each.name, *_lags(np.abs(each.returns(1)), 1000), number) for number, each in enumerate(tapes)]
    return chart(
        "Autocorrelation of their sizes", Axis("lag, s", log=True), Axis("correlation", low=-0.1, high=0.5), lines
    )


def _normal(tapes: Sequence[Tape]) -> str:
    lines = []
    for number, each in enumerate(tapes):
        values = np.array([kurtosis(each.returns(scale)) for scale in SCALES])
        lines.append(Series(each.name, np.array(SCALES, float), values, number, np.full(len(values), np.nan)))
    return chart("Excess kurtosis by span", Axis("span, s", log=True), Axis("kurtosis"), lines)


def _signs(tapes: Sequence[Tape]) -> str:
    lines = [Series(each.name, *_lags(each.signs.astype(float), 1000), number) for number, each in enumerate(tapes)]
    return chart(
        "Autocorrelation of the signs of orders that take",
        Axis("lag, orders", log=True),
        Axis("correlation", log=True, low=1e-3, high=1.0),
        lines,
    )


def _spreads(tapes: Sequence[Tape]) -> str:
    lines = []
    for number, each in enumerate(tapes):
        spread = np.sort(each.spreads[np.isfinite(each.spreads)] * each.tick)
        part = 1.0 - np.arange(len(spread)) / max(1, len(spread))
        lines.append(Series(each.name, spread, part, number))
    return chart(
        "Spread",
        Axis("at least, ppm of the mid", log=True),
        Axis("part of the time", log=True, low=1e-3, high=1.0),
        lines,
    )


def _depth(tapes: Sequence[Tape]) -> str:
    middle = np.sqrt(np.maximum(EDGES[:-1], 0.5) * EDGES[1:])
    lines = [Series(each.name, middle, each.depth, number) for number, each in enumerate(tapes)]
    return chart(
        "Where the book is thick", Axis("from the mid, ppm", log=True), Axis("part of the book a ppm", log=True), lines
    )


def _impact(impact: Impact) -> str:
    x = impact.share
    root = np.sqrt(x) * float(np.mean(impact.peak / np.sqrt(x))) * 1e6
    lines = [
        Series("simulated", x * 100, impact.peak * 1e6, 0, impact.error * 1e6),
        Series("square root", x * 100, root, 2, dashed=True),
    ]
    return chart(
        "Impact of large orders", Axis("size, % of what trades meanwhile", log=True), Axis("move, ppm", log=True), lines
    )
