"""Canaries that post themselves: answered rightly, wrongly, and by a sponsor that dies on the way."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from fusion.chain.bindings.assurance_pool import CanaryCommitted, CanaryOpened
from fusion.chain.bindings.job_market import Posted
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Fault, Offer, Sells, Status, Windows
from fusion.chain.deployment import MUSD, Parameters
from fusion.content.table import add_table
from fusion.market import assurance, trade
from node import request
from node.executor import daemon as daemon_module
from node.executor.run import Vote
from node.plans import OVERRULED, Plan, Stage
from node.spec import JobSpec
from node.sponsor import Sponsor, Terms
from sandbox.code import Limits
from sandbox.image import Image
from sandbox.worker import Worker
from tests.integration.executor_network import DOUBLE, Network, Running, opened
from tests.integration.executor_process import NoWorker, Scripted, found
from tests.integration.test_challenger import LIE, TRUTH, hash_of

NAMES = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus")
IMAGE = Image(bytes(range(32)), Path("/absent/image"))
QUICK = replace(
    Parameters(),
    canary_interval=1,
    windows=Windows(open=60, commit=30, reveal=30, challenge=60, fuel_per_second=10**10, confirmations=1),
)
FEE, PRICE = 200_000, MUSD


class Player(Scripted):
    """Lies in its seat where the test says so."""

    lies = False

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        seats = self._chain.jobs.seats(self._chain.jobs.job_count())
        seated = any(seat.operator == self._account.address for seat in seats)
        return self.attest(found(spec, LIE if Player.lies and seated else TRUTH))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemon_module, "Worker", NoWorker)
        with opened(tmp_path_factory.mktemp("canaries"), NAMES, IMAGE, QUICK, tick=0.1) as network:
            network.publish("double", DOUBLE)
            with Running({name: network.daemon(name, Player) for name in NAMES}):
                network.staked(*NAMES)
                yield network


@pytest.fixture(scope="module")
def offer(network: Network) -> int:
    """Sells runs of the version."""
    (version,) = network.licenses
    terms = Offer(network.chain.token.address, version, 0, 0, PRICE, 0, 0, 0, Sells.RUNS)
    return trade.set_offer(network.chain, network.author, terms)[0]


class Theatre:
    """A sponsor stepped by a test; its folder outlives it."""

    def __init__(self, network: Network, offer: int, folder: Path, *, says: float = TRUTH, budget: int = 50 * MUSD):
        self.network, self.folder, self.says = network, folder, says
        self.terms = Terms(every=10**6, budget=budget, offer=offer, fee=FEE)
        self.prepared = 0
        self.begin()

    def begin(self) -> None:
        """As after a restart."""
        network = self.network
        self.sponsor = Sponsor(
            network.chain,
            funder=network.carol,
            committer=network.author,
            folder=self.folder,
            terms=self.terms,
            prepare=self.prepare,
        )

    def prepare(self, seed: int) -> tuple[JobSpec, bytes]:
        self.prepared += 1
        prices = add_table(self.network.store, {"price": np.linspace(1.0, 2.0, 10)})
        (version,) = self.network.licenses
        spec = JobSpec(version, {"price": prices}, limits=Limits(fuel=10**9), image=IMAGE.id, seed=seed)
        return spec, hash_of(spec, self.says)

    @property
    def plan(self) -> Plan:
        (plan,) = self.sponsor.plans.all()
        return plan

    def until(self, done: Callable[[], bool], *, restart: bool = False) -> list[Plan]:
        """Steps; time passes where a window only has to end. Returns the canaries that ended."""
        end, ended = time.monotonic() + 60, []
        while not done():
            assert time.monotonic() < end, self.sponsor.plans.all()
            ended += self.sponsor.step()
            if restart:
                self.begin()
            job_id = self.plan.job_id if self.sponsor.plans.all() else 0
            if job_id:
                job = self.network.chain.jobs.job(job_id)
                right = job.outcome_hash.hex() == self.plan.outcome
                if job.status is Status.PROPOSED and right:
                    self.network.anvil.advance(QUICK.windows.challenge)
            time.sleep(0.05)
        return ended


def test_a_right_answer_is_paid_back_and_what_is_left_returns(network: Network, offer: int, tmp_path: Path) -> None:
    Player.lies = False
    chain, carol = network.chain, network.carol
    assurance.fund(chain, network.author, 10 * MUSD)
    (version,) = network.licenses
    assured = network.post(version, n=3, k=2, limits=Limits(fuel=10**9), seed=9, assurance_ppm=500_000)
    network.until(assured, lambda job: job.status is Status.PROPOSED)
    network.anvil.advance(QUICK.windows.challenge)
    network.ended(assured)
    stage = Theatre(network, offer, tmp_path)
    ether, held = chain.balance(carol.address), chain.token.balance_of(carol.address)

    (ended,) = stage.until(lambda: stage.sponsor.plans.all() and stage.plan.stage is Stage.SWEPT)

    assert ended.ending.startswith("right")
    assert (ended.put_in, ended.returned) == (FEE + PRICE, stage.plan.returned)
    assert chain.token.balance_of(carol.address) == held - ended.put_in + ended.returned
    assert chain.token.balance_of(ended.requester) == 0
    assert chain.balance(ended.requester) < 10**16 < ether
    (posted,) = chain.find(Posted, requester=ended.requester)
    assert posted.job_id == ended.job_id
    assert ended.requester not in {carol.address, network.author.address}
    assert stage.prepared == 1  # the next is not due for long


def test_a_wrong_answer_is_brought_before_a_panel(network: Network, offer: int, tmp_path: Path) -> None:
    chain = network.chain
    Player.lies = True
    stage = Theatre(network, offer, tmp_path)

    (ended,) = stage.until(lambda: stage.sponsor.plans.all() and stage.plan.stage is Stage.SWEPT)

    assert ended.ending == "wrong, and put right by a panel"
    liars = {seat.operator for seat in chain.jobs.seats(ended.job_id)}
    assert {each.operator for each in chain.find(Slashed, job_id=ended.job_id) if each.fault is Fault.WRONG} == liars
    assert ended.returned > 0  # what the lie cost the requester


def test_a_sponsor_that_dies_at_every_step_posts_once(network: Network, offer: int, tmp_path: Path) -> None:
    chain = network.chain
    Player.lies = True
    stage = Theatre(network, offer, tmp_path)

    stage.until(lambda: stage.sponsor.plans.all() and stage.plan.stage is Stage.SWEPT, restart=True)

    plan = stage.plan
    assert len(chain.find(Posted, requester=plan.requester)) == 1
    assert len(chain.find(CanaryOpened, requester=plan.requester)) == 1


@pytest.mark.parametrize("what", ["commit_canary", "post"])
def test_a_receipt_that_was_lost_is_looked_for(
    network: Network, offer: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The transaction is in a block; the sponsor died before it wrote that down."""
    chain = network.chain
    Player.lies = False
    stage = Theatre(network, offer, tmp_path)
    room = assurance if what == "commit_canary" else request
    true = getattr(room, what)

    def dies(*args: object, **named: object) -> object:
        monkeypatch.setattr(room, what, true)
        true(*args, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(room, what, dies)
    with pytest.raises(KeyboardInterrupt):
        stage.until(lambda: False)
    stage.begin()
    stage.until(lambda: stage.plan.stage in (Stage.POSTED, Stage.ENDED, Stage.SWEPT))

    plan = stage.plan
    kept = [each for each in assurance.kept(tmp_path) if each.requester == plan.requester]
    committed = [chain.find(CanaryCommitted, commitment=bytes.fromhex(each.commitment)) for each in kept]
    assert (len(kept), len(committed[0])) == (1, 1)
    assert len(chain.find(Posted, requester=plan.requester)) == 1


def test_a_sponsor_that_a_panel_overrules_begins_no_more(network: Network, offer: int, tmp_path: Path) -> None:
    Player.lies = False
    stage = Theatre(network, offer, tmp_path, says=3.0)

    (ended,) = stage.until(lambda: stage.sponsor.plans.all() and stage.plan.stage is Stage.SWEPT)
    assert ended.ending == OVERRULED
    stage.sponsor.plans.due = 0
    with capture_logs() as logs:
        stage.sponsor.step()
        stage.sponsor.step()

    assert stage.prepared == 1
    assert [each["event"] for each in logs] == ["BEGINS NO MORE: this machine computes differently"]


def test_no_more_is_spent_than_allowed(network: Network, offer: int, tmp_path: Path) -> None:
    stage = Theatre(network, offer, tmp_path, budget=FEE + PRICE - 1)
    with capture_logs() as logs:
        stage.sponsor.step()
        stage.sponsor.step()

    assert (stage.prepared, stage.sponsor.plans.all()) == (0, [])
    assert [each["event"] for each in logs] == ["begins no canary: it would cost more than may be spent"]
