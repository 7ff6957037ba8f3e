"""Deploying the contracts, and the record of where they are."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from eth_utils.crypto import keccak

from fusion.chain.account import Account
from fusion.chain.authority import ADMIN, Roles, settling
from fusion.chain.contract import BlockTag, Call, Contract, checksum
from fusion.chain.contracts import ERRORS, AccessManager, Factory, MockUSD, RevenueLedger
from fusion.chain.factory import CONTRACTS, DEPLOYER, SALT, Plan, places
from fusion.chain.fees import MAX_FEE
from fusion.chain.parameters import MUSD, Parameters
from fusion.chain.pending import Pending
from fusion.chain.revert import refused
from fusion.chain.rpc import Rpc, RpcError
from fusion.chain.transactions import Sender
from fusion.chain.watch import NonceTakenError
from fusion.errors import BadInput, ContractRefused, NotReady, TransactionLost

__all__ = ["LOCAL", "MUSD", "PAID_IN", "Deployment", "Parameters", "Roles", "deploy", "deployment_hash", "treasury_of"]

LOCAL = "local"  # the network that `fusion up` starts
PAID_IN = "Token"  # in a record, the token of a deployment that has no MockUSD of its own
TIMEOUT = 180.0  # seconds for all of a deployment to be included


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts are.

    `contracts` are addresses by name, `block` is at or before the first with any of them, `hash` tells code and
    parameters, `network` is the name it was given.
    """

    chain_id: int
    contracts: Mapping[str, str]
    block: int
    hash: str
    network: str = LOCAL

    @classmethod
    def load(cls, path: Path) -> Self:
        try:
            raw = json.loads(path.read_text())
        except FileNotFoundError:
            raise NotReady(
                f"no deployment at {path}; start the local network with `fusion up`, or deploy with `fusion deploy`"
            ) from None
        except ValueError as error:
            raise BadInput(f"{path} is no deployment: {error}") from error
        try:
            contracts = {str(name): str(checksum(address)) for name, address in raw["contracts"].items()}
            network = str(raw.get("network", LOCAL))
            return cls(int(raw["chain_id"]), contracts, int(raw["block"]), str(raw["hash"]), network)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{path} is no deployment: {error!r}; `fusion up` writes it anew") from error

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=2) + "\n")
        fresh.replace(path)


def deployment_hash(parameters: Parameters) -> str:
    """64 hexadecimal digits that change when the contracts' code or their parameters do."""
    kinds: tuple[type[Contract], ...] = (Factory, *CONTRACTS)
    code = {kind.NAME: sha256(kind.bytecode()).hexdigest() for kind in kinds}
    described = json.dumps({"code": code, "parameters": asdict(parameters)}, sort_keys=True)
    return sha256(described.encode()).hexdigest()


def deploy(
    rpc: str,
    account: Account,
    *,
    treasury: str,
    parameters: Parameters | None = None,
    token: str | None = None,
    roles: Roles | None = None,
    salt: str = SALT,
    network: str = LOCAL,
    max_fee: int = MAX_FEE,
) -> Deployment:
    """Deploys what is not there yet, and hands the AccessManager over; it goes on where an earlier call stopped.

    Args:
        rpc: endpoint of the chain.
        account: who deploys. The contracts' addresses follow from it and the salt.
        treasury: who is owed the protocolFee.
        parameters: the local network's unless given.
        token: what is staked and paid with; a MockUSD of the deployment's own unless given.
        roles: who governs it from now on; unless given, who governs it stays, which is the account itself at first.
        salt: any text; another one deploys anew beside what is there.
        network: the name for the record.
        max_fee: what a transaction may offer for its gas, in wei a gas.

    Raises:
        NotReady: the chain lacks the deterministic deployer, or the token.
        BadInput: something else was deployed with this account and salt, or others govern it already.
        TransactionLost: whether a step was included is not known; the same call again finds out.
    """
    parameters = parameters or Parameters()
    if roles is not None:
        roles.check(account.address)
    plan = Plan.of(account.address, treasury, parameters, token=token, salt=salt)
    steps = _Steps(Rpc(rpc), account, max_fee)
    if not steps.has_code(DEPLOYER):
        raise NotReady(
            f"chain {steps.chain_id} has no deterministic deployer at {DEPLOYER}, by which addresses are the same on "
            "every chain; github.com/Arachnid/deterministic-deployment-proxy has the transaction that puts it there"
        )
    if token is not None and not steps.has_code(token):
        raise NotReady(f"no token at {token} on chain {steps.chain_id}")
    steps.wait_for_earlier()
    _create(steps, plan)
    _settle(steps, plan, roles)
    contracts = {PAID_IN: plan.token} if token is not None else {}
    contracts |= {kind.NAME: plan.at[kind] for kind in plan.codes}
    return Deployment(steps.chain_id, contracts, _first_block(steps, plan), deployment_hash(parameters), network)


def treasury_of(rpc: str, account: Account, salt: str = SALT) -> str | None:
    """Who is owed the protocolFee of what `account` deployed with that salt; None before there is a ledger."""
    steps = _Steps(Rpc(rpc), account)
    ledger = RevenueLedger(steps, places(account.address, salt)[RevenueLedger])
    return ledger.treasury() if steps.has_code(ledger.address) else None


def _create(steps: "_Steps", plan: Plan) -> None:
    """Makes the factory, and has it create what is missing, once what is there is known to be the same."""
    factory = Factory(steps, plan.factory)
    there = steps.has_code(plan.factory)
    if not there:
        steps.take("creation of the factory", DEPLOYER, plan.making)
        if not steps.has_code(plan.factory, "pending"):
            steps.finish()
    created = factory.count() if there else 0
    for place, (kind, code) in enumerate(plan.codes.items()):
        if place >= created:
            call = factory.create(place, code)
            steps.take(f"creation of {kind.NAME}", call.to, call.data)
        elif factory.code_hashes(place) != keccak(code):
            raise _another(kind.NAME, plan.at[kind])
    if created > len(plan.codes):
        raise _another(MockUSD.NAME, plan.at[MockUSD])
    steps.finish()
    for kind in plan.codes:
        if not steps.has_code(plan.at[kind]):
            raise TransactionLost(f"no {kind.NAME} at {plan.at[kind]}: the chain changed meanwhile; deploy again")


def _another(name: str, address: str) -> BadInput:
    return BadInput(
        f"{name} at {address} was created with other code or parameters by the same account and salt; "
        "give those again, or another --salt"
    )


def _settle(steps: "_Steps", plan: Plan, roles: Roles | None) -> None:
    """Allows the token and gives each role to whom it belongs, in one transaction, unless that is done."""
    manager = AccessManager(steps, plan.at[AccessManager])
    if roles is None:
        if not manager.has_role(ADMIN, plan.owner)[0]:
            return
        roles = Roles(plan.owner, plan.owner, 0)
    for _ in range(2):
        missing = settling(steps, plan.at, plan.token, roles, plan.owner)
        if not missing:
            return
        call = manager.multicall([each.data for each in missing])
        steps.take("handing over", call.to, call.data)
        steps.finish()
    raise TransactionLost("the roles are not as they were set: the chain changed meanwhile; deploy again")


def _first_block(steps: "_Steps", plan: Plan) -> int:
    """The block in which the factory was made; zero where the chain's blocks are counted otherwise in contracts."""
    block = Factory(steps, plan.factory).since()
    return block if block <= steps.head() else 0


class _Steps:
    """A deployment's transactions: sent one after another, awaited together, so that it takes a few blocks."""

    def __init__(self, rpc: Rpc, account: Account, max_fee: int = MAX_FEE) -> None:
        self._rpc = rpc
        self._account = account
        self.chain_id = int(rpc.call("eth_chainId"), 16)
        self._sender = Sender(rpc, self.chain_id, max_fee)
        self._waiting: list[tuple[str, Pending]] = []
        self._deadline = time.monotonic() + TIMEOUT

    def take(self, what: str, to: str, data: bytes) -> None:
        request = {"to": to, "data": data, "value": 0}
        try:
            pending = self._sender.broadcast(self._account, request, self._deadline)
        except RpcError:
            # Not every node simulates on top of what is pending: once the steps before are included, all do.
            self.finish()
            try:
                pending = self._sender.broadcast(self._account, request, self._deadline)
            except RpcError as fault:
                raise refused(what, fault.data, ERRORS, reason=fault.reason) from fault
        self._waiting.append((what, pending))

    def finish(self) -> None:
        """Waits for all that was sent."""
        for what, pending in self._waiting:
            try:
                _, receipt = self._sender.wait(self._account, pending, self._deadline)
            except RpcError as fault:
                raise refused(what, fault.data, ERRORS, reason=fault.reason) from fault
            except NonceTakenError:
                raise TransactionLost(
                    f"others send from {self._account.address}: {what} was overtaken; deploy again, it goes on there"
                ) from None
            if int(receipt["status"], 16) != 1:
                raise ContractRefused(f"{what} reverted in {pending.hash}", error="Error")
        self._waiting.clear()

    def wait_for_earlier(self) -> None:
        """Waits for what a call that was cut off had sent: what is on its way must not be made again."""
        self._sender.settle(self._account, self._deadline)

    def has_code(self, address: str, block: BlockTag = "latest") -> bool:
        return self._rpc.call("eth_getCode", address, block) not in (None, "0x")

    def head(self) -> int:
        return int(self._rpc.call("eth_blockNumber"), 16)

    def read(self, call: Call, block: BlockTag) -> bytes:
        answer = self._rpc.call("eth_call", {"to": call.to, "data": "0x" + call.data.hex()}, block)
        return bytes.fromhex(str(answer)[2:])
