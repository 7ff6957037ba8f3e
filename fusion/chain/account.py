"""Accounts and their encrypted keystores (Web3 Secret Storage, version 3).

An account `alice` in a folder is `alice.json`, the keystore, and for a local account `alice.password`, of mode 0600,
holding the random password that the keystore was encrypted with. A password that a person chose is not written down.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eth_account import Account as Keys
from eth_utils.address import to_checksum_address

from fusion.chain import password as passwords
from fusion.chain.signer import Key, RemoteSigner, Signature, Signer
from fusion.errors import BadInput

# A random password of 256 bits cannot be guessed at any speed, so stretching it would only make every start slower.
_RANDOM_PASSWORD_COST = 2
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Account:
    """Signs for one address. Whoever holds its key, this process or another program, does not show in its text."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.address: str = signer.address

    @classmethod
    def from_key(cls, key: bytes | str) -> "Account":
        """From a private key of 32 bytes, or its hexadecimal."""
        return cls(Key(key))

    @classmethod
    def random(cls) -> "Account":
        return cls.from_key(secrets.token_bytes(32))

    @classmethod
    def remote(cls, url: str, address: str) -> "Account":
        """One whose key a program at that URL holds; nothing is asked of it before the first signature."""
        return cls(RemoteSigner(url, to_checksum_address(address)))

    def __repr__(self) -> str:
        return f"Account({self.address})"

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, str]:
        """The raw signed transaction, and its hash as 0x and 64 digits.

        BadInput or ChainUnavailable when another program holds the key, and does not sign exactly that; so below.
        """
        return self._signer.sign_transaction(transaction)

    def sign_typed(self, message: Mapping[str, Any]) -> Signature:
        """Signs EIP-712 typed data: {types, primaryType, domain, message}."""
        return self._signer.sign_typed(message)


def create(folder: Path, name: str, *, password: str | None = None, key: bytes | str | None = None) -> Account:
    """Makes an account and its keystore; without `password`, a random one is kept beside it. Never overwrites one."""
    _free(folder, name)
    key = key if key is not None else secrets.token_bytes(32)
    account = Account.from_key(key)
    if isinstance(key, str):
        key = bytes.fromhex(key.removeprefix("0x"))
    cost = None
    if password is not None:
        _not_begun(folder, name)
    else:
        cost = _RANDOM_PASSWORD_COST
        write_secret(_password(folder, name), secrets.token_hex(32))
        # Whoever came first, now or before a crash: the keystore fits the password that is on disk.
        password = passwords.read(_password(folder, name))
    _keep(folder, name, dict(Keys.encrypt(key, password, kdf="scrypt", iterations=cost)))
    return account


def adopt(folder: Path, name: str, text: str, password: str) -> Account:
    """Keeps a keystore that another program made, as it is, once its password has opened it. Never overwrites one."""
    _free(folder, name)
    _not_begun(folder, name)
    keystore = _parsed(text, "what was given")
    account = _opened(keystore, password, "the password does not open it", "what was given")
    _keep(folder, name, keystore | {"address": account.address[2:].lower()})
    return account


def load(folder: Path, name: str, ask: Callable[[str], str] | None = None) -> Account:
    """Opens a keystore, with the password file beside it; without one, with the password that `ask(name)` gives."""
    keystore = _read(folder, name)
    if _password(folder, name).exists():
        password = passwords.read(_password(folder, name))
    elif ask is not None:
        password = ask(name)
    else:
        raise BadInput(f"account {name!r} in {folder} has no password file; give its password")
    return _opened(keystore, password, f"wrong password for account {name!r} in {folder}", str(_keystore(folder, name)))


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


def keeps_password(folder: Path, name: str) -> bool:
    """Whether the account's password lies beside its keystore, so that nobody is asked for it."""
    return _password(folder, name).exists()


def _not_begun(folder: Path, name: str) -> None:
    """Makes sure that no password lies there, which would be taken for this account's."""
    if _password(folder, name).exists():
        raise BadInput(
            f"{_password(folder, name)} is left of an account never finished: remove it, or choose another name"
        )


def _free(folder: Path, name: str) -> None:
    """Makes the folder, and sure that the name is not taken there."""
    _checked(name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _keystore(folder, name).exists():
        raise _taken(folder, name)


def _keep(folder: Path, name: str, keystore: Mapping[str, Any]) -> None:
    if not write_secret(_keystore(folder, name), json.dumps(keystore)):
        raise _taken(folder, name)


def _taken(folder: Path, name: str) -> BadInput:
    return BadInput(f"an account {name!r} is already in {folder}; choose another name")


def _opened(keystore: Mapping[str, Any], password: str, wrong: str, where: str) -> Account:
    try:
        return Account.from_key(bytes(Keys.decrypt(dict(keystore), password)))
    except (ValueError, KeyError, TypeError) as error:
        if "MAC mismatch" in str(error):
            raise BadInput(wrong) from error
        raise BadInput(f"{where} is no keystore of version 3") from error


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
    return _parsed(text, str(_keystore(folder, name)))


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        keystore = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{where} is no keystore: {error}") from error
    if not isinstance(keystore, dict):
        raise BadInput(f"{where} is no keystore of version 3")
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
