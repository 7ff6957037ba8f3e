"""Page: the quality of days as one HTML file, a picture each."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

import numpy as np

from atom.events import StatusKind
from atom.instrument import Floats
from atom.quality.day import Day
from atom.quality.minutes import MINUTE, MINUTES

_WIDTH, _LEFT, _RIGHT = 960, 64, 28
_PANEL, _GAP, _TOP = 92, 30, 16
_BAD: Final = {
    StatusKind.GAP: "#b91c1c",
    StatusKind.CHECKSUM: "#b91c1c",
    StatusKind.DISCONNECT: "#b45309",
    StatusKind.STALE: "#b45309",
    StatusKind.RATE_LIMITED: "#7c3aed",
    StatusKind.PARSE_ERROR: "#be185d",
    StatusKind.CROSSED: "#1d4ed8",
    StatusKind.CLOCK: "#0e7490",
}
_STYLE: Final = """
:root { color-scheme: light dark;
  --ink: #111827; --faint: #6b7280; --line: #d1d5db; --paper: #ffffff; --good: #047857; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e7eb; --faint: #9ca3af; --line: #374151; --paper: #111827; --good: #34d399; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 2.2rem 0 .3rem; }
p { color: var(--faint); margin: .2rem 0 .8rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .4rem 0; }
th { text-align: left; font-weight: 500; color: var(--faint); padding-right: .5rem; }
td { text-align: right; padding-right: 1.6rem; }
.bad { color: #dc2626; font-weight: 600; }
svg { width: 100%; height: auto; }
"""


def page(days: Sequence[Day]) -> str:
    """The page, which needs nothing but itself."""
    sections = "\n".join(_section(day) for day in days)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Quality of market data</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>Quality of market data</h1>\n{sections}\n</body></html>\n"
    )


def _section(day: Day) -> str:
    return (
        f"<section><h2>{escape(day.symbol)} on {escape(day.venue)}, {day.date}</h2>\n"
        f"<p>{_span(day)}; the book was valid {100 * day.valid:.3f} % of it.</p>\n"
        f"{_table(day)}\n{_picture(day)}</section>"
    )


def _span(day: Day) -> str:
    first, last = (datetime.fromtimestamp(at // 10**9, UTC).strftime("%H:%M:%S") for at in (day.first, day.last))
    return f"Recorded from {first} to {last} UTC"


def _table(day: Day) -> str:
    missing = "not numbered" if day.trades_missing is None else f"{day.trades_missing:,}"
    cells = [
        ("book rows", f"{day.book:,}", False),
        ("trades", f"{day.trades:,}", False),
        ("quotes", f"{day.quotes:,}", False),
        ("longest silence", f"{day.silence_s:.1f} s", day.silence_s > 60),
        ("gaps", f"{day.gaps:,}", day.gaps > 0),
        ("wrong checksums", f"{day.checksums_bad:,}", day.checksums_bad > 0),
        ("disconnects", f"{day.disconnects:,}", day.disconnects > 0),
        ("silent connections", f"{day.stale:,}", day.stale > 0),
        ("rate limited", f"{day.rate_limited:,}", day.rate_limited > 0),
        ("not understood", f"{day.parse_errors:,}", day.parse_errors > 0),
        ("clock jumps", f"{day.clock_jumps:,}", day.clock_jumps > 0),
        ("crossed", f"{day.crossed:,} ({day.crossed_s:.1f} s)", day.crossed > 0),
        ("latency p50", _milliseconds(day.latency_p50_ms), False),
        ("latency p99", _milliseconds(day.latency_p99_ms), False),
        ("venue clock ahead", f"{100 * day.ahead:.1f} %", False),
        ("trades missing", missing, bool(day.trades_missing)),
    ]
    told = [f"<th>{name}</th><td{' class=bad' if bad else ''}>{value}</td>" for name, value, bad in cells]
    lines = ["".join(told[at : at + 4]) for at in range(0, len(told), 4)]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _milliseconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f} ms"


def _picture(day: Day) -> str:
    """Events, latency and validity over the part of the day that was recorded."""
    low, high = _minute(day.first), _minute(day.last) + 1
    span = range(low, high)
    events = np.log10(np.maximum(day.minutes.events[low:high], 1))
    height = _TOP + 3 * (_PANEL + _GAP)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" font-size="12" role="img" font-family="system-ui, sans-serif">'
        f"<title>{escape(day.symbol)} on {escape(day.venue)}, {day.date}</title>",
        *_hours(low, high, height),
        *_panel(0, "events a minute", [("var(--good)", events)], lambda value: f"{10**value:,.0f}"),
        *_panel(
            1,
            "latency, ms: median and 99 %",
            [("#f59e0b", day.minutes.late[low:high]), ("var(--good)", day.minutes.median[low:high])],
            lambda value: f"{value:,.0f}",
        ),
        *_validity(day, span),
    ]
    return "\n".join(parts) + "</svg>"


def _minute(at: int) -> int:
    """Which of its day's a moment is in."""
    return at // MINUTE % MINUTES


def _along(index: float, count: int) -> float:
    return _LEFT + index / max(count, 1) * (_WIDTH - _LEFT - _RIGHT)


def _hours(low: int, high: int, height: int) -> list[str]:
    every = next(step for step in (1, 2, 5, 10, 15, 30, 60, 120, 240) if (high - low) / step <= 12 or step == 240)
    marks = []
    for minute in range(-(-low // every) * every, high + 1, every):
        x = _along(minute - low, high - low)
        marks.append(f'<path d="M{x:.1f} {_TOP}V{height - _GAP}" stroke="var(--line)"/>')
        text = f"{minute // 60:02d}:{minute % 60:02d}"
        marks.append(f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle" fill="var(--faint)">{text}</text>')
    return marks


def _panel(row: int, title: str, lines: Sequence[tuple[str, Floats]], shown: Callable[[float], str]) -> list[str]:
    top = _TOP + row * (_PANEL + _GAP)
    told = np.concatenate([values for _, values in lines])
    told = told[np.isfinite(told)]
    low, high = (float(told.min()), float(told.max())) if len(told) else (0.0, 1.0)
    low = min(low, 0.0)
    high = high if high > low else low + 1
    parts = [f'<text x="{_LEFT}" y="{top - 3}" fill="var(--faint)">{title}</text>']
    for value in (low, high):
        y = top + (high - value) / (high - low) * _PANEL
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="var(--faint)">{shown(value)}</text>'
        )
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="var(--line)"/>')
    for colour, values in lines:
        paths = _paths(values, top, low, high)
        parts += [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>' for path in paths]
    return parts


def _paths(values: Floats, top: int, low: float, high: float) -> list[str]:
    """A stretch of line for each run of minutes that have a value."""
    there = np.flatnonzero(np.isfinite(values))
    runs = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1) if len(there) else []
    paths = []
    for run in runs:
        points = [
            f"{_along(index + 0.5, len(values)):.1f} {top + (high - values[index]) / (high - low) * _PANEL:.1f}"
            for index in run
        ]
        paths.append(f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h1")
    return paths


def _validity(day: Day, span: range) -> list[str]:
    top = _TOP + 2 * (_PANEL + _GAP)
    parts = [f'<text x="{_LEFT}" y="{top - 3}" fill="var(--faint)">book valid (green), and what happened</text>']
    width = _along(1, len(span)) - _LEFT
    for index, minute in enumerate(span):
        share = day.minutes.valid[minute]
        if np.isnan(share):
            continue
        x, good = _along(index, len(span)), share * _PANEL / 2
        parts.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.2f}" height="{_PANEL / 2}" fill="#dc2626"/>')
        parts.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.2f}" height="{good:.1f}" fill="var(--good)"/>')
    for kind, colour in _BAD.items():
        happened = {_minute(one.ts_recv) for one in day.status if one.kind is kind}
        for minute in sorted(happened & set(span)):
            x = _along(minute - span.start + 0.5, len(span))
            parts.append(
                f'<path d="M{x:.1f} {top + _PANEL / 2 + 6}v18" stroke="{colour}" stroke-width="3">'
                f"<title>{kind.value}</title></path>"
            )
    for place, (kind, colour) in enumerate((kind, colour) for kind, colour in _BAD.items()):
        x = _LEFT + place * 112
        parts.append(f'<text x="{x}" y="{top + _PANEL - 4}" fill="{colour}">{kind.value.replace("_", " ")}</text>')
    return parts
