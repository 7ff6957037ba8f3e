"""Requests: what clients say over WebSocket. Numbers keep the text that they came in, as that is what was signed."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from api.exchange.refusal import Refusal

_METHOD: Final = 100  # letters


class Request(NamedTuple):
    """A request of the WebSocket API.

    Attributes:
        id: the client's, told back: text, a number or none.
        method: such as `order.place`.
        params: each as its text.
    """

    id: str | int | None
    method: str
    params: Mapping[str, str]


class StreamRequest(NamedTuple):
    """A request of a client of streams.

    Attributes:
        id: the client's, told back.
        method: SUBSCRIBE ...
        params: names of streams.
    """

    id: str | int | None
    method: str
    params: tuple[str, ...]


class _Number(str):
    """A number's text, which `json` tells from text by its type."""

    __slots__ = ()


class Unread(Refusal):
    """A message that is no request.

    Attributes:
        id: of the message, as far as it could be read.
    """

    def __init__(self, line: str, number: str | int | None) -> None:
        super().__init__(-1000, line)
        self.id = number


def read(message: bytes) -> Request:
    """A request of the WebSocket API; Unread where the message is none."""
    told = _object(message)
    number = _id(told.get("id"))
    method, params = told.get("method"), told.get("params", {})
    if not isinstance(method, str) or isinstance(method, _Number) or not 0 < len(method) <= _METHOD:
        raise Unread("A request has a method.", number)
    if not isinstance(params, dict):
        raise Unread("The params of a request are an object.", number)
    return Request(
        number, method, {name: _text(name, value, number) for name, value in params.items() if value is not None}
    )


def read_stream(message: bytes) -> StreamRequest:
    """A request of a client of streams; a Refusal whose `data` is the id where the message is none."""
    try:
        told = _object(message)
    except Unread as unread:
        raise Refusal(2, f"Invalid request: {unread}") from None
    number = _id(told.get("id"))
    method, params = told.get("method"), told.get("params", [])
    if not isinstance(method, str) or not isinstance(params, list):
        raise Refusal(2, "Invalid request: a method, and params in a list", data=number)
    names = [("true" if each else "false") if isinstance(each, bool) else each for each in params]
    if not all(isinstance(each, str) for each in names):
        raise Refusal(2, "Invalid request: params are names of streams", data=number)
    return StreamRequest(number, method, tuple(names))


def _object(message: bytes) -> dict[str, Any]:
    try:
        told = json.loads(message.decode(), parse_float=_Number, parse_int=_Number, parse_constant=_no_number)
        if b"\\u" in message:
            json.dumps(told, ensure_ascii=False).encode()  # half of a pair can be written so, and is no text
    except (ValueError, RecursionError):
        raise Unread("A request is a JSON object.", None) from None
    if not isinstance(told, dict):
        raise Unread("A request is a JSON object.", None)
    return told


def _no_number(name: str) -> float:
    raise ValueError(name)


def _id(value: object) -> str | int | None:
    """The id as it is told back; one that is neither text nor a whole number, or long, is none."""
    if isinstance(value, _Number):
        return int(value) if value.lstrip("-").isdigit() and len(value) <= 18 else None
    return value if isinstance(value, str) and len(value) <= 36 else None


def _text(name: str, value: object, number: str | int | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return json.dumps(value, separators=(",", ":"))
    raise Unread(f"The parameter {name[:40]!r} is text, a number, true, false or a list of names.", number)
