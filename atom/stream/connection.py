"""Connection: one client of the stream server, who subscribes to feeds of the bus."""

from typing import Final

from websockets.http11 import Request as Opening

from atom.stream import requests
from atom.stream.bus import Bus, Frame
from atom.stream.messages import Key
from atom.stream.requests import Refusal
from atom.stream.socket import Limits, Socket
from fusion.errors import BadInput

PATH: Final = "/market/stream"
_MOST_KEYS: Final = 500


class Connection(Socket):
    """One client.

    Args:
        bus: what it may subscribe to.
        among: all clients of the server, to which it adds itself while it is open.
        limits: what it may cost.
    """

    def __init__(self, bus: Bus, among: set[Socket], limits: Limits) -> None:
        super().__init__(among, limits, requests.LARGEST)
        self._bus = bus
        self._keys: set[Key] = set()

    # What the bus calls

    def put(self, frame: Frame) -> None:
        self.put_wire(frame.wire)

    def say(self, line: str) -> None:
        """Sends one line to this client alone."""
        self.put(Frame([line]))

    # What the socket calls

    def refusal(self, opening: Opening) -> tuple[int, str] | None:
        return None if opening.path.partition("?")[0] == PATH else (404, f"the stream is at {PATH}\n")

    def heard(self, message: bytes) -> None:
        try:
            self._follow(requests.read(message))
        except Refusal as refusal:
            self.say(requests.error(refusal.code, str(refusal)))

    def left(self) -> None:
        for key in self._keys:
            self._bus.unsubscribe(key, self)
        self._keys.clear()

    def farewell(self, reason: str) -> bytes | None:
        return requests.error("slow_consumer", reason).encode()

    # The rest

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
