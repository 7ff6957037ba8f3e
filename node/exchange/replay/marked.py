"""Marked: the record of a perpetual as commands, with its mark prices and what its positions paid one another.

The mark price is the venue's own where the record has it. Before the first one, and where there is none, it is the
middle of the recorded book, after each second in which something came and before what comes after others: nobody moves
it but who was recorded. A funding comes when the venue had announced it, at the rate that it had told last before, or
when and as its history tells it; where neither is recorded there is none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from atom.events import Flag, Rows, empty
from node.exchange.core.command import COMMAND, Kind
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Listing
from node.exchange.replay.shown import mid

KINDS: Final = ("mark_price", "funding")
"""What the venue tells of a perpetual beside its market, as Atom names it."""
_SECOND: Final = 10**9
_MINUTE: Final = 60 * _SECOND
_BILLION: Final = 10**9
_HIGHEST: Final = float(1 << 53)  # ticks
_NEVER: Final = (1 << 63) - 1


def marked(blocks: Iterable[Commands], listing: Listing, told: Iterable[Mapping[str, Rows]]) -> Iterator[Commands]:
    """A record's commands, with those that tell its mark price and fundings: at equal times these come last.

    Args:
        blocks: the commands in order; the first says how to read the others.
        listing: the market as one of the asset itself, which the commands are for.
        told: what the venue told beside, piece by piece in order: rows of `KINDS`.
    """
    outside, middle = _Waiting(_announced(told, listing.tick)), _Middle(listing)
    last, until = -1, _NEVER
    for block in blocks:
        if not len(block):
            continue
        if last < 0:
            outside.begin(int(block["time"][0]))
        last = int(block["time"][-1])
        theirs = outside.before(last)
        until = min(until, _first_mark(theirs), _first_mark(outside.rows))
        yield _merged(block, _merged(middle.through(block, until), theirs))
    if len(rest := outside.before(last + 1)):
        yield rest


class _Middle:
    """The middle of the recorded book at whole seconds."""

    def __init__(self, listing: Listing) -> None:
        self._exchange, self._due = Exchange([listing]), 0

    def through(self, block: Commands, until: int) -> Commands:
        """The mark prices that come among the commands of a block, those before a time (ns)."""
        found: list[tuple[int, Kind, int]] = []
        times, at = block["time"], 0
        while at < len(block):
            time = int(times[at])
            if self._due and time > self._due and (price := mid(self._exchange)) > 0:
                found += [(each, Kind.MARK, price) for each in sorted({self._due, (time - 1) // _SECOND * _SECOND})]
            if time > until:
                self._due = 0
                break
            self._due = -(-time // _SECOND) * _SECOND
            end = int(np.searchsorted(times, self._due, "right"))
            self._exchange.carry_out(block[at:end])
            at = end
        return _rows([each for each in found if each[0] < until])


class _Waiting:
    """What the venue told, until its time has come.

    Attributes:
        rows: what is at hand of it.
    """

    def __init__(self, pieces: Iterator[Commands]) -> None:
        self._pieces, self.rows = pieces, np.zeros(0, COMMAND)

    def begin(self, time: int) -> None:
        """Of what was told before a time (ns) the last mark price alone counts, from then on."""
        self._read(time)
        early = self.rows["time"] < time
        marks = np.flatnonzero(early & (self.rows["kind"] == Kind.MARK))[-1:]
        self.rows = np.concatenate([self.rows[marks], self.rows[~early]])
        self.rows["time"] = np.maximum(self.rows["time"], time)

    def before(self, time: int) -> Commands:
        """What was told before a time, ns."""
        self._read(time)
        count = int(np.searchsorted(self.rows["time"], time))
        due, self.rows = self.rows[:count], self.rows[count:]
        return due

    def _read(self, time: int) -> None:
        """Reads on until all is at hand that was told before a time."""
        while not len(self.rows) or self.rows["time"][-1] < time:
            more = next(self._pieces, None)
            if more is None:
                break
            self.rows = np.concatenate([self.rows, more])


def _first_mark(rows: Commands) -> int:
    """When the first mark price among them is told, ns."""
    marks = rows["time"][rows["kind"] == Kind.MARK]
    return int(marks[0]) if len(marks) else _NEVER


def _announced(told: Iterable[Mapping[str, Rows]], tick: Decimal) -> Iterator[Commands]:
    """What the venue told as commands, piece by piece; a funding once its time has come, or at the end."""
    coming: dict[int, float] = {}  # rates by when they are due, ns
    latest = 0
    for piece in told:
        marks, rates = (piece.get(kind, empty(kind)) for kind in KINDS)
        prices = np.rint(marks["price"] / float(tick))
        real = (prices >= 1) & (prices < _HIGHEST)
        found = [(time, Kind.MARK, int(price)) for time, price in zip(_times(marks)[real], prices[real], strict=True)]
        _note(rates, coming)
        began, latest = latest, max([latest, *_times(marks)[-1:], *_times(rates)[-1:]])
        found += [(each, Kind.FUNDING, _ppb(coming.pop(each))) for each in sorted(coming) if each <= latest]
        yield _rows(sorted((max(time, began), kind, amount) for time, kind, amount in found))
    yield _rows([(max(time, latest), Kind.FUNDING, _ppb(coming[time])) for time in sorted(coming)])


def _ppb(rate: float) -> int:
    return round(rate * _BILLION)


def _note(rates: Rows, coming: dict[int, float]) -> None:
    """Notes what was told of fundings: the last of what was foretold before each, or what its history says."""
    known = np.abs(rates["rate"]) <= 1
    for time, row in zip(_times(rates)[known].tolist(), rates[known], strict=True):
        due, rate = int(row["next_ts"]), float(row["rate"])
        if due > time:
            coming[due] = rate
        elif due == 0 and row["ts_event"] == row["ts_recv"]:  # of history; a stream without a next time pays all along
            for near in [each for each in coming if abs(each - time) < _MINUTE]:
                del coming[near]
            coming[time] = rate


def _times(rows: Rows) -> Rows:
    """The venue's times, or where it tells none those of arrival; never before the one before."""
    none = rows["flags"] & int(Flag.NO_EVENT_TIME) != 0
    return np.maximum.accumulate(np.where(none, rows["ts_recv"], rows["ts_event"]))


def _rows(told: Sequence[tuple[int, Kind, int]]) -> Commands:
    """Commands of (time, kind, price or rate)."""
    rows = np.zeros(len(told), COMMAND)
    if told:
        rows["time"], rows["kind"], amounts = np.array(told, np.int64).T
        rows["price"] = np.where(rows["kind"] == Kind.MARK, amounts, 0)
        rows["quantity"] = np.where(rows["kind"] == Kind.MARK, 0, amounts)
    return rows


def _merged(commands: Commands, more: Commands) -> Commands:
    """Both in the order of their times, of equal ones those of the second last."""
    if not len(more):
        return commands
    places = np.searchsorted(commands["time"], more["time"], "right")
    raw = f"V{COMMAND.itemsize}"  # numpy copies rows field by field
    found: Commands = np.insert(np.ascontiguousarray(commands).view(raw), places, more.view(raw)).view(COMMAND)
    return found
