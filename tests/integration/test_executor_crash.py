"""An operator that dies between any two of its steps, a chain that takes blocks back, and runs that fail."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.job_market import Committed, Failed, Revealed
from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, Failure, Job, JobTerms, OutcomeKind, Split, Status, VersionTerms
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentUnavailable
from fusion.market import trade
from node import request
from node.executor import desk as desk_module
from node.executor.bond import Bond
from node.executor.desk import NEVER, Desk, Voter
from node.executor.digest import commitment, outcome_hash
from node.executor.duty import Contract, Duty
from node.executor.follow import Follower
from node.executor.journal import Entry, Journal, Stage
from node.executor.run import NotAttested, Vote
from node.executor.steps import Act
from node.executor.worker import Worker
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.image import Image

IMAGE = bytes(range(32))
FEE = 300_000
MAX_FUEL = 10**11  # this operator's
STAKE = 5_000 * MUSD
NO_WORKER = Worker(Image(IMAGE, Path("absent")))  # never started: the voters of these tests run nothing
ALL = (Act.ASSIGN, Act.RUN, Act.COMMIT, Act.REVEAL, Act.TALLY, Act.FINALIZE)


class Deployed(Protocol):
    """What the fixture of that name gives."""

    anvil: Anvil
    chain: Chain

    def __getitem__(self, name: str) -> Account: ...


class Killed(BaseException):
    """The process ends here, without a word."""


class Mortal(Desk):
    """Dies once at each point that is still `to_come`; the set outlives it."""

    to_come: set[str]

    def _start(
        self, entry: Entry, act: Act, work: Callable[[], Vote | str], worker: Worker | None = None, *, by: float = NEVER
    ) -> None:
        self._fate(f"before {act}")
        super()._start(entry, act, work, worker, by=by)

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        self._fate(f"after {act}, before it is noted")
        super()._succeeded(entry, act, result)
        self._fate(f"after {act} is noted")

    def _fate(self, point: str) -> None:
        if point in self.to_come:
            self.to_come.remove(point)
            raise Killed


class Shaken(Desk):
    """After each of its acts the chain drops the block of that act, once, and sometimes the one before."""

    anvil: Anvil
    shaken: list[Act]

    def _succeeded(self, entry: Entry, act: Act, result: Vote | str) -> None:
        super()._succeeded(entry, act, result)
        if act is not Act.RUN and act not in self.shaken:
            self.shaken.append(act)
            self.anvil.reorg(1 + len(self.shaken) % 2)


class Scene:
    """One staked operator, a version that is for sale, and the operator's loop, step by step."""

    def __init__(self, anvil: Anvil, chain: Chain, operator: Account, buyer: Account, path: Path) -> None:
        self.anvil, self.chain, self.operator, self.buyer, self.path = anvil, chain, operator, buyer, path
        self.runs = 0
        bond = Bond(chain, operator)
        bond.register("http://127.0.0.1:1/ipfs")
        bond.stake(STAKE)
        module = chain.send(buyer, chain.registry.register_module("m")).event(ModuleRegistered).module_id
        terms = VersionTerms(IMAGE, IMAGE, Access.OPEN, 0, "1.0.0")
        call = chain.registry.publish(module, terms, [Split(buyer.address, 0, 1_000_000)])
        self.version = chain.send(buyer, call).event(Published).version_id
        offer, _ = trade.set_offer(chain, buyer, self.version, price=MUSD)
        self.license = trade.buy(chain, buyer, offer).license_id

    def post(self, *, seed: int = 0, limits: Limits | None = None, image: bytes = IMAGE) -> int:
        spec = JobSpec(self.version, limits=limits or Limits(), image=image, seed=seed)
        return request.post(self.chain, self.buyer, spec, fee=FEE, n=1, k=1, license_id=self.license).job_id

    def vote(self, spec: JobSpec, _worker: Worker, _until: float) -> Vote:
        self.runs += 1
        document = b"outcome of seed %d" % spec.seed
        return Vote(OutcomeKind.RESULT, document, outcome_hash(1, document), secrets.token_bytes(32))

    def desk(self, journal: Journal, kind: type[Desk] = Desk, voter: Voter | None = None) -> Desk:
        return kind(
            self.chain,
            self.operator,
            journal,
            store=BlockStore(self.path.parent / "content"),
            image=IMAGE,
            workers=[NO_WORKER],
            voter=voter or self.vote,
            max_fuel=MAX_FUEL,
        )

    def drive(self, desk: Desk, journal: Journal, done: Callable[[], bool]) -> None:
        """The daemon's loop; blocks come, and chain time passes while there is nothing else to do."""
        follower = Follower(self.chain, journal)
        end = time.monotonic() + 30.0
        while not done():
            assert time.monotonic() < end, journal.active()
            head = self.chain.head()
            if follower.catch_up(head):
                desk.collect()
                desk.review(head)
            if not desk.under_way():
                self.anvil.advance(1)

    def work(self, voter: Voter | None = None) -> None:
        """Until the journal has no job left."""
        journal = Journal(self.path)
        self.drive(self.desk(journal, voter=voter), journal, lambda: _idle(journal))
        journal.close()

    def entry(self, job_id: int) -> Entry:
        journal = Journal(self.path)
        entry = journal.get(Duty(Contract.JOB, job_id))
        journal.close()
        assert entry is not None
        return entry

    def failure(self, job_id: int) -> Failure:
        (failed,) = self.chain.find(Failed, job_id=job_id)
        return failed.reason

    def job(self, job_id: int) -> Job:
        return self.chain.jobs.job(job_id)


def _idle(journal: Journal) -> bool:
    return bool(journal.blocks()) and not journal.active()


@pytest.fixture
def scene(deployed: Deployed, tmp_path: Path) -> Scene:
    return Scene(deployed.anvil, deployed.chain, deployed["ann"], deployed["buyer"], tmp_path / "journal.sqlite")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(desk_module, "LONGEST_PAUSE", 0.02)


@pytest.mark.parametrize(
    ("points", "deaths", "runs"),
    [
        (("before {}", "after {}, before it is noted"), 2 * len(ALL), 2),  # a run that was not noted is run again
        (("before {}", "after {} is noted"), 2 * len(ALL), 1),
    ],
)
def test_a_death_between_any_two_steps_loses_nothing(
    scene: Scene, points: tuple[str, ...], deaths: int, runs: int
) -> None:
    job_id = scene.post()
    to_come = {point.format(act) for point in points for act in ALL}
    assert len(to_come) == deaths
    while True:
        journal = Journal(scene.path)
        desk = scene.desk(journal, Mortal)
        desk.to_come = to_come  # type: ignore[attr-defined]  # it is a Mortal
        try:
            # An act's own end may be found on chain before the act is back: its death is still to come.
            scene.drive(desk, journal, lambda: _idle(journal) and not desk.under_way())  # noqa: B023  # called at once
            break
        except Killed:
            continue
        finally:
            journal.close()
    assert to_come == set()
    assert scene.job(job_id).status is Status.FINAL
    assert scene.runs == runs
    assert len(scene.chain.find(Committed, job_id=job_id)) == 1
    assert len(scene.chain.find(Revealed, job_id=job_id)) == 1
    assert scene.chain.ledger.claimable(scene.operator.address, scene.chain.token.address) == FEE


def test_acts_that_the_chain_drops_are_done_again(scene: Scene) -> None:
    job_id = scene.post()
    scene.anvil.mine(3)  # the job itself stays
    journal = Journal(scene.path)
    desk = scene.desk(journal, Shaken)
    desk.anvil, desk.shaken = scene.anvil, []  # type: ignore[attr-defined]  # it is Shaken
    scene.drive(desk, journal, lambda: _idle(journal) and scene.job(job_id).status is Status.FINAL)
    journal.close()
    assert desk.shaken == [act for act in ALL if act is not Act.RUN]  # type: ignore[attr-defined]
    assert scene.runs == 1
    assert scene.entry(job_id).stage is Stage.DONE


def test_a_lost_journal_is_told_and_other_jobs_go_on(scene: Scene) -> None:
    job_id = scene.post(seed=1)
    journal = Journal(scene.path)
    scene.drive(scene.desk(journal), journal, lambda: scene.job(job_id).status is Status.ASSIGNED)
    journal.close()
    scene.path.unlink()
    chain_id, market, me = scene.chain.deployment.chain_id, scene.chain.jobs.address, scene.operator.address
    unknown = commitment(chain_id, market, job_id, me, outcome=b"o" * 32, salt=b"s" * 32)
    scene.anvil.mine(2)
    scene.chain.send(scene.operator, scene.chain.jobs.commit(job_id, unknown))
    other = scene.post(seed=2)
    scene.work()
    assert scene.job(job_id).status is Status.FAILED
    assert "its journal does not know" in scene.entry(job_id).reason
    assert scene.job(other).status is Status.FINAL


def test_a_run_that_may_pass_later_is_tried_again(scene: Scene) -> None:
    failures: Iterator[Exception] = iter(
        [ContentUnavailable("no peer has it now")] * (desk_module.RUN_TRIES + 1) + [NotAttested("out of memory")]
    )

    def voter(spec: JobSpec, worker: Worker, until: float) -> Vote:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return scene.vote(spec, worker, until)

    job_id = scene.post()
    scene.work(voter)
    assert scene.job(job_id).status is Status.FINAL
    assert scene.entry(job_id).attempts == 0


@pytest.mark.parametrize(
    ("failure", "tries"),
    [
        (BadInput("it requires what it does not pay"), 1),
        (RuntimeError("odd"), desk_module.RUN_TRIES),
        (NotAttested("deadline"), desk_module.RUN_TRIES),
    ],
)
def test_a_job_that_cannot_run_is_declined_and_refunded_while_others_go_on(
    scene: Scene, failure: Exception, tries: int
) -> None:
    asked: list[int] = []

    def voter(spec: JobSpec, worker: Worker, until: float) -> Vote:
        asked.append(spec.seed)
        if spec.seed == 1:
            raise failure
        return scene.vote(spec, worker, until)

    bad, good = scene.post(seed=1), scene.post(seed=2)
    scene.work(voter)
    assert asked.count(1) == tries
    assert scene.failure(bad) is Failure.INPUTS_UNAVAILABLE
    assert scene.job(good).status is Status.FINAL
    assert scene.entry(bad).reason == str(failure)
    token, base = scene.chain.token.address, scene.chain.jobs.minimum_fee(scene.job(bad).fuel)
    assert scene.chain.ledger.claimable(scene.buyer.address, token) == FEE - base
    assert scene.chain.ledger.claimable(scene.operator.address, token) == FEE + base
    assert scene.chain.staking.operator(scene.operator.address).free == STAKE


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"image": bytes(32)}, "is for image"),
        ({"limits": Limits(fuel=2 * MAX_FUEL)}, "of fuel"),
        ({"limits": Limits(memory=2**32)}, "of memory"),
    ],
)
def test_what_this_operator_cannot_run_is_declined_at_once(
    scene: Scene, changed: dict[str, Limits | bytes], said: str
) -> None:
    job_id = scene.post(**changed)  # type: ignore[arg-type]  # by name, as the parameters say
    scene.work()
    assert scene.failure(job_id) is Failure.INPUTS_UNAVAILABLE
    assert said in scene.entry(job_id).reason
    assert scene.runs == 0


def test_a_spec_that_is_not_the_job_s_is_not_run(scene: Scene) -> None:
    chain = scene.chain
    spec = JobSpec(scene.version, limits=Limits(fuel=5), image=IMAGE)
    for other in (JobSpec(scene.version + 1, limits=Limits(fuel=5), image=IMAGE).encode(), b"no spec at all"):
        terms = JobTerms(scene.version, scene.license, 0, 0, FEE, 0, spec.limits.fuel, 0, 1, 1)
        chain.send(scene.buyer, chain.token.approve(chain.jobs.address, FEE))
        chain.send(scene.buyer, chain.jobs.post(terms, other))
    scene.work()
    assert scene.runs == 0
    assert "is for version" in scene.entry(1).reason
    assert "no deterministic CBOR" in scene.entry(2).reason


def test_stake_that_the_account_cannot_pay_is_one_clear_line(scene: Scene) -> None:
    bond = Bond(scene.chain, scene.operator)
    with pytest.raises(BadInput, match=r"holds .* and stakes"):
        bond.stake(10**6 * MUSD)
    assert bond.standing().free == STAKE


def test_earnings_are_claimed(scene: Scene) -> None:
    scene.post()
    scene.work()
    token, me = scene.chain.token, scene.operator.address
    before = token.balance_of(me)
    assert Bond(scene.chain, scene.operator).claim() == FEE
    assert token.balance_of(me) == before + FEE
