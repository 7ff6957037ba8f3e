"""Sending: simulate, price, sign, broadcast, wait. Safe for threads and processes that share an account.

Within a process one lock an account covers the time from reading the nonce to broadcasting. Other processes may take
the same nonce: the node then refuses one of the two, or replaces it, and that one is signed anew with the next nonce.
Every signed transaction differs from all others by a few wei of its tip, so "already known" always means our own.

A transaction that blocks leave out is signed anew with the same nonce and higher fees, so that one of its versions at
most is included; with another nonce only when none of them can be included any more. A caller that crashed, or that got
TransactionLost or ChainUnavailable, cannot know whether its transaction was included: it looks at the contract's state
before it sends again. The same call again, in the same process, then goes on with what is still on its way.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from fusion import log
from fusion.chain.account import Account
from fusion.chain.fees import ASKED, MAX_FEE, Market, gwei
from fusion.chain.front import Front
from fusion.chain.mempool import Answer, offer
from fusion.chain.nonces import Nonces
from fusion.chain.pending import Pending, Version
from fusion.chain.quote import Quote, no_ether, quote
from fusion.chain.rpc import Rpc, RpcError
from fusion.chain.watch import NonceTakenError, Watch
from fusion.errors import ChainUnavailable, FusionError, TransactionLost

ATTEMPTS = 30  # signings of one transaction before giving up to others that use the account
REBROADCASTS = 5
OFFERS = 3  # refusals for another of the same nonce, after which that one is outbid
POLL = 0.5  # seconds


class Sender:
    """Sends the transactions of one chain.

    Args:
        rpc: endpoint of the chain.
        chain_id: its number, which every transaction is signed for.
        max_fee: no transaction offers more for its gas, in wei a gas (maxFeePerGas).
    """

    def __init__(self, rpc: Rpc, chain_id: int, max_fee: int = MAX_FEE) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._most = max_fee

    def send(self, account: Account, request: Mapping[str, Any], *, timeout: float) -> tuple[Mapping[str, Any], int]:
        """Sends {to?, data, value}; returns the receipt as the node gives it, and the gas limit it was sent with.

        RpcError with `data` when the call would revert: before anything is sent, or after a transaction that was stuck
        has been replaced by one without it.
        """
        deadline = time.monotonic() + timeout
        for _ in range(ATTEMPTS):
            pending = self._resumed(account, request) or self.broadcast(account, request, deadline)
            try:
                version, receipt = self.wait(account, pending, deadline)
            except NonceTakenError:
                continue
            return receipt, version.gas
        raise TransactionLost(
            f"others send from {account.address} so fast that {ATTEMPTS} tries were overtaken; try again"
        )

    def broadcast(self, account: Account, request: Mapping[str, Any], deadline: float) -> Pending:
        """Simulates, signs and broadcasts with the next free nonce; `deadline` is of time.monotonic().

        While gas costs more than may be offered nothing is sent; TransactionLost when that lasts beyond the deadline.
        """
        answer, last = Answer.NONCE_USED, None
        refusals = attempts = 0
        told = False
        while attempts < ATTEMPTS:
            with Nonces.of(self._chain_id, account.address).lock:
                now = self._quote(account, request)
                if now.market.base <= self._most:
                    pending = self._signed(account, request, now, last if refusals >= OFFERS else None)
                    answer = self._offer(account, pending)
                    if answer is Answer.TAKEN:
                        return pending
                    if answer is Answer.NO_ETHER:
                        raise no_ether(self._chain_id, account.address, 0, 0)
                    same = last is not None and last.nonce == pending.nonce
                    refusals = OFFERS if answer is Answer.CHEAP else refusals + 1 if same else 1
                    last = pending
                    attempts += 1
            if now.market.base > self._most:
                self._bide(account, now, deadline, told=told)
                told = True
            time.sleep(secrets.randbelow(20 * (attempts + 1)) / 1000)
        if answer is Answer.CHEAP:
            raise TransactionLost(
                f"{self._rpc.url} takes no transaction of these fees, {ATTEMPTS} times: nothing was sent"
            )
        raise TransactionLost(
            f"others send from {account.address} so fast that {ATTEMPTS} tries were refused; try again"
        )

    def wait(self, account: Account, pending: Pending, deadline: float) -> tuple[Version, Mapping[str, Any]]:
        """The version that was included, and its receipt; what it raises is told at `Watch.end`."""
        nonces = Nonces.of(self._chain_id, account.address)
        try:
            with nonces.watching(pending.nonce):
                return Watch(self._rpc, self._chain_id, account, pending, self._most).end(deadline)
        except (TransactionLost, ChainUnavailable):
            nonces.leave(pending)
            raise

    def market(self) -> Market:
        """What gas costs now."""
        block, *tips = self._rpc.batch_with_faults(ASKED)
        if isinstance(block, FusionError):
            raise block
        return Market.told(block, *tips)

    def settle(self, account: Account, deadline: float) -> None:
        """Waits until nothing that was sent from the account is on its way; what nobody waits for is freed in time.

        TransactionLost when `deadline` (of time.monotonic) passes before.
        """
        front = Front(self._rpc, self._chain_id, account, self._most)
        asked = [("eth_getTransactionCount", [account.address, block]) for block in ("latest", "pending")]
        while True:
            *counts, block = self._rpc.batch([*asked, ("eth_blockNumber", [])])
            included, sent = (int(count, 16) for count in counts)
            if included >= sent:
                return
            front.look(included, int(block, 16))
            if time.monotonic() > deadline:
                raise TransactionLost(f"{account.address} has transactions that are not included yet; try again later")
            time.sleep(POLL)

    def _resumed(self, account: Account, request: Mapping[str, Any]) -> Pending | None:
        """The same call, which an earlier caller stopped waiting for, if it is on its way still."""
        nonces = Nonces.of(self._chain_id, account.address)
        while pending := nonces.take(request):
            asked = [("eth_getTransactionReceipt", [version.hash]) for version in pending.versions]
            try:
                count, *receipts = self._rpc.batch([("eth_getTransactionCount", [account.address, "latest"]), *asked])
            except (ChainUnavailable, RpcError):
                nonces.leave(pending)
                raise
            if int(count, 16) <= pending.nonce and not any(receipts):
                return pending
        return None

    def _quote(self, account: Account, request: Mapping[str, Any]) -> Quote:
        """The call on top of all that is waiting; RpcError when it would revert, or the node cannot tell."""
        now = quote(self._rpc, self._chain_id, account.address, request, "pending")
        if now.fault is not None:
            raise now.fault
        return now

    def _bide(self, account: Account, now: Quote, deadline: float, *, told: bool) -> None:
        """Waits a moment while gas costs more than may be offered, and says so once."""
        asked, most = gwei(now.market.base), gwei(self._most)
        if time.monotonic() > deadline:
            raise TransactionLost(
                f"gas costs {asked} and no more than {most} may be offered (FUSION_MAX_FEE): nothing was sent"
            )
        if not told:
            log.get(account=account.address).warning(
                "waits: gas costs more than may be offered", asked=asked, most=most
            )
        time.sleep(POLL)

    def _signed(self, account: Account, request: Mapping[str, Any], now: Quote, outbid: Pending | None) -> Pending:
        """A fresh transaction; above the fees of `outbid` where that had the same nonce and was refused for them."""
        fees = now.market.fees(self._most)
        if outbid is not None and outbid.nonce == now.nonce:
            fees = outbid.newest.fees.raised(now.market, self._most) or fees
        cost = now.gas * fees.limit + request["value"]
        if now.balance < cost:
            raise no_ether(self._chain_id, account.address, now.balance, cost)
        pending = Pending(request, now.nonce, now.gas, now.block)
        pending.sign(account, self._chain_id, fees)
        return pending

    def _offer(self, account: Account, pending: Pending) -> Answer:
        for attempt in range(REBROADCASTS):
            try:
                answer = offer(self._rpc, pending.newest.raw)
            except ChainUnavailable as error:
                # It may have arrived; the same bytes again cannot be included twice.
                if attempt == REBROADCASTS - 1:
                    Nonces.of(self._chain_id, account.address).leave(pending)
                    raise ChainUnavailable(f"{error}; transaction {pending.hash} may have been sent") from error
                time.sleep(POLL)
            except RpcError:
                if attempt:
                    break
                raise
            else:
                return Answer.TAKEN if attempt else answer
        return Answer.TAKEN  # an earlier try may have arrived: waiting finds out
