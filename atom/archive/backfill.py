"""Backfill: mirrored windows into the store, where it has nothing of its own."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from atom.archive.archive import Archive
from atom.archive.catalogue import Entry
from atom.archive.check import check, picture_of
from atom.archive.cut import Span
from atom.archive.manifest import Manifest
from atom.events import MARKET, Action, Events, Flag, Rows, empty
from atom.instrument import Ints
from atom.recording import Recording
from atom.store import Store, disk, parquet
from atom.store.view import View, steadily
from fusion.errors import BadInput, ContentError

_SLACK: Final = 60 * 10**9  # by which an own clock may differ from the venue's

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a span.

    Attributes:
        span: of the venue's time.
        window: root of the market's facts that was chosen; None where none was.
        signers: that name it.
        whole: whether one of them is sure that nothing is missing.
        rows: that were put into the store.
        outcome: "filled", "own" (the store has events of that time) or "disputed".
        others: roots that other signers name instead, each with them.
    """

    span: Span
    window: str | None
    signers: tuple[str, ...]
    whole: bool
    rows: int
    outcome: str
    others: dict[str, list[str]]


def backfill(
    archive: Archive,
    store: Store,
    venue: str,
    symbol: str,
    *,
    span: Span,
    signer: str | None = None,
    report: Progress = lambda stage, part: None,
) -> Iterator[Filled]:
    """Puts the windows of the archive that lie within a span into the store, where that has no events.

    Of several windows of the same time the one that most signers name is taken, whole ones before others; with a
    `signer`, the one it names. A signer that names two counts for none. Where two are named as often, none is taken.

    Args:
        archive: whose windows.
        store: where they go.
        venue, symbol: of which market.
        span: of the venue's time, ns.
        signer: whose word counts alone; None for all.
        report: told of progress.

    Raises:
        BadInput: the archive has nothing of that market and time.
        ContentError: a window is not as its manifest says.
        FusionError: the disk refuses.
    """
    found = [
        entry
        for entry in archive.catalogue.of_market(venue, symbol, *span)
        if entry.span.start >= span.start and entry.span.end <= span.end and signer in {None, entry.signer}
    ]
    if not found:
        raise BadInput(
            f"the archive has no window of {symbol!r} on {venue!r} in that time; `fusion atom mirror` gets them"
        )
    spans = sorted({entry.span for entry in found}, key=lambda one: (one.start, -one.end))
    for place, one in enumerate(spans):
        report(f"{symbol} on {venue}", place / len(spans))
        claims = [entry for entry in found if entry.span == one]
        yield _fill(archive, store, claims)


def chosen(claims: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Those that name the window to be taken, and those that name another; none in the first where it is disputed."""
    named = Counter(signer for signer, _ in {(entry.signer, entry.window) for entry in claims})
    honest = [entry for entry in claims if named[entry.signer] == 1]
    told = [entry for entry in honest if entry.whole] or honest
    votes = Counter(window for _, window in {(entry.signer, entry.window) for entry in told}).most_common()
    if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return [], list(claims)
    best = votes[0][0]
    return [entry for entry in honest if entry.window == best], [entry for entry in claims if entry.window != best]


def _fill(archive: Archive, store: Store, claims: Sequence[Entry]) -> Filled:
    those, others = chosen(claims)
    span = claims[0].span
    against: dict[str, list[str]] = {}
    for entry in others:
        against.setdefault(str(entry.window), []).append(entry.signer)
    if not those:
        return Filled(span, None, (), whole=False, rows=0, outcome="disputed", others=against)
    best = max(those, key=lambda entry: (entry.whole, entry.signer))
    signers = tuple(sorted({entry.signer for entry in those}))
    if _has(store, best):
        return Filled(span, str(best.window), signers, best.whole, 0, "own", against)
    told = archive.manifest(best.manifest)
    try:
        events = _told(told, archive)
    except OverflowError as error:
        raise ContentError(f"the window {told.window} and its pictures do not fit one scale: {error}") from error
    trades = len(events.trade)
    recording = Recording(events, messages=len(events), unexplained=0, trades=trades, gaps=0)
    for folder in {path.parent for path in store.write(recording)}:
        disk.sync(folder)
    return Filled(span, str(best.window), signers, best.whole, len(events), "filled", against)


def _has(store: Store, entry: Entry) -> bool:
    """Whether the store has events of that time, or a file that lies around it."""

    def look(view: View) -> bool:
        for kind in MARKET:
            for file, _ in view.ordered(entry.venue, entry.symbol, kind):
                if file.name.first < entry.span.end and file.name.last >= entry.span.start:
                    return True
            near = entry.span.start - _SLACK, entry.span.end + _SLACK
            for _, rows in view.pieces(entry.venue, entry.symbol, kind, near):
                if ((rows["ts_event"] >= entry.span.start) & (rows["ts_event"] < entry.span.end)).any():
                    return True
        return False

    return steadily(store.folder, look)


def _told(told: Manifest, archive: Archive) -> Events:
    """The events of a window as the store keeps them: with the pictures at their places, and a CLEAR at the end."""
    events = check(told, archive.content)
    pictures = [(row, None if cid is None else picture_of(told, cid, archive.content)) for row, cid in told.pictures]
    whole = parquet.finest([events.instrument, *(each.instrument for _, each in pictures if each is not None)])
    book = parquet.on_steps("book", events.book, events.instrument, whole)
    times = _times(book, told.span.start)
    edges = [row for row, _ in pictures]
    pieces: list[Rows] = []
    for (row, seen), end in zip(pictures, [*edges[1:], len(book)], strict=True):
        at = int(times[row]) if 0 < row < len(book) else told.span.start
        rows = _clear() if seen is None else parquet.on_steps("book", seen.book, seen.instrument, whole)
        pieces += [_stamped(rows, np.full(len(rows), at, np.int64)), _stamped(book[row:end], times[row:end])]
    last = np.full(1, told.span.end - 1, np.int64)
    pieces.append(_stamped(_clear(), last))
    trade, quote = (
        _stamped(parquet.on_steps(kind, rows, events.instrument, whole), _times(rows, told.span.start))
        for kind, rows in (("trade", events.trade), ("quote", events.quote))
    )
    return replace(events, instrument=whole, book=np.concatenate(pieces), trade=trade, quote=quote)


def _clear() -> Rows:
    row = empty("book", 1)
    row["action"] = Action.CLEAR
    row["flags"] = Flag.BY_PRICE | Flag.NO_ORDER | Flag.NO_SEQUENCE | Flag.LAST
    return row


def _times(rows: Rows, start: int) -> Ints:
    known = np.where(rows["flags"] & Flag.NO_EVENT_TIME == 0, rows["ts_event"], start)
    return np.maximum.accumulate(np.maximum(known, start)) if len(rows) else known


def _stamped(rows: Rows, times: Ints) -> Rows:
    """Rows with a time by which they are in order; where it is not the venue's, it is derived."""
    told = rows.copy()
    derived = (told["flags"] & Flag.NO_EVENT_TIME != 0) | (told["ts_event"] != times)
    told["ts_event"] = told["ts_recv"] = times
    told["flags"] &= np.uint16(0xFFFF ^ int(Flag.NO_EVENT_TIME))
    told["flags"] |= np.uint16(Flag.NO_ARRIVAL)
    told["flags"][derived] |= np.uint16(Flag.DERIVED)
    return told
