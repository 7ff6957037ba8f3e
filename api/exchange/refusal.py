"""Refusals as Binance words them: a code, a line, and an HTTP status.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors. Clients tell one from another by the code or
by the very words, so both are kept.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fusion.errors import BadInput, FusionError


class Refusal(BadInput):
    """A request that is not carried out.

    Attributes:
        code: Binance's, below zero.
        status: of HTTP.
        headers: that the answer has besides.
        data: what the answer tells besides the code and the line; None for nothing.
    """

    def __init__(
        self,
        code: int,
        line: str,
        status: int = 400,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        data: object = None,
    ) -> None:
        super().__init__(line)
        self.code, self.status, self.headers, self.data = code, status, headers, data

    def told(self) -> dict[str, object]:
        """As the answer's JSON."""
        told: dict[str, object] = {"code": self.code, "msg": str(self)}
        return told if self.data is None else {**told, "data": self.data}


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def empty(name: str) -> Refusal:
    return Refusal(-1105, f"Parameter '{name}' was empty.")


def illegal(name: str, legal: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def twice() -> Refusal:
    return Refusal(-1101, "Duplicate values for a parameter detected.")


def unread(read: int, sent: int) -> Refusal:
    return Refusal(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def invalid(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def not_required(name: str) -> Refusal:
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def combination(line: str) -> Refusal:
    return Refusal(-1128, line)


def too_precise(name: str) -> Refusal:
    return Refusal(-1111, f"Parameter '{name}' has too much precision.")


def of_filter(name: str) -> Refusal:
    return Refusal(-1013, f"Filter failure: {name}")


def unknown_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")


def rejected(line: str) -> Refusal:
    """A new order that is not taken."""
    return Refusal(-2010, line)


def not_cancelled(line: str = "Unknown order sent.") -> Refusal:
    return Refusal(-2011, line)


def no_order() -> Refusal:
    return Refusal(-2013, "Order does not exist.")


def bad_signature() -> Refusal:
    return Refusal(-1022, "Signature for this request is not valid.")


def stale(line: str) -> Refusal:
    return Refusal(-1021, line)


def bad_key_format() -> Refusal:
    return Refusal(-2014, "API-key format invalid.", 401)


def bad_key() -> Refusal:
    return Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def unavailable(why: FusionError) -> Refusal:
    """The exchange takes nothing now."""
    return Refusal(-1001, f"Internal error; unable to process your request: {why}", 503)


def bad_request(line: str, status: int = 400) -> Refusal:
    """A message that is no request at all."""
    return Refusal(-1000, line, status)
