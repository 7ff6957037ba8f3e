"""Replay: recorded events into a sink, as they arrived."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from operator import itemgetter
from typing import Final

import numpy as np

from atom.events import Events, Rows
from atom.instrument import Ints
from atom.sink import Sink

STEP_NS: Final = 20_000_000
"""Of recorded time that is handed over at once, at its end."""


async def replay(
    recorded: Iterable[Iterable[Events]],
    sink: Sink,
    *,
    speed: float | None = 1.0,
    room: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Hands a sink what was recorded.

    Args:
        recorded: of each symbol its events, in pieces that follow one another.
        sink: such as a bus, which then sends what it sent when it was live.
        speed: 1 for real time, 10 for ten times as fast; None for as fast as it goes.
        room: where there is no clock, waited for before more is handed over.
    """
    loop = asyncio.get_running_loop()
    origin: tuple[int, float] | None = None  # an arrival, and when that is by our clock
    for due, events in heapq.merge(*map(slices, recorded), key=itemgetter(0)):
        if speed is not None:
            origin = origin or (due, loop.time())
            await asyncio.sleep(max(0.0, origin[1] + (due - origin[0]) / 1e9 / speed - loop.time()))
        elif room is not None:
            await room()
        sink.take(events)
    if room is not None:
        await room()


def slices(pieces: Iterable[Events], step_ns: int = STEP_NS) -> Iterator[tuple[int, Events]]:
    """Events a step of recorded time at a time, with when the last of them arrived, ns.

    What waited for a picture of the book stands after it, and is due with it.
    """
    latest = 0
    for events in pieces:
        tables = events.tables()
        due = {kind: np.maximum.accumulate(np.append(latest, _arrivals(rows)))[1:] for kind, rows in tables.items()}
        status = np.maximum.accumulate([latest, *(one.ts_recv for one in events.status)])[1:]
        steps = np.unique(np.concatenate([*due.values(), status]) // step_ns)
        for step in steps.tolist():
            cuts = {
                kind: slice(*np.searchsorted(of, (step * step_ns, (step + 1) * step_ns))) for kind, of in due.items()
            }
            part = {kind: rows[cuts[kind]] for kind, rows in tables.items()}
            told = slice(*np.searchsorted(status, (step * step_ns, (step + 1) * step_ns)))
            latest = max(int(of[-1]) for of in (*(due[kind][cuts[kind]] for kind in due), status[told]) if len(of))
            yield latest, _events(events, part, told)


def _events(whole: Events, tables: dict[str, Rows], status: slice) -> Events:
    more = {kind: rows for kind, rows in tables.items() if kind in whole.more and len(rows)}
    return replace(
        whole, book=tables["book"], trade=tables["trade"], quote=tables["quote"], status=whole.status[status], more=more
    )


def _arrivals(rows: Rows) -> Ints:
    """When rows arrived, or happened where that is unknown."""
    return np.where(rows["ts_recv"] > 0, rows["ts_recv"], rows["ts_event"])
