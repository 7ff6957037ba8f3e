"""Plot: curves and bars as SVG that a page holds itself."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final, TypeAlias

import numpy as np

from node.exchange.tester.memory import Floats

WIDTH: Final = 960
_LEFT, _RIGHT, _TOP, _PANEL, _FOOT = 86, 24, 26, 150, 26
_POINTS: Final = 1200
Line: TypeAlias = "tuple[str, str, Floats]"
"""What it is, its colour, its values."""
Shown: TypeAlias = Callable[[float], str]


def curves(title: str, along: Floats, lines: Sequence[Line], shown: Shown, tell: Shown, *, zero: bool = False) -> str:
    """Lines over one axis.

    Args:
        along: values of the axis, ascending.
        shown: how a value of the lines is written; `tell` one of the axis.
        zero: whether 0 is always to be seen.
    """
    values = np.concatenate([each[2] for each in lines])
    low, high = _range(values, zero=zero)
    height = _TOP + _PANEL + _FOOT
    parts = [*_head(title, lines, height), *_scale(low, high, shown), *_axis(along, tell)]
    span = max(float(along[-1] - along[0]), 1e-12) if len(along) else 1.0
    for name, colour, line in lines:
        told = _thinned(line)
        x = _LEFT + (along[told] - along[0]) / span * (WIDTH - _LEFT - _RIGHT)
        y = _TOP + (high - line[told]) / (high - low) * _PANEL
        points = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
        if points:
            path = f"M{points}" if "L" in points else f"M{points}h1"
            parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round">'
                f"<title>{escape(name)}</title></path>"
            )
    return "\n".join(parts) + "</svg>"


def area(title: str, along: Floats, values: Floats, shown: Shown, tell: Shown, *, colour: str) -> str:
    """One curve with what lies between it and 0 filled."""
    low, high = _range(values, zero=True)
    height = _TOP + _PANEL + _FOOT
    parts = [*_head(title, (), height), *_scale(low, high, shown), *_axis(along, tell)]
    span = max(float(along[-1] - along[0]), 1e-12) if len(along) else 1.0
    told = _thinned(values)
    x = _LEFT + (along[told] - along[0]) / span * (WIDTH - _LEFT - _RIGHT)
    y = _TOP + (high - values[told]) / (high - low) * _PANEL
    zero = _TOP + high / (high - low) * _PANEL
    if len(told):
        points = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
        path = f"M{x[0]:.1f} {zero:.1f}L{points}L{x[-1]:.1f} {zero:.1f}Z"
        parts.append(f'<path d="{path}" fill="{colour}" fill-opacity=".3" stroke="{colour}" stroke-width="1.2"/>')
    return "\n".join(parts) + "</svg>"


def bars(title: str, names: Sequence[str], groups: Sequence[Line], shown: Shown) -> str:
    """Bars from 0, a group a name."""
    values = np.concatenate([np.nan_to_num(each[2]) for each in groups])
    low, high = _range(values, zero=True)
    height = _TOP + _PANEL + _FOOT + 6
    parts = [*_head(title, groups if len(groups) > 1 else (), height), *_scale(low, high, shown)]
    zero = _TOP + high / (high - low) * _PANEL
    step = (WIDTH - _LEFT - _RIGHT) / max(len(names), 1)
    wide = min(54.0, step * 0.7 / len(groups))
    for at, name in enumerate(names):
        middle = _LEFT + (at + 0.5) * step
        parts.append(
            f'<text x="{middle:.1f}" y="{height - 8}" text-anchor="middle" fill="var(--faint)">{escape(name)}</text>'
        )
        if not any(np.isfinite(of[at]) for _, _, of in groups):
            y = zero + (16 if zero < _TOP + _PANEL / 2 else -6)
            parts.append(
                f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle" fill="var(--faint)">nothing to tell</text>'
            )
        for place, (what, colour, of) in enumerate(groups):
            if not np.isfinite(of[at]):
                continue
            x = middle + (place - len(groups) / 2) * wide
            y = _TOP + (high - of[at]) / (high - low) * _PANEL
            parts.append(
                f'<rect x="{x:.1f}" y="{min(y, zero):.1f}" width="{wide - 2:.1f}" height="{max(abs(y - zero), 1):.1f}" '
                f'fill="{colour}"><title>{escape(what)}, {escape(name)}: {shown(float(of[at]))}</title></rect>'
            )
    return "\n".join(parts) + "</svg>"


def _head(title: str, lines: Sequence[Line], height: int) -> list[str]:
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" font-size="12" role="img" font-family="system-ui, sans-serif">'
        f'<title>{escape(title)}</title><text x="{_LEFT}" y="14" fill="var(--ink)">{escape(title)}</text>'
    ]
    right = WIDTH - _RIGHT
    for name, colour, _ in reversed(lines if len(lines) > 1 else ()):
        parts.append(f'<text x="{right}" y="14" text-anchor="end" fill="{colour}">{escape(name)}</text>')
        right -= 7 * len(name) + 18
    return parts


def _range(values: Floats, *, zero: bool) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        pad = abs(high) * 1e-3 or 1.0
        low, high = low - (0 if zero and low == 0 else pad), high + pad
    return low, high


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round values between two."""
    rough = (high - low) / count
    base = 10.0 ** np.floor(np.log10(rough))
    step = next(base * each for each in (1, 2, 2.5, 5, 10) if base * each >= rough * 0.999)
    first = int(np.ceil(low / step - 1e-9))
    return [float(at * step) for at in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _scale(low: float, high: float, shown: Shown) -> list[str]:
    parts = []
    for value in _ticks(low, high, 4):
        y = _TOP + (high - value) / (high - low) * _PANEL
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="var(--line)"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="var(--faint)">{shown(value)}</text>'
        )
    return parts


def _axis(along: Floats, tell: Shown) -> list[str]:
    if not len(along):
        return []
    parts, ends = [], 7
    for at in range(ends):
        value = float(along[0] + (along[-1] - along[0]) * at / (ends - 1))
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * at / (ends - 1)
        anchor = "start" if at == 0 else "end" if at == ends - 1 else "middle"
        place = f'x="{x:.1f}" y="{_TOP + _PANEL + 18}" text-anchor="{anchor}"'
        parts.append(f'<text {place} fill="var(--faint)">{tell(value)}</text>')
    return parts


def _thinned(values: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Places of the values that are drawn: the least and the greatest of each column of the picture."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) <= 2 * _POINTS:
        return known
    parts = np.array_split(known, _POINTS)
    found = [place for part in parts for place in sorted({part[values[part].argmin()], part[values[part].argmax()]})]
    return np.array(found, np.int64)
