"""Users: who may trade, and with which keys."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from fusion.errors import BadInput

_LONGEST: Final = 64


class Permission(Enum):
    """What a key may do: see the account, and trade."""

    READ = "read"
    TRADE = "trade"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account.

    Attributes:
        name: unique.
        account: number of the account in the ledger.
    """

    name: str
    account: int


@dataclass(frozen=True, slots=True)
class Key:
    """An API key.

    Attributes:
        code: what is sent with each request.
        secret: what requests are signed with, HMAC-SHA256.
        user: whose it is.
        permissions: what it may do.
    """

    code: str
    secret: str = field(repr=False)
    user: User
    permissions: frozenset[Permission]


class Users:
    """Users and keys. They are changed by deeds, which are plain data that the log keeps."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._keys: dict[str, Key] = {}
        self._of: dict[int, User] = {}
        self._codes: dict[str, dict[str, None]] = {}

    def named(self, name: str) -> User:
        """BadInput where there is none."""
        if name not in self._users:
            raise BadInput(f"there is no user {name[:_LONGEST]!r}; `fusion exchange user list` shows who there is")
        return self._users[name]

    def key(self, code: str) -> Key | None:
        """A key by its code."""
        return self._keys.get(code)

    def of(self, account: int) -> User | None:
        """Whose account that is."""
        return self._of.get(account)

    def all(self) -> list[User]:
        return list(self._users.values())

    def keys(self, name: str) -> list[Key]:
        """A user's keys."""
        return [self._keys[code] for code in self._codes.get(name, ())]

    def add(self, name: str, account: int) -> User:
        """A new user; BadInput where the name is taken or is no name."""
        self.check(name)
        user = self._users[name] = self._of[account] = User(name, account)
        return user

    def check(self, name: str) -> None:
        """BadInput where no new user can have that name."""
        if not 0 < len(name) <= _LONGEST or not name.replace("-", "").replace("_", "").isalnum():
            raise BadInput(f"a user's name is 1 to {_LONGEST} letters, digits, - and _, not {name[:_LONGEST]!r}")
        if name in self._users:
            raise BadInput(f"there is a user {name!r} already")

    def allow(self, code: str, secret: str, name: str, permissions: list[str]) -> Key:
        """A key for a user."""
        key = self._keys[code] = Key(code, secret, self.named(name), permitted(permissions))
        self._codes.setdefault(name, {})[code] = None
        return key

    def revoke(self, code: str) -> None:
        """Ends a key; BadInput where there is none."""
        self.check_key(code)
        del self._codes[self._keys.pop(code).user.name][code]

    def check_key(self, code: str) -> None:
        """BadInput where there is no such key."""
        if code not in self._keys:
            raise BadInput(f"there is no key {code[:12]!r}; `fusion exchange user list` shows which there are")

    def save(self) -> dict[str, Any]:
        return {
            "users": [[each.name, each.account] for each in self._users.values()],
            "keys": [
                [each.code, each.secret, each.user.name, sorted(one.value for one in each.permissions)]
                for each in self._keys.values()
            ],
        }

    def load(self, saved: dict[str, Any]) -> None:
        for name, account in saved["users"]:
            self.add(name, account)
        for code, secret, name, permissions in saved["keys"]:
            self.allow(code, secret, name, permissions)


def permitted(names: Sequence[str]) -> frozenset[Permission]:
    """Permissions by their names; BadInput for others."""
    known = {each.value: each for each in Permission}
    for name in names:
        if name not in known:
            raise BadInput(f"a permission is one of {', '.join(known)}, not {name[:_LONGEST]!r}")
    return frozenset(known[name] for name in names)


def new_secret() -> str:
    """64 letters and digits that nobody can guess."""
    return secrets.token_hex(32)
