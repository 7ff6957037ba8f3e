"""Day: what the record of one symbol on one day is worth."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from atom.book import Book, Replay, replay
from atom.events import Events, Flag, Rows, Status, StatusKind
from atom.instrument import Floats, Ints
from atom.quality.minutes import Minutes, latencies, minutes
from atom.store import Store, parquet
from fusion.errors import BadInput

DAY: Final = 86_400 * 10**9
_NUMBERED: Final = 0.9  # share of steps of one from which on a venue is taken to number its trades one by one
_NS: Final = 1e9


@dataclass(frozen=True, slots=True)
class Day:
    """What a record is worth.

    Attributes:
        venue, symbol, date: whose, and when, UTC by arrival.
        first, last: first and last arrival, ns.
        recorded_s: seconds between them.
        valid: share of them in which the book stood on a whole picture with nothing missing.
        book, trades, quotes: rows of each.
        gaps, resyncs, checksums_bad, disconnects, stale, rate_limited, parse_errors, clock_jumps: Status of each kind.
        crossed, crossed_s: times the book became crossed, and for how many seconds it was.
        silence_s: the longest time without anything.
        latency_p50_ms, latency_p99_ms: arrival - the venue's time.
        ahead: share of rows whose venue time is after their arrival.
        trades_missing, trades_repeated: numbers that are left out, where the venue numbers them one by one (else None),
            and that came again.
        minutes: the day minute by minute.
        status: all that happened to the record.
    """

    venue: str
    symbol: str
    date: str
    first: int
    last: int
    recorded_s: float
    valid: float
    book: int
    trades: int
    quotes: int
    gaps: int
    resyncs: int
    checksums_bad: int
    disconnects: int
    stale: int
    rate_limited: int
    parse_errors: int
    clock_jumps: int
    crossed: int
    crossed_s: float
    silence_s: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    ahead: float
    trades_missing: int | None
    trades_repeated: int
    minutes: Minutes
    status: tuple[Status, ...]

    def as_dict(self) -> dict[str, str | int | float | None]:
        """Its numbers, as JSON has them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in {"minutes", "status"}}


def days(store: Store, venue: str | None = None, symbol: str | None = None) -> Iterator[tuple[str, str, date]]:
    """Venue, symbol and day of what is stored, all of it by default."""
    for of in store.symbols():
        if venue in {None, of[0]} and symbol in {None, of[1]}:
            for day in store.dates(*of):
                yield *of, day


def assess(store: Store, venue: str, symbol: str, day: date) -> Day:
    """What the record of a day is worth.

    Raises:
        BadInput: nothing of it is stored.
        CaptureError: a file is damaged.
    """
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9
    events = store.read(venue, symbol, start=start, end=start + DAY)
    tables = [rows for rows in (events.book, events.trade, events.quote) if len(rows)]
    if not tables:
        raise BadInput(f"nothing of {symbol} on {venue} arrived on {day.isoformat()}; `fusion atom ls` shows what did")
    arrivals = np.sort(np.concatenate([rows["ts_recv"] for rows in tables]))
    first, last = int(arrivals[0]), int(arrivals[-1])
    course = replay(*_followed(store, events, start))
    moments, valid, crossed, times_crossed = _course(events, course, last)
    _, latency = latencies(tables)
    kinds = Counter(status.kind for status in events.status)
    missing, repeated = _trades(events)
    return Day(
        venue=venue,
        symbol=symbol,
        date=day.isoformat(),
        first=first,
        last=last,
        recorded_s=(last - first) / _NS,
        valid=float(valid[-1]) / (last - first) if last > first and len(valid) else 0.0,
        book=len(events.book),
        trades=len(events.trade),
        quotes=len(events.quote),
        gaps=kinds[StatusKind.GAP],
        resyncs=kinds[StatusKind.RESYNC],
        checksums_bad=kinds[StatusKind.CHECKSUM],
        disconnects=kinds[StatusKind.DISCONNECT],
        stale=kinds[StatusKind.STALE],
        rate_limited=kinds[StatusKind.RATE_LIMITED],
        parse_errors=kinds[StatusKind.PARSE_ERROR],
        clock_jumps=kinds[StatusKind.CLOCK],
        crossed=times_crossed,
        crossed_s=crossed / _NS,
        silence_s=float(np.diff(arrivals).max(initial=0)) / _NS,
        latency_p50_ms=float(np.percentile(latency, 50)) / 1e6 if len(latency) else None,
        latency_p99_ms=float(np.percentile(latency, 99)) / 1e6 if len(latency) else None,
        ahead=float(np.mean(np.concatenate([rows["flags"] & Flag.BAD_CLOCK != 0 for rows in tables]))),
        trades_missing=missing,
        trades_repeated=repeated,
        minutes=minutes(tables, start, (moments, valid)),
        status=events.status,
    )


def _followed(store: Store, events: Events, start: int) -> tuple[Rows, Book]:
    """The day's rows, and the book as the day found it, on steps that both have."""
    instrument = events.instrument
    try:
        found = store.book(instrument.venue, instrument.symbol, start - 1)
    except BadInput:
        return events.book, Book()
    whole = parquet.finest([found.instrument, instrument])  # a tick may become coarser too
    return parquet.on_steps("book", events.book, instrument, whole), found.on(whole) or Book()


def _course(events: Events, course: Replay, last: int) -> tuple[Ints, Floats, float, int]:
    """Moments at which the book changed and how long it had been valid until each; time crossed, and times."""
    tops = course.tops
    if not len(tops):
        return np.zeros(0, np.int64), np.zeros(0), 0.0, 0
    at = np.maximum.accumulate(events.book["ts_recv"][tops["row"]])
    moments = np.append(at, max(last, int(at[-1])))
    lasted = np.diff(moments)
    valid = np.concatenate(([0.0], np.cumsum(np.where(tops["valid"], lasted, 0))))
    return moments, valid, float(lasted[course.stood_crossed].sum()), len(course.became_crossed)


def _trades(events: Events) -> tuple[int | None, int]:
    known = events.trade[events.trade["flags"] & (Flag.NO_TRADE_ID | Flag.BY_PRICE) == 0]
    ids = np.unique(known["trade_id"])
    steps = np.diff(ids)
    one_by_one = len(steps) > 0 and float(np.mean(steps == 1)) >= _NUMBERED
    return int((steps - 1).sum()) if one_by_one else None, len(known) - len(ids)
