"""Facts: what of a recording the market said, in an order and on a scale that no recorder chooses.

`docs/archive.md` has the definition and the reasons.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np

from atom.events import DTYPES, MARKET, PRICES, SIZES, Action, Events, Flag, Rows
from atom.instrument import Instrument, Ints, power, ratio, rescale
from fusion.errors import BadInput

_NO_TIME: Final = int(Flag.NO_EVENT_TIME)
_OF_ARRIVAL: Final = int(Flag.BAD_CLOCK | Flag.NO_ARRIVAL)


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one type, in canonical order.

    Attributes:
        rows: without arrival.
        times: of each, the greatest time that the venue has told up to it, ns; never falls.
        places: of each, its row in the recording.
        unplaced: rows left out, since the venue tells no time of their type.
    """

    rows: Rows
    times: Ints
    places: Ints
    unplaced: int = 0

    def within(self, start: int, end: int) -> slice:
        """Those from `start` on and before `end`, ns."""
        first, stop = np.searchsorted(self.times, (start, end))
        return slice(int(first), int(stop))


def facts(kind: str, rows: Rows) -> Facts:
    """The facts among the rows of a type.

    Of the book, changes and no pictures, in the order in which they took effect. Trades and, where they are numbered,
    quotes are sorted, and each stands once, however often it was told.

    Args:
        kind: of `MARKET`.
        rows: as they were recorded.
    """
    places = np.flatnonzero(_is_fact(kind, rows))
    told = _plain(kind, rows[places])
    if kind == "trade":
        placed = told["flags"] & _NO_TIME == 0
        unplaced = int(len(told) - placed.sum())
        told, places = told[placed], places[placed]
        order = _sorted(told, ("ts_event", "trade_id", "sequence", *(DTYPES[kind].names or ())))
        again = (told["flags"] & Flag.NO_TRADE_ID) == 0
    elif kind == "quote" and not (told["flags"] & Flag.NO_SEQUENCE).any():
        unplaced = 0
        order = _sorted(told, ("sequence", "ts_event", *(DTYPES[kind].names or ())))
        again = np.ones(len(told), np.bool_)
    else:
        unplaced, order, again = 0, np.arange(len(told)), np.zeros(len(told), np.bool_)
    told, places, again = told[order], places[order], again[order]
    if len(told):
        again[0] = False
        again[1:] &= told[1:] == told[:-1]
        told, places = told[~again], places[~again]
    known = told["flags"] & _NO_TIME == 0
    if not known.any():
        return Facts(told[:0], np.zeros(0, np.int64), places[:0], unplaced + len(told))
    times = np.maximum.accumulate(np.where(known, told["ts_event"], 0))
    return Facts(told, times, places, unplaced)


def on_least_scale(events: Events) -> Events:
    """Events on the coarsest tick and lot among 1, 0.1, 0.01 ... of which their numbers are multiples.

    Raises:
        BadInput: a number does not fit 64 bits so.
    """
    tables = {kind: rows.copy() for kind, rows in events.tables().items() if kind in MARKET}
    of = events.instrument
    try:
        tick = _least(tables, PRICES, of.tick)
        lot = _least(tables, SIZES, of.lot)
    except OverflowError as error:
        raise BadInput(f"{of.symbol} on {of.venue} has numbers beyond 64 bits: {error}") from error
    instrument = Instrument(of.venue, of.symbol, of.venue_symbol, power(tick), power(lot))
    return Events(instrument, tables["book"], tables["trade"], tables["quote"])


def foreign(rows: Rows) -> Rows:
    """Which rows nobody here has recorded: they came without arrival, as those of a mirrored window do."""
    return np.asarray(rows["flags"] & Flag.NO_ARRIVAL != 0, np.bool_)


def own(events: Events) -> Events:
    """What was recorded here. Where the book is not, there is a CLEAR."""
    book = events.book.copy()
    others = foreign(book)
    book["action"][others] = Action.CLEAR
    book["flags"][others] &= np.uint16(0xFFFF ^ int(Flag.SNAPSHOT))
    trade, quote = (rows[~foreign(rows)] for rows in (events.trade, events.quote))
    return replace(events, book=book, trade=trade, quote=quote)


def _is_fact(kind: str, rows: Rows) -> Rows:
    if kind != "book":
        unnamed = (Flag.SNAPSHOT, Flag.SNAPSHOT | Flag.NO_TRADE_ID)[kind == "trade"]
        return np.asarray(rows["flags"] & unnamed != unnamed, np.bool_)
    return np.asarray((rows["action"] != Action.CLEAR) & (rows["flags"] & Flag.SNAPSHOT == 0), np.bool_)


def _plain(kind: str, rows: Rows) -> Rows:
    """Rows without what only tells of the recorder."""
    told = rows.copy()
    told["ts_recv"] = 0
    told["flags"] &= np.uint16(0xFFFF ^ (_OF_ARRIVAL | (int(Flag.SNAPSHOT) if kind == "trade" else 0)))
    return told


def _sorted(rows: Rows, by: tuple[str, ...]) -> Ints:
    return np.lexsort([rows[name] for name in reversed(by)])


def _least(tables: dict[str, Rows], names: tuple[str, ...], step: Decimal) -> int:
    """Puts all numbers of these names on the least scale, and gives its decimals."""
    places = ratio(step)[1]
    columns = [(rows, name) for rows in tables.values() for name in names if name in (rows.dtype.names or ())]
    for rows, name in columns:
        rows[name] = rescale(rows[name], step, power(places))
    while places and not any((rows[name] % 10).any() for rows, name in columns):
        for rows, name in columns:
            rows[name] //= 10
        places -= 1
    return places
