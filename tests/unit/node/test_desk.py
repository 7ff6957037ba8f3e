"""The desk: whose transactions go first, how long it pauses, and when it gives a job up."""

import math
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import pytest

from fusion.chain.bindings.types import OutcomeKind, PanelStatus, Status
from fusion.chain.rpc import RpcError
from fusion.content.cid import RAW, Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ChainUnavailable, ContentError, ContentUnavailable, ContractRefused
from node.digest import commitment, outcome_hash
from node.executor import desk as desk_module
from node.executor import pauses as pauses_module
from node.executor.desk import BLOCK_PAUSE, RUN_TRIES, SENDING, Desk, _tries
from node.executor.duty import Duty
from node.executor.journal import Called, Entry, Journal, Stage
from node.executor.pauses import LONGEST_PAUSE
from node.executor.run import UNAVAILABLE, Late, NotAttested
from node.executor.steps import ANYONES, Act
from tests.unit.node.desk_world import (
    CLOSING,
    FIRST,
    HEAD,
    ITS_PANEL,
    ME,
    Made,
)


def _collected(desk: Desk) -> None:
    wait(desk.under_way())
    desk.collect()


def _acts(desk: Desk) -> list[Act]:
    return [task.act for task in desk._tasks.values()]


def test_runs_hold_up_no_commitment(made: Callable[..., Made]) -> None:
    _, desk, _ = made(Status.ASSIGNED, count=SENDING + 1, ready=1, workers=SENDING)
    desk.review(HEAD)
    assert _acts(desk) == [Act.COMMIT, *[Act.RUN] * SENDING]


def test_what_anyone_may_do_leaves_room_for_what_only_this_operator_can(
    made: Callable[..., Made],
) -> None:
    world, desk, _ = made(Status.REVEALED, count=3 * SENDING, ready=SENDING)
    desk.review(HEAD)
    assert _acts(desk) == [Act.TALLY] * (SENDING // 2)
    world.status = Status.ASSIGNED
    desk.review(HEAD)
    assert _acts(desk) == [Act.TALLY] * (SENDING // 2) + [Act.COMMIT] * (SENDING - SENDING // 2)
    assert all(desk_module.ways(act) < SENDING for act in ANYONES)


def test_a_chain_that_is_away_costs_no_worker(made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run asks the chain who else keeps its inputs."""

    def away(*_arguments: object) -> list[str]:
        raise ChainUnavailable("away")

    _, desk, _ = made(Status.ASSIGNED, count=1, workers=1)
    monkeypatch.setattr(desk._rounds, "keepers", away)
    desk.review(HEAD)
    assert _acts(desk) == [Act.RUN]
    _collected(desk)
    assert desk._slots.idle == 1


def test_a_pause_that_is_over_wakes_the_desk_once(made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    world, desk, _ = made(Status.REVEALED, count=1)
    now = 50.0
    monkeypatch.setattr(pauses_module.time, "monotonic", lambda: now)
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
    error: str, pause: float, made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, desk, journal = made(Status.OPEN, count=1)
    monkeypatch.setattr(pauses_module.time, "monotonic", lambda: 0.0)
    for _ in range(3_000):
        desk._failed(journal.active()[0], Act.ASSIGN, ContractRefused("too early", error=error))
    assert desk._pauses._of[FIRST].until == pause


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


def _entry(journal: Journal, duty: Duty = FIRST) -> Entry:
    entry = journal.get(duty)
    assert entry is not None
    return entry


def _declined(journal: Journal, duty: Duty = FIRST) -> bool:
    entry = _entry(journal, duty)
    return (entry.stage, entry.kind, entry.document) == (Stage.READY, OutcomeKind.INPUT_UNAVAILABLE, UNAVAILABLE)


def test_missing_content_is_waited_for_and_then_declined(made: Callable[..., Made]) -> None:
    _, desk, journal = made(Status.ASSIGNED, count=1, workers=1, failure=ContentUnavailable("nobody has it"))
    desk.review(HEAD)
    _collected(desk)
    assert _entry(journal).stage is Stage.SEEN
    desk.review(CLOSING)  # its pause does not outlast the time in which it can still commit
    assert _declined(journal)
    assert _entry(journal).outcome_hash == outcome_hash(4, UNAVAILABLE)
    assert _entry(journal).reason == "nobody has it"
    desk.review(CLOSING)
    assert _acts(desk) == [Act.COMMIT]


@pytest.mark.parametrize("failure", [Late("too slow"), ChainUnavailable("away")])
def test_an_operator_that_was_too_slow_says_nothing(failure: Exception, made: Callable[..., Made]) -> None:
    _, desk, journal = made(Status.ASSIGNED, count=1, workers=1, failure=failure)
    desk.review(HEAD)
    _collected(desk)
    desk.review(CLOSING)
    assert _entry(journal).stage is Stage.SEEN


@pytest.mark.parametrize(
    ("failure", "tries"), [(BadInput("sealed"), 1), (NotAttested("out of memory"), RUN_TRIES), (OSError(), RUN_TRIES)]
)
def test_what_nobody_can_run_is_declined_and_not_kept_silent_about(
    failure: Exception, tries: int, made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses_module, "FIRST_PAUSE", 0.0)
    _, desk, journal = made(Status.ASSIGNED, count=1, workers=1, failure=failure)
    for _ in range(tries):
        assert not _declined(journal)
        desk.review(HEAD)
        _collected(desk)
    assert _declined(journal)


def test_a_seat_on_a_panel_is_a_duty_of_its_own(made: Callable[..., Made]) -> None:
    world, desk, journal = made(Status.DISPUTED, count=1, ready=1, workers=1)
    journal.advance(2, "0xb", [], [Called(1, 1, 2)])
    desk.review(HEAD)
    assert _acts(desk) == [Act.RUN]  # the job waits for its panel, and the panel for a run
    assert desk._tasks[ITS_PANEL].entry.job_id == 1
    journal.ready(ITS_PANEL, 1, b"document", b"h" * 32, b"t" * 32)
    world.sent.set()
    _collected(desk)
    desk._pauses.forget_all_but(set())
    desk.review(HEAD)
    _collected(desk)
    panel = world.panel.address
    mine = commitment(1, panel, 1, ME.address, outcome=b"h" * 32, salt=b"t" * 32)
    assert world.calls == [("commit", 1, mine)]


def test_what_the_panel_decided_is_carried_out(made: Callable[..., Made]) -> None:
    world, desk, _ = made(Status.DISPUTED, count=1)
    world.panel_status = PanelStatus.DECIDED
    desk.review(HEAD)
    assert _acts(desk) == [Act.RESOLVE]


def test_a_demanded_block_is_answered_by_who_has_it(made: Callable[..., Made], tmp_path: Path) -> None:
    world, desk, _ = made(Status.DEMANDED, count=1)
    cid = Cid.of_block(RAW, b"a column")
    world.demanded = cid.digest
    desk.review(HEAD)
    assert _acts(desk) == []
    BlockStore(tmp_path / "content").put(cid, b"a column")
    world.sent.set()
    desk.review(HEAD)
    _collected(desk)
    assert world.calls == [("answer", 1, b"a column")]
