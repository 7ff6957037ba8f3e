"""Sending: simulate, price, sign, broadcast, wait. Safe for threads and processes that share an account.

Within a process one lock an account covers the time from reading the nonce to broadcasting. Other processes may take
the same nonce: the node then refuses one of the two, or replaces it, and that one is signed anew with the next nonce.
Every signed transaction differs from all others by a few wei of its tip, so "already known" always means our own.

A transaction is signed anew only when the one before it can no longer be included. A caller that crashed, or that got
TransactionLost or ChainUnavailable, cannot know whether its transaction was included: it looks at the contract's state
before it sends again.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fusion.chain.account import Account
from fusion.chain.rpc import Rpc, RpcError
from fusion.errors import BadInput, ChainUnavailable, FusionError, TransactionLost

ATTEMPTS = 30  # signings of one transaction before giving up to others that use the account
REBROADCASTS = 5
FIRST_POLL, LAST_POLL = 0.05, 0.5  # seconds
SURE = 4  # polls in a row that miss a transaction whose nonce is used, before it is taken as replaced ...
SURE_AFTER = 3.0  # ... and seconds from the first of them
SPARE_GAS = 100_000
_JITTER = 1 << 20  # wei a gas: 1e-3 gwei

_locks: dict[tuple[int, str], threading.Lock] = {}
_locks_guard = threading.Lock()

NONCE_TAKEN = ("nonce too low", "replacement", "nonce has already been used", "invalid nonce")
FEE_ROSE = ("less than block base fee", "transaction underpriced")
OWN_AGAIN = ("already known", "already imported", "known transaction", "already exists")
NO_ETHER = ("insufficient funds", "lack of funds")


@dataclass(frozen=True, slots=True)
class Pending:
    """A broadcast transaction."""

    hash: str
    nonce: int
    raw: bytes
    gas: int


class NonceTakenError(Exception):
    """Another transaction of the account has, or will have, this nonce."""


class Sender:
    """Sends the transactions of one chain."""

    def __init__(self, rpc: Rpc, chain_id: int) -> None:
        self._rpc = rpc
        self._chain_id = chain_id

    def send(self, account: Account, request: Mapping[str, Any], *, timeout: float) -> tuple[Mapping[str, Any], int]:
        """Sends {to?, data, value}; returns the receipt as the node gives it, and the gas limit it was sent with.

        RpcError with `data` when the simulation reverts, before anything is sent.
        """
        deadline = time.monotonic() + timeout
        for _ in range(ATTEMPTS):
            pending = self.broadcast(account, request)
            try:
                return self.wait(account.address, pending, deadline), pending.gas
            except NonceTakenError:
                continue
        raise TransactionLost(
            f"others send from {account.address} so fast that {ATTEMPTS} tries were overtaken; try again"
        )

    def broadcast(self, account: Account, request: Mapping[str, Any]) -> Pending:
        """Simulates, signs and broadcasts with the next free nonce."""
        for attempt in range(ATTEMPTS):
            with _lock(self._chain_id, account.address):
                pending = self._sign(account, request)
                try:
                    self._submit(account, pending)
                except NonceTakenError:
                    pass
                else:
                    return pending
            time.sleep(secrets.randbelow(20 * (attempt + 1)) / 1000)
        raise TransactionLost(
            f"others send from {account.address} so fast that {ATTEMPTS} tries were refused; try again"
        )

    def wait(self, address: str, pending: Pending, deadline: float) -> Mapping[str, Any]:
        """The receipt. NonceTakenError when another transaction was included in its place."""
        pause = FIRST_POLL
        overtaken, since = 0, 0.0
        while True:
            try:
                # The count is read first: had our transaction used the nonce, the receipt would then be there.
                count, receipt = self._rpc.batch(
                    [("eth_getTransactionCount", [address, "latest"]), ("eth_getTransactionReceipt", [pending.hash])]
                )
            except ChainUnavailable:
                # It may come back before the time is over, and what was sent stays sent.
                if time.monotonic() > deadline:
                    raise
            else:
                if receipt is not None:
                    return dict(receipt)
                if int(count, 16) > pending.nonce and not self._known(pending):
                    # Behind some endpoints stand several nodes, one of which may know less than another.
                    since = since if overtaken else time.monotonic()
                    overtaken += 1
                    if overtaken >= SURE and time.monotonic() >= since + SURE_AFTER:
                        raise NonceTakenError
                else:
                    overtaken = 0
            if time.monotonic() > deadline:
                raise TransactionLost(
                    f"transaction {pending.hash} of {address} has no receipt yet; it may still be included"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, LAST_POLL)

    def _sign(self, account: Account, request: Mapping[str, Any]) -> Pending:
        call = {"from": account.address, "data": "0x" + request["data"].hex(), "value": hex(request["value"])}
        if request.get("to"):
            call["to"] = request["to"]
        nonce, block, tip, balance, gas = self._rpc.batch_with_faults(
            [
                ("eth_getTransactionCount", [account.address, "pending"]),
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_maxPriorityFeePerGas", []),
                ("eth_getBalance", [account.address, "latest"]),
                # On the pending block: it has the number and the time that the transaction will meet.
                ("eth_estimateGas", [call, "pending"]),
            ]
        )
        if isinstance(block, dict) and "baseFeePerGas" not in block:
            raise BadInput(
                f"chain {self._chain_id} has no base fee: Fusion sends transactions of type 2 (EIP-1559) alone; "
                "choose a chain that takes them"
            )
        for answer in (gas, nonce, block, tip, balance):
            if isinstance(answer, RpcError) and _says(answer, NO_ETHER):
                raise self._no_ether(account, balance, request["value"])
            if isinstance(answer, FusionError):
                raise answer
        tip_price = int(tip, 16) + secrets.randbelow(_JITTER)
        price = 2 * int(block["baseFeePerGas"], 16) + tip_price  # holds through six full blocks
        # Beside a quarter, room for a few more slots: others may change the state that the estimate was made on.
        limit = min(int(gas, 16) * 5 // 4 + SPARE_GAS, int(block["gasLimit"], 16))
        if int(balance, 16) < limit * price + request["value"]:
            raise self._no_ether(account, balance, limit * price + request["value"])
        transaction = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": int(nonce, 16),
            "gas": limit,
            "maxFeePerGas": price,
            "maxPriorityFeePerGas": tip_price,
            "value": request["value"],
            "data": request["data"],
        }
        if request.get("to"):
            transaction["to"] = request["to"]
        raw, digest = account.sign_transaction(transaction)
        return Pending(digest, int(nonce, 16), raw, limit)

    def _submit(self, account: Account, pending: Pending) -> None:
        for attempt in range(REBROADCASTS):
            try:
                self._rpc.call("eth_sendRawTransaction", "0x" + pending.raw.hex())
            except ChainUnavailable as error:
                # It may have arrived; the same bytes again cannot be included twice.
                if attempt == REBROADCASTS - 1:
                    raise ChainUnavailable(f"{error}; transaction {pending.hash} may have been sent") from error
                time.sleep(LAST_POLL)
            except RpcError as fault:
                if _says(fault, OWN_AGAIN):
                    return
                if _says(fault, (*NONCE_TAKEN, *FEE_ROSE)):
                    if attempt:
                        return  # an earlier try may have arrived: waiting finds out
                    raise NonceTakenError from fault
                if _says(fault, NO_ETHER):
                    raise self._no_ether(account, "0x0", 0) from fault
                raise
            else:
                return

    def _known(self, pending: Pending) -> bool:
        """Whether the node has it, included or waiting."""
        asked = ("eth_getTransactionReceipt", "eth_getTransactionByHash")
        return any(answer is not None for answer in self._rpc.batch([(method, [pending.hash]) for method in asked]))

    def _no_ether(self, account: Account, balance: object, needed: int) -> BadInput:
        held = int(balance, 16) if isinstance(balance, str) else 0
        wants = f"; this transaction may cost up to {needed / 1e18:.6f}" if needed else ""
        return BadInput(
            f"{account.address} has too little ether for gas: {held / 1e18:.6f} on chain {self._chain_id}{wants}; "
            "send it some"
        )


def _lock(chain_id: int, address: str) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault((chain_id, address), threading.Lock())


def _says(fault: RpcError, phrases: tuple[str, ...]) -> bool:
    return any(phrase in fault.reason.lower() for phrase in phrases)
