"""Accounts and their encrypted keystores (Web3 Secret Storage, version 3).

An account `alice` in a folder is `alice.json`, the keystore, and for a local account `alice.password`, of mode 0600,
holding the random password that the keystore was encrypted with. A password that a person chose is not written down.
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from fusion.errors import BadInput

# A random password of 256 bits cannot be guessed at any speed, so stretching it would only make every start slower.
_RANDOM_PASSWORD_COST = 2
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Signature(NamedTuple):
    v: int
    r: bytes
    s: bytes


class Account:
    """Signs for one address. Its key does not show in its text."""

    def __init__(self, signer: LocalAccount) -> None:
        self._signer = signer
        self.address: str = signer.address

    @classmethod
    def from_key(cls, key: bytes | str) -> "Account":
        """From a private key of 32 bytes, or its hexadecimal."""
        try:
            return cls(Keys.from_key(key))
        except ValueError as error:
            raise BadInput("a private key is 32 bytes, or 64 hexadecimal digits") from error

    @classmethod
    def random(cls) -> "Account":
        return cls.from_key(secrets.token_bytes(32))

    def __repr__(self) -> str:
        return f"Account({self.address})"

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, str]:
        """The raw signed transaction, and its hash as 0x and 64 digits."""
        signed = self._signer.sign_transaction(dict(transaction))
        return bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex()

    def sign_typed(self, message: Mapping[str, Any]) -> Signature:
        """Signs EIP-712 typed data: {types, primaryType, domain, message}."""
        signed = Keys.sign_typed_data(self._signer.key, full_message=dict(message))
        return Signature(signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))


def create(folder: Path, name: str, *, password: str | None = None, key: bytes | None = None) -> Account:
    """Makes an account and its keystore; without `password`, a random one is kept beside it. Never overwrites one."""
    _checked(name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _keystore(folder, name).exists():
        raise BadInput(f"an account {name!r} is already in {folder}; choose another name")
    account = Account.from_key(key) if key is not None else Account.random()
    cost = None
    if password is None:
        cost = _RANDOM_PASSWORD_COST
        write_secret(_password(folder, name), secrets.token_hex(32))
        # Whoever came first, now or before a crash: the keystore fits the password that is on disk.
        password = _password(folder, name).read_text()
    keystore = Keys.encrypt(account._signer.key, password, kdf="scrypt", iterations=cost)
    if not write_secret(_keystore(folder, name), json.dumps(keystore)):
        raise BadInput(f"an account {name!r} is already in {folder}; choose another name")
    return account


def load(folder: Path, name: str, *, password: str | None = None) -> Account:
    """Opens a keystore, with its password file unless a password is given."""
    keystore = _read(folder, name)
    if password is None:
        try:
            password = _password(folder, name).read_text()
        except FileNotFoundError:
            raise BadInput(f"account {name!r} in {folder} has no password file; give its password") from None
    try:
        return Account.from_key(bytes(Keys.decrypt(keystore, password)))
    except (ValueError, KeyError, TypeError) as error:
        if "MAC mismatch" in str(error):
            raise BadInput(f"wrong password for account {name!r} in {folder}") from error
        raise BadInput(f"{_keystore(folder, name)} is no keystore of version 3") from error


def load_or_create(folder: Path, name: str) -> Account:
    """The local account of that name, made when it is missing."""
    return load(folder, name) if _keystore(folder, name).exists() else create(folder, name)


def address_of(folder: Path, name: str) -> str:
    """The account's address, which the keystore tells without its password."""
    try:
        return str(to_checksum_address(str(_read(folder, name)["address"])))
    except (KeyError, ValueError) as error:
        raise BadInput(f"{_keystore(folder, name)} names no address") from error


def names(folder: Path) -> list[str]:
    """The accounts in a folder, sorted; none when it does not exist."""
    return sorted(path.stem for path in folder.glob("*.json") if _NAME.fullmatch(path.stem))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} cannot name an account: use lower-case letters, digits, - and _, at most 64")
    return name


def _keystore(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"


def _password(folder: Path, name: str) -> Path:
    return folder / f"{name}.password"


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        text = _keystore(folder, _checked(name)).read_text()
    except FileNotFoundError:
        there = ", ".join(names(folder)) or "none"
        raise BadInput(f"no account {name!r} in {folder}; accounts there: {there}") from None
    try:
        keystore = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{_keystore(folder, name)} is no keystore: {error}") from error
    if not isinstance(keystore, dict):
        raise BadInput(f"{_keystore(folder, name)} is no keystore of version 3")
    return keystore


def write_secret(path: Path, text: str) -> bool:
    """Writes a file of mode 0600 whole, unless one is there; says whether it wrote."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)  # unlike a rename, fails when the name is taken
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True
