"""Page: the report as one HTML file, which needs nothing but itself."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

import numpy as np

from node.exchange.tester import plot
from node.exchange.tester.metrics import ANNUAL
from node.exchange.tester.quality import MARKOUTS, Value
from node.exchange.tester.report import Report

_STYLE: Final = """
:root { color-scheme: light dark;
  --ink: #111827; --faint: #6b7280; --line: #d1d5db; --paper: #ffffff;
  --good: #047857; --other: #b45309; --bad: #dc2626; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e7eb; --faint: #9ca3af; --line: #374151; --paper: #111827; --good: #34d399; --other: #fbbf24;
    --bad: #f87171; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin-bottom: .2rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem; }
p { color: var(--faint); margin: .2rem 0 .8rem; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem 1.4rem;
  margin: 1rem 0; }
.figures div { border-top: 1px solid var(--line); padding-top: .3rem; }
.figures span { display: block; color: var(--faint); font-size: .85rem; }
.figures b { font-weight: 600; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .4rem 0; width: 100%;
  font-size: .9rem; }
th { text-align: right; font-weight: 500; color: var(--faint); padding: .2rem .8rem;
  border-bottom: 1px solid var(--line); }
td { text-align: right; padding: .2rem .8rem; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
svg { width: 100%; height: auto; margin: .3rem 0; }
"""
_FIGURES: Final = {
    "Result": {
        "profit": ("profit", "money"),
        "total_return": ("return", "share"),
        "sharpe": ("Sharpe ratio, a year", "number"),
        "period_sharpe": ("Sharpe ratio, a period", "number"),
        "sortino": ("Sortino ratio, a year", "number"),
        "period_sortino": ("Sortino ratio, a period", "number"),
        "max_drawdown": ("deepest drawdown", "share"),
        "profit_without_fees": ("profit without fees", "money"),
        "profit_without_impact": ("profit without impact", "money"),
        "turnover": ("turnover", "money"),
    },
    "Orders": {
        "orders": ("orders", "count"),
        "refused": ("refused", "count"),
        "trades": ("trades", "count"),
        "fill_rate": ("filled of what was asked", "share"),
        "maker_ratio": ("filled as maker", "share"),
        "queue_wait_median_s": ("wait in the queue, median", "seconds"),
        "queue_wait_p90_s": ("wait in the queue, 90 %", "seconds"),
        "slippage_bps": ("slippage of what it took", "bps"),
        "impact": ("cost of impact", "money"),
        "maker_fees": ("fees as maker", "money"),
        "taker_fees": ("fees as taker", "money"),
        "largest_position": ("largest position", "number"),
    },
}
_PERPETUAL: Final = {
    "funding": ("funding", "money"),
    "liquidations": ("liquidations", "count"),
    "liquidation_fees": ("paid for them", "money"),
    "deleveraged": ("closed against others", "count"),
    "insured": ("paid by the fund", "money"),
    "position": ("position at the end", "number"),
}
_PERIODIC: Final = "period_sharpe", "period_sortino"
"""Shown in place of those a year where there are none."""
_KINDS: Final = {
    "profit": "money", "fees": "money", "impact": "money", "total_return": "share", "max_drawdown": "share",
    "trades": "count", "fill_rate": "share", "sharpe": "number", "period_sharpe": "number",
}  # fmt: skip
_NOTHING: Final = "-"
_SIGNED: Final = ("profit", "total_return", "profit_without_fees", "profit_without_impact", "funding")


def page(report: Report, title: str, sections: Sequence[str] = ()) -> str:
    """The page; `sections` are further parts, as `capacity`, `choices` and `folds` make them."""
    facts = report.facts
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{_span(facts)}</p>",
        *(_figures(name, each, facts) for name, each in _FIGURES.items()),
        _figures("Position", _PERPETUAL, facts) if "funding" in facts else "",
        _curves(report),
        _quality(report),
        *sections,
        f"<h2>What it was run with</h2><p>{_terms(facts)}</p><p>Digest {report.digest}</p>",
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n<body>'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _span(facts: Mapping[str, Value]) -> str:
    begin, end = (_moment(float(facts[name] or 0)) for name in ("begin", "end"))
    return (
        f"{begin} to {end} UTC; {facts['commands']:,} commands, {facts['events']:,} events told to the strategy. "
        f"Returns are of periods of {facts['period_s']:.6g} s."
        + (f" There are no figures a year: {facts['not_annual']}." if facts["not_annual"] else "")
        + (f" <b>It lost all it had by {_moment(float(lost))}.</b>" if (lost := facts["ruined"]) else "")
    )


def _moment(ns: float) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _clock(span: float) -> plot.Shown:
    form = "%H:%M:%S" if span < 86_400e9 else "%m-%d %H:%M" if span < 20 * 86_400e9 else "%Y-%m-%d"
    return lambda ns: datetime.fromtimestamp(ns / 1e9, UTC).strftime(form)


def _figures(name: str, of: Mapping[str, tuple[str, str]], facts: Mapping[str, Value]) -> str:
    cells = []
    for key, (told, kind) in of.items():
        if key in (ANNUAL if facts["not_annual"] else _PERIODIC):
            continue
        value = facts.get(key)
        tone = ""
        if key in _SIGNED and isinstance(value, int | float) and value:
            tone = ' class="good"' if value > 0 else ' class="bad"'
        cells.append(f"<div><span>{told}</span><b{tone}>{_shown(value, kind)}</b></div>")
    return f'<h2>{name}</h2><div class="figures">{"".join(cells)}</div>'


def _shown(value: Value, kind: str) -> str:
    if value is None or isinstance(value, str):
        return _NOTHING
    if kind == "share":
        return f"{100 * value:,.4g} %"
    if kind == "count":
        return f"{value:,}"
    if kind == "seconds":
        return f"{value:,.3g} s"
    if kind == "bps":
        return f"{value:,.3f} bps"
    return f"{value:,.2f}" if kind == "money" or abs(value) >= 1000 else f"{value:,.4g}"


def _curves(report: Report) -> str:
    curves = report.curves
    along = curves.time.astype(np.float64)
    clock = _clock(float(along[-1] - along[0]))
    fallen = curves.equity / np.maximum.accumulate(curves.equity) - 1
    parts = [
        plot.curves(
            "equity, quote currency", along,
            [("equity", "var(--good)", curves.equity), ("without impact", "var(--other)", curves.unmoved)],
            _plain, clock,
        ),
        plot.area("drawdown, %", along, 100 * fallen, _plain, clock, colour="var(--bad)")
        if fallen.any()
        else "<p>The equity never fell below an earlier one.</p>",
        plot.area("position, base currency", along, curves.position, _plain, clock, colour="var(--good)"),
        plot.curves("mid price without the strategy", along, [("mid", "var(--ink)", curves.mid)], _plain, clock),
    ]  # fmt: skip
    by = "Equity is at the mark price; markouts and slippage are" if "funding" in report.facts else "All of this is"
    return (
        f"<h2>How it went</h2><p>{by} by the mid price of the market without the strategy, so that it does not gain by "
        "moving the price of what it has. Without impact each taking order is filled at the best price there.</p>"
        + "\n".join(parts)
    )


def _plain(value: float) -> str:
    return f"{value:,.10g}" if abs(value) >= 1e-12 else "0"


def _quality(report: Report) -> str:
    facts = report.facts
    bars = {
        what: [
            np.array([float(_number(facts.get(f"{who}{what}_{name}_bps"))) for name in MARKOUTS])
            for who in ("", "maker_")
        ]
        for what in ("markout", "realised")
    }
    if not np.isfinite(bars["markout"][0]).any():
        return ""
    return (
        "<h2>After the trade</h2><p>Markout: how far the mid price moved in a trade's favour, from just before it; "
        "below 0 the strategy traded with those who knew better. Realised spread: how far the mid price then was from "
        "the trade's price.</p>"
        + "\n".join(
            plot.bars(
                f"{title}, bps", [f"after {name}" for name in MARKOUTS],
                [("all trades", "var(--good)", all_), ("as maker", "var(--other)", maker)],
                lambda value: f"{value:,.3g}",
            )
            for title, (all_, maker) in zip(("markout", "realised spread"), bars.values(), strict=True)
        )
    )  # fmt: skip


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _terms(facts: Mapping[str, Value]) -> str:
    ended = list(facts).index("begin")
    return escape(", ".join(f"{name} = {value}" for name, value in list(facts.items())[:ended])) or _NOTHING


def capacity(parameter: str, sizes: Sequence[float], reports: Sequence[Report]) -> str:
    """Result against size."""
    profit, spared = (
        np.array([_number(each.facts[name]) for each in reports]) for name in ("profit", "profit_without_impact")
    )
    times = ", ".join(f"{size / sizes[0]:g}" for size in sizes)
    ratio = "period_sharpe" if reports[0].facts["not_annual"] else "sharpe"
    kinds = {ratio if name == "sharpe" else name: kind for name, kind in _CAPACITY.items()}
    rows = [
        [f"{size:g}", *(_shown(each.facts[name], kind) for name, kind in kinds.items())]
        for size, each in zip(sizes, reports, strict=True)
    ]
    return (
        f"<h2>Capacity</h2><p>The same strategy with {times} times its {escape(parameter)}, and as many times the "
        "cash.</p>"
        + plot.bars(
            f"profit against {parameter}", [f"{size:g}" for size in sizes],
            [("profit", "var(--good)", profit), ("without impact", "var(--other)", spared)], _plain,
        )
        + _table([parameter, *(name.replace("_", " ") for name in kinds)], rows)
    )  # fmt: skip


_CAPACITY: Final = {
    "profit": "money", "total_return": "share", "sharpe": "number", "impact": "money", "fill_rate": "share",
    "maker_ratio": "share",
}  # fmt: skip


def choices(rows: Sequence[Mapping[str, Value]]) -> str:
    """What a sweep gave, a row a choice of parameters."""
    return "<h2>Parameters</h2>" + _told(rows)


def folds(rows: Sequence[Mapping[str, Value]]) -> str:
    """What a walk forward gave, a row a step."""
    return (
        "<h2>Walk forward</h2><p>Parameters are chosen on a part of the time and tried on the next, which they had no "
        "part in.</p>" + _told(rows)
    )


def _told(rows: Sequence[Mapping[str, Value]]) -> str:
    """Rows of figures, but for those that none of them has."""
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    return _table(
        [name.replace("_", " ") for name in names], [[_cell(name, row[name]) for name in names] for row in rows]
    )


def _cell(name: str, value: Value) -> str:
    if kind := _KINDS.get(name.removesuffix("_inside").removesuffix("_outside")):
        return _shown(value, kind)
    return f"{value:,.6g}" if isinstance(value, float) else _NOTHING if value is None else str(value)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in titles)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
