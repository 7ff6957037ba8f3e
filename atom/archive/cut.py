"""Cut: one window out of a recording, with what the recorder is not sure of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from atom.archive.facts import Facts, facts, on_least_scale, own
from atom.archive.outage import Outage
from atom.book import Book
from atom.book.picture import picture
from atom.events import MARKET, Action, Events, Flag, Rows, empty
from atom.instrument import Ints

LATENESS: Final = 10 * 10**9
"""Nanoseconds by which the venue's clock may go back, and for which a window waits."""

_NEVER: Final = 2**63 - 1


class Span(NamedTuple):
    """From `start` on and before `end`, ns of the venue's time."""

    start: int
    end: int


class Gap(NamedTuple):
    """Venue time in which a recorder may have missed something, ns, and why."""

    start: int
    end: int
    why: str


class Picture(NamedTuple):
    """The recorder's book before a row of the window's book; `events` is None where it was not known."""

    row: int
    events: Events | None


@dataclass(frozen=True, slots=True)
class Window:
    """A span of one market.

    Attributes:
        span: of what.
        events: the market's facts, in canonical form.
        pictures: the recorder's book at the beginning, and wherever it began anew.
        gaps: what it may have missed; none where the window is whole.
        unplaced: facts of types whose time the venue does not tell, which no window takes.
    """

    span: Span
    events: Events
    pictures: tuple[Picture, ...]
    gaps: tuple[Gap, ...]
    unplaced: int

    @property
    def whole(self) -> bool:
        """Whether the recorder is sure that nothing is missing."""
        return not self.gaps


def cut(events: Events, before: Book, span: Span, lateness: int = LATENESS, away: Sequence[Outage] = ()) -> Window:
    """Cuts a window.

    Args:
        events: a record that goes, where there is one, beyond the span by `lateness` on both sides.
        before: the book before the first of them, on their tick and lot; it is not changed.
        span: of the window.
        lateness: by how much the venue's clock may go back, ns.
        away: when connections were down.
    """
    events = own(events)
    found = {kind: facts(kind, rows) for kind, rows in events.tables().items() if kind in MARKET}
    slices = {kind: of.within(*span) for kind, of in found.items()}
    tables = {kind: of.rows[slices[kind]] for kind, of in found.items()}
    inside = Events(events.instrument, tables["book"], tables["trade"], tables["quote"])
    return Window(
        span,
        on_least_scale(inside),
        tuple(_pictures(events, before, found["book"], slices["book"])),
        tuple(_gaps(events, found, before, away, (span, lateness))),
        sum(of.unplaced for of in found.values()),
    )


class _Timeline:
    """What was told of the venue's time, by arrival."""

    def __init__(self, events: Events, found: dict[str, Facts]) -> None:
        told = []
        for kind, of in found.items():
            rows = events.tables()[kind][of.places]
            known = rows["flags"] & (Flag.NO_EVENT_TIME | Flag.SNAPSHOT) == 0
            told.append(np.stack((rows["ts_recv"][known], rows["ts_event"][known])))
        both = np.concatenate(told, axis=1)
        self._arrived, times = both[:, np.argsort(both[0], kind="stable")]
        self._latest = np.maximum.accumulate(times)
        self._earliest = np.minimum.accumulate(times[::-1])[::-1]
        self.back = int((self._latest - times).max(initial=0))
        self.first, self.last = (int(times.min()), int(times.max())) if len(times) else (_NEVER, -_NEVER)

    def before(self, arrival: int) -> int:
        place = int(np.searchsorted(self._arrived, arrival))
        return int(self._latest[place - 1]) if place else -_NEVER

    def after(self, arrival: int) -> int:
        place = int(np.searchsorted(self._arrived, arrival, side="right"))
        return int(self._earliest[place]) if place < len(self._earliest) else _NEVER


def _gaps(
    events: Events, found: dict[str, Facts], before: Book, away: Sequence[Outage], at: tuple[Span, int]
) -> Iterator[Gap]:
    span, lateness = at
    time = _Timeline(events, found)
    gaps = [Gap(time.before(one.start), time.after(one.end), one.why) for one in away]
    gaps += [
        Gap(time.before(a), time.after(b), "the book was not known")
        for a, b in _unknown(events.book, valid=before.valid)
    ]
    if time.first > span.start - lateness:
        gaps.append(Gap(-_NEVER, time.first, "the record begins"))
    if time.last < span.end + lateness:
        gaps.append(Gap(time.last, _NEVER, "the record ends"))
    if time.back > lateness:
        gaps.append(Gap(*span, f"the venue's clock went back by {time.back / 1e9:g} s"))
    met = {
        Gap(max(gap.start, span.start), min(gap.end, span.end), gap.why)
        for gap in gaps
        if gap.start < span.end + lateness and gap.end > span.start - lateness
    }
    for start, end, why in sorted(met):
        yield Gap(min(start, span.end), max(end, span.start), why)


def _unknown(book: Rows, *, valid: bool) -> Iterator[tuple[int, int]]:
    """Arrivals between which the book was not known."""
    clears = np.flatnonzero(book["action"] == Action.CLEAR)
    opens = book["flags"][clears] & Flag.SNAPSHOT != 0
    since = None if valid else -_NEVER
    for place, opened in zip(clears.tolist(), opens.tolist(), strict=True):
        at = int(book["ts_recv"][place])
        since = at if since is None else since
        if opened:
            yield since, at
            since = None
    if since is not None:
        yield since, _NEVER


def _pictures(events: Events, before: Book, of: Facts, part: slice) -> Iterator[Picture]:
    rows = events.book
    places = of.places
    first = int(places[part.start]) if part.start < len(places) else len(rows)
    stop = int(places[part.stop]) if part.stop < len(places) else len(rows)
    book = Book()
    book.apply(picture(before))
    book.apply(rows[:first])
    yield _picture(events, book, 0, rows[:first])
    clears = first + np.flatnonzero(rows["action"][first:stop] == Action.CLEAR)
    at = first
    for fact in _after(clears, places[part]):
        book.apply(rows[at:fact])
        at = fact
        yield _picture(events, book, int(np.searchsorted(places[part], fact)), rows[:fact])


def _after(clears: Ints, places: Ints) -> list[int]:
    """The first fact after each CLEAR."""
    found = np.searchsorted(places, clears)
    return [int(place) for place in np.unique(places[found[found < len(places)]])]


def _picture(events: Events, book: Book, row: int, before: Rows) -> Picture:
    if not book.valid:
        return Picture(row, None)
    rows = picture(book)
    rows["flags"] |= np.uint16(Flag.NO_EVENT_TIME)
    numbered = before[before["flags"] & Flag.NO_SEQUENCE == 0]
    if len(numbered):
        rows["sequence"] = numbered["sequence"][-1]
    else:
        rows["flags"] |= np.uint16(Flag.NO_SEQUENCE)
    alone = replace(events, book=rows, trade=empty("trade"), quote=empty("quote"), status=(), more={})
    return Picture(row, on_least_scale(alone))
