"""A transaction on its way: a call and a nonce, signed once or several times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fusion.chain.account import Account
from fusion.chain.fees import Fees
from fusion.chain.rpc import RpcError

CANCEL_GAS = 100_000  # a plain transfer takes 21,000, and more where a chain counts its data as gas


@dataclass(frozen=True, slots=True)
class Version:
    """One signing, with its gas limit. `cancels` says that it carries nothing, and only uses up the nonce."""

    hash: str
    raw: bytes
    gas: int
    fees: Fees
    cancels: bool = False


@dataclass(slots=True)
class Pending:
    """All versions of one transaction. They share the nonce, so that one of them at most is ever included.

    Attributes:
        request: what is called: {to?, data, value}.
        gas: the gas limit of the next version that carries the call.
        block: the newest block when it was first signed.
        refusal: why the call is given up, once it would revert; the newest version then cancels.
    """

    request: Mapping[str, Any]
    nonce: int
    gas: int
    block: int
    versions: list[Version] = field(default_factory=list)
    refusal: RpcError | None = None

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def hash(self) -> str:
        """The hash of its newest version, as 0x and 64 digits."""
        return self.newest.hash

    def sign(self, account: Account, chain_id: int, fees: Fees) -> Version:
        """Signs the call, or the cancellation that has taken its place, and adds it as the newest version."""
        if self.refusal is None:
            version = _signed(account, chain_id, self.nonce, self.gas, fees, self.request)
        else:
            version = cancellation(account, chain_id, self.nonce, fees)
        self.versions.append(version)
        return version


def cancellation(account: Account, chain_id: int, nonce: int, fees: Fees) -> Version:
    """A transfer of nothing from the account to itself: the cheapest that uses up a nonce."""
    nothing = {"to": account.address, "data": b"", "value": 0}
    return _signed(account, chain_id, nonce, CANCEL_GAS, fees, nothing, cancels=True)


def _signed(  # noqa: PLR0917 - who, where, and the fields of a transaction in their order
    account: Account,
    chain_id: int,
    nonce: int,
    gas: int,
    fees: Fees,
    request: Mapping[str, Any],
    *,
    cancels: bool = False,
) -> Version:
    transaction = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "gas": gas,
        "maxFeePerGas": fees.limit,
        "maxPriorityFeePerGas": fees.tip,
        "value": request["value"],
        "data": request["data"],
    }
    if request.get("to"):
        transaction["to"] = request["to"]
    raw, digest = account.sign_transaction(transaction)
    return Version(digest, raw, gas, fees, cancels)
