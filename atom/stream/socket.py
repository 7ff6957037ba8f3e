"""Socket: one WebSocket client of a server, who is sent frames, is heard, and is dropped when it does not read.

The opening, the closing and what a client sends are read by websockets' own protocol. What it is sent are frames that
were written out once for all, put straight into the transport: that is what makes a fan-out cheap.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WireFrame
from websockets.http11 import Request as Opening
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from fusion.errors import BadInput

_BACKLOG: Final = 1024
_AT_ONCE: Final = 256 * 1024  # bytes handed to the transport before it is asked whether it is full


class Limits:
    """What one client may cost.

    Attributes:
        behind: bytes that may wait for a client to read them.
        patience_s: time for the opening, and for the closing once it is told why.
        clients: at most so many.
    """

    def __init__(self, behind: int = 4 * 2**20, patience_s: float = 10.0, clients: int = 1000) -> None:
        self.behind, self.patience_s, self.clients = behind, patience_s, clients


class Socket(asyncio.Protocol):
    """One client.

    Args:
        among: all clients of the server, to which it adds itself until its connection is lost.
        limits: what it may cost.
        largest: bytes of a message that it may send.

    Attributes:
        transport: what asyncio gave it.
    """

    def __init__(self, among: "set[Socket]", limits: Limits, largest: int) -> None:
        self._among, self._limits = among, limits
        self._protocol = ServerProtocol(max_size=largest)
        self._out: deque[bytes] = deque()
        self._waiting = 0  # bytes in it
        self._paused = self._scheduled = self._ending = self._hurried = False
        self._parts: list[bytes] = []  # of a message that comes in several frames
        self._open = False

    # What a server's own kind of client says

    def refusal(self, opening: Opening) -> tuple[int, str] | None:
        """Why a client is not let in, as an HTTP status and a line; None where it is."""
        raise NotImplementedError

    def opened(self, opening: Opening) -> None:
        """The opening is over."""

    def heard(self, message: bytes) -> None:
        """Takes a whole message of the client."""
        raise NotImplementedError

    def left(self) -> None:
        """The client is sent nothing more."""

    def farewell(self, reason: str) -> bytes | None:
        """The last line for one that is dropped, if there is any besides the reason to close."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._loop = asyncio.get_running_loop()
        self.transport = cast("asyncio.Transport", transport)
        self._among.add(self)
        self._timer = self._loop.call_later(self._limits.patience_s, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Opening):
                self._answer_opening(event)
            elif isinstance(event, WireFrame):
                self._take(event)
        self._pass_on()
        if self._waiting > self._limits.behind:  # answers to pings, of one who reads none
            self.drop()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._pass_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self.left()
        self._among.discard(self)
        self._out.clear()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._flush()

    # What a server calls

    @property
    def open(self) -> bool:
        """Whether the opening is over and the closing has not begun."""
        return self._open and not self._ending

    @property
    def address(self) -> str:
        """Of the machine that it comes from."""
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    @property
    def behind(self) -> bool:
        """Whether it has not yet read what it was given."""
        return bool(self._out)

    def put_wire(self, wire: bytes) -> None:
        """Sends a frame that is written out; drops the client if it leaves too much unread."""
        if not self._ending:
            self._send(wire)
            if self._waiting > self._limits.behind:
                self.drop()

    def ping(self) -> None:
        """Asks whether the client is there; its answer is read and told to nobody."""
        if self.open:
            self._protocol.send_ping(b"")
            self._pass_on()

    def drop(self) -> None:
        """Ends a client that does not follow: what waits for it is thrown away, and it is told why."""
        if self._ending:
            return
        waited = self._waiting
        self._out.clear()
        self._waiting = 0
        reason = f"slow consumer: {waited} bytes were not read; subscribe to less, or read faster"
        last = self.farewell(reason)
        if last is not None:
            self._send(wire(last))
        self.end(CloseCode.POLICY_VIOLATION, reason)

    def end(self, code: CloseCode, reason: str) -> None:
        """Closes, after all that waits is read."""
        if self._ending:
            return
        self._ending = True
        self.left()
        if self._open:
            if self._protocol.state is State.OPEN:  # or the client was first
                self._protocol.send_close(code, reason)
            self._pass_on()
        else:
            self.transport.abort()

    # The rest

    def _answer_opening(self, opening: Opening) -> None:
        response = self._response(opening)
        self._protocol.send_response(response)
        if response.status_code == 101:
            self._open = True
            self._timer.cancel()
            self._pass_on()  # before the first frame
            self.opened(opening)
        else:
            self._ending = True

    def _response(self, opening: Opening) -> Response:
        if len(self._among) > self._limits.clients:
            return self._protocol.reject(503, f"there are {self._limits.clients} clients already; try again later\n")
        refused = self.refusal(opening)
        return self._protocol.reject(*refused) if refused else self._protocol.accept(opening)

    def _take(self, frame: WireFrame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._ending = True
            self.left()
        if self._ending or frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            message, self._parts = b"".join(self._parts), []
            self.heard(message)

    def _pass_on(self) -> None:
        """Sends what the protocol has to say, after all that waits."""
        for data in self._protocol.data_to_send():
            self._send(data)  # b"" is the end
        if self._protocol.close_expected() and not self._hurried:
            self._hurried = True
            self._timer.cancel()
            self._timer = self._loop.call_later(self._limits.patience_s, self.transport.abort)

    def _send(self, data: bytes) -> None:
        self._out.append(data)
        self._waiting += len(data)
        if not self._scheduled and not self._paused:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Hands to the transport what waits, until that is full; once for all that came in one turn of the loop."""
        self._scheduled = False
        while self._out and not self._paused and not self.transport.is_closing():
            batch, size = [], 0
            while self._out and size < _AT_ONCE:
                batch.append(self._out.popleft())
                size += len(batch[-1])
                if not batch[-1]:
                    break
            self._waiting -= size
            self.transport.writelines(batch)
            if not batch[-1]:
                self.transport.close()


async def listen(
    protocol: Callable[[], asyncio.Protocol], host: str, port: int, who: str
) -> tuple[asyncio.Server, int]:
    """Begins to listen; the server and its port. BadInput, with `who` it is, where that cannot be."""
    try:
        server = await asyncio.get_running_loop().create_server(protocol, host, port, backlog=_BACKLOG)
    except OSError as error:
        raise BadInput(f"{who} cannot listen on {host}:{port}: {error.strerror or error}") from error
    return server, int(server.sockets[0].getsockname()[1])


def wire(text: bytes) -> bytes:
    """A text as a WebSocket frame of a server: one that is whole and not masked, RFC 6455, 5.2."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    if size < 1 << 16:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), text)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), text)
