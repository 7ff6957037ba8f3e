"""What is due, in every state of a job."""

from dataclasses import replace

import pytest

from fusion.chain.bindings.types import Job, OutcomeKind, Seat, Status
from fusion.chain.client import Block
from node.executor.steps import ANYONES, LONGEST_TURN, NOTHING, Act, next_act, seat_of, turn

ME, OTHER = "0x" + "1" * 40, "0x" + "2" * 40
EMPTY = Seat(operator=ME, kind=OutcomeKind.NONE, commitment=NOTHING, outcome_hash=NOTHING)
COMMITTED = replace(EMPTY, commitment=b"c" * 32)
REVEALED = replace(COMMITTED, kind=OutcomeKind.RESULT, outcome_hash=b"o" * 32)
READY_BLOCK, DEADLINE = 10, 1_000


def _job(status: Status) -> Job:
    return Job(
        status=status,
        kind=OutcomeKind.NONE,
        n=3,
        k=2,
        committed=0,
        revealed=0,
        version=1,
        deadline=DEADLINE,
        ready_block=READY_BLOCK,
        fuel=10**9,
        requester=OTHER,
        fee=30_000,
        royalty_token=OTHER,
        royalty=0,
        lock=300_000,
        spec_hash=NOTHING,
        outcome_hash=NOTHING,
    )


def _head(*, number: int = READY_BLOCK, timestamp: int = DEADLINE - 1) -> Block:
    return Block(number, "0xb", "0xa", timestamp)


READY = _head(number=READY_BLOCK - 1)  # the act is included one block later
EARLY = _head(number=READY_BLOCK - 2)
LATE = _head(timestamp=DEADLINE)


@pytest.mark.parametrize(
    ("status", "seat", "prepared", "head", "act"),
    [
        (Status.OPEN, None, False, EARLY, None),
        (Status.OPEN, None, False, READY, Act.ASSIGN),
        (Status.OPEN, None, False, LATE, Act.EXPIRE),
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
        (Status.REVEALED, None, False, EARLY, Act.TALLY),
        (Status.PROPOSED, REVEALED, True, READY, None),
        (Status.PROPOSED, None, False, LATE, Act.FINALIZE),
        (Status.FINAL, REVEALED, True, LATE, None),
        (Status.FAILED, None, False, LATE, None),
    ],
)
def test_the_act_that_is_due(
    status: Status, seat: Seat | None, *, prepared: bool, head: Block, act: Act | None
) -> None:
    assert next_act(_job(status), seat, head, prepared=prepared) == act


@pytest.mark.parametrize("status", [Status.OPEN, Status.ASSIGNED, Status.COMMITTED, Status.REVEALED, Status.PROPOSED])
def test_once_its_time_is_over_anyone_can_move_a_job_on(status: Status) -> None:
    assert next_act(_job(status), None, LATE, prepared=False) in ANYONES


def test_a_seat_is_found_by_its_operator() -> None:
    assert seat_of([replace(EMPTY, operator=OTHER), COMMITTED], ME) == COMMITTED
    assert seat_of([], ME) is None


@pytest.mark.parametrize("job_id", range(5))
def test_turns_are_distinct_and_go_round(job_id: int) -> None:
    turns = [turn(Act.TALLY, job_id, place, 3) for place in range(3)]
    assert sorted(turns) == [0, 1, 2]
    assert turns[(3 - job_id) % 3] == 0
    assert turn(Act.TALLY, job_id, None, 3) == 3


def test_turns_are_short_and_one_s_own_act_has_none() -> None:
    assert turn(Act.ASSIGN, 0, 999, 1_000) == LONGEST_TURN
    assert turn(Act.COMMIT, 1, 1, 3) == 0
