"""Connection: one WebSocket to a venue, opened again whenever it ends."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from atom.capture import Form
from atom.events import StatusKind
from atom.live.pace import Backoff, Pace, Timing, retry_after
from atom.venues.template import Stream

_LARGEST: Final = 16 * 2**20  # bytes of a message: a full book by order has a few
_QUEUE: Final = 64  # messages read ahead; beyond, the venue has to wait
_LIMITED: Final = (418, 429)
_WORDS: Final = 160  # of a detail


class Receiver(Protocol):
    """Takes what a connection brings, in order."""

    def __call__(self, form: Form, body: bytes, stream: int, /) -> None:
        """A message, a connect or a note of that stream."""


class Connection:
    """Keeps one stream up, and tells what happens to it.

    Args:
        number: of the stream.
        stream: its address and what to say there.
        address: where to connect instead of the stream's own address.
        ping: what keeps it open, if it needs that.
        pace: of connections to the venue.

    Attributes:
        up: whether it stands.
        epoch: how often it was made.
        since: when it was last made, by the loop's clock.
    """

    def __init__(
        self,
        number: int,
        stream: Stream,
        address: str,
        *,
        receive: Receiver,
        timing: Timing,
        pace: Pace,
        random: Random,
        ping: str = "",
    ) -> None:
        self.stream = stream
        self.up = False
        self.epoch = 0
        self.since = 0.0
        self._number = number
        self._address = address
        self._receive = receive
        self._timing = timing
        self._pace = pace
        self._backoff = Backoff(timing, random)
        self._ping = ping
        self._socket: ClientConnection | None = None
        self._heard = 0.0
        self._why = ""

    async def run(self) -> None:
        """Connects, and connects again, until cancelled."""
        while True:
            await self._pace.turn()
            why = await self._once()
            if asyncio.get_running_loop().time() - self.since > self._timing.healthy and self.epoch:
                self._backoff.reset()
            if why:
                self._note(StatusKind.DISCONNECT, why)
            await asyncio.sleep(self._backoff.failed())

    def watch(self, now: float) -> None:
        """Gives the connection up if it has been silent for too long."""
        silent = now - self._heard
        if self.up and silent > self._timing.stale:
            self._note(StatusKind.STALE, f"no message for {self._timing.stale:g} s")
            self.renew("it was silent")

    def renew(self, why: str) -> None:
        """Ends the connection, so that a new one is made."""
        if self._socket is not None and self.up:
            self.up = False
            self._why = why
            self._socket.transport.abort()

    async def _once(self) -> str:
        """One connection from its beginning to its end; why it ended, or nothing where that was told."""
        loop = asyncio.get_running_loop()
        self.since = loop.time()
        try:
            async with connect(
                self._address,
                max_size=_LARGEST,
                max_queue=_QUEUE,
                compression=None,
                open_timeout=self._timing.answer,
                close_timeout=1,
            ) as socket:
                self._socket, self._why = socket, ""
                self.since = self._heard = loop.time()
                self.epoch += 1
                self.up = True
                self._receive(Form.CONNECT, b"", self._number)
                await self._talk(socket)
        except InvalidStatus as error:
            code = error.response.status_code
            if code not in _LIMITED:
                return f"no connection: the venue answers {code}"
            wait = retry_after(error.response.headers.get("Retry-After"), datetime.now(UTC))
            self._pace.hold(wait)
            self._note(StatusKind.RATE_LIMITED, f"{code}; the next connection in {wait:g} s")
            return ""
        except ConnectionClosed as error:
            end = error.rcvd or error.sent
            told = f"{end.code} {end.reason}".rstrip() if end else "1006 no close frame"
            return f"{self._why} ({told})" if self._why else told
        except (OSError, TimeoutError, EOFError, WebSocketException) as error:
            return f"no connection: {error}"
        except asyncio.CancelledError:
            if self.epoch and self.up:
                self._note(StatusKind.DISCONNECT, "1000 the recorder ends")
            raise
        finally:
            self.up = False
            self._socket = None
        return "1000 the venue ends"

    async def _talk(self, socket: ClientConnection) -> None:
        pinging = asyncio.create_task(self._pinging(socket)) if self._ping else None
        try:
            for hello in self.stream.hello:
                await socket.send(hello)
            receive, number, time = self._receive, self._number, asyncio.get_running_loop().time
            while True:
                body = await socket.recv(decode=False)
                if not self.up:
                    continue  # it was given up: what comes now belongs to no book
                self._heard = time()
                receive(Form.MESSAGE, body.replace(b"\n", b" ") if b"\n" in body else body, number)
        finally:
            if pinging is not None:
                pinging.cancel()

    async def _pinging(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self._timing.ping)
                await socket.send(self._ping)

    def _note(self, kind: StatusKind, detail: str) -> None:
        line = " ".join(detail.split())[:_WORDS]
        self._receive(Form.NOTE, f"{kind} {line}".encode("utf-8", "replace"), self._number)
