"""Operators stepped by a test, of which one can die between any two of its steps."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Protocol

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.job_market import Failed
from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, Failure, Job, Offer, OutcomeKind, Sells, Split, VersionTerms
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD
from fusion.content.store import BlockStore
from fusion.market import trade
from node import request
from node.digest import outcome_hash
from node.executor.bond import Bond
from node.executor.desk import Desk, Voter
from node.executor.duty import Contract, Duty
from node.executor.follow import Follower
from node.executor.journal import Entry, Journal
from node.executor.pauses import NEVER
from node.executor.run import Vote
from node.executor.slots import Slot, Slots
from node.executor.steps import Act
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.image import Image
from sandbox.worker import Worker

IMAGE = bytes(range(32))
FEE = 300_000
MAX_FUEL = 10**11  # this operator's
STAKE = 5_000 * MUSD
NO_WORKER = Worker(Image(IMAGE, Path("/absent/image")))  # never started: the voters of these tests run nothing


class Deployed(Protocol):
    """What the fixture of that name gives."""

    anvil: Anvil
    chain: Chain

    def __getitem__(self, name: str) -> Account: ...


class Killed(BaseException):
    """The process ends here, without a word."""


def _of(entry: Entry, act: Act) -> str:
    """Which act it is: a panel's has its name before it."""
    return f"panel's {act}" if entry.contract is Contract.PANEL else act


class Mortal(Desk):
    """Dies once at each point that is still `to_come`; the set outlives it."""

    to_come: set[str]

    def _start(
        self, entry: Entry, act: Act, work: Callable[[], Vote | str], slot: Slot | None = None, *, by: float = NEVER
    ) -> None:
        self._fate(f"before {_of(entry, act)}")
        super()._start(entry, act, work, slot, by=by)

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        self._fate(f"after {_of(entry, act)}, before it is noted")
        super()._succeeded(entry, act, result)
        self._fate(f"after {_of(entry, act)} is noted")

    def _decline(self, entry: Entry, reason: str) -> None:
        self._fate(f"before {_of(entry, Act.DECLINE)}")
        super()._decline(entry, reason)
        self._fate(f"after {_of(entry, Act.DECLINE)} is noted")

    def _fate(self, point: str) -> None:
        if point in self.to_come:
            self.to_come.remove(point)
            raise Killed


class Shaken(Desk):
    """After each of its acts the chain drops the block of that act, once, and sometimes the one before."""

    anvil: Anvil
    shaken: list[str]

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        super()._succeeded(entry, act, result)
        if act is not Act.RUN and _of(entry, act) not in self.shaken:
            self.shaken.append(_of(entry, act))
            self.anvil.reorg(1 + len(self.shaken) % 2)


class Scene:
    """One staked operator, a version that is for sale, and the operator's loop, step by step."""

    def __init__(self, anvil: Anvil, chain: Chain, operator: Account, buyer: Account, path: Path) -> None:
        self.anvil, self.chain, self.operator, self.buyer, self.path = anvil, chain, operator, buyer, path
        self.runs = 0
        self._stake(operator)
        module = chain.send(buyer, chain.registry.register_module("m")).event(ModuleRegistered).module_id
        terms = VersionTerms(IMAGE, IMAGE, Access.OPEN, 0, "1.0.0")
        call = chain.registry.publish(module, terms, [Split(buyer.address, 0, 1_000_000)])
        self.version = chain.send(buyer, call).event(Published).version_id
        terms = Offer(chain.token.address, self.version, 0, MUSD, 0, 0, 0, 0, Sells.LICENSES)
        offer, _ = trade.set_offer(chain, buyer, terms)
        self.license = trade.buy(chain, buyer, offer).license_id

    def _stake(self, operator: Account) -> None:
        bond = Bond(self.chain, operator)
        bond.register("http://127.0.0.1:1/ipfs")
        bond.stake(STAKE)

    def beside(self, operator: Account, path: Path) -> "Scene":
        """The same with another operator, staked too."""
        self._stake(operator)
        other = copy(self)
        other.operator, other.path = operator, path
        return other

    def post(self, *, seed: int = 0, limits: Limits | None = None, image: bytes = IMAGE, assurance_ppm: int = 0) -> int:
        spec = JobSpec(self.version, limits=limits or Limits(), image=image, seed=seed)
        return request.post(
            self.chain, self.buyer, spec, fee=FEE, n=1, k=1, license_id=self.license, assurance_ppm=assurance_ppm
        ).job_id

    def vote(self, spec: JobSpec, _worker: Worker, _until: float, _others: Sequence[str]) -> Vote:
        self.runs += 1
        document = b"outcome of seed %d" % spec.seed
        return Vote(OutcomeKind.RESULT, document, outcome_hash(1, document), secrets.token_bytes(32))

    def desk(self, journal: Journal, kind: type[Desk] = Desk, voter: Voter | None = None) -> Desk:
        return kind(
            self.chain,
            self.operator,
            journal,
            store=BlockStore(self.path.parent / "content"),
            images={IMAGE},
            slots=Slots([NO_WORKER], 2**30),
            voter=voter or self.vote,
            max_fuel=MAX_FUEL,
        )

    def drive(self, desk: Desk, journal: Journal, done: Callable[[], bool]) -> None:
        """The daemon's loop, until `done`."""
        self.drive_all([(desk, journal)], done)

    def drive_all(self, offices: Sequence[tuple[Desk, Journal]], done: Callable[[], bool]) -> None:
        """Several daemons' loops; blocks come, and chain time passes while there is nothing else to do."""
        followers = [Follower(self.chain, journal) for _, journal in offices]
        end = time.monotonic() + 30.0
        while not done():
            assert time.monotonic() < end, [journal.active() for _, journal in offices]
            head = self.chain.head()
            for (desk, _), follower in zip(offices, followers, strict=True):
                if follower.catch_up(head):
                    desk.collect()
                    desk.review(head)
            if not any(desk.under_way() for desk, _ in offices):
                self.anvil.advance(1)

    def work_through(
        self, to_come: set[str], voter: Voter | None = None, *, until: Callable[[], bool] = lambda: True
    ) -> None:
        """The same with a death at each point that is `to_come`, and a new process after it."""
        while True:
            journal = Journal(self.path)
            desk = self.desk(journal, Mortal, voter)
            desk.to_come = to_come  # type: ignore[attr-defined]  # it is a Mortal
            try:
                # An act's own end may be found on chain before the act is back: its death is still to come.
                self.drive(desk, journal, lambda: idle(journal) and not desk.under_way() and until())  # noqa: B023
                return
            except Killed:
                continue
            finally:
                journal.close()

    def work(self, voter: Voter | None = None) -> None:
        """Until the journal has no job left."""
        journal = Journal(self.path)
        self.drive(self.desk(journal, voter=voter), journal, lambda: idle(journal))
        journal.close()

    def entry(self, job_id: int) -> Entry:
        journal = Journal(self.path)
        entry = journal.get(Duty(Contract.JOB, job_id))
        journal.close()
        assert entry is not None
        return entry

    def entries(self) -> list[Entry]:
        """All duties that the chain has told of, ended or not."""
        journal = Journal(self.path)
        numbers = {Contract.JOB: self.chain.jobs.job_count(), Contract.PANEL: self.chain.panel.panel_count()}
        found = [journal.get(Duty(of, each + 1)) for of, count in numbers.items() for each in range(count)]
        journal.close()
        return [entry for entry in found if entry is not None]

    def failure(self, job_id: int) -> Failure:
        (failed,) = self.chain.find(Failed, job_id=job_id)
        return failed.reason

    def job(self, job_id: int) -> Job:
        return self.chain.jobs.job(job_id)


def idle(journal: Journal) -> bool:
    return bool(journal.blocks()) and not journal.active()


def settled(desks: Iterable[Desk]) -> None:
    """Returns once nothing of theirs is under way; what dies on the way has died."""
    for desk in desks:
        while desk.under_way():
            with suppress(Killed):
                desk.collect()
            time.sleep(0.01)
