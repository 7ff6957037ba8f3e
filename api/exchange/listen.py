"""Listen keys: names by which a user's stream is found without a signature, for an hour after they were last kept."""

import secrets
from typing import Final

from api.exchange.refusal import Refusal

_HOUR_MS: Final = 3_600_000
_MOST: Final = 10_000


class ListenKeys:
    """An account has one at a time."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[int, int]] = {}
        self._of: dict[int, str] = {}

    def start(self, account: int, now: int) -> str:
        """The account's key, good for an hour from now (ms)."""
        key = self._of.get(account)
        if key is None or self.account(key, now) is None:
            if len(self._keys) >= _MOST:
                self._forget(now)
            key = self._of[account] = secrets.token_hex(32)
        self._keys[key] = (account, now + _HOUR_MS)
        return key

    def account(self, key: str, now: int) -> int | None:
        """Whose key it is, while it is good."""
        account, until = self._keys.get(key, (None, 0))
        return account if until > now else None

    def keep(self, key: str, account: int, now: int) -> None:
        """Lets it be good for an hour from now (ms); a Refusal where it is not good any more."""
        if self.account(key, now) != account:
            raise _unknown()
        self._keys[key] = (account, now + _HOUR_MS)

    def stop(self, key: str, account: int) -> None:
        if self._keys.get(key, (None, 0))[0] != account:
            raise _unknown()
        del self._keys[key], self._of[account]

    def _forget(self, now: int) -> None:
        for key, (account, until) in list(self._keys.items()):
            if until <= now:
                del self._keys[key], self._of[account]


def _unknown() -> Refusal:
    return Refusal(-1125, "This listenKey does not exist.")
