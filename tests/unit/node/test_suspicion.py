"""Which proposed jobs are run again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.chain.bindings.types import Job, OutcomeKind, Seat, Status
from node.executor.past import Past
from node.executor.steps import NOTHING
from node.executor.suspicion import DEAR, NEWCOMER, Matter, Reason, suspicion, ticket

NOBODY = "0x" + "00" * 20
SAID, OTHER = b"\1" * 32, b"\2" * 32
JOB = Job(
    status=Status.PROPOSED, kind=OutcomeKind.RESULT, n=3, k=2, committed=3, revealed=3, redraws=0, demands=0,
    assurance_ppm=0, deadline=100, ready_block=0, version=1, fuel=10**9, lock=100, requester=NOBODY, fee=10,
    royalty_token=NOBODY, royalty=0, panel_id=0, challenger=NOBODY, bond=0, demanded=NOTHING, spec_hash=b"\3" * 32,
    outcome_hash=SAID,
)  # fmt: skip


def seat(operator: str, outcome: bytes = SAID, kind: OutcomeKind = OutcomeKind.RESULT) -> Seat:
    return Seat(operator, kind, False, b"\4" * 32, outcome)


def known(*operators: str, slashed: str = "") -> Past:
    past = Past()
    past.paid.update(dict.fromkeys(operators, NEWCOMER))
    past.slashed.update(slashed)
    return past


HONEST = Matter(
    job=JOB,
    seats=[seat("a"), seat("b"), seat("c")],
    own=b"",
    past=known("a", "b", "c"),
    least=10,
    value=0,
    bound=0,
)


def test_what_nothing_speaks_against_is_drawn_or_left_alone() -> None:
    assert suspicion(HONEST, 0.5, 0.0) is None
    assert suspicion(HONEST, 0.5, 0.5) is None
    assert suspicion(HONEST, 0.49, 0.5) is Reason.DRAWN
    assert suspicion(HONEST, 0.0, 0.0) is None


def test_who_ran_it_knows() -> None:
    assert suspicion(replace(HONEST, own=OTHER), 1.0, 0.0) is Reason.OWN
    assert suspicion(replace(HONEST, own=SAID, past=known(slashed="abc")), 0.0, 1.0) is None


@pytest.mark.parametrize(
    ("seats", "reason"),
    [
        ([seat("a"), seat("b"), seat("c", OTHER)], Reason.DISSENT),
        ([seat("a"), seat("b"), seat("c", OTHER, OutcomeKind.MODULE_ERROR)], Reason.DISSENT),
        ([seat("a"), seat("b"), seat("c", OTHER, OutcomeKind.INPUT_UNAVAILABLE)], None),
        ([seat("a"), seat("b"), seat("c", NOTHING, OutcomeKind.NONE)], None),
        ([seat("a"), seat("b"), seat("new")], Reason.NEW),
        ([seat("a"), seat("b"), seat("new", NOTHING, OutcomeKind.NONE)], None),
    ],
)
def test_the_seats_tell(seats: list[Seat], reason: Reason | None) -> None:
    assert suspicion(replace(HONEST, seats=seats), 1.0, 0.0) is reason


def test_who_was_slashed_is_watched() -> None:
    assert suspicion(replace(HONEST, past=known("a", "b", "c", slashed="b")), 1.0, 0.0) is Reason.SLASHED
    assert suspicion(replace(HONEST, past=known("a", "b", "c", slashed="z")), 1.0, 0.0) is None
    assert suspicion(replace(HONEST, past=None), 1.0, 0.0) is None  # not known yet


@pytest.mark.parametrize(
    ("least", "value", "bound", "reason"),
    [
        (1, 0, 0, Reason.WORTH),
        (JOB.fee // DEAR + 1, 0, 0, None),
        (10, 50, 100, Reason.WORTH),
        (10, 49, 100, None),
        (10, 0, 100, None),
    ],
)
def test_what_is_worth_much_is_watched(least: int, value: int, bound: int, reason: Reason | None) -> None:
    assert suspicion(replace(HONEST, least=least, value=value, bound=bound), 1.0, 0.0) is reason


@given(secret=st.binary(min_size=32, max_size=32), job_id=st.integers(1, 10**6))
def test_a_ticket_is_the_same_whenever_it_is_drawn(secret: bytes, job_id: int) -> None:
    drawn = ticket(secret, "here", job_id, JOB)

    assert drawn == ticket(secret, "here", job_id, JOB)
    assert 0 <= drawn < 1
    assert drawn != ticket(secret[::-1] + b"x", "here", job_id, JOB)
    assert drawn != ticket(secret, "there", job_id, JOB)
    assert drawn != ticket(secret, "here", job_id, replace(JOB, outcome_hash=OTHER))


def test_tickets_are_spread_evenly() -> None:
    drawn = [ticket(b"s" * 32, "here", job_id, JOB) for job_id in range(4000)]

    assert abs(sum(each < 0.05 for each in drawn) / len(drawn) - 0.05) < 0.02
