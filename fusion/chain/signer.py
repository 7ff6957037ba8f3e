"""Signers: who holds the key of an account. Either this process, or a program that is asked over JSON-RPC.

What another program signed is not believed: it is decoded, and is either exactly what was asked, signed by the account
that was asked, or refused. So the worst that a broken, misled or hostile signer can do here is to sign nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from eth_account import Account as Keys
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from fusion.chain.rpc import Rpc, RpcError
from fusion.errors import BadInput, ChainUnavailable

TIMEOUT = 120.0  # seconds: a person may have to approve
NO_METHOD = -32601
_UNKNOWN = ("not found", "does not exist", "not supported", "unsupported", "not implemented", "not available")

_TRANSACTION = ("eth_signTransaction", "account_signTransaction")  # Web3Signer, geth, anvil; Clef
_ACCOUNTS = ("eth_accounts", "account_list")
_FIELDS = ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "value")


class Signature(NamedTuple):
    v: int
    r: bytes
    s: bytes


class Signer(Protocol):
    """Signs for one address."""

    @property
    def address(self) -> str: ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, str]:
        """The raw signed transaction of type 2, and its hash as 0x and 64 digits."""
        ...

    def sign_typed(self, message: Mapping[str, Any]) -> Signature:
        """Signs EIP-712 typed data: {types, primaryType, domain, message}."""
        ...


class Key:
    """A key in this process."""

    def __init__(self, key: bytes | str) -> None:
        try:
            self._key: LocalAccount = Keys.from_key(key)
        except ValueError as error:
            raise BadInput("a private key is 32 bytes, or 64 hexadecimal digits") from error
        self.address: str = self._key.address

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, str]:
        signed = self._key.sign_transaction(dict(transaction))
        return bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex()

    def sign_typed(self, message: Mapping[str, Any]) -> Signature:
        signed = Keys.sign_typed_data(self._key.key, full_message=dict(message))
        return Signature(signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))


class RemoteSigner:
    """A program that holds the key of `address`: Web3Signer, geth, Clef or what speaks as they do.

    Raises, with every signature:
        BadInput: it refuses, or what it gave is not what it was asked for.
        ChainUnavailable: it does not answer.
    """

    def __init__(self, url: str, address: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadInput(f"FUSION_SIGNER is {url!r}; give a URL like http://127.0.0.1:8550")
        self._rpc = Rpc(url, timeout=TIMEOUT)
        self.address = address

    @classmethod
    def accounts(cls, url: str) -> list[str]:
        """The addresses it has keys of, as it says."""
        signer = cls(url, "")
        found = signer._asked([(method, []) for method in _ACCOUNTS])
        try:
            return [to_checksum_address(each) for each in found]
        except (TypeError, ValueError):
            raise signer._wrong("a list of addresses was asked for") from None

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, str]:
        asked = {name: hex(transaction[name]) for name in _FIELDS}
        asked |= {"from": self.address, "data": "0x" + bytes(transaction["data"]).hex()}
        if "to" in transaction:
            asked["to"] = transaction["to"]
        answer = self._asked([(method, [asked]) for method in _TRANSACTION])
        raw = self._bytes(answer.get("raw") if isinstance(answer, Mapping) else answer)
        self._check(raw, transaction)
        return raw, "0x" + keccak(raw).hex()

    def sign_typed(self, message: Mapping[str, Any]) -> Signature:
        plain = _plain(message)
        data = self._bytes(
            self._asked(
                [
                    ("eth_signTypedData_v4", [self.address, plain]),
                    ("eth_signTypedData", [self.address, json.dumps(plain)]),  # Web3Signer takes it as text
                    ("account_signTypedData", [self.address, plain]),
                ]
            )
        )
        if len(data) != 65:
            raise self._wrong(f"a signature has 65 bytes, not {len(data)}")
        v = data[64] + 27 if data[64] < 27 else data[64]
        signable = encode_typed_data(full_message=dict(message))
        signed_by = self._recovered(lambda: Keys.recover_message(signable, signature=data[:64] + bytes([v])))
        if signed_by != self.address:
            raise self._wrong(f"the typed data or its signer is another ({signed_by})")
        return Signature(v, data[:32], data[32:64])

    def _check(self, raw: bytes, asked: Mapping[str, Any]) -> None:
        """BadInput unless these are the bytes of exactly that transaction, by this account."""
        try:
            found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        except Exception as error:
            raise self._wrong("it does not decode as a transaction of type 2") from error
        wanted: dict[str, object] = {name: asked[name] for name in _FIELDS}
        wanted |= {"type": 2, "data": bytes(asked["data"]), "accessList": ()}
        wanted["to"] = bytes.fromhex(asked["to"][2:]) if "to" in asked else b""
        for name, value in wanted.items():
            got = found.get(name)
            if got != value:
                raise self._wrong(f"{name} is {_told(got)} and not {_told(value)}")
        signed_by = self._recovered(lambda: Keys.recover_transaction(raw))
        if signed_by != self.address:
            raise self._wrong(f"it is signed by {signed_by}")

    def _recovered(self, recover: Callable[[], str]) -> str:
        try:
            return recover()
        except Exception as error:
            raise self._wrong("its signature is none") from error

    def _asked(self, requests: Sequence[tuple[str, Sequence[object]]]) -> Any:
        """The answer to the first of these requests whose method it knows."""
        for method, params in requests:
            try:
                return self._rpc.call(method, *params)
            except ChainUnavailable as error:
                raise ChainUnavailable(
                    f"no answer from the signer at {self._rpc.url}; is it running, and nothing left to approve there?"
                ) from error
            except RpcError as fault:
                said = fault.reason.lower()
                if fault.code != NO_METHOD and not ("method" in said and any(each in said for each in _UNKNOWN)):
                    raise BadInput(
                        f"the signer at {self._rpc.url} does not sign for {self.address or 'anyone'}: {fault.reason}"
                    ) from fault
        methods = " nor ".join(method for method, _ in requests)
        raise BadInput(f"{self._rpc.url} is no signer: it knows neither {methods}; see FUSION_SIGNER")

    def _bytes(self, answer: object) -> bytes:
        try:
            return bytes.fromhex(str(answer).removeprefix("0x"))
        except ValueError:
            raise self._wrong("hexadecimal was asked for") from None

    def _wrong(self, what: str) -> BadInput:
        asked = self.address or "Fusion"
        return BadInput(f"the signer at {self._rpc.url} did not sign what {asked} asked: {what}; nothing was sent")


def _plain(value: object) -> Any:
    """Typed data as JSON: bytes in hexadecimal, and as text the integers that not every JSON reader keeps."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value


def _told(value: object) -> str:
    text = "0x" + value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}... ({len(text)} letters)"
