"""An operator that dies between any two of its steps, a chain that takes blocks back, and runs that fail."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fusion.chain.bindings.job_market import Committed, Revealed
from fusion.chain.bindings.panel import PanelCommitted, PanelRevealed
from fusion.chain.bindings.types import Failure, JobTerms, Status
from fusion.chain.deployment import MUSD
from fusion.errors import BadInput, ContentUnavailable
from node.digest import commitment
from node.executor import desk as desk_module
from node.executor import pauses as pauses_module
from node.executor.bond import Bond
from node.executor.journal import Journal, Stage
from node.executor.run import NotAttested, Vote
from node.executor.steps import Act
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.worker import Worker
from tests.integration.executor_scene import (
    FEE,
    IMAGE,
    MAX_FUEL,
    STAKE,
    Deployed,
    Killed,
    Mortal,
    Scene,
    Shaken,
    idle,
    settled,
)

ALL = (Act.ASSIGN, Act.RUN, Act.COMMIT, Act.REVEAL, Act.TALLY, Act.FINALIZE)
OF_A_PANEL = tuple(f"panel's {act}" for act in (Act.ASSIGN, Act.RUN, Act.COMMIT, Act.REVEAL))


@pytest.fixture
def scene(deployed: Deployed, tmp_path: Path) -> Scene:
    return Scene(deployed.anvil, deployed.chain, deployed["ann"], deployed["buyer"], tmp_path / "journal.sqlite")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses_module, "FIRST_PAUSE", 0.01)
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
    scene.work_through(to_come)
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
    # An act's own end may be found on chain before the act is back: its block is still to be dropped.
    scene.drive(
        desk,
        journal,
        lambda: idle(journal) and not desk.under_way() and scene.job(job_id).status is Status.FINAL,
    )
    journal.close()
    assert desk.shaken == [act for act in ALL if act is not Act.RUN]  # type: ignore[attr-defined]
    assert scene.runs == 1
    assert scene.entry(job_id).stage is Stage.DONE


@pytest.mark.parametrize(
    ("points", "runs"), [(("before {}", "after {}, before it is noted"), 2), (("before {}", "after {} is noted"), 1)]
)
def test_deaths_in_an_audit_lose_nothing(scene: Scene, deployed: Deployed, points: tuple[str, ...], runs: int) -> None:
    scenes = [scene, scene.beside(deployed["bob"], scene.path.with_name("bob.sqlite"))]
    job_id = scene.post(assurance_ppm=1_000_000)
    to_come = {point.format(act) for point in points for act in (*OF_A_PANEL, Act.RESOLVE)}
    while True:
        journals = [Journal(each.path) for each in scenes]
        offices = [(each.desk(journal, Mortal), journal) for each, journal in zip(scenes, journals, strict=True)]
        for desk, _ in offices:
            desk.to_come = to_come  # type: ignore[attr-defined]  # it is a Mortal
        try:
            scene.drive_all(
                offices,
                lambda: all(idle(journal) and not desk.under_way() for desk, journal in offices),  # noqa: B023  # called at once
            )
            break
        except Killed:
            settled(desk for desk, _ in offices)  # else what is on its way just now never comes to its own deaths
        finally:
            for journal in journals:
                journal.close()
    assert to_come == set()
    assert scene.job(job_id).status is Status.FINAL
    panel_id = scene.job(job_id).panel_id
    assert len(scene.chain.find(PanelCommitted, panel_id=panel_id)) == 1
    (revealed,) = scene.chain.find(PanelRevealed, panel_id=panel_id)
    assert revealed.outcome_hash == scene.job(job_id).outcome_hash
    assert sum(each.runs for each in scenes) == 1 + runs  # the job's own, and the audit's
    salts = [entry.salt for each in scenes for entry in each.entries() if entry.salt]
    assert len(salts) == len(set(salts)) == 2


def test_acts_of_an_audit_that_the_chain_drops_are_done_again(scene: Scene, deployed: Deployed) -> None:
    scenes = [scene, scene.beside(deployed["bob"], scene.path.with_name("bob.sqlite"))]
    job_id = scene.post(assurance_ppm=1_000_000)
    scene.anvil.mine(3)  # the job itself stays
    journals = [Journal(each.path) for each in scenes]
    offices = [(each.desk(journal, Shaken), journal) for each, journal in zip(scenes, journals, strict=True)]
    shaken: list[str] = []
    for desk, _ in offices:
        desk.anvil, desk.shaken = scene.anvil, shaken  # type: ignore[attr-defined]  # it is Shaken
    scene.drive_all(offices, lambda: all(map(idle, journals)) and scene.job(job_id).status is Status.FINAL)
    for journal in journals:
        journal.close()
    assert {"panel's commit", "panel's reveal", Act.RESOLVE} <= set(shaken)
    panel_id = scene.job(job_id).panel_id
    (revealed,) = scene.chain.find(PanelRevealed, panel_id=panel_id)
    assert revealed.outcome_hash == scene.job(job_id).outcome_hash


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

    def voter(spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return scene.vote(spec, worker, until, others)

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

    def voter(spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        asked.append(spec.seed)
        if spec.seed == 1:
            raise failure
        return scene.vote(spec, worker, until, others)

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
