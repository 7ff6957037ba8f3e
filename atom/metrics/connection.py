"""WebSocket error data: how well the connection holds that brings a symbol."""

import re
from collections import Counter
from math import nan
from typing import Final

import numpy as np

from atom.events import Events, Flag, Status, StatusKind
from atom.instrument import Ints
from atom.metrics.definition import OURS, Definition, Group
from atom.metrics.latency import Latency
from atom.metrics.order import Columns, table

_CLOSE: Final = re.compile(r"^([1-4]\d{3})\b|\(([1-4]\d{3})\b[^()]*\)$", re.ASCII)
_ENDS: Final = ("disconnect", "crash")
_COUNTS: Final = {
    "stale": "silences that were too long",
    "gap": "times updates were missing",
    "checksum": "checksums of the venue that were wrong",
    "parse_error": "messages that nobody understood",
    "crossed": "times the book became crossed",
    "clock": "jumps of a clock",
    "rate_limited": "refusals for too many requests (429, 418)",
    "resync": "times the book was whole again",
    "repeated": "updates that came before",
}
_LATENCIES: Final = (50, 90, 99)
_LATENCY: Final = (
    "arrival - the venue's time of messages of the book and of trades, ns, to within 1/64 of itself; below zero "
    "where the "
    "venue's clock is ahead"
)

CONNECTION: Final = Group(
    "connection",
    "WebSocket error data",
    "atom.metrics.Connection",
    "one row after each Status event; totals since the first event",
    (
        Definition("disconnects", "count", "times a connection ended", OURS),
        Definition("reconnects", "count", "connections after the first", OURS),
        Definition("failures", "count", "ends told while there was no connection: it could not be made", OURS),
        Definition(
            "close_code", "1", "of the last end, where one was told; `codes` counts each", OURS, null="without one"
        ),
        *(Definition(name, "count", meaning, OURS) for name, meaning in _COUNTS.items()),
        *(
            Definition(
                f"latency_p{percent}",
                "ns",
                f"{percent} % of latencies are at most so long: {_LATENCY}",
                OURS,
                null="without any",
            )
            for percent in _LATENCIES
        ),
        Definition(
            "uptime",
            "1",
            "time connected / time since the first event, of which a connection is taken as made",
            OURS,
            null="while no time has passed",
        ),
    ),
)


class Connection:
    """How well the connection holds that brings a symbol. Its clock is that of arrival."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()
        self._code = nan
        self._latency = Latency()
        self._first = self._now = self._since = self._connected = 0
        self._up = True
        self._met = False

    def update(self, events: Events) -> Columns:
        """Columns ts and each of the metrics."""
        arrivals, latencies = _latencies(events)
        told, at = [], 0
        for status in events.status:
            until = int(np.searchsorted(arrivals, status.ts_recv, side="left"))
            self._arrived(arrivals[at:until], latencies[at:until])
            at = max(at, until)
            self._pass(status.ts_recv)
            self._take(status)
            told.append((self._now, *self.report().values()))
        self._arrived(arrivals[at:], latencies[at:])
        return table(tuple(self.report()), told)

    def report(self) -> dict[str, float]:
        """The metrics as of the last event."""
        counts = {name: float(self._counts[name]) for name in ("disconnects", "reconnects", "failures")}
        connected = self._connected + (self._now - self._since if self._up else 0)
        return {
            **counts,
            "close_code": self._code,
            **{name: float(self._counts[name]) for name in _COUNTS},
            **{f"latency_p{percent}": self._latency.percentile(percent) for percent in _LATENCIES},
            "uptime": connected / (self._now - self._first) if self._now > self._first else nan,
        }

    def _arrived(self, arrivals: Ints, latencies: Ints) -> None:
        if len(arrivals):
            self._pass(int(arrivals[0]))
            self._pass(int(arrivals[-1]))
            self._latency.update(latencies)

    def _pass(self, now: int) -> None:
        if not self._first:
            self._first = self._since = now
        self._now = max(self._now, now)

    def _take(self, status: Status) -> None:
        if status.kind is StatusKind.CONNECT:
            self._counts["reconnects"] += self._met
            if not self._up:
                self._up, self._since = True, self._now
            self._met = True
        elif status.kind.value in _ENDS:
            self._counts["disconnects" if self._up else "failures"] += 1
            if self._up:
                self._up = False
                self._connected += self._now - self._since
            self._met = True
            found = _CLOSE.search(status.detail)
            if found:
                self._code = float(found[1] or found[2])
                self.codes[int(self._code)] += 1
        else:
            self._counts[status.kind.value] += 1


def _latencies(events: Events) -> tuple[Ints, Ints]:
    """Arrival, and latency, of what tells both, in order of arrival."""
    pieces = []
    for rows in (events.book, events.trade):
        known = rows["flags"] & (Flag.NO_EVENT_TIME | Flag.NO_ARRIVAL) == 0
        told = rows[known & (rows["flags"] & Flag.LAST != 0)]
        # what is late within its table arrived no earlier than what stands before it
        pieces.append((np.maximum.accumulate(told["ts_recv"]), told["ts_recv"] - told["ts_event"]))
    arrivals, latencies = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    order = np.argsort(arrivals, kind="stable")
    return arrivals[order], latencies[order]
