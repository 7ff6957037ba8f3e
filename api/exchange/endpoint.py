"""Endpoints: what may be asked, one table for REST, for the WebSocket API and for the OpenAPI spec."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NamedTuple

from api.exchange import refusal
from api.exchange.meter import Meter
from api.exchange.parameter import Asked, Parameter, Text, Truth
from api.exchange.signature import STAMPED, Guard, User
from fusion.errors import FusionError

KEY_HEADER: Final = "X-MBX-APIKEY"


class Security(Enum):
    """Who may ask: anyone; whoever names a key that may see the account; whoever signs with the secret of one; whoever
    signs with the secret of one that may trade.
    """

    OPEN = "open"
    KEY = "key"
    SIGNED = "signed"
    TRADE = "trade"

    @property
    def signed(self) -> bool:
        return self in {Security.SIGNED, Security.TRADE}

    def lets(self, user: User) -> bool:
        """Whether a user's key may do that."""
        return self is Security.OPEN or (user.trades if self is Security.TRADE else user.reads)


class Call(NamedTuple):
    """A request that may be answered.

    Attributes:
        asked: its parameters.
        user: who asks; account -1 for anyone.
    """

    asked: Asked
    user: User


NOBODY: Final = User(-1, "", reads=False, trades=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Something that may be asked.

    Attributes:
        verb, path: over REST.
        method: its name in the WebSocket API; "" where it is not there.
        does: one line.
        answer: what it answers, as JSON has it.
        result: its type, for the spec.
        parameters: besides those of a signed request.
        security: who may ask.
        weight: what it counts for.
        orders: new orders it makes.
    """

    verb: str
    path: str
    method: str
    does: str
    answer: Callable[[Call], object]
    result: Any = None
    parameters: tuple[Parameter, ...] = ()
    security: Security = Security.OPEN
    weight: int | Callable[[Asked], int] = 1
    orders: int = 0

    @property
    def known(self) -> tuple[Parameter, ...]:
        """All parameters that it may have over REST."""
        return (*self.parameters, *(STAMPED if self.security.signed else ()))


_KEY_NAMED: Final = Parameter("apiKey", Text("^.{1,100}$"), needed=True)
_LIMITS_TOO: Final = Parameter("returnRateLimits", Truth())
_FREE: Final = (
    *(Parameter(each.name, each.kind) for each in STAMPED),
    Parameter("apiKey", _KEY_NAMED.kind),
    _LIMITS_TOO,
)
"""What clients send over WebSocket whether it is needed or not."""


class Answered(NamedTuple):
    """What was answered.

    Attributes:
        result: as JSON has it.
        headers: what the client has used up.
    """

    result: object
    headers: Mapping[str, str]


class Desk:
    """Answers calls, wherever they come from: counts them, finds who asks, and lets them be carried out.

    Args:
        endpoints: what may be asked.
        guard: tells who asks.
        meter: counts.
    """

    def __init__(self, endpoints: Iterable[Endpoint], guard: Guard, meter: Meter) -> None:
        self.endpoints = tuple(endpoints)
        self.methods = {each.method: each for each in self.endpoints if each.method}
        self.guard, self.meter = guard, meter

    def over_rest(
        self, endpoint: Endpoint, address: str, key: str | None, sent: list[tuple[str, str]], text: str
    ) -> Answered:
        """A request over REST; `text` is what is signed of it."""
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.meter.ask(address, 1))}
        try:
            user = NOBODY
            if endpoint.security is not Security.OPEN:
                user = self.guard.known(key)
            asked = Asked(endpoint.known, sent)
            if endpoint.security.signed:
                user = self.guard.signed(key, asked, text)
            return Answered(self._carry_out(endpoint, address, asked, user, headers), headers)
        except refusal.Refusal as refused:
            refused.headers = {**headers, **refused.headers}
            raise

    def over_socket(
        self, endpoint: Endpoint, address: str, values: Mapping[str, str], text: str, user: User | None
    ) -> Answered:
        """A request over WebSocket; `user` is who logged on to the connection, whose requests need no signature."""
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.meter.ask(address, 1))}
        proved = NOBODY
        if endpoint.security.signed and (user is None or "signature" in values):
            asked = Asked((*endpoint.known, _KEY_NAMED, _LIMITS_TOO), values.items())
            proved = self.guard.signed(asked.text("apiKey"), asked, text)
        else:
            asked = Asked((*endpoint.parameters, *_FREE), values.items())
            if endpoint.security is not Security.OPEN:
                proved = user or self.guard.known(asked.text("apiKey") or None)
        return Answered(self._carry_out(endpoint, address, asked, proved, headers), headers)

    def prove(self, values: Mapping[str, str], text: str) -> User:
        """Who signed these parameters, which say nothing else."""
        asked = Asked((*STAMPED, _KEY_NAMED, _LIMITS_TOO), values.items())
        return self.guard.signed(asked.text("apiKey"), asked, text)

    def _carry_out(self, endpoint: Endpoint, address: str, asked: Asked, user: User, headers: dict[str, str]) -> object:
        if not endpoint.security.lets(user):
            raise refusal.bad_key()
        weight = endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(asked)
        if weight > 1:
            headers["X-MBX-USED-WEIGHT-1M"] = str(self.meter.ask(address, weight - 1))
        if endpoint.orders:
            seconds, day = self.meter.order(user.account, endpoint.orders)
            headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"] = str(seconds), str(day)
        try:
            return endpoint.answer(Call(asked, user))
        except refusal.Refusal:
            raise
        except FusionError as error:
            raise refusal.unavailable(error) from error
