"""The desk: whose transactions go first, how long it pauses, and when it gives a job up."""

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.types import Job, OutcomeKind, Seat, Status
from fusion.chain.client import Block
from fusion.chain.rpc import RpcError
from fusion.errors import BadInput, ChainUnavailable, ContentError, ContractRefused
from node.executor import desk as desk_module
from node.executor.desk import BLOCK_PAUSE, LONGEST_PAUSE, RUN_TRIES, SENDING, Desk, _tries
from node.executor.digest import keccak
from node.executor.journal import Journal, Posted
from node.executor.run import NotAttested, Vote
from node.executor.steps import ANYONES, NOTHING, Act
from node.spec import JobSpec
from sandbox.code import Limits

ME = Account.random()
IMAGE = bytes(range(32))
SPEC = JobSpec(1, limits=Limits(fuel=10**6), image=IMAGE).encode()
HEAD = Block(100, "0xh", "0xg", 1_000)


class World:
    """A chain of jobs that are all alike: one seat, this operator's."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.sent = threading.Event()
        self.error: Exception | None = None
        self.reads = 0
        self.jobs = self.staking = self.deployment = self
        self.address, self.chain_id = "0x" + "1" * 40, 1

    def job(self, _job_id: int, **_at: object) -> Job:
        self.reads += 1
        return Job(
            status=self.status,
            kind=OutcomeKind.NONE,
            n=1,
            k=1,
            committed=0,
            revealed=0,
            version=1,
            deadline=2_000,
            ready_block=1,
            fuel=10**6,
            requester=self.address,
            fee=1,
            royalty_token=self.address,
            royalty=0,
            lock=1,
            spec_hash=keccak(SPEC),
            outcome_hash=NOTHING,
        )

    def seats(self, _job_id: int, **_at: object) -> list[Seat]:
        return [Seat(operator=ME.address, kind=OutcomeKind.NONE, commitment=NOTHING, outcome_hash=NOTHING)]

    def commit(self, *_arguments: object) -> None: ...

    def tally(self, *_arguments: object) -> None: ...

    def send(self, *_arguments: object, **_options: object) -> None:
        if self.error is not None:
            raise self.error
        self.sent.wait(10)
        raise ChainUnavailable("the test is over")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., tuple[World, Desk, Journal]]]:
    """Makes a world, a desk with `workers` and a journal with `count` jobs, of which the last `ready` have a vote."""
    journal = Journal(tmp_path / "journal.sqlite")
    begun: list[World] = []

    def make(status: Status, *, count: int, ready: int = 0, workers: int = 0) -> tuple[World, Desk, Journal]:
        world = World(status)
        begun.append(world)

        def run(*_arguments: object) -> Vote:
            world.sent.wait(10)
            raise ChainUnavailable("the test is over")

        some: Any = [object()] * workers
        desk = Desk(cast("Any", world), ME, journal, image=IMAGE, workers=some, voter=run, max_fuel=10**12)
        journal.advance(1, "0xa", [Posted(job_id, 1, SPEC) for job_id in range(1, count + 1)])
        for job_id in range(count - ready + 1, count + 1):
            journal.ready(job_id, 1, b"document", b"h" * 32, b"s" * 32)
        return world, desk, journal

    yield make
    for world in begun:
        world.sent.set()
    journal.close()


def _acts(desk: Desk) -> list[Act]:
    return [task.act for task in desk._tasks.values()]


def test_runs_hold_up_no_commitment(made: Callable[..., tuple[World, Desk, Journal]]) -> None:
    _, desk, _ = made(Status.ASSIGNED, count=SENDING + 1, ready=1, workers=SENDING)
    desk.review(HEAD)
    assert _acts(desk) == [*[Act.RUN] * SENDING, Act.COMMIT]


def test_what_anyone_may_do_leaves_room_for_what_only_this_operator_can(
    made: Callable[..., tuple[World, Desk, Journal]],
) -> None:
    world, desk, _ = made(Status.REVEALED, count=3 * SENDING, ready=SENDING)
    desk.review(HEAD)
    assert _acts(desk) == [Act.TALLY] * (SENDING // 2)
    world.status = Status.ASSIGNED
    desk.review(HEAD)
    assert _acts(desk) == [Act.TALLY] * (SENDING // 2) + [Act.COMMIT] * (SENDING - SENDING // 2)
    assert all(desk_module.ways(act) < SENDING for act in ANYONES)


def test_a_pause_that_is_over_wakes_the_desk_once(
    made: Callable[..., tuple[World, Desk, Journal]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, desk, _ = made(Status.REVEALED, count=1)
    now = 50.0
    monkeypatch.setattr(desk_module.time, "monotonic", lambda: now)
    world.error = ContractRefused("another was first", error="WrongStatus")
    desk.review(HEAD)
    while not desk.collect():
        pass
    assert not desk.waiting()
    now += LONGEST_PAUSE
    assert desk.waiting()
    world.status = Status.PROPOSED  # nothing is due before its deadline
    desk.review(HEAD)
    assert not desk.waiting()


@pytest.mark.parametrize(("error", "pause"), [("TooFewEligible", BLOCK_PAUSE), ("WrongStatus", LONGEST_PAUSE)])
def test_a_pause_stays_short_however_often_an_act_failed(
    error: str, pause: float, made: Callable[..., tuple[World, Desk, Journal]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, desk, journal = made(Status.OPEN, count=1)
    monkeypatch.setattr(desk_module.time, "monotonic", lambda: 0.0)
    for _ in range(3_000):
        desk._failed(journal.active()[0], Act.ASSIGN, ContractRefused("too early", error=error))
    assert desk._pauses[1].until == pause


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (BadInput("sealed"), 1),
        (ChainUnavailable("away"), math.inf),
        (NotAttested("out of memory"), RUN_TRIES),
        (ContentError("one gateway alters bytes, the other is away"), RUN_TRIES),
        (RpcError("header not found", reason="header not found"), RUN_TRIES),
        (OSError("disk full"), RUN_TRIES),
    ],
)
def test_a_run_is_given_up_at_once_only_for_what_the_job_says(error: Exception, tries: float) -> None:
    assert _tries(error) == tries
