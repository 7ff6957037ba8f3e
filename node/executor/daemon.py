"""The operator: registers and stakes, watches the chain, serves what it keeps, and takes what it earns.

An operator does not settle royalties: authors do, in the verb that claims them, and nobody is paid for doing it.
"""

import ipaddress
import logging
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from fusion import log
from fusion.chain.account import Account
from fusion.chain.client import Block, Chain
from fusion.content.gateway import Content
from fusion.errors import BadInput, ContractRefused, FusionError, Retryable
from node.executor.background import in_thread
from node.executor.bond import Bond
from node.executor.desk import Desk
from node.executor.duty import Contract
from node.executor.follow import Follower
from node.executor.journal import Journal
from node.executor.run import Vote, vote
from node.executor.serve import GatewayServer
from node.executor.status import FILE, Status, started
from node.listings import ChainListings
from node.spec import JobSpec
from sandbox.image import Image
from sandbox.worker import Worker

BEGIN_TRIES = 5  # of registering and staking that the contract refuses
LONGEST_PAUSE = 15.0  # seconds between two looks while the chain is away
STAKE_AGAIN = 30.0  # seconds until a stake is tried again that failed while some is locked
LAST_WORDS = 10.0  # seconds for what is being sent when the operator is stopped


@dataclass(frozen=True, slots=True)
class Terms:
    """How an operator takes part. Money in base units of the stake token.

    Attributes:
        stake: free and locked stake to hold together.
        claim_at: claims as soon as this is owed.
        host, port: where its gateway listens; port 0 is any free one.
        endpoint: the gateway's address as others reach it, where it is not the one it listens on.
        workers: modules run at once.
        max_fuel: largest fuel limit of a job that it runs; a job may keep a worker for as long as that takes.
        poll: seconds between two looks at the chain.
    """

    stake: int
    claim_at: int = 1_000_000
    host: str = "127.0.0.1"
    port: int = 0
    endpoint: str = ""
    workers: int = 1
    max_fuel: int = 10**12
    poll: float = 0.25


class Daemon:
    """One operator.

    Args:
        home: keeps its journal and its status.
        chain: where jobs are.
        account: signs its transactions.
        content: fetches bundles and inputs; its store is what the gateway serves.
        image: the sandbox image that it runs.
        terms: how it takes part.

    Attributes:
        status: the file that `node.executor.status.Status` reads.
    """

    def __init__(
        self, home: Path, chain: Chain, account: Account, *, content: Content, image: Image, terms: Terms
    ) -> None:
        self.status = home / FILE
        self._journal_path = home / f"journal-{chain.deployment.chain_id}-{chain.jobs.address.lower()}.sqlite"
        self._chain = chain
        self._account = account
        self._content = content
        self._terms = terms
        self._image = image
        self._bond = Bond(chain, account)
        self._listings = ChainListings(chain)
        self._head: Block | None = None
        self._claim: Future[int] | None = None
        self._claimed = 0
        self._staking: Future[None] | None = None
        self._stake_at: float | None = None  # when to try again, in this machine's monotonic time
        self._started = started(os.getpid())
        self._log = log.get(operator=account.address)

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; then ends quickly, and a later run goes on where this one was.

        Raises:
            FusionError: it cannot begin: too few tokens for its stake, its address taken or out of others' reach, the
                chain refuses it.
        """
        if not self._terms.endpoint and _everywhere(self._terms.host):
            raise BadInput(f"nobody can reach a gateway at {self._terms.host}: say with --endpoint how others reach it")
        if not self._bond.standing().locked:
            self._bond.missing(self._terms.stake)  # refused before anything is registered or written
        server = GatewayServer(self._content.store, self._terms.host, self._terms.port)
        journal = Journal(self._journal_path)
        workers = [Worker(self._image) for _ in range(self._terms.workers)]
        desk = Desk(
            self._chain,
            self._account,
            journal,
            store=self._content.store,
            image=self._image.id,
            workers=workers,
            voter=self.vote,
            max_fuel=self._terms.max_fuel,
        )
        endpoint = self._terms.endpoint or server.url
        try:
            server.start()
            for worker in workers:
                worker.start()
            self._begin(endpoint, stop)
            self._work(desk, journal, endpoint, stop)
        finally:
            for worker in workers:
                worker.close()
            wait(desk.under_way(), timeout=LAST_WORDS)
            desk.collect()
            server.stop()
            journal.close()

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        """Runs a job; called in a thread. `others` are gateways of operators that may keep what it needs."""
        return vote(spec, self._listings, self._content.beside(others), worker.run, until)

    def _begin(self, endpoint: str, stop: threading.Event) -> None:
        """Registers and stakes, as often as it takes.

        Whoever has stake locked has jobs to go on with: a stake that fails then is tried again beside them.
        """
        failures = 0
        while not stop.is_set():
            try:
                self._bond.register(endpoint)
                self._stake()
            except (Retryable, ContractRefused) as error:
                # Others who stake in the same block change the tree of stakes, and with it the gas that this needs.
                failures += 1
                if isinstance(error, ContractRefused) and failures >= BEGIN_TRIES:
                    raise
                self._complain(failures, error)
                stop.wait(self._pause(failures))
            else:
                return

    def _stake(self) -> None:
        try:
            self._bond.stake(self._terms.stake)
        except FusionError as error:
            if not self._bond.standing().locked:
                raise
            self._log.warning("works on with less stake than wanted", error=str(error))
            self._stake_at = time.monotonic() + STAKE_AGAIN

    def _stake_again(self) -> None:
        """Tries again, in a thread, what `_stake` put off."""
        now = time.monotonic()
        if self._staking is not None and self._staking.done():
            error, self._staking = self._staking.exception(), None
            if error is None:
                self._stake_at = None
            else:
                self._log.debug("still has less stake than wanted", error=str(error))
                self._stake_at = now + STAKE_AGAIN
        if self._staking is None and self._stake_at is not None and now >= self._stake_at:
            self._staking = in_thread(lambda: self._bond.stake(self._terms.stake))

    def _work(self, desk: Desk, journal: Journal, endpoint: str, stop: threading.Event) -> None:
        follower = Follower(self._chain, journal)
        failures = 0
        while not stop.is_set():
            try:
                self._round(desk, follower, journal, endpoint)
                failures = 0
            except FusionError as error:
                failures += 1
                self._head = None  # the jobs were perhaps not looked at: do so without waiting for another block
                self._complain(failures, error)
            except Exception:  # noqa: BLE001  # what nobody foresaw must not end the watch over other jobs and what comes later
                failures += 1
                self._head = None
                self._log.exception("a round failed", failures=failures)
            under_way = desk.under_way()
            if under_way and not failures:
                wait(under_way, timeout=self._terms.poll, return_when=FIRST_COMPLETED)
            else:
                stop.wait(self._pause(failures))

    def _round(self, desk: Desk, follower: Follower, journal: Journal, endpoint: str) -> None:
        """One look at the chain."""
        head = self._chain.head()
        moved = self._head is None or head.hash != self._head.hash
        if moved:
            self._head = head if follower.catch_up(head) else None
        if desk.collect() or moved or desk.waiting():
            desk.review(head)
        if moved:
            self._stake_again()
            self._report(head, journal, endpoint)

    def _report(self, head: Block, journal: Journal, endpoint: str) -> None:
        """Writes the status, and claims what is owed once it is enough."""
        standing = self._bond.standing()
        if self._claim is not None and self._claim.done():
            claim, self._claim = self._claim, None
            self._claimed += claim.result()
        if self._claim is None and standing.claimable >= max(1, self._terms.claim_at):
            self._claim = in_thread(self._bond.claim)
        Status(
            operator=self._account.address,
            endpoint=endpoint,
            image=self._image.id.hex(),
            pid=os.getpid(),
            block=head.number,
            time=head.timestamp,
            jobs=journal.counts(Contract.JOB),
            panels=journal.counts(Contract.PANEL),
            free=standing.free,
            locked=standing.locked,
            unbonding=standing.unbonding,
            claimable=standing.claimable,
            claimed=self._claimed,
            started=self._started,
        ).save(self.status)

    def _pause(self, failures: int) -> float:
        return min(self._terms.poll * float(2 ** min(failures, 10)), LONGEST_PAUSE)

    def _complain(self, failures: int, error: FusionError) -> None:
        """Once loudly, then quietly until it works again."""
        self._log.log(logging.WARNING if failures == 1 else logging.DEBUG, "waiting", error=str(error))


def _everywhere(host: str) -> bool:
    """Whether it stands for all addresses of a machine, which is none that others could call."""
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
