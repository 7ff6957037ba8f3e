"""The operator: registers and stakes, watches the chain, serves what it keeps, and takes what it earns.

An operator does not settle royalties: authors do, in the verb that claims them, and nobody is paid for doing it.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from fusion import log
from fusion.chain.account import Account
from fusion.chain.client import Block, Chain
from fusion.content.gateway import Content
from fusion.errors import FusionError
from node.executor.bond import Bond, Standing
from node.executor.casebook import Casebook
from node.executor.challenger import Challenger
from node.executor.desk import Desk
from node.executor.drain import Drain
from node.executor.driven import Beside
from node.executor.durable import NoRoom
from node.executor.follow import Follower
from node.executor.images import forget, runnable
from node.executor.journal import Journal
from node.executor.library import Library, Shelves
from node.executor.metrics import Metrics
from node.executor.office import Office, serve_metrics, start_workers
from node.executor.purse import Purse
from node.executor.report import Report
from node.executor.retention import Retention
from node.executor.run import Vote, vote
from node.executor.serve import GatewayServer
from node.executor.slots import Slots
from node.executor.status import FILE, State
from node.executor.terms import Terms
from node.executor.troubles import Troubles
from node.listings import ChainListings
from node.spec import JobSpec
from sandbox.image import Image
from sandbox.worker import Worker

__all__ = ["Daemon", "Terms"]

LONGEST_PAUSE = 15.0  # seconds between two looks while the chain is away


class Daemon:
    """One operator.

    Args:
        home: keeps its journal and its status.
        chain: where jobs are.
        account: signs its transactions.
        content: fetches bundles and inputs; its store is what the gateway serves.
        image: the sandbox image that it runs.
        terms: how it takes part.
        walls: walls of the sandbox that do not stand here -> why, to be told.

    Attributes:
        status: the file that `node.executor.status.Status` reads.
        metrics: what Prometheus is told.
    """

    def __init__(
        self,
        home: Path,
        chain: Chain,
        account: Account,
        *,
        content: Content,
        image: Image,
        terms: Terms,
        walls: Mapping[str, str] | None = None,
    ) -> None:
        self.status = home / FILE
        self.metrics = Metrics()
        self._home = home
        place = f"{chain.deployment.chain_id}-{chain.jobs.address.lower()}"
        self._journal_path = home / f"journal-{place}.sqlite"
        self._casebook_path = home / f"casebook-{place}.sqlite"
        self._chain = chain
        self._account = account
        self._shelves = Shelves(content.store, home / f"shelves-{place}", terms.cache)
        self._content: Content = Library(self._shelves, content.gateways)
        self._terms = terms
        self._image = image
        self._images = runnable(image)
        self._walls = walls or {}
        self._bond = Bond(chain, account, self.metrics)
        self._listings = ChainListings(chain)
        self._drain = Drain(home)
        self._troubles = Troubles()
        self._head: Block | None = None  # the last one looked at, unless that failed
        self._read = False  # whether the journal has all up to it
        self._full = False  # whether that was for want of room
        self._free_since: int | None = None  # the block from which on nothing has held a draining operator
        self._log = log.get(operator=account.address)

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set, or until it has drained; a later run goes on where this one was.

        Whoever has stake locked has duties, and goes on with them at once: all else is tried beside them.

        Raises:
            FusionError: it cannot begin: too few tokens for its stake, its address taken, the chain refuses it, its
                sandbox does not start.
        """
        busy, draining = self._bond.standing().locked > 0, self._drain.asked()
        if not busy and not draining:
            self._bond.missing(self._terms.stake)  # refused before anything is registered or written
        for shortfall in self._terms.shortfalls():
            self._log.warning(shortfall)
        with ExitStack() as stack:
            office = self._open(stack, wait_for_workers=not busy)
            drained = False
            try:
                if busy:
                    office.purse.begin_again(office.endpoint, draining=draining)
                else:
                    office.purse.begin(office.endpoint, stop, draining=draining, pause=self._pause)
                drained = self._work(office, stop)
            finally:
                office.close()
                office.tell(State.DRAINED if drained else State.STOPPED)
        if drained:
            self._log.warning("drained: `fusion operator drain --cancel` lets it take part again")

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        """Runs a job; called in a thread. `others` are gateways of operators that may keep what it needs."""
        image = self._images[spec.image]
        return vote(spec, self._listings, self._content.beside(others), lambda task: worker.run(task, image), until)

    def rerun(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> bytes:
        """The outcome hash of a job that others ran, of which nothing is kept; called in a thread, as `vote` is."""
        image, content = self._images[spec.image], self._content.beside(others)
        found = vote(spec, self._listings, content, lambda task: worker.run(task, image), until, keep=False)
        return found.outcome_hash

    def _others(self, desk: Desk, slots: Slots, journal: Journal, stack: ExitStack) -> Sequence[Beside]:
        """What is driven beside the desk."""
        if self._terms.watching is None:
            return ()
        casebook = Casebook(self._casebook_path)
        stack.callback(casebook.close)
        challenger = Challenger(
            self._chain,
            self._account,
            journal,
            casebook,
            self._terms.watching,
            slots=slots,
            images=self._images,
            rerun=self.rerun,
            busy=lambda: desk.waiting_runs > 0,
            leaving=self._drain.asked,
            max_fuel=self._terms.max_fuel,
            max_memory=self._terms.job_memory,
            metrics=self.metrics,
            troubles=self._troubles,
        )
        return (challenger,)

    # Beginning and end

    def _open(self, stack: ExitStack, *, wait_for_workers: bool) -> Office:
        """All that it works with; what must be ended is ended with `stack`, the last opened first."""
        terms, me = self._terms, self._account.address
        server = GatewayServer(self._content.store, terms.host, terms.port)
        stack.callback(server.stop)
        journal = Journal(self._journal_path)
        stack.callback(journal.close)
        forget(self._image, journal.specs())
        metrics_url = serve_metrics(stack, self.metrics, terms)
        slots = Slots([Worker(self._image) for _ in range(terms.workers)], terms.memory)
        starting = start_workers(stack, slots)
        desk = Desk(
            self._chain,
            self._account,
            journal,
            store=self._content.store,
            images=self._images,
            slots=slots,
            voter=self.vote,
            max_fuel=terms.max_fuel,
            max_memory=terms.job_memory,
            metrics=self.metrics,
            troubles=self._troubles,
        )
        endpoint = terms.endpoint or server.url
        server.start()
        if wait_for_workers:
            for worker in starting:
                worker.result()
        return Office(
            journal=journal,
            follower=Follower(self._chain, journal, me),
            slots=slots,
            desk=desk,
            purse=Purse(self._bond, terms, self.metrics, self._troubles, operator=me),
            report=Report(
                self._home,
                self.metrics,
                self._troubles,
                operator=me,
                endpoint=endpoint,
                image=self._image.id.hex(),
                metrics_url=metrics_url,
                walls=self._walls,
            ),
            retention=Retention(journal, self._shelves, terms, self.metrics, operator=me),
            endpoint=endpoint,
            others=self._others(desk, slots, journal, stack),
        )

    # At work

    def _work(self, office: Office, stop: threading.Event) -> bool:
        """Looks at the chain again and again; whether it has drained."""
        failures = 0
        while not stop.is_set():
            try:
                if self._round(office):
                    return True
                failures = 0
            except FusionError as error:
                failures += 1
                self._complain(failures, error)
            except Exception as error:  # noqa: BLE001  # what nobody foresaw must not end the watch over other jobs and what comes later
                failures += 1
                self._troubles.note("round", error)
                self._log.exception("a round failed", failures=failures)
            if failures:
                self.metrics.round_failed()
                self._head = None  # the jobs were perhaps not looked at: do so without waiting for another block
            if office.report.due():
                office.tell(State.DRAINING if self._drain.asked() else State.RUNNING)
            if (under_way := office.under_way()) and not failures:
                wait(under_way, timeout=self._terms.poll, return_when=FIRST_COMPLETED)
            else:
                stop.wait(self._pause(failures))
        return False

    def _round(self, office: Office) -> bool:
        """One look at the chain; whether it has drained."""
        head = self._chain.head()
        moved = self._head is None or head.hash != self._head.hash
        if moved:
            self._follow(office, head)
        # All first: the worker that one gives back may be what another waits for.
        news = [part.collect() for part in office.driven]
        for part in office.driven:
            if moved or any(news) or part.waiting():
                part.review(head)
        office.purse.collect()
        if not moved:
            return False
        standing, draining = self._bond.standing(), self._drain.asked()
        office.report.stands(standing)
        office.purse.review(standing, least=self._least, draining=draining)
        if self._read:
            office.retention.review(head.timestamp)
        return draining and self._drained(office, standing)

    def _follow(self, office: Office, head: Block) -> None:
        """Reads the chain up to `head`. Duties that are known are looked after even while no others can be noted."""
        self._head = head
        try:
            self._read = office.follower.catch_up(head)
            if not self._read:
                self._head = None  # the chain changes just now: it is looked at again at once
            self._full = False
        except NoRoom as error:
            self._read = False
            self._troubles.note("journal", error)
            (self._log.debug if self._full else self._log.error)("notes no new jobs: make room", error=str(error))
            self._full = True
            office.retention.make_room()
        if (left := office.follower.taken_back) is not None:
            office.follower.taken_back = None
            self._log.warning("the chain has dropped blocks that were read", left=left, head=head.number)
            self._listings.forget()
            office.desk.taken_back(left)
            office.purse.begin_again(office.endpoint, draining=self._drain.asked())
        office.report.seen(head, read=self._read)

    def _drained(self, office: Office, standing: Standing) -> bool:
        """Whether nothing has held a draining operator for as long as the chain may drop blocks."""
        held = standing.free or standing.locked or office.unfinished()
        if held or not self._read or self._head is None:
            self._free_since = None
            return False
        self._free_since = self._free_since or self._head.number
        return self._head.number >= self._free_since + self._confirmations

    @cached_property
    def _least(self) -> int:
        """Stake below which nobody is drawn."""
        return self._chain.staking.minimum_stake()

    @cached_property
    def _confirmations(self) -> int:
        return self._chain.jobs.windows().confirmations

    def _pause(self, failures: int) -> float:
        return min(self._terms.poll * float(2 ** min(failures, 10)), LONGEST_PAUSE)

    def _complain(self, failures: int, error: FusionError) -> None:
        """Once loudly, then quietly until it works again."""
        self._troubles.note("chain", error)
        self._log.log(logging.WARNING if failures == 1 else logging.DEBUG, "waiting", error=str(error))
