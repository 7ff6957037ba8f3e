"""A chain with Fusion's contracts on it: typed contracts, blocks, logs, and transactions that say why they failed."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

from fusion import log
from fusion.chain.account import Account
from fusion.chain.contract import BlockTag, Call, Contract, ErrorAbi, Event, LogRef, checksum, encode
from fusion.chain.contracts import (
    ERRORS,
    AccessManager,
    AssurancePool,
    JobMarket,
    LicenseMarket,
    MockUSD,
    ModuleRegistry,
    OperatorStaking,
    Panel,
    RevenueLedger,
    SearchMarket,
    WindowRegistry,
)
from fusion.chain.deployment import PAID_IN, Deployment
from fusion.chain.fees import MAX_FEE
from fusion.chain.logs import LogReader
from fusion.chain.revert import refused
from fusion.chain.rpc import Rpc, RpcError
from fusion.chain.transactions import Sender
from fusion.errors import BadInput, ContractRefused, FusionError, NotReady

TIMEOUT = 120.0  # seconds for a transaction to be included
BATCH = 200  # blocks asked for in one round trip

E = TypeVar("E", bound=Event)
C = TypeVar("C", bound=Contract)


@dataclass(frozen=True, slots=True)
class Block:
    """`timestamp` is in seconds; hashes are 0x and 64 digits."""

    number: int
    hash: str
    parent: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """An included transaction. `status` is 1: one that reverted is raised. `events` are those of our contracts."""

    tx_hash: str
    block_number: int
    gas_used: int
    status: int
    events: tuple[Event, ...]

    def event(self, kind: type[E]) -> E:
        """The first event of that kind; FusionError when there is none."""
        for each in self.events:
            if isinstance(each, kind):
                return each
        raise FusionError(f"transaction {self.tx_hash} made no {kind.__name__}; is the deployment of another version?")


class Chain:
    """One deployment on one chain. Safe for several threads.

    `max_fee` is the most that a transaction offers for its gas, in wei a gas.
    """

    def __init__(self, rpc: Rpc, deployment: Deployment, max_fee: int = MAX_FEE) -> None:
        self.rpc = rpc
        self.deployment = deployment
        self._max_fee = max_fee
        self._sender = Sender(rpc, deployment.chain_id, max_fee)
        self._contracts: dict[str, Contract] = {}
        # Whatever token a deployment was made with: that of the local network knows all that others do, and can mint.
        self.token = self._bind(MockUSD, PAID_IN if PAID_IN in deployment.contracts else MockUSD.NAME)
        self.manager = self._bind(AccessManager)
        self.registry = self._bind(ModuleRegistry)
        self.ledger = self._bind(RevenueLedger)
        self.market = self._bind(LicenseMarket)
        self.staking = self._bind(OperatorStaking)
        self.panel = self._bind(Panel)
        self.pool = self._bind(AssurancePool)
        self.jobs = self._bind(JobMarket)
        self.windows = self._bind(WindowRegistry)
        self.searches = self._bind(SearchMarket)
        self._unknown: set[str] = set()
        self._guard = threading.Lock()

    @classmethod
    def connect(cls, rpc: str, deployment: Deployment, max_fee: int = MAX_FEE) -> Self:
        """Reaches the endpoint and makes sure that the deployment's contracts are there."""
        chain = cls(Rpc(rpc), deployment, max_fee)
        bound = list(chain._contracts.values())
        chain_id, *codes = chain.rpc.batch(
            [("eth_chainId", []), *(("eth_getCode", [each.address, "latest"]) for each in bound)]
        )
        if int(chain_id, 16) != deployment.chain_id:
            raise BadInput(
                f"{rpc} is chain {int(chain_id, 16)}, but the deployment is on chain {deployment.chain_id}; "
                "set FUSION_RPC to that chain's endpoint"
            )
        for each, code in zip(bound, codes, strict=True):
            if code in (None, "0x"):
                raise NotReady(
                    f"no {each.NAME} at {each.address} on {rpc}: the deployment is of another chain; run `fusion up`"
                )
        return chain

    def _bind(self, kind: type[C], name: str = "") -> C:
        name = name or kind.NAME
        try:
            contract = kind(self, self.deployment.contracts[name])
        except KeyError:
            raise BadInput(f"the deployment names no {name}; run `fusion up` to make it anew") from None
        except ValueError as error:
            raise BadInput(f"the deployment's {name} is no address: {error}") from error
        self._contracts[contract.address] = contract
        return contract

    # Reading

    def read(self, call: Call, block: BlockTag) -> bytes:
        """What a view returns at a block, undecoded; the typed contracts read through this."""
        at = hex(block) if isinstance(block, int) else block
        try:
            answer = self.rpc.call("eth_call", {"to": call.to, "data": "0x" + call.data.hex()}, at)
        except RpcError as fault:
            raise self._told(call, fault) from fault
        return bytes.fromhex(str(answer)[2:])

    def head(self) -> Block:
        """The newest block."""
        return _block(self.rpc.call(*_header("latest")))

    def block(self, number: int) -> Block | None:
        """The block of that number; None above the head."""
        found = self.rpc.call(*_header(hex(number)))
        return _block(found) if found else None

    def blocks(self, first: int, last: int) -> list[Block]:
        """Blocks `first` to `last`, both included; it ends early where the chain does."""
        found: list[Block] = []
        for start in range(first, last + 1, BATCH):
            numbers = range(start, min(start + BATCH, last + 1))
            for answer in self.rpc.batch(
                [(method, rest) for method, *rest in (_header(hex(number)) for number in numbers)]
            ):
                if answer is None:
                    return found
                found.append(_block(answer))
        return found

    def now(self) -> int:
        """Chain time: the newest block's, in seconds."""
        return self.head().timestamp

    def balance(self, address: str) -> int:
        """Ether of an account, in wei."""
        return int(self.rpc.call("eth_getBalance", address, "latest"), 16)

    def events(self, first: int, last: int) -> list[Event]:
        """Events of the market's contracts in blocks `first` to `last`, both included, in chain order.

        Those of the AccessManager and of the token are left out: the first concern the deployment's owner alone, and a
        token in wide use has more of them than all else together.
        """
        makers = [address for address in self._contracts if address not in (self.manager.address, self.token.address)]
        return self._decoded(self._logs(first, last, {"address": makers}))

    def find(self, kind: type[E], **indexed: object) -> list[E]:
        """All events of one kind so far whose indexed fields have these values, in chain order.

        Raises:
            BadInput: a field is not indexed, or the value does not fit its type.
        """
        names = [each.name for each in fields(kind) if each.name != "log"]
        topics: list[str | None] = [kind.TOPIC]
        for name, (abi, is_indexed) in zip(names, kind.INPUTS, strict=True):
            if is_indexed:
                topics.append("0x" + encode(f"topic({abi})", [indexed.pop(name)]).hex() if name in indexed else None)
        if indexed:
            raise BadInput(f"{kind.__name__} cannot be found by {', '.join(indexed)}: not an indexed field")
        makers = [address for address, each in self._contracts.items() if each.EVENTS.get(kind.TOPIC) is kind]
        number = int(self.rpc.call("eth_blockNumber"), 16)
        logs = self._logs(self.deployment.block, number, {"address": makers, "topics": topics})
        return [each for each in self._decoded(logs) if isinstance(each, kind)]

    def _logs(self, first: int, last: int, which: Mapping[str, object]) -> list[Mapping[str, Any]]:
        """Logs of blocks `first` to `last`, in as few pieces as the endpoint allows."""
        return [log for piece in LogReader(self.rpc).pieces(first, last, which) for log in piece.logs]

    def receipt(self, tx_hash: str) -> Receipt | None:
        """The receipt of a transaction, reverted or not; None while it is not included."""
        raw = self.rpc.call("eth_getTransactionReceipt", tx_hash)
        return self._receipt(raw) if raw else None

    # Writing

    def simulate(self, account: Account, call: Call, *, value: int = 0) -> None:
        """Runs a call on the pending block and sends nothing; ContractRefused when it would revert."""
        request = {"from": account.address, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(value)}
        try:
            self.rpc.call("eth_call", request, "pending")
        except RpcError as fault:
            raise self._told(call, fault) from fault

    def send(self, account: Account, call: Call, *, value: int = 0, timeout: float = TIMEOUT) -> Receipt:
        """Sends a call and waits until it is included; when it is stuck it is sent again with higher fees.

        Raises:
            ContractRefused: the contract reverted, in the simulation (nothing was sent), when included, or while the
                transaction was stuck (it was replaced by one that does nothing).
            BadInput: the account has too little ether, or its signer refuses.
            TransactionLost, ChainUnavailable: whether it was included is not known; read the contract's state first.
        """
        try:
            raw, limit = self._sender.send(account, {"to": call.to, "data": call.data, "value": value}, timeout=timeout)
        except RpcError as fault:
            raise self._told(call, fault) from fault
        receipt = self._receipt(raw)
        if receipt.status != 1:
            raise self._reverted(account, call, value, receipt, limit)
        return receipt

    def give(self, account: Account, to: str, wei: int, *, timeout: float = TIMEOUT) -> Receipt:
        """Sends ether. Raises as `send`."""
        raw, _ = self._sender.send(account, {"to": to, "data": b"", "value": wei}, timeout=timeout)
        return self._receipt(raw)

    def gas_price(self) -> int:
        """The most that a transaction sent now would offer for its gas, in wei a gas."""
        return self._sender.market().fees(self._max_fee).limit

    def _reverted(self, account: Account, call: Call, value: int, receipt: Receipt, limit: int) -> FusionError:
        """Why an included transaction failed: the same call on the state that it left."""
        if receipt.gas_used >= limit:
            return ContractRefused(f"{call.name} ran out of gas in {receipt.tx_hash}", error="OutOfGas")
        request = {"from": account.address, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(value)}
        try:
            self.rpc.call("eth_call", request, hex(receipt.block_number))
        except RpcError as fault:
            return self._told(call, fault)
        return ContractRefused(
            f"{call.name} reverted in {receipt.tx_hash} and would pass now: others changed the state in between",
            error="Error",
        )

    def _told(self, call: Call, fault: RpcError) -> FusionError:
        if not fault.data and "revert" not in fault.reason.lower():
            return fault
        contract = self._contracts.get(call.to)
        own: Mapping[bytes, ErrorAbi] = contract.ERRORS if contract else {}
        return refused(call.name, fault.data, own, ERRORS, reason=fault.reason)

    def _receipt(self, raw: Mapping[str, Any]) -> Receipt:
        return Receipt(
            tx_hash=raw["transactionHash"],
            block_number=int(raw["blockNumber"], 16),
            gas_used=int(raw["gasUsed"], 16),
            status=int(raw["status"], 16),
            events=tuple(self._decoded(raw["logs"])),
        )

    def _decoded(self, logs: Sequence[Mapping[str, Any]]) -> list[Event]:
        events = []
        for each in logs:
            contract = self._contracts.get(checksum(each["address"]))
            if contract is None:
                continue
            topics = each["topics"]
            kind = contract.EVENTS.get(topics[0]) if topics else None
            if kind is None:
                self._note_unknown(contract, topics[0] if topics else "none")
                continue
            events.append(kind.decode(topics, each["data"], _log_ref(each)))
        return sorted(events, key=lambda event: event.log)

    def _note_unknown(self, contract: Contract, topic: str) -> None:
        """Once a topic: a newer contract makes the same unknown log again and again."""
        with self._guard:
            if topic in self._unknown:
                return
            self._unknown.add(topic)
        log.get(contract=contract.NAME, topic=topic).warning("skipped logs of a kind that these bindings do not know")


def _header(block: str) -> tuple[str, str, bool]:
    """The request of a block without the bodies of its transactions."""
    return "eth_getBlockByNumber", block, False


def _block(raw: Mapping[str, Any]) -> Block:
    return Block(int(raw["number"], 16), raw["hash"], raw["parentHash"], int(raw["timestamp"], 16))


def _log_ref(raw: Mapping[str, Any]) -> LogRef:
    return LogRef(
        block_number=int(raw["blockNumber"], 16),
        log_index=int(raw["logIndex"], 16),
        block_hash=raw["blockHash"],
        tx_hash=raw["transactionHash"],
        tx_index=int(raw["transactionIndex"], 16),
        address=checksum(raw["address"]),
    )
