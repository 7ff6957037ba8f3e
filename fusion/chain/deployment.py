"""Deploying the contracts, and the record of where they are."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

from eth_typing import HexAddress, HexStr
from web3.types import Nonce
from web3.utils.address import get_create_address

from fusion.chain.account import Account
from fusion.chain.contract import BlockTag, Call, Contract, checksum
from fusion.chain.contracts import (
    ERRORS,
    AccessManager,
    JobMarket,
    LicenseMarket,
    MockUSD,
    ModuleRegistry,
    OperatorStaking,
    RevenueLedger,
    Windows,
)
from fusion.chain.revert import refused
from fusion.chain.rpc import Rpc, RpcError
from fusion.chain.transactions import NonceTakenError, Pending, Sender
from fusion.errors import BadInput, ContractRefused, NotReady, TransactionLost

MUSD = 10**6  # base units of one mock dollar
TIMEOUT = 180.0  # seconds for all of a deployment to be included
CONTRACTS: tuple[type[Contract], ...] = (
    MockUSD,
    AccessManager,
    ModuleRegistry,
    RevenueLedger,
    LicenseMarket,
    OperatorStaking,
    JobMarket,
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a deployment is made with; the defaults are the local network's. Money in base units, time in seconds."""

    protocol_fee_bps: int = 250
    minimum_stake: int = 1_000 * MUSD
    minimum_fee: int = 30_000
    lock_multiple: int = 10
    # Twice a job of 10**11 fuel, the default, with its challenge. What a job locks cannot be unbonded before it ends,
    # however long that takes: this holds back the rest of an operator's stake.
    unbond_period: int = 900
    windows: Windows = field(
        default=Windows(open=120, commit=60, reveal=60, challenge=2, fuel_per_second=500_000_000, confirmations=2)
    )


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts are.

    `contracts` are addresses by name, `block` is the first with any of them, `hash` tells code and parameters.
    """

    chain_id: int
    contracts: Mapping[str, str]
    block: int
    hash: str

    @classmethod
    def load(cls, path: Path) -> Self:
        try:
            raw = json.loads(path.read_text())
        except FileNotFoundError:
            raise NotReady(f"no deployment at {path}; start the local network with `fusion up`") from None
        except ValueError as error:
            raise BadInput(f"{path} is no deployment: {error}") from error
        try:
            contracts = {str(name): str(checksum(address)) for name, address in raw["contracts"].items()}
            return cls(int(raw["chain_id"]), contracts, int(raw["block"]), str(raw["hash"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{path} is no deployment: {error!r}; `fusion up` writes it anew") from error

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=2) + "\n")
        fresh.replace(path)


def deployment_hash(parameters: Parameters) -> str:
    """64 hexadecimal digits that change when the contracts' code or their parameters do."""
    code = {kind.NAME: sha256(kind.bytecode()).hexdigest() for kind in CONTRACTS}
    described = json.dumps({"code": code, "parameters": asdict(parameters)}, sort_keys=True)
    return sha256(described.encode()).hexdigest()


def deploy(rpc: str, account: Account, *, treasury: str, parameters: Parameters | None = None) -> Deployment:
    """Deploys all contracts from `account`, which comes to own the AccessManager, and allows MockUSD for sales.

    The contracts name one another in immutables, so their addresses are worked out before: nothing else may be sent
    from the account meanwhile.
    """
    parameters = parameters or Parameters()
    endpoint = Rpc(rpc)
    chain_id, nonce = (
        int(answer, 16)
        for answer in endpoint.batch([("eth_chainId", []), ("eth_getTransactionCount", [account.address, "pending"])])
    )
    at: dict[type[Contract], str] = {
        kind: get_create_address(HexAddress(HexStr(account.address)), Nonce(nonce + index))
        for index, kind in enumerate(CONTRACTS)
    }
    steps = _Steps(endpoint, chain_id, account)
    for index, (kind, code) in enumerate(_creations(at, account.address, treasury, parameters).items()):
        steps.take(f"creation of {kind.NAME}", None, code, nonce + index)
    market = LicenseMarket(steps, at[LicenseMarket])
    allow = market.allow_token(at[MockUSD], allowed=True)
    steps.take(allow.name, allow.to, allow.data, nonce + len(CONTRACTS))
    block = steps.finish()
    if not market.token_allowed(at[MockUSD]):
        raise TransactionLost("the chain changed while the contracts were deployed; deploy anew")
    return Deployment(
        chain_id=chain_id,
        contracts={kind.NAME: address for kind, address in at.items()},
        block=block,
        hash=deployment_hash(parameters),
    )


def _creations(
    at: Mapping[type[Contract], str], owner: str, treasury: str, parameters: Parameters
) -> dict[type[Contract], bytes]:
    """Creation code by contract, in the order of `CONTRACTS`."""
    registry, ledger, market = at[ModuleRegistry], at[RevenueLedger], at[LicenseMarket]
    staking, jobs, token = at[OperatorStaking], at[JobMarket], at[MockUSD]
    return {
        MockUSD: MockUSD.creation(),
        AccessManager: AccessManager.creation(owner),
        ModuleRegistry: ModuleRegistry.creation(),
        RevenueLedger: RevenueLedger.creation(registry, treasury, parameters.protocol_fee_bps, [market, jobs]),
        LicenseMarket: LicenseMarket.creation(at[AccessManager], registry, ledger),
        OperatorStaking: OperatorStaking.creation(token, jobs, parameters.minimum_stake, parameters.unbond_period),
        JobMarket: JobMarket.creation(
            registry, market, ledger, staking, parameters.minimum_fee, parameters.lock_multiple, parameters.windows
        ),
    }


class _Steps:
    """A deployment's transactions: sent one after another, awaited together, so that it takes a block or two."""

    def __init__(self, rpc: Rpc, chain_id: int, account: Account) -> None:
        self._rpc = rpc
        self._account = account
        self._sender = Sender(rpc, chain_id)
        self._waiting: list[tuple[str, Pending]] = []
        self._blocks: list[int] = []
        self._deadline = time.monotonic() + TIMEOUT

    def take(self, what: str, to: str | None, data: bytes, nonce: int) -> None:
        request = {"to": to, "data": data, "value": 0}
        try:
            pending = self._sender.broadcast(self._account, request)
        except RpcError:
            # Not every node simulates on top of what is pending: once the steps before are included, all do.
            self.finish()
            try:
                pending = self._sender.broadcast(self._account, request)
            except RpcError as fault:
                raise refused(what, fault.data, ERRORS, reason=fault.reason) from fault
        if pending.nonce != nonce:
            raise self._not_alone()
        self._waiting.append((what, pending))

    def finish(self) -> int:
        """Waits for all that was sent; the number of the first block with any of it."""
        for what, pending in self._waiting:
            try:
                receipt = self._sender.wait(self._account.address, pending, self._deadline)
            except NonceTakenError:
                raise self._not_alone() from None
            if int(receipt["status"], 16) != 1:
                raise ContractRefused(f"{what} reverted in {pending.hash}", error="Error")
            self._blocks.append(int(receipt["blockNumber"], 16))
        self._waiting.clear()
        return min(self._blocks)

    def _not_alone(self) -> BadInput:
        return BadInput(f"others send from {self._account.address}; deploy from an account of its own")

    def read(self, call: Call, block: BlockTag) -> bytes:
        answer = self._rpc.call("eth_call", {"to": call.to, "data": "0x" + call.data.hex()}, block)
        return bytes.fromhex(str(answer)[2:])
