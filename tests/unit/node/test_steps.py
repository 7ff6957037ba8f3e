"""What is due, in every state of a job and of a panel."""

from dataclasses import replace

import pytest

from fusion.chain.bindings.types import Job, OutcomeKind, PanelState, PanelStatus, Seat, Status
from fusion.chain.client import Block
from node.executor.steps import (
    ANYONES,
    JUDGED,
    LONGEST_TURN,
    NOTHING,
    Act,
    Part,
    next_act,
    next_panel_act,
    seat_of,
    turn,
)

ME, OTHER = "0x" + "1" * 40, "0x" + "2" * 40
EMPTY = Seat(operator=ME, kind=OutcomeKind.NONE, released=False, commitment=NOTHING, outcome_hash=NOTHING)
COMMITTED = replace(EMPTY, commitment=b"c" * 32)
REVEALED = replace(COMMITTED, kind=OutcomeKind.RESULT, outcome_hash=b"o" * 32)
READY_BLOCK, DEADLINE, ROOM = 10, 1_000, 6


def _job(status: Status) -> Job:
    return Job(
        status=status,
        kind=OutcomeKind.NONE,
        n=3,
        k=2,
        committed=0,
        revealed=0,
        redraws=0,
        demands=0,
        version=1,
        deadline=DEADLINE,
        ready_block=READY_BLOCK,
        fuel=10**9,
        requester=OTHER,
        fee=30_000,
        royalty_token=OTHER,
        royalty=0,
        lock=300_000,
        assurance_ppm=0,
        panel_id=0,
        challenger=OTHER,
        bond=0,
        demanded=NOTHING,
        spec_hash=NOTHING,
        outcome_hash=NOTHING,
    )


def _panel(status: PanelStatus) -> PanelState:
    return PanelState(
        job_id=1,
        status=status,
        audit=False,
        size=3,
        committed=0,
        revealed=0,
        votes=0,
        kind=OutcomeKind.NONE,
        deadline=DEADLINE,
        ready_block=READY_BLOCK,
        fuel=10**9,
        lock=300_000,
        outcome_hash=NOTHING,
    )


def _head(*, number: int = READY_BLOCK, timestamp: int = DEADLINE - ROOM - 1) -> Block:
    return Block(number, "0xb", "0xa", timestamp)


READY = _head(number=READY_BLOCK - 1)  # the act is included one block later
EARLY = _head(number=READY_BLOCK - 2)
CLOSING = _head(timestamp=DEADLINE - ROOM)
LATE = _head(timestamp=DEADLINE)


def _part(seat: Seat | None, *, prepared: bool = False, stuck: bool = False) -> Part:
    return Part(seat, prepared=prepared, stuck=stuck, room=ROOM)


@pytest.mark.parametrize(
    ("status", "seat", "prepared", "head", "act"),
    [
        (Status.OPEN, None, False, EARLY, None),
        (Status.OPEN, None, False, READY, Act.ASSIGN),
        (Status.OPEN, None, False, LATE, Act.EXPIRE),
        (Status.OPEN, COMMITTED, True, READY, Act.ASSIGN),  # others were silent, and are drawn anew
        (Status.ASSIGNED, None, False, READY, None),
        (Status.ASSIGNED, EMPTY, False, EARLY, Act.RUN),
        (Status.ASSIGNED, EMPTY, True, EARLY, None),
        (Status.ASSIGNED, EMPTY, True, READY, Act.COMMIT),
        (Status.ASSIGNED, COMMITTED, True, READY, None),
        (Status.ASSIGNED, EMPTY, True, LATE, Act.EXPIRE),
        (Status.ASSIGNED, None, False, LATE, Act.EXPIRE),
        (Status.COMMITTED, None, False, READY, None),
        (Status.COMMITTED, EMPTY, True, READY, None),
        (Status.COMMITTED, COMMITTED, True, EARLY, None),
        (Status.COMMITTED, COMMITTED, True, READY, Act.REVEAL),
        (Status.COMMITTED, REVEALED, True, READY, None),
        (Status.COMMITTED, COMMITTED, True, LATE, Act.TALLY),
        (Status.REVEALED, REVEALED, True, READY, Act.TALLY),
        (Status.REVEALED, None, False, EARLY, None),  # the block of the lottery is still to come
        (Status.REVEALED, None, False, LATE, Act.TALLY),  # it has no deadline
        (Status.AUDITED, REVEALED, True, LATE, None),
        (Status.NO_QUORUM, REVEALED, True, LATE, None),
        (Status.DISPUTED, REVEALED, True, LATE, None),
        (Status.PROPOSED, REVEALED, True, READY, None),
        (Status.PROPOSED, None, False, LATE, Act.FINALIZE),
        (Status.DEMANDED, REVEALED, True, READY, None),
        (Status.DEMANDED, REVEALED, True, LATE, Act.EXPIRE),
        (Status.FINAL, REVEALED, True, LATE, None),
        (Status.FAILED, None, False, LATE, None),
    ],
)
def test_the_act_that_is_due(
    status: Status, seat: Seat | None, *, prepared: bool, head: Block, act: Act | None
) -> None:
    assert next_act(_job(status), _part(seat, prepared=prepared), head) == act


@pytest.mark.parametrize(
    ("status", "seat", "prepared", "head", "act"),
    [
        (PanelStatus.CALLED, None, False, EARLY, None),
        (PanelStatus.CALLED, None, False, READY, Act.ASSIGN),
        (PanelStatus.CALLED, None, False, LATE, Act.EXPIRE),
        (PanelStatus.ASSIGNED, None, False, READY, None),
        (PanelStatus.ASSIGNED, EMPTY, False, EARLY, Act.RUN),
        (PanelStatus.ASSIGNED, EMPTY, True, EARLY, None),
        (PanelStatus.ASSIGNED, EMPTY, True, READY, Act.COMMIT),
        (PanelStatus.ASSIGNED, COMMITTED, True, READY, None),
        (PanelStatus.ASSIGNED, None, False, LATE, Act.EXPIRE),
        (PanelStatus.COMMITTED, None, False, READY, None),
        (PanelStatus.COMMITTED, EMPTY, True, READY, None),
        (PanelStatus.COMMITTED, COMMITTED, True, EARLY, None),
        (PanelStatus.COMMITTED, COMMITTED, True, READY, Act.REVEAL),
        (PanelStatus.COMMITTED, REVEALED, True, READY, None),
        (PanelStatus.COMMITTED, COMMITTED, True, LATE, Act.EXPIRE),
        (PanelStatus.DECIDED, REVEALED, True, LATE, None),
    ],
)
def test_the_act_that_a_panel_needs(
    status: PanelStatus, seat: Seat | None, *, prepared: bool, head: Block, act: Act | None
) -> None:
    assert next_panel_act(_panel(status), _part(seat, prepared=prepared), head) == act


@pytest.mark.parametrize("status", sorted(JUDGED))
def test_what_a_panel_decided_is_carried_out_at_once(status: Status) -> None:
    assert next_act(_job(status), Part(), EARLY, decided=True) == Act.RESOLVE


def test_a_demand_is_answered_by_who_has_the_block_while_there_is_time() -> None:
    job = _job(Status.DEMANDED)
    assert next_act(job, Part(holds=True), EARLY) == Act.ANSWER
    assert next_act(job, Part(holds=True), LATE) == Act.EXPIRE


@pytest.mark.parametrize(
    ("stuck", "head", "act"),
    [(True, READY, Act.RUN), (False, CLOSING, Act.RUN), (True, CLOSING, Act.DECLINE), (True, LATE, Act.EXPIRE)],
)
def test_a_run_without_an_outcome_is_declined_when_only_the_time_to_commit_is_left(
    head: Block, act: Act, *, stuck: bool
) -> None:
    part = _part(EMPTY, stuck=stuck)
    assert next_act(_job(Status.ASSIGNED), part, head) == act
    assert next_panel_act(_panel(PanelStatus.ASSIGNED), part, head) == act


@pytest.mark.parametrize(
    "status",
    [Status.OPEN, Status.ASSIGNED, Status.COMMITTED, Status.REVEALED, Status.PROPOSED, Status.DEMANDED],
)
def test_once_its_time_is_over_anyone_can_move_a_job_on(status: Status) -> None:
    assert next_act(_job(status), Part(), LATE) in ANYONES


@pytest.mark.parametrize("status", [PanelStatus.CALLED, PanelStatus.ASSIGNED, PanelStatus.COMMITTED])
def test_once_its_time_is_over_anyone_can_move_a_panel_on(status: PanelStatus) -> None:
    assert next_panel_act(_panel(status), Part(), LATE) in ANYONES


def test_a_seat_is_found_by_its_operator() -> None:
    assert seat_of([replace(EMPTY, operator=OTHER), COMMITTED], ME) == COMMITTED
    assert seat_of([], ME) is None
    assert seat_of([replace(EMPTY, released=True)], ME) is None  # lost by silence


@pytest.mark.parametrize("job_id", range(5))
def test_turns_are_distinct_and_go_round(job_id: int) -> None:
    turns = [turn(Act.TALLY, job_id, place, 3) for place in range(3)]
    assert sorted(turns) == [0, 1, 2]
    assert turns[(3 - job_id) % 3] == 0
    assert turn(Act.TALLY, job_id, None, 3) == 3


def test_turns_are_short_and_one_s_own_act_has_none() -> None:
    assert turn(Act.ASSIGN, 0, 999, 1_000) == LONGEST_TURN
    assert turn(Act.COMMIT, 1, 1, 3) == 0
