"""Client: one WebSocket of the exchange, for streams or for requests."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
from websockets.frames import CloseCode
from websockets.http11 import Request as Opening

from api.exchange.catalogue import rate_limits
from api.exchange.endpoint import Desk
from api.exchange.hub import Hub
from api.exchange.listen import ListenKeys, Owner
from api.exchange.meter import Window
from api.exchange.own import OwnStreams, Subscription
from api.exchange.refusal import Refusal, bad_key, bad_request
from api.exchange.requests import Request, StreamRequest, Unread, read, read_stream
from api.exchange.signature import User, signed_values
from atom.stream.socket import Limits, Socket, wire

LARGEST: Final = 16 * 1024  # bytes of a message
_MOST: Final = 1024  # streams of a connection
_OWN: Final = 8  # streams of a user's own of a connection
_TALK_S: Final = 5.0
_TALK: Final = 100  # messages of a client of streams in that time
_NUMBER: Final = re.compile(r"\d{1,6}")  # which ccxt gives its connections
_COMBINED: Final = "combined"
_PATHS: Final = ("/ws", "/stream.binance.com/ws", "/stream.binance.com:9443/ws")


class Rooms(NamedTuple):
    """What clients reach.

    Attributes:
        hub: streams of markets.
        own: streams of users.
        desk: answers requests.
        keys: listen keys.
        wall: milliseconds UTC.
    """

    hub: Hub
    own: OwnStreams
    desk: Desk
    keys: ListenKeys
    wall: Callable[[], int]


class Client(Socket):
    """Who subscribes to streams, or asks; which of them, the path of the connection says."""

    def __init__(self, rooms: Rooms, among: set[Socket], limits: Limits) -> None:
        super().__init__(among, limits, LARGEST)
        self._rooms = rooms
        self._asks = self._wrapped = False
        self._streams: dict[str, None] = {}
        self._numbers = 0
        self._user: User | None = None
        self._connected = self._authorized = rooms.wall()
        self._talk = Window(_TALK_S)

    # What the socket calls

    def refusal(self, opening: Opening) -> tuple[int, str] | None:
        try:
            split = urlsplit(opening.path)
            names = self._find(unquote(split.path, errors="strict"), split.query)
        except (ValueError, UnicodeDecodeError):
            names = None
        if names is None:
            return 404, "there are /ws, /ws/<stream>, /stream?streams=<stream>/<stream> and /ws-api/v3\n"
        wrong = self._wrong(names)
        if wrong:
            return 400, f"{wrong}\n"
        try:
            self._rooms.desk.meter.connect(self.address)
        except Refusal as refused:
            return refused.status, f"{refused}\n"
        self._wanted = names
        return None

    def opened(self, opening: Opening) -> None:
        for name in self._wanted:
            self._subscribe(name)

    def heard(self, message: bytes) -> None:
        if self._asks:
            self._answer(message)
        elif self._talk.add(self._rooms.wall() / 1000, 1) > _TALK:
            self.end(CloseCode.POLICY_VIOLATION, "too many messages")
        else:
            self._follow(message)

    def left(self) -> None:
        for name in self._streams:
            self._rooms.hub.unsubscribe(name, self)
        self._rooms.own.leave(self)
        self._streams.clear()

    # Streams

    def _find(self, path: str, query: str) -> list[str] | None:
        """The streams that a path names, and what kind of connection it is; None for no path of ours."""
        if path == "/ws-api/v3":
            self._asks = True
            return []
        if path == "/stream" or _NUMBER.fullmatch(path.removeprefix("/stream/")):
            self._wrapped = True
            given = parse_qs(query, strict_parsing=bool(query)).get("streams", [""])
            return [name for name in given[0].split("/") if name]
        for prefix in _PATHS:
            if path == prefix or path.startswith(f"{prefix}/"):
                names = path.removeprefix(prefix).strip("/").split("/")
                return [name for name in names if name and not _NUMBER.fullmatch(name)]
        return None

    def _knows(self, name: str) -> bool:
        return self._rooms.hub.knows(name) or self._rooms.keys.owner(name, self._rooms.wall()) is not None

    def _wrong(self, names: Sequence[str]) -> str:
        """Why it cannot have these streams besides those that it has; "" where it can."""
        unknown = next((name for name in names if not self._knows(name)), None)
        if unknown is not None:
            return f"there is no stream {unknown[:80]!r}"
        count = len({*self._names(), *names})
        return f"a connection has at most {_MOST} streams, not {count}" if count > _MOST else ""

    def _subscribe(self, name: str) -> None:
        owner = self._rooms.keys.owner(name, self._rooms.wall())
        if owner is None:
            self._streams[name] = None
            self._rooms.hub.subscribe(name, self, wrapped=self._wrapped)
        else:
            self._rooms.own.subscribe(Subscription(owner, self, name, wrapped=self._wrapped))

    def _names(self) -> list[str]:
        """What it is subscribed to."""
        return [*self._streams, *(each.name for each in self._rooms.own.of(self))]

    def _follow(self, message: bytes) -> None:
        """Does what a client of streams asks."""
        try:
            asked = read_stream(message)
            told = orjson.dumps({"result": self._carried_out(asked), "id": asked.id})
        except Refusal as refused:
            told = orjson.dumps({"error": {"code": 2, "msg": str(refused)}, "id": refused.data})
        self.put_wire(wire(told))

    def _carried_out(self, asked: StreamRequest) -> Any:
        match asked.method:
            case "SUBSCRIBE":
                self._take_in(asked)
            case "UNSUBSCRIBE":
                for name in asked.params:
                    self._streams.pop(name, None)
                    self._rooms.hub.unsubscribe(name, self)
                    self._rooms.own.unsubscribe(self, name)
            case "LIST_SUBSCRIPTIONS":
                return self._names()
            case "GET_PROPERTY" if asked.params[:1] == (_COMBINED,):
                return self._wrapped
            case "SET_PROPERTY" if asked.params[:1] == (_COMBINED,) and asked.params[1:] in {("true",), ("false",)}:
                self._wrapped = asked.params[1] == "true"
                for name in filter(self._knows, self._names()):
                    self._subscribe(name)
            case _:
                raise Refusal(2, "Invalid request: unknown method or property", data=asked.id)
        return None

    def _take_in(self, asked: StreamRequest) -> None:
        wrong = self._wrong(asked.params)
        if wrong:
            raise Refusal(2, f"Invalid request: {wrong}", data=asked.id)
        for name in asked.params:
            self._subscribe(name)

    # Requests

    def _answer(self, message: bytes) -> None:
        """Answers a request of the WebSocket API."""
        number: Any = None
        status, told, used = 200, {}, ""
        desk = self._rooms.desk
        limited = True
        try:
            asked = self._read(message)
            number, limited = asked.id, asked.params.get("returnRateLimits") != "false"
            result, used = self._result(asked)
            told = {"result": result}
        except Refusal as refused:
            number = refused.id if isinstance(refused, Unread) else number
            status, told = refused.status, {"error": refused.told()}
        if limited and used:
            weight = {**rate_limits(desk.meter.allowance)[0], "count": int(used)}
            told["rateLimits"] = [weight]
        self.put_wire(wire(orjson.dumps({"id": number, "status": status, **told})))
        if status == 418:
            self.end(CloseCode.POLICY_VIOLATION, "banned")

    def _read(self, message: bytes) -> Request:
        try:
            return read(message)
        except Unread:
            self._rooms.desk.meter.ask(self.address, 1)
            raise

    def _result(self, asked: Request) -> tuple[Any, str]:
        desk, own = self._rooms.desk, _OWN_METHODS.get(asked.method)
        if own is not None:
            used = str(desk.meter.ask(self.address, 2))
            return own(self, asked), used
        endpoint = desk.methods.get(asked.method)
        if endpoint is None:
            desk.meter.ask(self.address, 1)
            raise bad_request(f"Unknown method: {asked.method[:60]!r}.")
        text = signed_values(asked.params)
        answered = desk.over_socket(endpoint, self.address, asked.params, text, self._logged_on())
        return answered.result, answered.headers.get("X-MBX-USED-WEIGHT-1M", "")

    def _log_on(self, asked: Request) -> dict[str, Any]:
        self._user = self._rooms.desk.prove(asked.params, signed_values(asked.params))
        self._authorized = self._rooms.wall()
        return self._session(asked)

    def _log_out(self, asked: Request) -> dict[str, Any]:
        self._user = None
        return self._session(asked)

    def _session(self, _: Request) -> dict[str, Any]:
        user = self._logged_on()
        return {
            "apiKey": user.key if user else None,
            "authorizedSince": self._authorized if user else None,
            "connectedSince": self._connected,
            "returnRateLimits": True,
            "serverTime": self._rooms.wall(),
            "userDataStream": bool(self._rooms.own.of(self)),
        }

    def _logged_on(self) -> User | None:
        """Who logged on, as long as that key is good."""
        if self._user is not None:
            self._user = self._rooms.desk.guard.still(self._user)
        return self._user

    def _subscribe_own(self, asked: Request) -> dict[str, Any]:
        """The stream of who is logged on."""
        user = self._logged_on()
        if user is None:
            raise Refusal(-2015, "Log on first: session.logon.", 401)
        return self._begin(user, asked)

    def _subscribe_signed(self, asked: Request) -> dict[str, Any]:
        return self._begin(self._rooms.desk.prove(asked.params, signed_values(asked.params)), asked)

    def _begin(self, user: User, _: Request) -> dict[str, Any]:
        if not user.reads:
            raise bad_key()
        if len(self._rooms.own.of(self)) >= _OWN:
            raise bad_request(f"a connection has at most {_OWN} streams of users")
        number, self._numbers = self._numbers, self._numbers + 1
        self._rooms.own.subscribe(Subscription(Owner(user.account, user.key), self, str(number), numbered=True))
        return {"subscriptionId": number}

    def _unsubscribe_own(self, asked: Request) -> dict[str, Any]:
        wanted = asked.params.get("subscriptionId")
        for to in self._rooms.own.of(self):
            if wanted is None or to.name == wanted:
                self._rooms.own.unsubscribe(self, to.name)
        return {}


_OWN_METHODS: Final[dict[str, Callable[[Client, Request], dict[str, Any]]]] = {
    "session.logon": Client._log_on,
    "session.logout": Client._log_out,
    "session.status": Client._session,
    "userDataStream.subscribe": Client._subscribe_own,
    "userDataStream.subscribe.signature": Client._subscribe_signed,
    "userDataStream.unsubscribe": Client._unsubscribe_own,
}
