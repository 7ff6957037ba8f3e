"""Recorder: many venues at once, live, into sinks."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from atom.events import Events
from atom.live.arrival import Arrivals
from atom.live.pace import Timing
from atom.live.raw import Raw
from atom.live.watch import Watch
from atom.sink import Sink
from fusion.errors import BadInput


@dataclass(slots=True)
class Recorded:
    """What has been recorded of one symbol.

    Attributes:
        venue, symbol: which.
        events: rows of the book, trades and quotes.
        lag: ns from the venue's time to the arrival, of the last event that has both.
        status: how often each kind of thing has happened.
    """

    venue: str
    symbol: str
    events: int = 0
    lag: int | None = None
    status: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {"venue": self.venue, "symbol": self.symbol, "events": self.events, "status": dict(self.status)}


class Recorder:
    """Records symbols of venues until it is told to stop.

    Everything happens in one task after the other: where a sink or the disk is slow, less is read, and the venue waits.

    Args:
        wanted: symbols by venue id, by Fusion's names or the venue's.
        sinks: each gets every batch, in order.
        timing: what takes how long.
        hosts: beginnings of addresses, and what stands there instead.
        raw: folder for a raw recording, if one is wanted.
        arrivals: the clock.
        seed: of the back-off; None for another one each time.

    Attributes:
        recorded: by venue and symbol.
    """

    def __init__(
        self,
        wanted: Mapping[str, Sequence[str]],
        sinks: Sequence[Sink],
        *,
        timing: Timing = Timing(),  # noqa: B008  # it cannot be changed
        hosts: Mapping[str, str] | None = None,
        raw: Path | None = None,
        arrivals: Arrivals | None = None,
        seed: int | None = None,
    ) -> None:
        if not any(wanted.values()):
            raise BadInput("nothing is to be recorded; name a venue and a symbol")
        self.recorded: dict[tuple[str, str], Recorded] = {}
        self._sinks = sinks
        self._timing = timing
        self._hosts = dict(hosts or {})
        self._arrivals = arrivals or Arrivals()
        self._raw = None if raw is None else Raw(raw, self._arrivals.stamp())
        random = Random(seed)  # noqa: S311  # of a back-off
        self._watches = [
            Watch(
                name,
                symbols,
                timing=timing,
                arrivals=self._arrivals,
                hosts=self._host,
                raw=self._raw,
                random=random,
            )
            for name, symbols in wanted.items()
        ]

    @property
    def up(self) -> tuple[int, int]:
        """How many connections stand, and how many there are to be."""
        ups = [watch.up for watch in self._watches]
        return sum(up for up, _ in ups), sum(of for _, of in ups)

    async def run(self, stop: asyncio.Event, report: Callable[["Recorder"], None] = lambda recorder: None) -> None:
        """Records until `stop` is set; then ends the connections and hands over the last batch.

        Args:
            stop: ends it.
            report: called after each batch.

        Raises:
            BadInput: a venue does not list a symbol.
            FusionError: instrument data cannot be read, or a sink or the disk refuses.
        """
        tasks = [asyncio.create_task(watch.run()) for watch in self._watches]
        tasks.append(asyncio.create_task(self._batches(report)))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, stopped):
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            try:
                self._hand_over()
            finally:
                if self._raw is not None:
                    self._raw.close()
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def _batches(self, report: Callable[["Recorder"], None]) -> None:
        loop = asyncio.get_running_loop()
        flushed = loop.time()
        while True:
            await asyncio.sleep(self._timing.batch)
            self._hand_over()
            if self._raw is not None and loop.time() - flushed >= self._timing.flush:
                self._raw.flush()
                flushed = loop.time()
            report(self)

    def _hand_over(self) -> None:
        now = asyncio.get_running_loop().time()
        for jump in self._arrivals.jumps():
            for watch in self._watches:
                watch.jumped(jump)
        for watch in self._watches:
            for events in watch.drain(now):
                self._count(events)
                for sink in self._sinks:
                    sink.take(events)

    def _count(self, events: Events) -> None:
        key = events.instrument.venue, events.instrument.symbol
        one = self.recorded.setdefault(key, Recorded(*key))
        one.events += len(events)
        one.status.update(status.kind.value for status in events.status)
        for rows in (events.book, events.trade, events.quote):
            if len(rows) and rows["ts_event"][-1]:
                one.lag = int(rows["ts_recv"][-1] - rows["ts_event"][-1])

    @property
    def told(self) -> Counter[str]:
        """How often each kind of thing has happened, of all symbols."""
        return sum((one.status for one in self.recorded.values()), Counter())

    def _host(self, url: str) -> str:
        for beginning, instead in self._hosts.items():
            if url.startswith(beginning):
                return instead + url[len(beginning) :]
        return url
