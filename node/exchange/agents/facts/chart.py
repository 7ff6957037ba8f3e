"""Chart: lines and points as SVG, legible on a light and on a dark page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

import numpy as np

from atom.instrument import Floats

_WIDTH, _HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 26, 46, 40
COLOURS: Final = ("var(--one)", "var(--two)", "var(--faint)")
_POINTS = 1200  # of a line; more cannot be seen


@dataclass(frozen=True, slots=True)
class Series:
    """A line, or points with bars of errors.

    Attributes:
        colour: which of `COLOURS`.
        error: half the length of each point's bar; None draws a line.
    """

    name: str
    x: Floats
    y: Floats
    colour: int = 0
    error: Floats | None = None
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    label: str
    log: bool = False
    low: float | None = None
    high: float | None = None


def chart(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """The picture; values that a logarithmic axis cannot show are left out."""
    shown = [_thin(_kept(each, x, y)) for each in series]
    shown = [each for each in shown if len(each.x)]
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="11" font-family="system-ui, sans-serif">',
        f"<title>{escape(title)}</title>",
        f'<text x="{_LEFT}" y="14" font-size="13" font-weight="600" fill="var(--ink)">{escape(title)}</text>',
    ]
    if not shown:
        middle = f'x="{_WIDTH / 2}" y="{_HEIGHT / 2}" text-anchor="middle"'
        return "\n".join([*parts, f'<text {middle} fill="var(--faint)">too short a stretch to tell</text></svg>'])
    across = _Scale(x, np.concatenate([each.x for each in shown]), _LEFT, _WIDTH - _RIGHT)
    up = _Scale(y, np.concatenate([each.y for each in shown]), _HEIGHT - _BOTTOM, _TOP)
    parts += _grid(across, up, x, y)
    at = float(_LEFT)
    for each in shown:
        parts += _drawn(each, across, up)
        colour = COLOURS[each.colour]
        dash = ' stroke-dasharray="4 3"' if each.dashed else ""
        parts.append(f'<path d="M{at:.0f} 29h14" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{at + 18:.0f}" y="33" fill="var(--ink)">{escape(each.name)}</text>')
        at += 34 + 6.1 * len(each.name)
    return "\n".join([*parts, "</svg>"])


class _Scale:
    """From values to places on the page."""

    def __init__(self, axis: Axis, values: Floats, first: float, last: float) -> None:
        self._axis, self._first, self._last = axis, first, last
        low, high = float(values.min()), float(values.max())
        low = low if axis.low is None else axis.low
        high = high if axis.high is None else axis.high
        if axis.log:
            self.low, self.high = log10(low), log10(high)
            self.low, self.high = (self.low, self.high) if self.high > self.low else (self.low - 0.5, self.high + 0.5)
            whole = list(range(ceil(self.low), floor(self.high) + 1))
            if len(whole) < 2:
                self.low, self.high = float(floor(self.low)), float(ceil(self.high))
                whole = list(range(int(self.low), int(self.high) + 1))
            step = max(1, len(whole) // 6)
            self.ticks = [10.0**power for power in whole[::step]]
            return
        if high <= low:
            low, high = low - 0.5, high + 0.5
        size = 10 ** floor(log10((high - low) / 4))
        step_size = next(step * size for step in (1, 2, 5, 10) if (high - low) / (step * size) <= 6)
        self.low = low if axis.low is not None else floor(low / step_size) * step_size
        self.high = high if axis.high is not None else ceil(high / step_size) * step_size
        lowest, highest = ceil(self.low / step_size - 1e-9), floor(self.high / step_size + 1e-9)
        self.ticks = [number * step_size for number in range(lowest, highest + 1)]

    def __call__(self, value: float) -> float:
        place = log10(value) if self._axis.log else value
        share = (place - self.low) / (self.high - self.low)
        return self._first + min(1.02, max(-0.02, share)) * (self._last - self._first)


def _kept(series: Series, x: Axis, y: Axis) -> Series:
    there = np.isfinite(series.x) & np.isfinite(series.y)
    there &= (series.x > 0) | (not x.log)
    there &= (series.y > 0) | (not y.log)
    error = None if series.error is None else series.error[there]
    return Series(series.name, series.x[there], series.y[there], series.colour, error, series.dashed)


def _thin(series: Series) -> Series:
    if len(series.x) <= _POINTS or series.error is not None:
        return series
    every = -(-len(series.x) // _POINTS)
    return Series(series.name, series.x[::every], series.y[::every], series.colour, None, series.dashed)


def _grid(across: _Scale, up: _Scale, x: Axis, y: Axis) -> list[str]:
    parts = []
    for value in up.ticks:
        at = up(value)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}" stroke="var(--line)"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" fill="var(--faint)">{_text(value)}</text>'
        )
    for value in across.ticks:
        at = across(value)
        parts.append(f'<path d="M{at:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="var(--line)"/>')
        place = f'x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle"'
        parts.append(f'<text {place} fill="var(--faint)">{_text(value)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle" fill="var(--faint)">{escape(x.label)}</text>'
    )
    tall = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text transform="translate(11 {tall:.0f}) rotate(-90)" text-anchor="middle" fill="var(--faint)">'
        f"{escape(y.label)}</text>"
    )
    return parts


def _drawn(series: Series, across: _Scale, up: _Scale) -> list[str]:
    colour = COLOURS[series.colour]
    places = [(across(float(x)), up(float(y))) for x, y in zip(series.x, series.y, strict=True)]
    if series.error is None:
        dash = ' stroke-dasharray="4 3"' if series.dashed else ""
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>']
    parts = []
    for (x, y), value, error in zip(places, series.y, series.error, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        if np.isfinite(error) and value > error:
            top, bottom = up(float(value + error)), up(float(value - error))
            parts.append(f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="{colour}" stroke-width="1.4"/>')
    return parts


def _text(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:,.10g}" if abs(value - round(value, 6)) > 0 else f"{round(value, 6):,g}"
