"""Publish: the closed windows of a recorder's store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from atom.archive.archive import Archive
from atom.archive.cut import LATENESS, Span, Window, cut
from atom.archive.facts import foreign
from atom.archive.manifest import LONGEST, Manifest
from atom.book import Book
from atom.events import DTYPES, MARKET, Events, Flag
from atom.store import Store
from atom.store.store import STATUS
from atom.store.view import View, steadily
from fusion.chain.account import Account
from fusion.content.cid import Cid
from fusion.errors import BadInput

HOUR: Final = 3_600 * 10**9
SHORTEST: Final = 10**9
LARGEST: Final = 192 << 20
"""Most bytes of a window's facts; of a span that has more, the halves are windows."""

_SLACK: Final = 60 * 10**9  # by which the recorder's clock may differ from the venue's before more is read
_ALL: Final = 2**63 - 1

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Published:
    """A window that was published."""

    manifest: Cid
    told: Manifest


class Record:
    """What a store holds of a market.

    Args:
        store: where.
        venue, symbol: which market.
        lateness: by how much the venue's clock may go back, ns.
    """

    def __init__(self, store: Store, venue: str, symbol: str, lateness: int = LATENESS) -> None:
        self._store, self._of, self._lateness = store, (venue, symbol), lateness
        self._files = steadily(store.folder, self._found)

    @property
    def spans(self) -> list[Span]:
        """Arrivals of its files, each the first and the last, ns."""
        return self._files

    def windows(self, length: int, after: int = 0) -> Iterator[Window]:
        """Closed windows that have facts, in order.

        Args:
            length: of each, ns; they begin at its multiples.
            after: those that begin before it are left out, ns.
        """
        for span in self._candidates(length, after):
            window = self.window(span)
            if window is not None:
                yield from _fitting(window, self.window)

    def window(self, span: Span) -> Window | None:
        """One window, or None where it is not closed: nothing has come that is later by the lateness."""
        low, high = self._earlier(span.start - self._lateness, _SLACK), self._later(span.end + self._lateness, _SLACK)
        step = _SLACK
        while True:
            events = self._store.read(*self._of, kinds=(*MARKET, STATUS), start=low, end=high + 1)
            earliest, latest = _times(events)
            early, late = earliest > span.start - self._lateness, latest < span.end + self._lateness
            more = self._earlier(low, step) if early else low, self._later(high, step) if late else high
            if more == (low, high):
                break
            (low, high), step = more, 2 * step
        return None if late else cut(events, self._before(low, events), span, self._lateness)

    def _earlier(self, at: int, step: int) -> int:
        """An arrival before another, with a file between them; the first of all where there is none."""
        before = [span for span in self._files if span.start < at]
        if not before:
            return self._files[0].start
        return max(self._files[0].start, min(at, before[-1].end) - step)

    def _later(self, at: int, step: int) -> int:
        """An arrival after another, with a file between them; the last of all where there is none."""
        after = [span for span in self._files if span.end > at]
        if not after:
            return self._files[-1].end
        return min(self._files[-1].end, max(at, after[0].start) + step)

    def _candidates(self, length: int, after: int) -> Iterator[Span]:
        slack = max(_SLACK, length)  # where a clock is further off, whatever is there is found at its next window
        done = -(-after // length) * length
        for first, last in self._files:
            start = max(done, (first - slack) // length * length)
            for at in range(max(0, start), last + slack, length):
                yield Span(at, at + length)
                done = at + length

    def _before(self, low: int, events: Events) -> Book:
        """The book before what was read, on its steps."""
        try:
            found = self._store.book(*self._of, low - 1)
        except BadInput:
            return Book()
        whole = events.instrument
        prices, sizes = found.instrument.tick / whole.tick, found.instrument.lot / whole.lot
        if prices % 1 or sizes % 1:
            return Book()
        found.book.rescale(int(prices), int(sizes))
        return found.book

    def _found(self, view: View) -> list[Span]:
        spans = sorted(
            (file.name.first, file.name.last) for kind in MARKET for file, _ in view.ordered(*self._of, kind)
        )
        joined: list[Span] = []
        for first, last in spans:
            if joined and first <= joined[-1].end:
                joined[-1] = Span(joined[-1].start, max(last, joined[-1].end))
            else:
                joined.append(Span(first, last))
        return joined


def publish(
    archive: Archive,
    store: Store,
    by: Account,
    *,
    markets: list[tuple[str, str]],
    length: int = HOUR,
    lateness: int = LATENESS,
    report: Progress = lambda stage, part: None,
) -> Iterator[Published]:
    """Publishes the windows that are closed, and later than the signer's last of the market.

    Args:
        archive: where they go.
        store: what was recorded; what was filled in from others is not published.
        by: the recorder.
        markets: (venue, symbol) pairs.
        length: of a window, ns.
        lateness: for which a window waits after its end, and by how much the venue's clock may go back, ns.
        report: told of progress.

    Raises:
        BadInput: a length or lateness that cannot be, or a window is too large.
        CaptureError: a file of the store is damaged.
        FusionError: the disk refuses.
    """
    if not SHORTEST <= length <= LONGEST:
        raise BadInput(f"a window is 1 s to a day long, not {length / 1e9:g} s")
    if not 0 <= lateness <= length:
        raise BadInput(f"a window waits for 0 s to its length, not {lateness / 1e9:g} s")
    for place, (venue, symbol) in enumerate(markets):
        head = archive.catalogue.head(by.address, venue, symbol)
        record = Record(store, venue, symbol, lateness)
        if not record.spans:
            continue
        report(f"{symbol} on {venue}", place / len(markets))
        for window in record.windows(length, head.span.end if head else 0):
            yield Published(*archive.add(window, by, lateness))


def _fitting(window: Window, of: Callable[[Span], Window | None]) -> Iterator[Window]:
    """A window if it has facts; its halves where they are too many for one folder."""
    rows = sum(len(DTYPES[kind].names or ()) * len(window.events.tables()[kind]) for kind in MARKET)
    if 8 * rows <= LARGEST:
        if len(window.events):
            yield window
        return
    middle = (window.span.start + window.span.end) // 2
    for span in (Span(window.span.start, middle), Span(middle, window.span.end)):
        half = of(span)
        if half is not None:
            yield from _fitting(half, of)


def _times(events: Events) -> tuple[int, int]:
    """The least and the greatest time of the venue that was recorded here; the wrong way round where there is none."""
    least, most = _ALL, -_ALL
    for kind in MARKET:
        rows = events.tables()[kind]
        known = rows["ts_event"][(rows["flags"] & (Flag.NO_EVENT_TIME | Flag.SNAPSHOT) == 0) & ~foreign(rows)]
        if len(known):
            least, most = min(least, int(known.min())), max(most, int(known.max()))
    return least, most
