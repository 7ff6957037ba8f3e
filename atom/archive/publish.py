"""Publish: the closed windows of a recorder's store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from atom.archive.archive import Archive
from atom.archive.cut import LATENESS, Span, Window, cut
from atom.archive.manifest import LONGEST, Manifest
from atom.archive.outage import outages
from atom.archive.reach import Reach
from atom.book import Book
from atom.events import DTYPES, MARKET, Events
from atom.store import Store
from atom.store.store import STATUS
from fusion.chain.account import Account
from fusion.content.cid import Cid
from fusion.errors import BadInput

HOUR: Final = 3_600 * 10**9
SHORTEST: Final = 10**6
LARGEST: Final = 192 << 20
"""Most bytes of a window's facts; of a span that has more, the halves are windows."""

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
        self._reach = Reach(store, venue, symbol)
        self._away = outages(store.read(venue, symbol, kinds=(STATUS,)).status)

    def windows(self, length: int, after: int = 0) -> Iterator[Window]:
        """Closed windows that have facts, in order.

        Args:
            length: of each, ns; they begin at its multiples.
            after: those that begin before it are left out, ns.
        """
        done = -(-after // length) * length
        for first, last in self._reach.told():
            for start in range(max(done, first // length * length), last + 1, length):
                window = self.window(Span(start, start + length))
                if window is not None:
                    yield from _fitting(window, self.window)
                done = start + length

    def window(self, span: Span) -> Window | None:
        """One window, or None where it is not closed: nothing has come that is later by the lateness."""
        arrivals = self._reach.arrivals(Span(span.start - self._lateness, span.end + self._lateness))
        if arrivals is None:
            return None
        events = self._store.read(*self._of, kinds=MARKET, start=arrivals.start, end=arrivals.end)
        return cut(events, self._before(arrivals.start, events), span, self._lateness, self._away)

    def _before(self, arrival: int, events: Events) -> Book:
        """The book before what was read, on its steps."""
        try:
            found = self._store.book(*self._of, arrival - 1)
        except BadInput:  # there is no book at all
            return Book()
        return found.on(events.instrument) or Book()  # else of another recording, after which the book began anew


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
        raise BadInput(f"a window is 1 ms to a day long, not {length / 1e9:g} s")
    if not 0 <= lateness <= length:
        raise BadInput(f"a window waits for 0 s to its length, not {lateness / 1e9:g} s")
    for place, (venue, symbol) in enumerate(markets):
        head = archive.catalogue.head(by.address, venue, symbol)
        record = Record(store, venue, symbol, lateness)
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
