"""Watching over a transaction until it is included: offered again when dropped, replaced when it is stuck."""

import time
from collections.abc import Mapping
from typing import Any

from fusion import log
from fusion.chain.account import Account
from fusion.chain.fees import gwei
from fusion.chain.front import Front
from fusion.chain.mempool import Answer, offer
from fusion.chain.pending import Pending, Version
from fusion.chain.quote import quote
from fusion.chain.rpc import Rpc, RpcError
from fusion.errors import BadInput, ChainUnavailable, FusionError, TransactionLost

FIRST_POLL, LAST_POLL = 0.05, 0.5  # seconds
TEND = 5.0  # seconds after which it is looked after where no new block comes
SURE = 4  # polls in a row that miss a transaction whose nonce is used, before it is taken as replaced ...
SURE_AFTER = 3.0  # ... and seconds from the first of them
STUCK_BLOCKS = 5  # blocks that leave out a transaction whose turn it is ...
STUCK_AFTER = 8.0  # ... and seconds: where blocks are quick, nodes may be slower to pass it on


class NonceTakenError(Exception):
    """Another transaction of the account has, or will have, this nonce."""


class Watch:
    """Over one pending transaction. `most` is the maxFeePerGas that no version of it exceeds, in wei."""

    def __init__(self, rpc: Rpc, chain_id: int, account: Account, pending: Pending, most: int) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._account = account
        self._pending = pending
        self._most = most
        self._front = Front(rpc, chain_id, account, most)
        self._log = log.get(account=account.address, nonce=pending.nonce)
        self._missed, self._missed_since = 0, 0.0
        self._tended, self._tended_at = pending.block, time.monotonic()
        self._turn: tuple[int, float] | None = None
        self._said: set[str] = set()

    def end(self, deadline: float) -> tuple[Version, Mapping[str, Any]]:
        """Waits until a version with the call is included; returns it and its receipt.

        Raises:
            NonceTakenError: another transaction has used the nonce, so that none of the versions ever will.
            RpcError: the call was given up, because it would revert now; the nonce is used by its cancellation.
            TransactionLost, ChainUnavailable: `deadline` (of time.monotonic) has passed.
        """
        pause = FIRST_POLL
        while True:
            fault: FusionError | None = None
            try:
                included = self._look()
            except (ChainUnavailable, RpcError) as error:
                # It may come back before the time is over, and what was sent stays sent.
                fault, included = error, None
            if included is not None:
                version, receipt = included
                if version.cancels and self._pending.refusal is not None:
                    raise self._pending.refusal
                return version, receipt
            if time.monotonic() > deadline:
                if isinstance(fault, ChainUnavailable):
                    raise fault
                raise TransactionLost(
                    f"transaction {self._pending.hash} of {self._account.address} has no receipt yet; "
                    "it may still be included"
                ) from fault
            time.sleep(pause)
            pause = min(pause * 1.5, LAST_POLL)

    def _look(self) -> tuple[Version, Mapping[str, Any]] | None:
        versions = self._pending.versions
        # The count is read first: had one of ours used the nonce, its receipt would then be there.
        count, *receipts, block = self._rpc.batch(
            [
                ("eth_getTransactionCount", [self._account.address, "latest"]),
                *(("eth_getTransactionReceipt", [each.hash]) for each in versions),
                ("eth_getBlockByNumber", ["latest", False]),
            ]
        )
        for version, receipt in zip(versions, receipts, strict=True):
            if receipt is not None:
                return version, dict(receipt)
        if int(count, 16) > self._pending.nonce:
            self._overtaken()
        else:
            self._missed = 0
            self._tend(int(count, 16), int(block["number"], 16), int(block["baseFeePerGas"], 16))
        return None

    def _overtaken(self) -> None:
        if self._known(*self._pending.versions):
            self._missed = 0
            return
        # Behind some endpoints stand several nodes, one of which may know less than another.
        self._missed_since = self._missed_since if self._missed else time.monotonic()
        self._missed += 1
        if self._missed >= SURE and time.monotonic() >= self._missed_since + SURE_AFTER:
            raise NonceTakenError

    def _known(self, *versions: Version) -> bool:
        """Whether the node has one of them, included or waiting."""
        asked = ("eth_getTransactionReceipt", "eth_getTransactionByHash")
        calls = [(method, [version.hash]) for version in versions for method in asked]
        return any(answer is not None for answer in self._rpc.batch(calls))

    def _tend(self, count: int, block: int, base: int) -> None:
        """Once a block, or so: what is not known is offered again, and what is stuck replaced."""
        now = time.monotonic()
        if block == self._tended and now < self._tended_at + TEND:
            return
        self._tended, self._tended_at = block, now
        newest = self._pending.newest
        dropped = not self._known(newest)
        answer = offer(self._rpc, newest.raw) if dropped else Answer.TAKEN
        if dropped and answer is Answer.TAKEN:
            self._log.info("offered a transaction again that the node had dropped", tx=newest.hash)
        if count < self._pending.nonce:
            self._turn = None
            self._front.look(count, block)
            return
        first, since = self._turn = self._turn or (block, now)
        left_out = block - first >= STUCK_BLOCKS and now - since >= STUCK_AFTER
        # Where another of this nonce is offered, it is left its time: two that outbid each other would only pay more.
        if left_out or base > newest.fees.limit or answer is Answer.CHEAP:
            self._replace(block)

    def _replace(self, block: int) -> None:
        """Signs it anew with higher fees; without the call if that would revert, so that the nonce is free again."""
        pending = self._pending
        try:
            # Its turn has come, so that all before it is included; the pending block may hold this one itself.
            now = quote(self._rpc, self._chain_id, self._account.address, pending.request, "latest")
        except BadInput as error:
            self._say("a stuck transaction cannot be replaced", why=str(error))
            return
        pending.gas = max(pending.gas, now.gas)
        affordable = (now.balance - pending.request["value"]) // pending.gas
        fees = pending.newest.fees.raised(now.market, min(self._most, affordable))
        if fees is None:
            asked = gwei(now.market.fees(self._most).limit)
            self._say(
                "a stuck transaction waits: it may not cost more", fee=gwei(pending.newest.fees.limit), asked=asked
            )
            return
        if now.refusal is not None and pending.refusal is None:
            self._log.warning(
                "gives up a stuck transaction that would revert now", why=now.refusal.reason, tx=pending.hash
            )
            pending.refusal = now.refusal
        try:
            newest = pending.sign(self._account, self._chain_id, fees)
        except FusionError as error:  # an external signer may refuse, or be away
            self._say("a stuck transaction cannot be signed anew", why=str(error))
            return
        answer = offer(self._rpc, newest.raw)
        self._log.info("replaced a stuck transaction", tx=newest.hash, fee=gwei(fees.limit), answer=answer.name)
        # A node that wants more than a quarter on top is asked again a turn later: else each block would raise it.
        if answer in (Answer.TAKEN, Answer.NONCE_OFFERED):
            self._turn = (block, time.monotonic())

    def _say(self, what: str, **values: object) -> None:
        """A warning, once for each transaction."""
        if what not in self._said:
            self._said.add(what)
            self._log.warning(what, tx=self._pending.hash, **values)
