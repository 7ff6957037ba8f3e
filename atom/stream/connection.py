"""Connection: one client of the stream server, who subscribes, reads, and is dropped when it does not.

The opening, the closing and what a client sends are read by websockets' own protocol. What it is sent are frames that
the bus has written out once for all, put straight into the transport: that is what makes a fan-out cheap.
"""

import asyncio
from collections import deque
from typing import Final, cast

from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WireFrame
from websockets.http11 import Request as Opening
from websockets.protocol import State
from websockets.server import ServerProtocol

from atom.stream import requests
from atom.stream.bus import Bus, Frame
from atom.stream.messages import Key
from atom.stream.requests import Refusal
from fusion.errors import BadInput

PATH: Final = "/market/stream"
_AT_ONCE: Final = 256 * 1024  # bytes handed to the transport before it is asked whether it is full
_MOST_KEYS: Final = 500


class Limits:
    """What one client may cost.

    Attributes:
        behind: bytes that may wait for a client to read them.
        patience_s: time for the opening, and for the closing once it is told why.
        clients: at most so many.
    """

    def __init__(self, behind: int = 4 * 2**20, patience_s: float = 10.0, clients: int = 1000) -> None:
        self.behind, self.patience_s, self.clients = behind, patience_s, clients


class Connection(asyncio.Protocol):
    """One client.

    Args:
        bus: what it may subscribe to.
        among: all clients of the server, to which it adds itself while it is open.
        limits: what it may cost.
    """

    def __init__(self, bus: Bus, among: "set[Connection]", limits: Limits) -> None:
        self._bus, self._among, self._limits = bus, among, limits
        self._protocol = ServerProtocol(max_size=requests.LARGEST)
        self._keys: set[Key] = set()
        self._out: deque[bytes] = deque()
        self._waiting = 0  # bytes in it
        self._paused = self._scheduled = self._ending = self._hurried = False
        self._parts: list[bytes] = []  # of a request that comes in several frames
        self._open = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = cast("asyncio.Transport", transport)
        self._among.add(self)
        self._timer = self._loop.call_later(self._limits.patience_s, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Opening):
                self._answer_opening(event)
            elif isinstance(event, WireFrame):
                self._heard(event)
        self._pass_on()
        if self._waiting > self._limits.behind:  # answers to pings, of one who reads none
            self.drop()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._pass_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._leave()
        self._among.discard(self)
        self._out.clear()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._flush()

    # What the bus and the server call

    @property
    def behind(self) -> bool:
        return bool(self._out)

    def put(self, frame: Frame) -> None:
        if not self._ending:
            self._send(frame.wire)
            if self._waiting > self._limits.behind:
                self.drop()

    def drop(self) -> None:
        """Ends a client that does not follow: what waits for it is thrown away, and it is told why."""
        if self._ending:
            return
        waited = self._waiting
        self._out.clear()
        self._waiting = 0
        reason = f"slow consumer: {waited} bytes were not read; subscribe to less, or read faster"
        self._send(Frame([requests.error("slow_consumer", reason)]).wire)
        self.end(CloseCode.POLICY_VIOLATION, reason)

    def say(self, line: str) -> None:
        """Sends one line to this client alone."""
        self.put(Frame([line]))

    @property
    def open(self) -> bool:
        """Whether the opening is over and the closing has not begun."""
        return self._open and not self._ending

    def end(self, code: CloseCode, reason: str) -> None:
        """Closes, after all that waits is read."""
        if self._ending:
            return
        self._ending = True
        self._leave()
        if self._open:
            if self._protocol.state is State.OPEN:  # or the client was first
                self._protocol.send_close(code, reason)
            self._pass_on()
        else:
            self._transport.abort()

    # The rest

    def _answer_opening(self, opening: Opening) -> None:
        path = opening.path.partition("?")[0]
        if len(self._among) > self._limits.clients:
            response = self._protocol.reject(
                503, f"there are {self._limits.clients} clients already; try again later\n"
            )
        elif path != PATH:
            response = self._protocol.reject(404, f"the stream is at {PATH}\n")
        else:
            response = self._protocol.accept(opening)
        self._protocol.send_response(response)
        if response.status_code == 101:
            self._open = True
            self._timer.cancel()
        else:
            self._ending = True

    def _heard(self, frame: WireFrame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._ending = True
            self._leave()
        if self._ending or frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            text, self._parts = b"".join(self._parts), []
            try:
                self._follow(requests.read(text))
            except Refusal as refusal:
                self.say(requests.error(refusal.code, str(refusal)))

    def _follow(self, request: requests.Request) -> None:
        key = request.key
        if key is None:
            self.say(requests.pong() if request.op == "ping" else requests.markets(self._bus.markets))
        elif request.op == "subscribe":
            self._subscribe(key)
        else:
            self._unsubscribe(key)

    def _subscribe(self, key: Key) -> None:
        if len(self._keys) >= _MOST_KEYS:
            raise Refusal("too_many", f"a connection has at most {_MOST_KEYS} subscriptions; open another one")
        try:
            seq = self._bus.subscribe(key, self)
        except BadInput as error:
            raise Refusal("cannot_subscribe", str(error)) from error
        self._keys.add(key)
        self.say(requests.subscribed(key, seq))
        picture = self._bus.picture(key)
        if picture is not None:
            self.put(picture)

    def _unsubscribe(self, key: Key) -> None:
        try:
            self._bus.unsubscribe(key, self)
        except BadInput as error:
            raise Refusal("cannot_unsubscribe", str(error)) from error
        self._keys.discard(key)
        self.say(requests.unsubscribed(key))

    def _leave(self) -> None:
        for key in self._keys:
            self._bus.unsubscribe(key, self)
        self._keys.clear()

    def _pass_on(self) -> None:
        """Sends what the protocol has to say, after all that waits."""
        for data in self._protocol.data_to_send():
            self._send(data)  # b"" is the end
        if self._protocol.close_expected() and not self._hurried:
            self._hurried = True
            self._timer.cancel()
            self._timer = self._loop.call_later(self._limits.patience_s, self._transport.abort)

    def _send(self, data: bytes) -> None:
        self._out.append(data)
        self._waiting += len(data)
        if not self._scheduled and not self._paused:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Hands to the transport what waits, until that is full; once for all that came in one turn of the loop."""
        self._scheduled = False
        while self._out and not self._paused and not self._transport.is_closing():
            batch, size = [], 0
            while self._out and size < _AT_ONCE:
                batch.append(self._out.popleft())
                size += len(batch[-1])
                if not batch[-1]:
                    break
            self._waiting -= size
            self._transport.writelines(batch)
            if not batch[-1]:
                self._transport.close()
