"""The desk where there is not enough: workers, memory, time, or a chain that stays as it was."""

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import replace
from typing import Any, cast

import pytest
import structlog

from fusion.chain.bindings.types import OutcomeKind, Status
from node.digest import keccak
from node.executor import notes as notes_module
from node.executor.desk import NO_TIME, Desk
from node.executor.durable import NoRoom
from node.executor.duty import Contract, Duty
from node.executor.entry import Entry, Stage
from node.executor.journal import Called, Journal, Posted
from node.executor.run import Late, Vote
from node.executor.slots import Slots
from node.executor.steps import Act
from node.spec import JobSpec
from sandbox.code import Limits
from tests.unit.node.desk_world import CLOSING, HEAD, IMAGE, Made

MIB = 1 << 20
VOTE = Vote(OutcomeKind.RESULT, b"document", b"h" * 32, b"s" * 32)


class Idle:
    """A worker without a process."""

    def __init__(self) -> None:
        self.pid: int | None = None


def _slots(workers: int, memory: int) -> Slots:
    return Slots(cast("Any", [Idle() for _ in range(workers)]), memory)


def _job(journal: Journal, number: int) -> Entry:
    entry = journal.get(Duty(Contract.JOB, number))
    assert entry is not None
    return entry


def _running(desk: Desk) -> list[int]:
    return sorted(task.entry.number for task in desk.tasks() if task.act is Act.RUN)


def test_a_slot_is_a_worker_and_memory() -> None:
    slots = _slots(3, 1_000)
    first, second = slots.take(600), slots.take(500)
    assert first is not None
    assert second is None, "it does not fit beside the first"
    assert slots.take(400) is not None
    assert (slots.taken, slots.idle) == (1_000, 1)
    slots.give_back(first)
    assert (slots.taken, slots.idle) == (400, 2)
    assert slots.take(600) is not None
    assert _slots(0, 1_000).take(1) is None


def test_a_worker_whose_process_is_another_was_restarted() -> None:
    slots = _slots(1, 10)
    for pid in (None, 7, 7, 8, None, 9):
        slot = slots.take(1)
        assert slot is not None
        cast("Any", slot.worker).pid = pid
        slots.give_back(slot)
    assert slots.restarts == 2


@pytest.fixture
def unlike(made: Callable[..., Made]) -> Callable[..., Made]:
    """As `made`, with jobs whose deadlines and memory limits are not alike."""

    def make(deadlines: dict[int, int], limits: dict[int, int], **options: Any) -> Made:
        world, desk, journal = made(Status.ASSIGNED, count=0, **options)
        memory = {number: limits.get(number, MIB) for number in deadlines}
        specs = {
            number: JobSpec(1, limits=Limits(fuel=10**6, memory=memory[number]), image=IMAGE, seed=number).encode()
            for number in deadlines
        }
        job = world.job

        def at(number: int, **_: object) -> Any:
            return replace(job(number), deadline=deadlines[number], spec_hash=keccak(specs[number]))

        world.job = at  # type: ignore[method-assign]  # for this test
        journal.advance(1, "0xa", [Posted(number, 1, spec) for number, spec in specs.items()])
        return world, desk, journal

    return make


def test_the_most_urgent_run_has_the_worker(unlike: Callable[..., Made]) -> None:
    _, desk, _ = unlike({1: 3_000, 2: 2_000, 3: 2_500}, {}, workers=2)
    desk.review(HEAD)
    assert _running(desk) == [2, 3]
    assert desk.waiting_runs == 1


def test_a_run_waits_for_memory_and_none_overtakes_it(unlike: Callable[..., Made]) -> None:
    _, desk, _ = unlike({1: 2_000, 2: 2_100, 3: 2_200}, {1: 600 * MIB, 2: 600 * MIB}, workers=3, memory=1_000 * MIB)
    desk.review(HEAD)
    assert _running(desk) == [1], "the third would fit, and the second would wait for ever"
    assert desk.waiting_runs == 2


def test_what_waited_too_long_is_declined_where_others_can_agree_without_it(made: Callable[..., Made]) -> None:
    world, desk, journal = made(Status.ASSIGNED, count=1, workers=0)
    desk.review(HEAD)
    desk.review(CLOSING)
    assert _job(journal, 1).stage is Stage.SEEN, "all seats must agree: silence costs less"
    world.n = 3
    desk.review(CLOSING)
    entry = _job(journal, 1)
    assert (entry.stage, entry.kind, entry.reason) == (Stage.READY, OutcomeKind.INPUT_UNAVAILABLE, NO_TIME)


def test_a_seat_on_a_panel_is_declined_too(made: Callable[..., Made]) -> None:
    _, desk, journal = made(Status.DISPUTED, count=1, workers=0)
    journal.advance(2, "0xb", [], [Called(1, 1, 2)])
    desk.review(CLOSING)
    entry = journal.get(Duty(Contract.PANEL, 1))
    assert entry is not None
    assert entry.kind == OutcomeKind.INPUT_UNAVAILABLE


def test_a_run_that_was_too_slow_is_declined_where_others_can_agree(made: Callable[..., Made]) -> None:
    world, desk, journal = made(Status.ASSIGNED, count=1, workers=1, failure=Late("too slow"))
    world.n = 3
    desk.review(HEAD)
    wait(desk.under_way())
    desk.collect()
    desk.review(CLOSING)
    assert _job(journal, 1).kind == OutcomeKind.INPUT_UNAVAILABLE


# The chain drops blocks


def test_what_ran_while_the_chain_dropped_blocks_is_run_again(made: Callable[..., Made]) -> None:
    _, desk, journal = made(Status.ASSIGNED, count=1, workers=1)
    desk._voter = lambda *_: VOTE
    desk.review(HEAD)
    wait(desk.under_way())
    desk.taken_back(0)
    assert desk.collect()
    assert _job(journal, 1).stage is Stage.SEEN
    desk.review(HEAD)
    wait(desk.under_way())
    desk.taken_back(1)
    desk.collect()
    assert _job(journal, 1).stage is Stage.READY, "the block of its job stayed, and with it its version"


def test_an_outcome_is_not_given_to_another_job_of_that_number(made: Callable[..., Made]) -> None:
    _, desk, journal = made(Status.ASSIGNED, count=1, workers=1)
    desk._voter = lambda *_: VOTE
    desk.review(HEAD)
    wait(desk.under_way())
    other = JobSpec(2, image=IMAGE).encode()
    journal.advance(2, "0xb", [Posted(1, 2, other)])
    desk.collect()
    entry = _job(journal, 1)
    assert (entry.spec, entry.stage, entry.salt) == (other, Stage.SEEN, b"")


# A journal without room


@pytest.fixture
def full(made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> Made:
    """A desk that has run a job, and could not write down what came of it; the patch is undone where there is room."""
    monkeypatch.setattr(notes_module, "AGAIN", 0.0)
    world, desk, journal = made(Status.ASSIGNED, count=1, workers=1)
    desk._voter = lambda *_: VOTE
    desk.review(HEAD)
    wait(desk.under_way())
    monkeypatch.setattr(journal, "_write", _no_room)
    desk.collect()
    desk.review(HEAD)
    return world, desk, journal


def _no_room(*_: object) -> None:
    raise NoRoom("make room")


def test_without_its_salt_on_disk_nothing_is_committed(full: Made) -> None:
    _, desk, journal = full
    assert desk.tasks() == []
    assert _job(journal, 1).salt == b""
    assert desk.waiting(), "it is tried again without a new block"


def test_once_there_is_room_it_is_written_and_committed(full: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    _, desk, journal = full
    monkeypatch.undo()
    for _ in range(2):
        desk.review(HEAD)
    assert _job(journal, 1).salt == VOTE.salt
    assert [task.act for task in desk.tasks()] == [Act.COMMIT]
    assert not desk.waiting()


# What is told


@pytest.fixture
def all_levels() -> Iterator[None]:
    """Lines of every level are made, whatever a test before has configured."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("all_levels")
def test_every_line_about_a_duty_is_bound_with_it(made: Callable[..., Made]) -> None:
    _, desk, journal = made(Status.DISPUTED, count=1, workers=1)
    journal.advance(2, "0xb", [], [Called(1, 1, 2)])

    def voter(*_: object) -> Vote:
        structlog.get_logger().warning("said by another room")
        return VOTE

    desk._voter = voter
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        desk.review(HEAD)
        wait(desk.under_way())
        desk.collect()
    assert len(lines) >= 3
    for line in lines:
        assert line["job"] == 1, line
        assert line["panel"] == 1, line
        assert line["operator"] == desk._account.address, line


def test_its_seats_are_shown_the_most_urgent_first(unlike: Callable[..., Made]) -> None:
    _, desk, _ = unlike({1: 3_000, 2: 2_000}, {}, workers=2)
    desk.review(HEAD)
    assert [(look.job_id, look.deadline, look.act) for look in desk.looks()] == [
        (2, 2_000, Act.RUN),
        (1, 3_000, Act.RUN),
    ]
    assert desk.unfinished() == 2
