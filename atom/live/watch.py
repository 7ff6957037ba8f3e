"""Watch: one venue, live: its instrument data, its connections, and the full pictures that its books need."""

import asyncio
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import cycle
from random import Random
from typing import Final

import structlog
from orjson import dumps

from atom.capture import Form, Line
from atom.events import Events, StatusKind
from atom.gather.columns import Columns
from atom.gather.desk import Desk
from atom.live.arrival import Arrivals
from atom.live.connection import Connection
from atom.live.http import Http, RefusedError
from atom.live.pace import Backoff, Pace, Timing
from atom.live.raw import HTTP, Raw
from atom.venues import venue
from atom.venues.template import Stream
from fusion.errors import BadInput, FusionError

_PATIENCE: Final = 10  # doublings

log = structlog.get_logger()


class Watch:
    """Records some symbols of one venue.

    Args:
        venue_id: such as `binance`.
        symbols: Fusion's names, or the venue's own.
        hosts: where an address is to be found.
        raw: where what comes is written too, if anywhere.
        random: for the back-off.

    Attributes:
        desk: what has come.
    """

    def __init__(
        self,
        venue_id: str,
        symbols: Sequence[str],
        *,
        timing: Timing,
        arrivals: Arrivals,
        hosts: Callable[[str], str],
        raw: Raw | None,
        random: Random,
    ) -> None:
        self.desk = Desk(venue(venue_id))
        self._venue = self.desk.venue
        self._symbols = symbols
        self._timing = timing
        self._arrivals = arrivals
        self._hosts = hosts
        self._raw = raw
        self._random = random
        self._urls: dict[int, str] = {}
        self._http = Http(timing, random, self._limited, hosts)
        self._connections: list[Connection] = []
        self._of: dict[str, list[Connection]] = {}  # by the venue's name of the symbol
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._whole: dict[str, int] = {}  # epoch in which the book was last known to be whole
        self._vain: dict[str, int] = {}  # connections in a row that did not bring it

    @property
    def up(self) -> tuple[int, int]:
        """How many connections stand, and how many there are to be."""
        return sum(connection.up for connection in self._connections), len(self._connections)

    async def run(self) -> None:
        """Records until cancelled.

        Raises:
            BadInput: the venue does not list a symbol.
            FusionError: its instrument data cannot be read.
        """
        try:
            await self._learn()
            names = [self._named(symbol) for symbol in dict.fromkeys(self._symbols)]
            self._open(self._venue.streams(names), names)
            async with asyncio.TaskGroup() as group:
                for connection in self._connections:
                    group.create_task(connection.run())
                group.create_task(self._poll([url for name in names for url in self._venue.polls(name)]))
        finally:
            for task in self._asking.values():
                task.cancel()
            await self._http.close()

    def drain(self, now: float) -> list[Events]:
        """The events since the last time; then sees to what is missing.

        Args:
            now: by the loop's clock.
        """
        found = self.desk.drain(self._arrivals.last)
        for connection in self._connections:
            connection.watch(now)
        for name, columns in self.desk.columns.items():
            self._mend(name, columns, now)
        return found

    def jumped(self, nanoseconds: int) -> None:
        """Tells that the clock has jumped."""
        for number in range(1, len(self._connections) + 1):
            self._receive(Form.NOTE, f"{StatusKind.CLOCK} {nanoseconds / 1e9:+.3f} s".encode(), number)

    async def _learn(self) -> None:
        for url in self._venue.listings_urls:
            try:
                body = await self._ask(url)
            except RefusedError as error:
                log.warning("instrument data are missing", venue=self._venue.id, why=str(error))
                continue
            if not self._answer(url, body):
                raise FusionError(f"the instrument data of {self._venue.id} at {url} cannot be read: {body[:80]!r}")

    def _named(self, symbol: str) -> str:
        """The venue's name of a symbol."""
        listings = self._venue.listings
        if symbol in listings or not listings:
            return symbol
        for name, listing in listings.items():
            if listing.symbol == symbol:
                return name
        near = get_close_matches(symbol, [listing.symbol for listing in listings.values()])
        raise BadInput(f"{self._venue.id} lists no {symbol[:40]!r}" + (f"; near are {', '.join(near)}" if near else ""))

    def _open(self, streams: Sequence[Stream], names: Sequence[str]) -> None:
        pace = Pace(self._timing.connects)
        for number, stream in enumerate(streams, HTTP + 1):
            self._urls[number] = stream.url
            connection = Connection(
                number,
                stream,
                self._hosts(stream.url),
                receive=self._receive,
                timing=self._timing,
                pace=pace,
                random=self._random,
                ping=self._venue.ping,
            )
            self._connections.append(connection)
            told = " ".join((stream.url, *stream.hello)).lower()
            expected = list(stream.symbols) or [name for name in names if name.lower() in told] or list(names)
            self._receive(Form.NOTE, b"expect " + dumps(expected), number)
            for name in expected:
                self._of.setdefault(name, []).append(connection)

    def _receive(self, form: Form, body: bytes, stream: int) -> None:
        url = self._urls[stream]
        line = Line(self._arrivals.stamp(), form, "" if form is Form.MESSAGE else url, body, 0, stream)
        if form is not Form.MESSAGE:
            self.desk.take(line)
        elif not self.desk.receive(line):
            line = line._replace(form=Form.ODD)
        if self._raw is not None:
            self._raw.write(self._venue.id, line, url)

    def _answer(self, url: str, body: bytes) -> bool:
        line = Line(self._arrivals.stamp(), Form.ANSWER, url, body, 0, HTTP)
        understood = self.desk.receive(line)
        if self._raw is not None:
            self._raw.write(self._venue.id, line if understood else line._replace(form=Form.ODD), url)
        return understood

    def _limited(self, url: str, detail: str) -> None:
        line = Line(self._arrivals.stamp(), Form.NOTE, url, f"{StatusKind.RATE_LIMITED} {detail}".encode(), 0, HTTP)
        self.desk.take(line)
        if self._raw is not None:
            self._raw.write(self._venue.id, line, url)

    def _mend(self, name: str, columns: Columns, now: float) -> None:
        connections = self._of.get(name, ())
        epoch = sum(connection.epoch for connection in connections)
        if not columns.stale:
            self._whole[name] = epoch
            self._vain.pop(name, None)
            return
        if not connections or not all(connection.up for connection in connections):
            return
        since = max(connection.since for connection in connections)
        if self._venue.snapshot_url(name):
            if name not in self._asking and (columns.waits or now - since > self._timing.quiet):
                self._asking[name] = asyncio.create_task(self._picture(name, columns, epoch))
            return
        vain = self._vain.get(name, 0)  # a symbol that has no book must not cost the others theirs again and again
        was_whole = self._whole.get(name) == epoch
        if was_whole or now - since > self._timing.picture * 2 ** min(vain, _PATIENCE):
            self._vain[name] = vain + (not was_whole)
            for connection in connections:
                connection.renew(f"the book of {name} is lost")

    async def _picture(self, name: str, columns: Columns, epoch: int) -> None:
        """Fetches a full picture; one that a connection has not outlived is of no use."""
        backoff = Backoff(self._timing, self._random)
        try:
            url = self._venue.snapshot_url(name)
            while True:
                try:
                    body = await self._ask(url)
                except RefusedError as error:
                    log.warning("a picture of the book is missing", venue=self._venue.id, why=str(error))
                    await asyncio.sleep(backoff.failed())
                    continue
                up = all(connection.up for connection in self._of[name])
                if not up or epoch != sum(connection.epoch for connection in self._of[name]):
                    return
                self._answer(url, body)
                if not columns.stale:
                    return
                await asyncio.sleep(backoff.failed())
        finally:
            del self._asking[name]

    async def _poll(self, urls: Sequence[str]) -> None:
        """Asks for what no stream tells, evenly over the minute so that a picture waits for one of them at most.

        What gets no answer is left until its next turn.
        """
        loop = asyncio.get_running_loop()
        due, refused = loop.time(), set[str]()
        for url in cycle(urls):
            await asyncio.sleep(due - loop.time())
            due = max(due + self._timing.polls / len(urls), loop.time())
            try:
                answer = await self._http.ask(url)
            except RefusedError as error:
                if url not in refused:
                    log.warning(
                        "the venue refuses what it is asked for each minute", venue=self._venue.id, why=str(error)
                    )
                refused.add(url)
                continue
            if isinstance(answer, bytes):
                refused.discard(url)
                self._answer(url, answer)
            else:
                await asyncio.sleep(answer)

    async def _ask(self, url: str) -> bytes:
        while True:
            answer = await self._http.ask(url)
            if isinstance(answer, bytes):
                return answer
            await asyncio.sleep(answer)
