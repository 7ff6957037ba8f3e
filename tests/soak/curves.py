"""Measures over time as a picture: a small panel for each measure, a line for each group of processes."""

from collections.abc import Mapping, Sequence
from html import escape

COLUMNS, PANEL, TALL = 2, 400, 130
LEFT, TOP, PADDING = 64, 34, 30
COLOURS = ("#047857", "#1d4ed8", "#b45309")

Lines = Mapping[str, Sequence[float]]


def picture(title: str, minutes: Sequence[float], panels: Mapping[str, Lines], warm: float) -> str:
    """The picture, legible on a light and on a dark page.

    Args:
        minutes: when the samples were taken.
        panels: what is measured -> group -> values.
        warm: minute in which the warm-up ended.
    """
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * PANEL, TOP + rows * (TALL + PADDING) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="18" font-size="14">{escape(title)}</text>',
    ]
    for number, (name, lines) in enumerate(panels.items()):
        x, y = number % COLUMNS * PANEL, TOP + number // COLUMNS * (TALL + PADDING)
        parts += _panel(name, minutes, lines, warm, x + LEFT, y + 14)
    return "\n".join([*parts, "</svg>", ""])


def _panel(name: str, minutes: Sequence[float], lines: Lines, warm: float, x: int, y: int) -> list[str]:
    wide, tall = PANEL - LEFT - 30, TALL - 24
    top = max([1.0, *(value for values in lines.values() for value in values)]) * 1.1
    long = max(minutes[-1], 1e-9)
    parts = [f'<text x="{x}" y="{y - 4}" font-weight="bold">{escape(name)}</text>']
    for half in (0.0, 0.5, 1.0):
        at = y + tall * (1 - half)
        parts.append(f'<path d="M{x} {at:.1f}h{wide}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x - 6}" y="{at + 4:.1f}" text-anchor="end">{top * half:.4g}</text>')
        parts.append(
            f'<text x="{x + wide * half:.1f}" y="{y + tall + 13}" text-anchor="middle">{long * half:.3g} min</text>'
        )
    shade = warm / long * wide
    parts.append(f'<rect x="{x}" y="{y}" width="{shade:.1f}" height="{tall}" fill="#9ca3af" fill-opacity="0.15"/>')
    for (group, values), colour in zip(lines.items(), COLOURS, strict=False):
        path = "L".join(
            f"{x + at / long * wide:.1f} {y + tall * (1 - value / top):.1f}"
            for at, value in zip(minutes, values, strict=True)
        )
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        place = list(lines).index(group)
        parts.append(
            f'<text x="{x + wide - 80 * place}" y="{y - 4}" text-anchor="end" fill="{colour}">{escape(group)}</text>'
        )
    return parts
