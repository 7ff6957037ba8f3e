"""Requests: what a client of the stream may say, and what it is answered."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from atom.stream.messages import Key
from fusion.errors import BadInput

LARGEST: Final = 4096  # bytes of a request
OPS: Final = ("subscribe", "unsubscribe", "ping", "markets")


class Refusal(BadInput):
    """A request that cannot be followed.

    Attributes:
        code: one word for programs: `bad_request`, `unknown_market`, `too_many` ...
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Request(NamedTuple):
    """What a client asks.

    Attributes:
        op: one of `OPS`.
        key: of which subscription, if of one.
    """

    op: str
    key: Key | None


def read(text: bytes) -> Request:
    """The request that a client sent; Refusal where it is none."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal("bad_request", f"a request is JSON, and this is not: {error}") from error
    if not isinstance(told, dict) or told.get("op") not in OPS:
        raise Refusal("bad_request", f'a request is {{"op": ...}} with one of {", ".join(OPS)}')
    if told["op"] in {"ping", "markets"}:
        return Request(told["op"], None)
    return Request(told["op"], Key(*(_word(told, name) for name in Key._fields)))


def subscribed(key: Key, seq: int) -> str:
    """A subscription has begun; `seq` is the number of the feed's last message."""
    return _line({"op": "subscribed", **key._asdict(), "seq": seq})


def unsubscribed(key: Key) -> str:
    """A subscription has ended."""
    return _line({"op": "unsubscribed", **key._asdict()})


def pong() -> str:
    """The answer to a ping."""
    return _line({"op": "pong"})


def markets(known: Sequence[tuple[str, str]]) -> str:
    """The answer to the question what one can subscribe to."""
    return _line({"op": "markets", "markets": [{"venue": venue, "symbol": symbol} for venue, symbol in known]})


def heartbeat(time_ns: int) -> str:
    """What is sent now and then, so that a silent market is not taken for a dead connection."""
    return _line({"op": "heartbeat", "time": str(time_ns)})


def error(code: str, message: str) -> str:
    """What was wrong, in a word for programs and a line for people."""
    return _line({"op": "error", "code": code, "message": message})


def _word(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("bad_request", f'"{name}" is text, such as "book", not {value!r:.40}')
    return value


def _line(told: dict[str, object]) -> str:
    return orjson.dumps(told).decode()
