"""The next nonce of an account to be included: freed when whoever took it no longer cares for it.

A process that ended, or a call that was given up, may leave a transaction that no block takes: its fees are too low by
now, or the nodes have dropped it. Everything later of that account then waits for ever. What it called is not known
here, so it is not repeated; a transfer of nothing takes its place. Whoever does still care finds its nonce used, and
sends anew with another.
"""

from fusion import log
from fusion.chain.account import Account
from fusion.chain.fees import ASKED, Fees, Market, gwei
from fusion.chain.mempool import Answer, offer
from fusion.chain.nonces import Nonces
from fusion.chain.pending import cancellation
from fusion.chain.rpc import Rpc
from fusion.errors import FusionError

# Twice what a sender waits before it replaces its own transaction: those that live come first.
BLOCKS = 10
SECONDS = 20.0


class Front:
    """One account's, as one of its senders sees it."""

    def __init__(self, rpc: Rpc, chain_id: int, account: Account, most: int) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._account = account
        self._most = most
        self._nonces = Nonces.of(chain_id, account.address)

    def look(self, count: int, block: int) -> None:
        """Frees nonce `count`, of which later ones wait, if it was next for long and nobody here waits for it."""
        with self._nonces.lock:
            blocks, seconds = self._nonces.stood(count, block)
            if blocks < BLOCKS or seconds < SECONDS or self._nonces.is_watched(count):
                return
            self._nonces.restart()
            self._free(count)

    def _free(self, nonce: int) -> None:
        logger = log.get(account=self._account.address, nonce=nonce)
        block, history, suggestion = self._rpc.batch_with_faults(ASKED)
        if isinstance(block, FusionError):
            raise block
        fees = Market.told(block, history, suggestion).fees(self._most)
        while True:
            try:
                raw = cancellation(self._account, self._chain_id, nonce, fees).raw
            except FusionError as error:  # an external signer may refuse, or be away
                logger.warning("a nonce whose transaction is not included cannot be freed", why=str(error))
                return
            answer = offer(self._rpc, raw)
            if answer is Answer.TAKEN:
                logger.warning("freed a nonce whose transaction was not included", fee=gwei(fees.limit))
                return
            if answer is Answer.NONCE_USED:
                return
            if answer is Answer.NO_ETHER or fees.limit >= self._most:
                logger.warning("a nonce whose transaction is not included cannot be freed", fee=gwei(fees.limit))
                return
            fees = Fees(min(2 * fees.limit, self._most), min(2 * fees.tip, self._most))
