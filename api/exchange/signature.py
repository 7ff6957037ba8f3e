"""Signatures: who asks, proved with the secret of an API key, over the parameters just as they came.

HMAC-SHA256 in hexadecimal. Over REST the text is the query and then the form, without `signature`; over WebSocket it
is the parameters sorted by name. A request is good for `recvWindow` milliseconds after its `timestamp`.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from api.exchange import refusal
from api.exchange.parameter import Amount, Asked, Parameter, Text, Whole

_KEY: Final = re.compile(r"[A-Za-z0-9]{16,64}")
_WINDOW_MS: Final = Decimal(5000)
_WIDEST_MS: Final = Decimal(60000)
_AHEAD_MS: Final = 1000
_PAIR: Final = re.compile(r"(?:^|&)signature=[^&]*")

STAMPED: Final = (
    Parameter("recvWindow", Amount(zero=True)),
    Parameter("timestamp", Whole(1), needed=True),
    Parameter("signature", Text("^.{1,512}$"), needed=True),
)
"""What a signed request has besides."""


class User(NamedTuple):
    """Who asks.

    Attributes:
        account: the exchange's number.
        key: the API key.
        reads: whether that may see the account.
        trades: whether that may give orders.
    """

    account: int
    key: str
    reads: bool
    trades: bool


class Credential(NamedTuple):
    """A user's key.

    Attributes:
        account: the exchange's number.
        secret: what the user signs with.
        reads: whether it may see the account.
        trades: whether it may give orders.
    """

    account: int
    secret: str
    reads: bool
    trades: bool


Keys = Callable[[str], "Credential | None"]
"""Whose key this is."""


class Guard:
    """Tells who asks.

    Args:
        keys: the users.
        clocks: milliseconds UTC, by the wall and by the exchange: a request may be of either time.
    """

    def __init__(self, keys: Keys, *clocks: Callable[[], int]) -> None:
        self._keys, self._clocks = keys, clocks

    def known(self, key: str | None) -> User:
        """Whose key it is; nothing is proved by that."""
        found = self._find(key)
        return User(found.account, key or "", found.reads, found.trades)

    def still(self, user: User) -> User | None:
        """Who was known before, with what the key may do now; None where it was revoked."""
        found = self._keys(user.key)
        return User(found.account, user.key, found.reads, found.trades) if found else None

    def signed(self, key: str | None, asked: Asked, text: str) -> User:
        """Who signed that text.

        Raises:
            Refusal: no or an unknown key, a request from too long ago or from the future, a signature of another text
                or by another secret.
        """
        credential = self._find(key)
        window = asked.amount("recvWindow")
        if window is None:
            window = _WINDOW_MS
        if window > _WIDEST_MS:
            raise refusal.Refusal(-1131, "recvWindow must be less than 60000.")
        ages = [clock() - asked.whole("timestamp") for clock in self._clocks]
        if all(age < -_AHEAD_MS for age in ages):
            raise refusal.stale("Timestamp for this request was 1000ms ahead of the server's time.")
        if not any(age >= -_AHEAD_MS and Decimal(age) <= window for age in ages):
            raise refusal.stale("Timestamp for this request is outside of the recvWindow.")
        sound = hmac.compare_digest(asked.text("signature").lower().encode(), sign(credential.secret, text).encode())
        if not sound:
            raise refusal.bad_signature()
        return User(credential.account, key or "", credential.reads, credential.trades)

    def _find(self, key: str | None) -> Credential:
        if key is None or not _KEY.fullmatch(key):
            raise refusal.bad_key_format()
        found = self._keys(key)
        if found is None:
            raise refusal.bad_key()
        return found


def sign(secret: str, text: str) -> str:
    """The signature of a text."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_text(query: str, form: str) -> str:
    """What is signed of a request over REST: its query and its form as they came, without the signature."""
    return "".join(_PAIR.sub("", part) for part in (query, form))


def signed_values(values: Mapping[str, str]) -> str:
    """What is signed of a request over WebSocket."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "signature")


def pairs(raw: str) -> list[tuple[str, str]]:
    """The parameters of a query or a form; a Refusal where they are not UTF-8 text."""
    found = []
    for part in raw.split("&") if raw else ():
        name, _, value = part.partition("=")
        try:
            found.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
        except UnicodeDecodeError:
            raise refusal.illegal(name[:40], "UTF-8") from None
    return found
