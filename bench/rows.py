"""Rows of a benchmark: ours beside a named peer's, measured in the same run."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["ms", "s", "jobs/s", "messages/s", "rows/s", "events/s", "commands/s", "orders/s", "bytes/event"]

LESS_IS_BETTER = frozenset({"ms", "s", "bytes/event"})


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        what: what was done.
        ours, theirs: medians, in `unit`.
        peer: whose the second figure is.
        spread: the least and the greatest ratio of one turn each, where both took turns.
    """

    what: str
    ours: float
    unit: Unit
    peer: str
    theirs: float
    spread: tuple[float, float] | None = None

    @classmethod
    def of(cls, what: str, unit: Unit, peer: str, turns: Sequence[tuple[float, float]]) -> "Row":
        """A row of what both did in so many turns: ours and theirs, in `unit`."""
        ours, theirs = (median(each) for each in zip(*turns, strict=True))
        ratios = [cls(what, mine, unit, peer, other).ratio for mine, other in turns]
        return cls(what, ours, unit, peer, theirs, (min(ratios), max(ratios)))

    @property
    def ratio(self) -> float:
        """How many times better ours is: above 1 it is."""
        return self.theirs / self.ours if self.unit in LESS_IS_BETTER else self.ours / self.theirs

    def as_json(self) -> dict[str, object]:
        spread = {"spread": [round(each, 3) for each in self.spread]} if self.spread else {}
        return {
            "what": self.what,
            "ours": round(self.ours, 3),
            "unit": self.unit,
            "peer": self.peer,
            "theirs": round(self.theirs, 3),
            "ratio": round(self.ratio, 3),
            **spread,
        }


def rates(seconds: Sequence[tuple[float, float]], count: int, others: int | None = None) -> list[tuple[float, float]]:
    """What both did a second, of the seconds that each of them took for so much; `others`: the second for so much."""
    return [(count / mine, (count if others is None else others) / other) for mine, other in seconds]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return float(statistics.median(values))


def seconds(work: Callable[[], object]) -> float:
    """Seconds of wall time that `work` takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_ms(work: Callable[[], object], times: int) -> float:
    """Milliseconds of wall time that `work` takes, the median of so many."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return 1e3 * statistics.median(taken)


def told(work: str, rows: Sequence[Row], *, as_json: bool) -> str:
    """The report, as JSON or as a table in Markdown."""
    if as_json:
        return json.dumps({"work": work, "rows": [row.as_json() for row in rows]})
    lines = [work, "", "| what | ours | peer | theirs | ratio | of single turns |", "|---|---:|---|---:|---:|---:|"]
    lines += [
        f"| {row.what} | {row.ours:,.2f} {row.unit} | {row.peer} | {row.theirs:,.2f} | {row.ratio:.2f} "
        f"| {'' if row.spread is None else '{:.2f} to {:.2f}'.format(*row.spread)} |"
        for row in rows
    ]
    return "\n".join(lines)
