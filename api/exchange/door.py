"""Door: one port for REST and WebSocket.

uvicorn's protocol reads HTTP and hands it to the app; a connection that asks for WebSocket it hands to our own
protocol, by the way that it has for that. See docs/decisions/0023.
"""

import asyncio
import resource
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import h11
from fastapi import FastAPI
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode

from atom.stream.socket import Socket, listen

_HEAD: Final = 16 * 1024  # bytes of a request's line and headers
_RESERVE: Final = 64  # files that are left to the rest of the process
_BEAT_S: Final = 20.0


class Limits:
    """What the door lets in.

    Attributes:
        requests: connections over which HTTP is spoken, at once.
        sockets: of WebSocket; both together are never more than the files that the process may open.
        patience_s: time for a request to come in whole, and for an answer to be taken.
    """

    def __init__(self, requests: int = 1000, patience_s: float = 15.0, sockets: int = 1000) -> None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most = max(1, (files - _RESERVE) // 2) if files != resource.RLIM_INFINITY else max(requests, sockets)
        self.requests, self.sockets = min(requests, most), min(sockets, most)
        self.patience_s = patience_s


class _Request(H11Protocol):
    """A connection over HTTP that has a time to say what it wants."""

    def __init__(self, config: Config, state: ServerState, limits: Limits) -> None:
        super().__init__(config, state, {}, asyncio.get_running_loop())
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        if len(self.connections) >= self._limits.requests:
            transport.write(_FULL)
            transport.close()
            self.transport = transport
            return
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self not in self.connections:  # it was not let in, or was handed on
            return
        if self._deadline is None:
            self._wait()
        super().data_received(data)
        if self.conn.their_state in {h11.DONE, h11.MUST_CLOSE, h11.CLOSED} and self.flow is not None:
            self._stop()  # all of it came
        self._wait_to_close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._is_read()
        if self in self.connections:
            super().connection_lost(exc)
            self._unset_keepalive_if_required()  # of a connection that was reset it would go on

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        self._stop()
        super().on_response_complete()  # it may begin with the next request, which came with this one
        if self.conn.their_state is h11.SEND_BODY:
            self._wait()
        self._wait_to_close()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._wait_to_close()

    def shutdown(self) -> None:
        super().shutdown()
        self._wait_to_close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.patience_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_read()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait_to_close(self) -> None:
        """A transport that closes waits for its last bytes to be read, however long that takes."""
        if self.transport.is_closing():
            self._wait()

    def _wait(self) -> None:
        self._stop()
        self._deadline = self.loop.call_later(self._limits.patience_s, self.transport.abort)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


_BUSY: Final = b'{"code":-1008,"msg":"Server is currently overloaded. Try again soon."}'
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BUSY), _BUSY)
)


class Door:
    """Serves an app and sockets at one port; an async context manager.

    Args:
        app: answers REST.
        socket: makes the client of a WebSocket.
        among: where those clients are.
        host, port: where it listens; port 0 takes a free one.
        limits: what it lets in.
    """

    def __init__(
        self,
        app: FastAPI,
        socket: Callable[[], Socket],
        among: set[Socket],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._limits, self._among = limits or Limits(), among
        self._state = ServerState()

        class Handed(asyncio.Protocol):
            """What uvicorn makes of a connection that asks for WebSocket: a socket of ours."""

            def __new__(cls, **_: Any) -> Any:
                return socket()

        self._config = Config(
            app, ws=Handed, lifespan="off", log_config=None, access_log=False, server_header=False,
            h11_max_incomplete_event_size=_HEAD, proxy_headers=False,
        )  # fmt: skip
        self._config.load()

    async def __aenter__(self) -> Self:
        self._server, self._port = await listen(
            lambda: _Request(self._config, self._state, self._limits), self._host, self._port, "the exchange"
        )
        self._beats = asyncio.get_running_loop().create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._beats.cancel()
        self._server.close()
        for client in tuple(self._among):
            client.end(CloseCode.GOING_AWAY, "the exchange is going away")
        for connection in tuple(self._state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.patience_s
        while self._among or self._state.connections:  # each leaves by itself, or is cut off when its time is up
            if loop.time() > until:
                for one in (*self._among, *self._state.connections):
                    one.transport.abort()
            await asyncio.sleep(0.01)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self._host}:{self._port}"

    @property
    def connections(self) -> int:
        """Over which HTTP is spoken now."""
        return len(self._state.connections)

    async def _beat(self) -> None:
        """Asks all clients now and then whether they are there; one that is gone is found by that."""
        while True:
            await asyncio.sleep(_BEAT_S)
            for client in tuple(self._among):
                client.ping()
