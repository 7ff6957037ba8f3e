"""Server: the stream over WebSocket, for as many clients as the machine can feed."""

import asyncio
import time
from types import TracebackType
from typing import Self

from websockets.frames import CloseCode

from atom.stream import requests
from atom.stream.bus import Bus, Frame
from atom.stream.connection import PATH, Connection
from atom.stream.socket import Limits, Socket, listen


class StreamServer:
    """Serves a bus at ws://HOST:PORT/market/stream; an async context manager, in whose loop the bus is fed.

    Args:
        bus: what is streamed.
        host, port: where it listens; port 0 takes a free one.
        heartbeat_s: time between heartbeats.
        limits: what a client may cost.
    """

    def __init__(
        self,
        bus: Bus,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        heartbeat_s: float = 10.0,
        limits: Limits | None = None,
    ) -> None:
        self._bus, self._host, self._port = bus, host, port
        self._heartbeat_s, self._limits = heartbeat_s, limits or Limits()
        self._clients: set[Socket] = set()

    async def __aenter__(self) -> Self:
        self._server, self._port = await listen(
            lambda: Connection(self._bus, self._clients, self._limits), self._host, self._port, "the stream"
        )
        self._beats = asyncio.get_running_loop().create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._beats.cancel()
        self._server.close()
        code, reason = (
            (CloseCode.NORMAL_CLOSURE, "the stream has ended")
            if error is None
            else (CloseCode.GOING_AWAY, "the server is going away")
        )
        for client in tuple(self._clients):
            client.end(code, reason)
        while self._clients:  # each leaves by itself, or is cut off when its time is up
            await asyncio.sleep(0.01)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ws://{self._host}:{self._port}{PATH}"

    @property
    def connections(self) -> frozenset[Socket]:
        """The clients that are connected."""
        return frozenset(self._clients)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            frame = Frame([requests.heartbeat(time.time_ns())])
            for client in tuple(self._clients):
                if client.open:
                    client.put_wire(frame.wire)
