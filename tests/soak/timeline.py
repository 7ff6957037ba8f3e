"""A chaos run as a picture: how long each job took, and below it what was broken when."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP = 860, 90, 20, 44
JOBS, GAP, ROW, BOTTOM = 220, 34, 14, 36
FINAL, FAILED, DISPUTED, AWAY, CLOCK = "#047857", "#b91c1c", "#b45309", "#6b7280", "#1d4ed8"


@dataclass(frozen=True, slots=True)
class Dot:
    """A job: seconds from the start to its post, and from there to its end."""

    at: float
    took: float
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A time in which something was broken, in seconds from the start."""

    row: str
    start: float
    end: float
    what: str
    colour: str = AWAY


def picture(title: str, dots: Sequence[Dot], bars: Sequence[Bar]) -> str:
    """The picture, legible on a light and on a dark page."""
    rows = list(dict.fromkeys(bar.row for bar in bars))
    long = max([1.0, *(dot.at + dot.took for dot in dots), *(bar.end for bar in bars)])
    tall = max([1.0, *(dot.took for dot in dots)])
    below = TOP + JOBS + GAP
    height = below + ROW * len(rows) + BOTTOM

    def along(seconds: float) -> float:
        return LEFT + seconds / long * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
    ]
    for at, (words, colour) in enumerate(
        (("final", FINAL), ("final after a dispute", DISPUTED), ("failed, refunded", FAILED))
    ):
        key = LEFT + 8 + 150 * at
        parts.append(f'<circle cx="{key}" cy="32" r="3.5" fill="{colour}"/>')
        parts.append(f'<text x="{key + 8}" y="36">{words}</text>')
    for at, (words, colour) in enumerate((("something is broken", AWAY), ("the clock is wrong", CLOCK)), 3):
        key = LEFT + 4 + 150 * at
        parts.append(f'<rect x="{key}" y="28" width="8" height="8" fill="{colour}"/>')
        parts.append(f'<text x="{key + 12}" y="36">{words}</text>')
    for fourth in range(5):
        y = TOP + JOBS * (1 - fourth / 4)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tall * fourth / 4:.0f} s</text>')
    for sixth in range(7):
        x = along(long * sixth / 6)
        parts.append(f'<path d="M{x:.1f} {TOP}V{height - BOTTOM}" stroke="#f3f4f6"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 14}" text-anchor="middle">{long * sixth / 6:.0f} s</text>')
    for dot in dots:
        y = TOP + JOBS * (1 - dot.took / tall)
        parts.append(f'<circle cx="{along(dot.at):.1f}" cy="{y:.1f}" r="3" fill="{dot.colour}" fill-opacity="0.7"/>')
    for number, row in enumerate(rows):
        top = below + ROW * number
        parts.append(f'<text x="{LEFT - 6}" y="{top + 9}" text-anchor="end">{escape(row)}</text>')
        for bar in (each for each in bars if each.row == row):
            wide = max(along(bar.end) - along(bar.start), 2.0)
            parts.append(
                f'<rect x="{along(bar.start):.1f}" y="{top}" width="{wide:.1f}" height="{ROW - 4}" '
                f'fill="{bar.colour}"><title>{escape(bar.what)}</title></rect>'
            )
    return "\n".join([*parts, "</svg>", ""])
