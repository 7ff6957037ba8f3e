"""Listen keys: names by which a user's stream is found without a signature, for an hour after they were last kept."""

import secrets
from collections.abc import Callable
from typing import Final, NamedTuple

from api.exchange.refusal import Refusal

_HOUR_MS: Final = 3_600_000
_MOST: Final = 10_000


class Owner(NamedTuple):
    """Whose stream a listen key names.

    Attributes:
        account: the exchange's number.
        key: the API key that the listen key was made with; it is good only as long as that one is.
    """

    account: int
    key: str


class ListenKeys:
    """An API key has one at a time.

    Args:
        known: whether there is such an API key.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known
        self._keys: dict[str, tuple[Owner, int]] = {}
        self._of: dict[str, str] = {}

    def start(self, owner: Owner, now: int) -> str:
        """The owner's listen key, good for an hour from now (ms)."""
        key = self._of.get(owner.key)
        if key is None or self.owner(key, now) is None:
            if len(self._keys) >= _MOST:
                self._forget(now)
            if key is not None:
                self._keys.pop(key, None)
            key = self._of[owner.key] = secrets.token_hex(32)
        self._keys[key] = (owner, now + _HOUR_MS)
        return key

    def owner(self, key: str, now: int) -> Owner | None:
        """Whose key it is, while it is good."""
        if key not in self._keys:
            return None
        owner, until = self._keys[key]
        return owner if until > now and self._known(owner.key) else None

    def keep(self, key: str, account: int, now: int) -> None:
        """Lets it be good for an hour from now (ms); a Refusal where it is not good any more."""
        self._keys[key] = (self._owned(key, account, now), now + _HOUR_MS)

    def stop(self, key: str, account: int, now: int) -> None:
        """Ends it; a Refusal where it is not good any more."""
        self._owned(key, account, now)
        self._drop(key)

    def _owned(self, key: str, account: int, now: int) -> Owner:
        owner = self.owner(key, now)
        if owner is None or owner.account != account:
            raise Refusal(-1125, "This listenKey does not exist.")
        return owner

    def _forget(self, now: int) -> None:
        for key in [each for each in self._keys if self.owner(each, now) is None]:
            self._drop(key)

    def _drop(self, key: str) -> None:
        owner, _ = self._keys.pop(key)
        if self._of.get(owner.key) == key:
            del self._of[owner.key]
