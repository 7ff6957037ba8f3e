"""The judges of a chaos: they find nothing in an honest run, and whatever is changed in what the chain tells."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fusion.chain.bindings.job_market import Finalized
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.revenue_ledger import AccountCredited
from fusion.chain.bindings.types import Status
from fusion.chain.contract import Event
from tests.integration.executor_scene import FEE, STAKE, Deployed, Scene
from tests.soak import books
from tests.soak.process import Absence, Operator, Role
from tests.soak.record import Record
from tests.soak.slashes import losses

GRACE = 5  # seconds


@pytest.fixture
def scene(deployed: Deployed, tmp_path: Path) -> Scene:
    return Scene(deployed.anvil, deployed.chain, deployed["ann"], deployed["buyer"], tmp_path / "journal.sqlite")


def silent(scene: Scene) -> int:
    """A job that the only operator lets pass: it is fined, and the job fails."""
    job_id, jobs = scene.post(), scene.chain.jobs
    while (job := jobs.job(job_id)).status is not Status.FAILED:
        late = scene.chain.now() > job.deadline
        if not late and job.status is Status.OPEN and not job.redraws:
            scene.anvil.mine(max(0, job.ready_block - scene.chain.head().number - 1))
            scene.chain.send(scene.buyer, jobs.assign(job_id))
        elif late:
            scene.chain.send(scene.buyer, jobs.expire(job_id))
        else:
            scene.anvil.advance(job.deadline - scene.chain.now() + 1)
    return job_id


def changed(record: Record, change: Callable[[Event], list[Event]]) -> list[str]:
    """What the judges say if the chain told something else."""
    events = [told for event in record.events for told in change(event)]
    return list(books.breaches(replace(record, events=events)))


def test_an_honest_run_has_no_breach_and_every_change_is_one(scene: Scene) -> None:
    scene.post()
    scene.work()
    record = Record.read(scene.chain)
    assert list(books.breaches(record)) == []

    def more(event: Event) -> list[Event]:
        return [replace(event, amount=event.amount + 1)] if isinstance(event, AccountCredited) else [event]

    def twice(event: Event) -> list[Event]:
        return [event, event] if isinstance(event, Finalized) else [event]

    told = changed(record, more)
    assert f"job 1: {scene.operator.address} was credited {FEE + 1} and is due {FEE}" in told
    assert any("can claim" in each for each in told)
    assert "job 1 ended 2 times" in changed(record, twice)


def test_a_fine_is_in_the_books_and_a_larger_one_is_a_breach(scene: Scene) -> None:
    silent(scene)
    record = Record.read(scene.chain)
    assert list(books.breaches(record)) == []

    def larger(event: Event) -> list[Event]:
        return [replace(event, amount=event.amount + 1)] if isinstance(event, Slashed) else [event]

    assert any("SILENT costs" in each for each in changed(record, larger))


def test_a_slash_is_explained_by_an_absence_at_the_deadline(scene: Scene) -> None:
    silent(scene)
    record = Record.read(scene.chain)
    me = Operator("ann", Role.HONEST, scene.path.parent, scene.operator.address, STAKE)
    (bare,) = losses(record, [me], [], GRACE)
    assert (bare.fault, bare.job, bare.amount) == ("silent", 1, 10 * FEE * 5 // 100)

    def explained(role: Role, before: int, after: int | None) -> bool:
        """Where it was away from `before` the deadline until `after`, in seconds before it; None is for good."""
        end = None if after is None else bare.deadline - after
        absent = replace(me, role=role, absences=[Absence(bare.deadline - before, "SIGSTOP", end)])
        (loss,) = losses(record, [absent], [], GRACE)
        return loss.explained

    assert explained(Role.HONEST, 20, None)
    assert explained(Role.HONEST, 20, -30), "it was back when it was too late"
    assert explained(Role.HONEST, 20, GRACE - 1), "it was back a moment before"
    assert not explained(Role.HONEST, 20, GRACE + 1), "it was back in time"
    assert not explained(Role.HONEST, -1, -30), "it was away only afterwards"
    assert explained(Role.SILENT, -1, -30)
    assert not explained(Role.LIAR, 20, None), "a liar is slashed for lies alone"
