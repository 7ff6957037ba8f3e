"""Recorded: a tape of a market that Atom has a recording of."""

import numpy as np

from atom.book import Book
from atom.events import Events, Flag, Rows, Side
from atom.instrument import Floats, Ints
from atom.recording import Recording
from fusion.errors import BadInput
from node.exchange.agents.facts.tape import EDGES, Tape, depth_of, shares

_LOOKS = 60  # at the depth
_SECOND = 1_000_000_000


def tape_of(recording: Recording) -> Tape:
    """A recording's tape, with a mid a second; BadInput where it has no book or is shorter than two minutes."""
    events = recording.events
    tops, rows = recording.replay.tops, events.book
    if not len(tops):
        raise BadInput(f"the recording of {events.instrument.symbol} has no book")
    times = np.maximum.accumulate(rows["ts_recv"][tops["row"]])
    start, end = int(times[0]), int(times[-1])
    moments = np.arange(start + _SECOND, end, _SECOND)
    if len(moments) < 120:
        raise BadInput(f"the recording of {events.instrument.symbol} is {len(moments)} s long; it takes 120 or more")
    at = np.searchsorted(times, moments, side="right") - 1
    top = tops[at]
    there = top["valid"] & (top["bid_size"] > 0) & (top["ask_size"] > 0)
    bid, ask = np.where(there, top["bid_price"], np.nan), np.where(there, top["ask_price"], np.nan)
    mids = 0.5 * (bid + ask)
    name = f"{events.instrument.symbol} on {events.instrument.venue}, recorded"
    signs, prices, sizes = _takers(events)
    depth = shares(_depth(rows, tops["row"][at] + 1))
    return Tape(name, 1.0, mids, ask - bid, 1e6 / float(np.nanmean(mids)), signs, prices, sizes, depth)


def _takers(events: Events) -> tuple[Ints, Floats, Floats]:
    """Trades of one side in one moment are one order's, where the venue does not tell the orders."""
    trades = events.trade[(events.trade["side"] != Side.NONE) & (events.trade["flags"] & Flag.SNAPSHOT == 0)]
    if not len(trades):
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    same = np.ones(len(trades) - 1, np.bool_)
    for name in ("ts_event", "side", "taker_order_id"):
        same &= trades[name][1:] == trades[name][:-1]
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    last = np.append(first[1:], len(trades)) - 1
    signs = np.where(trades["side"][first] == Side.BID, 1, -1).astype(np.int64)
    return signs, trades["price"][last].astype(float), np.add.reduceat(trades["size"], first).astype(float)


def _depth(rows: Rows, until: Ints) -> Floats:
    """The sum of the depths at some of the moments, at which the book has come to those rows."""
    book, start, total = Book(), 0, np.zeros(len(EDGES) - 1)
    for end in until[:: max(1, len(until) // _LOOKS)]:
        book.apply(rows[start:end])
        start = int(end)
        levels = [level for side in (Side.BID, Side.ASK) for level in book.levels(side)]
        bid, ask = book.best_bid, book.best_ask
        if bid is not None and ask is not None:
            prices, sizes = np.array(levels, float).T
            total += depth_of(0.5 * (bid.price + ask.price), prices, sizes)
    return total
