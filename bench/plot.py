"""A small line plot as SVG: both scales begin where the lines do, the upright one is logarithmic."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 130, 40, 40
COLOURS = ("#6b7280", "#047857", "#b45309", "#b91c1c", "#1d4ed8")


@dataclass(frozen=True, slots=True)
class Line:
    """Points (x from 0 to 1, y above 0) with a name."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


def plot(title: str, lines: Sequence[Line]) -> str:
    """The picture, legible on a light and on a dark page."""
    heights = [log10(y) for line in lines for _, y in line.points]
    low, high = floor(min(heights)), ceil(max(heights))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>',
    ]
    for power in range(low, high + 1):
        y = _up(power, low, high)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    for tenth in range(0, 11, 2):
        x = _along(tenth / 10)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10 * tenth} %</text>')
    for line, colour in zip(lines, COLOURS, strict=False):
        path = "L".join(f"{_along(x):.1f} {_up(log10(y), low, high):.1f}" for x, y in line.points)
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        x, y = line.points[-1]
        at = f'x="{_along(x) + 6:.1f}" y="{_up(log10(y), low, high) + 4:.1f}"'
        parts.append(f'<text {at} fill="{colour}">{escape(line.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _along(x: float) -> float:
    return LEFT + x * (WIDTH - LEFT - RIGHT)


def _up(power: float, low: int, high: int) -> float:
    return TOP + (high - power) / (high - low) * (HEIGHT - TOP - BOTTOM)
