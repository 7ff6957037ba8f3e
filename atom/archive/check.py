"""Check: whether a window is what its manifest says, and in the one form that it can have."""

from typing import Final

import numpy as np

from atom.archive.cut import Span
from atom.archive.facts import facts, on_least_scale
from atom.archive.manifest import Manifest
from atom.book import Book
from atom.events import MARKET, Action, Events, Flag, Rows, Side
from atom.instrument import Ints
from atom.window import read_window, window_files
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentError

_PLACES: Final = 40  # decimals of a step
_FLAGS: Final = np.uint16(sum(Flag))


def check(told: Manifest, store: BlockStore) -> Events:
    """The events of a window, once it is what its manifest says.

    Raises:
        ContentError: it is not.
        ContentUnavailable: a block of it is not in `store`.
    """
    events = _read(told, told.window, store)
    for kind, rows in events.tables().items():
        if kind not in MARKET:
            raise ContentError(f"the window {told.window} holds {kind}, which windows of markets do not")
        if len(rows) != told.rows[kind]:
            raise ContentError(
                f"the window {told.window} has {len(rows)} rows of {kind}, its manifest says {told.rows[kind]}"
            )
        found = facts(kind, rows)
        same = rows.copy()
        same["flags"] &= np.uint16(0xFFFF ^ int(Flag.NO_ARRIVAL))
        if found.rows.tobytes() != same.tobytes():
            raise ContentError(f"the {kind} of the window {told.window} is not in canonical order and form")
        _in_span(kind, found.times, rows, told)
    for row, cid in told.pictures:
        if cid is not None:
            _picture(told, row, cid, store)
    return events


def picture_of(told: Manifest, cid: Cid, store: BlockStore) -> Events:
    """A picture of the book; raises as `check`."""
    return _read(told, cid, store)


def _read(told: Manifest, cid: Cid, store: BlockStore) -> Events:
    files = store.read_directory(cid)
    events = read_window(files)
    of = events.instrument
    if (of.venue, of.symbol) != (told.venue, told.symbol):
        raise ContentError(
            f"{cid} is of {of.symbol!r:.80} on {of.venue!r:.80}, its manifest says {told.symbol} on {told.venue}"
        )
    _possible(cid, events)
    try:
        again = window_files(on_least_scale(events))
    except BadInput as error:
        raise ContentError(str(error)) from error
    if again != files:
        raise ContentError(f"{cid} is not in canonical form")
    return events


def _possible(cid: Cid, events: Events) -> None:
    """Refuses numbers that no market has, before anything is reckoned with them."""
    for step in (events.instrument.tick, events.instrument.lot):
        sign, digits, exponent = step.as_tuple()
        if sign or digits != (1,) or not isinstance(exponent, int) or not -_PLACES <= exponent <= 0:
            raise ContentError(f"{cid} has a tick or lot that is none of 1, 0.1, 0.01 ...")
    for kind in MARKET:
        rows = events.tables()[kind]
        names = [name for name in rows.dtype.names or () if rows.dtype[name].kind == "i"]
        if any((rows[name] < 0).any() for name in names) or (rows["flags"] & ~_FLAGS).any():
            raise ContentError(f"the {kind} of {cid} has a negative number or an unknown flag")
        sides = rows["side"] if "side" in (rows.dtype.names or ()) else np.zeros(0, np.uint8)
        if (sides > max(Side)).any() or (kind == "book" and not np.isin(rows["action"], list(Action)).all()):
            raise ContentError(f"the {kind} of {cid} has an unknown side or action")


def _in_span(kind: str, times: Ints, rows: Rows, told: Manifest) -> None:
    if not len(rows):
        return
    known = rows["ts_event"][rows["flags"] & Flag.NO_EVENT_TIME == 0]
    span = Span(int(known.min()), int(times[-1]))
    if times[0] < told.span.start or span.end >= told.span.end or span.start < told.span.start - told.lateness:
        raise ContentError(f"the {kind} of the window {told.window} is of {span.start} to {span.end}, beyond its span")


def _picture(told: Manifest, row: int, cid: Cid, store: BlockStore) -> None:
    events = _read(told, cid, store)
    rows = events.book
    sound = len(events.tables()) == len(MARKET) and not len(events.trade) and not len(events.quote)
    sound &= len(rows) > 0 and bool((rows["flags"] & Flag.SNAPSHOT != 0).all())
    sound &= len(rows) > 0 and rows["action"][0] == Action.CLEAR and bool((rows["action"][1:] == Action.ADD).all())
    if not sound:
        raise ContentError(f"{cid} is no picture of a book")
    book = Book()
    book.apply(rows)
    if not book.valid:
        raise ContentError(f"{cid} is no whole picture of a book, at row {row}")
