"""Operators say what a test has them say; a challenger runs it again, and challenges what comes out otherwise."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fusion.chain.bindings.job_market import Disputed, Judged
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Fault, Status, Windows
from fusion.chain.deployment import MUSD, Parameters
from fusion.errors import Retryable
from node import request
from node.digest import outcome_hash
from node.executor import daemon as daemon_module
from node.executor.casebook import Casebook, Ending, Stage
from node.executor.challenger import Challenger
from node.executor.daemon import Daemon, Terms
from node.executor.follow import Follower
from node.executor.journal import Journal
from node.executor.run import KINDS, Vote
from node.executor.slots import Slots
from node.executor.status import Status as Report
from node.executor.suspicion import Reason
from node.executor.watching import Watching
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.image import Image
from sandbox.worker import Worker
from tests.integration.executor_network import DOUBLE, NEVER, STAKE, Network, Running, opened
from tests.integration.executor_process import NoWorker, Scripted, found

NAMES = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")
IMAGE = Image(bytes(range(32)), Path("/absent/image"))
QUICK = replace(
    Parameters(),
    windows=Windows(open=60, commit=30, reveal=30, challenge=60, fuel_per_second=10**10, confirmations=1),
)
LIMITS = Limits(fuel=10**9)
TRUTH, LIE, ANOTHER = 1.0, -1.0, 3.0  # what the column is scaled by
MOST = 500 * MUSD


def hash_of(spec: JobSpec, scale: float) -> bytes:
    return outcome_hash(KINDS["Result"], found(spec, scale).document)


class Player(Scripted):
    """Lies in its seat where the script says so; tells the truth on panels, and when it runs a job again."""

    liars: Callable[[int], bool]  # by place among the seats

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        seats = self._chain.jobs.seats(self._chain.jobs.job_count())
        places = [place for place, seat in enumerate(seats) if seat.operator == self._account.address]
        lies = bool(places) and Player.liars(places[0]) and self._terms.watching is None
        return self.attest(found(spec, LIE if lies else TRUTH))

    def rerun(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> bytes:
        return hash_of(spec, TRUTH)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemon_module, "Worker", NoWorker)
        with opened(tmp_path_factory.mktemp("watch"), NAMES, IMAGE, QUICK, tick=0.1) as network:
            network.publish("double", DOUBLE)
            with Running({name: network.daemon(name, Player) for name in NAMES[:-1]}):
                network.staked(*NAMES[:-1])
                yield network


@pytest.fixture(autouse=True)
def calm(network: Network) -> None:
    """No job of a test before goes on."""
    jobs = network.chain.jobs
    for job_id in range(1, jobs.job_count() + 1):
        if network.until(job_id, lambda job: job.status >= Status.PROPOSED).status is Status.PROPOSED:
            network.anvil.advance(QUICK.windows.challenge)
        network.ended(job_id)


def post(network: Network, liars: int, *, seed: int, n: int = 3, k: int = 2) -> int:
    Player.liars = staticmethod(lambda place: place < liars)
    (version,) = network.licenses
    return network.post(version, n=n, k=k, limits=LIMITS, seed=seed)


class Tower:
    """A challenger of an account without a stake, stepped by a test; its files outlive it."""

    def __init__(self, network: Network, path: Path, *, says: float = TRUTH) -> None:
        self.network, self.path, self.says = network, path, says
        self.runs = 0
        self.failing: Exception | None = None
        path.mkdir(exist_ok=True)

    def rerun(self, spec: JobSpec, *_: object) -> bytes:
        self.runs += 1
        if self.failing is not None:
            raise self.failing
        return hash_of(spec, self.says)

    @contextmanager
    def open(
        self, *, share: float = 1.0, most: int = MOST, anew: bool = False, leaving: bool = False
    ) -> Iterator["Tower"]:
        chain = self.network.chain
        self.journal, self.book = Journal(self.path / "journal"), Casebook(self.path / "casebook")
        self.follower = Follower(chain, self.journal)
        self.challenger = Challenger(
            chain,
            self.network.carol,
            self.journal,
            self.book,
            Watching(share, most, anew),
            slots=Slots([NoWorker(IMAGE)], 2**30),
            images=[IMAGE.id],
            rerun=self.rerun,
            busy=lambda: False,
            leaving=lambda: leaving,
            max_fuel=10**11,
        )
        try:
            yield self
        finally:
            end = time.monotonic() + 20
            while not all(future.done() for future in self.challenger.under_way()) and time.monotonic() < end:
                time.sleep(0.01)
            self.book.close()
            self.journal.close()

    def step(self) -> None:
        head = self.network.chain.head()
        if self.follower.catch_up(head):
            self.challenger.collect()
            self.challenger.review(head)

    def until(self, done: Callable[[], bool], timeout: float = 30.0) -> None:
        end = time.monotonic() + timeout
        while not done():
            assert time.monotonic() < end, self.book.active()
            self.step()
            time.sleep(0.02)

    def ending(self, job_id: int) -> str:
        case = self.book.get(job_id)
        return case.ending if case else ""


def disputes(network: Network, job_id: int) -> list[str]:
    return [each.challenger for each in network.chain.find(Disputed, job_id=job_id)]


def test_what_two_liars_propose_is_challenged_and_undone(network: Network, tmp_path: Path) -> None:
    chain, carol = network.chain, network.carol
    held, owed = chain.token.balance_of(carol.address), chain.ledger.claimable(carol.address, chain.token.address)
    with Tower(network, tmp_path / "tower").open(share=0.0) as tower:
        job_id = post(network, 2, seed=1)
        tower.until(lambda: tower.ending(job_id) != "")
        case = tower.book.get(job_id)
        told = tower.challenger.told()

    answer = network.ended(job_id)
    liars = {seat.operator for seat in request.read(chain, job_id).seats[:2]}
    (judged,) = chain.find(Judged, job_id=job_id)
    bond = chain.jobs.bond_of(job_id)
    assert (case.ending, case.reason, case.bond, case.reward) == (
        Ending.WON,
        Reason.DISSENT,
        bond,
        judged.to_challenger,
    )
    assert answer.job.challenger == carol.address
    assert {each.operator for each in chain.find(Slashed, job_id=job_id) if each.fault is Fault.WRONG} == liars
    gained = chain.ledger.claimable(carol.address, chain.token.address) - owed
    assert gained == bond + judged.to_challenger
    assert chain.token.balance_of(carol.address) == held - bond
    assert (tower.runs, told["endings"], told["bonds"], told["rewards"]) == (2, {"won": 1}, 0, judged.to_challenger)


def test_an_honest_network_is_never_challenged(network: Network, tmp_path: Path) -> None:
    with Tower(network, tmp_path / "tower").open(share=1.0) as tower:
        jobs = [post(network, 0, seed=seed) for seed in (11, 12, 13)]
        tower.until(lambda: all(tower.ending(job_id) for job_id in jobs))

        assert {tower.ending(job_id) for job_id in jobs} == {Ending.AGREED}
        assert tower.runs == len(jobs)  # one is enough that comes out as proposed
    assert all(disputes(network, job_id) == [] for job_id in jobs)


def test_who_was_wrong_once_challenges_no_more(network: Network, tmp_path: Path) -> None:
    chain = network.chain
    tower = Tower(network, tmp_path / "tower", says=ANOTHER)
    with tower.open(), capture_logs() as logs:
        job_id = post(network, 0, seed=21)
        tower.until(lambda: tower.ending(job_id) != "")
        assert (tower.ending(job_id), tower.book.get(job_id).told) == (Ending.LOST, "")
        assert "computes differently" in tower.challenger.told()["stopped"]
        then = post(network, 0, seed=22)
        tower.until(lambda: chain.jobs.job(then).status is Status.PROPOSED)
        for _ in range(5):
            tower.step()
        assert tower.book.get(then) is None
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [
        "lost a challenge, and its bond",
        "CHALLENGES NO MORE; --watch-anew has it begin again",
    ]

    with capture_logs() as logs, tower.open():  # after a restart it knows that still
        assert [each["event"] for each in logs] == ["CHALLENGES NO MORE; --watch-anew has it begin again"]
        assert tower.challenger.told()["stopped"]
    with tower.open(anew=True):
        assert not tower.challenger.told()["stopped"]
    assert disputes(network, job_id) == [network.carol.address]
    assert disputes(network, then) == []


def test_two_runs_that_end_differently_are_no_proof(network: Network, tmp_path: Path) -> None:
    tower = Tower(network, tmp_path / "tower")
    scales = iter([ANOTHER, LIE])
    tower.rerun = lambda spec, *_: hash_of(spec, next(scales))  # type: ignore[method-assign]
    with tower.open():
        job_id = post(network, 0, seed=31)
        tower.until(lambda: tower.ending(job_id) != "")

        assert tower.ending(job_id) == Ending.NOT_RUN
        assert "ended differently" in tower.challenger.told()["stopped"]
    assert disputes(network, job_id) == []


def test_a_run_that_fails_for_a_while_is_tried_again(network: Network, tmp_path: Path) -> None:
    with Tower(network, tmp_path / "tower").open() as tower:
        tower.failing = Retryable("the gateway is away")
        job_id = post(network, 2, seed=35)
        tower.until(lambda: tower.runs > 1)
        tower.failing = None
        tower.until(lambda: tower.ending(job_id) != "")

        assert tower.ending(job_id) == Ending.WON


@pytest.mark.parametrize("sent", [False, True])
def test_a_challenger_that_dies_puts_up_one_bond(network: Network, tmp_path: Path, *, sent: bool) -> None:
    """It had noted that it would send; the transaction was sent, or not."""
    chain, carol = network.chain, network.carol
    tower = Tower(network, tmp_path / "tower")
    with tower.open(share=0.0):
        job_id = post(network, 2, seed=41 + sent)
        tower.until(lambda: (case := tower.book.get(job_id)) is not None and case.stage is not Stage.SUSPECTED)
    # What the casebook is like when the process ends there.
    with tower.open(share=0.0):
        if tower.book.get(job_id).stage is not Stage.OPEN:
            tower.book.sending(job_id, chain.jobs.bond_of(job_id))
    if sent and not disputes(network, job_id):
        request.challenge(chain, carol, job_id)
    before = tower.runs

    with tower.open(share=0.0):
        tower.until(lambda: tower.ending(job_id) != "")

        assert tower.ending(job_id) == Ending.WON
        assert tower.book.bonds() == 0
    assert tower.runs == before
    assert disputes(network, job_id) == [carol.address]


def test_a_panel_that_cannot_sit_is_told_and_not_tried_again(network: Network, tmp_path: Path) -> None:
    """Five of seven have a seat: too few are left."""
    with Tower(network, tmp_path / "tower").open() as tower, capture_logs() as logs:
        job_id = post(network, 3, seed=51, n=5, k=3)
        tower.until(lambda: tower.ending(job_id) != "")
        for _ in range(5):
            tower.step()

        case = tower.book.get(job_id)
        assert (case.ending, "TooFewEligible" in case.told) == (Ending.REFUSED, True)
    assert [each["event"] for each in logs].count("challenges a job") == 1
    assert disputes(network, job_id) == []


def test_no_more_is_put_up_than_allowed_or_held(network: Network, tmp_path: Path) -> None:
    with Tower(network, tmp_path / "bound").open(most=1) as bound:
        job_id = post(network, 2, seed=61)
        with capture_logs() as logs:
            bound.until(lambda: (case := bound.book.get(job_id)) is not None and case.stage is Stage.DIFFERS)
            for _ in range(10):
                bound.step()
            network.anvil.advance(QUICK.windows.challenge)
            bound.until(lambda: bound.ending(job_id) != "")
        assert bound.ending(job_id) == Ending.TOO_LATE
        assert [each["event"] for each in logs].count("cannot challenge: its bonds hold all they may") == 1
    assert disputes(network, job_id) == []


def test_who_drains_puts_up_nothing_more(network: Network, tmp_path: Path) -> None:
    with Tower(network, tmp_path / "tower").open(leaving=True) as tower:
        job_id = post(network, 2, seed=71)
        tower.until(lambda: network.chain.jobs.job(job_id).status is Status.PROPOSED)
        for _ in range(5):
            tower.step()

        assert tower.book.get(job_id) is None


def test_an_operator_watches_beside_its_duties(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """The eighth operator, as `fusion operator start --watch-share 0 --max-bond 500` runs it; it may sit itself."""
    name, chain = NAMES[-1], network.chain
    watching = Watching(0.0, MOST)

    def daemon(kind: type[Daemon]) -> Daemon:
        made = network.daemon(name, kind)
        made._terms = Terms(stake=STAKE, claim_at=NEVER, poll=0.1, watching=watching)
        return made

    hal = daemon(Player)
    with Running({name: hal}):
        network.staked(name)
        job_id = post(network, 3, seed=81)
        answer = network.ended(job_id)
        assert answer.job.challenger == network.keys[name].address
        network.until(job_id, lambda _: Report.load(hal.status).watch.get("endings", {}).get("won") == 1)

    report = Report.load(hal.status)
    (judged,) = chain.find(Judged, job_id=job_id)
    assert report.watch["rewards"] == judged.to_challenger
    assert report.watch["bonds"] == 0
    counted = hal.metrics.registry.get_sample_value
    assert counted("fusion_operator_transactions_total", {"act": "challenge", "result": "sent"}) == 1
