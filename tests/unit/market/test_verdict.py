"""Who is paid what: the rules of IJobMarket's doc comment, and that no base unit is made or lost."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.market import verdict
from fusion.market.verdict import Called, Fault, Outcome, Quiet, Stake, Trial

RIGHT, WRONG = b"right", b"wrong"
FEE, PPM, LOCK = 1_000_000, 500_000, 10_000_000
PARTS = verdict.fee_of(FEE, PPM, 3)


def trial(called: Called, seats: list[Outcome], panel: list[Outcome], *, proposed: Outcome, slashed: int = 0) -> Trial:
    bond = verdict.bond_of(FEE, LOCK) if called is Called.CHALLENGE else 0
    return Trial(FEE, PPM, 30_000, called, bond, proposed, seats, panel, slashed)


def test_the_pool_takes_what_an_audit_costs_on_average() -> None:
    assert PARTS.pool == FEE * PPM // (3 * 1_000_000 + PPM) == 142_857
    assert abs(PARTS.pool - PARTS.seat * PPM // 1_000_000) <= 1
    assert verdict.fee_of(FEE, 0, 3).pool == 0


def test_a_quorum_shares_the_fee_and_the_lowest_seat_takes_the_remainder() -> None:
    paid = verdict.by_quorum(100, 0, [WRONG, RIGHT, RIGHT, RIGHT], RIGHT)
    assert paid.seats == (0, 34, 33, 33)


@pytest.mark.parametrize(
    ("fault", "stake", "taken"),
    [
        (Fault.SILENT, Stake(free=0, locked=1_000, unbonding=0, lock=1_000), 50),
        (Fault.WITHHELD, Stake(free=0, locked=1_000, unbonding=0, lock=1_000), 200),
        (Fault.WRONG, Stake(free=0, locked=1_000, unbonding=0, lock=1_000), 1_000),
        (Fault.WRONG, Stake(free=20_000, locked=1_000, unbonding=9_000, lock=1_000), 3_000),
        # Ten per cent of what is mostly tied to other jobs: their locks are never touched.
        (Fault.WRONG, Stake(free=500, locked=90_000, unbonding=100, lock=1_000), 1_600),
    ],
)
def test_what_a_fault_costs(fault: Fault, stake: Stake, taken: int) -> None:
    assert verdict.taken_for(fault, stake) == taken


def test_a_lie_of_all_seats_pays_panel_challenger_and_requester_and_the_rest_burns() -> None:
    case = trial(Called.CHALLENGE, [WRONG] * 3, [RIGHT] * 7, proposed=WRONG, slashed=3 * LOCK)
    paid = verdict.by_panel(case)
    s = PARTS.seat
    assert paid.outcome == RIGHT
    assert paid.seats == (0, 0, 0)
    assert sum(paid.panel) == PARTS.operators + 7 * s
    assert paid.challenger == case.bond + s * 110 // 100
    assert paid.requester == FEE
    assert paid.burned == 3 * LOCK - 7 * s - s * 110 // 100 - FEE


def test_a_failed_challenge_pays_its_bond_to_the_panel() -> None:
    case = trial(Called.CHALLENGE, [RIGHT] * 3, [RIGHT] * 7, proposed=RIGHT)
    paid = verdict.by_panel(case)
    assert sum(paid.seats) == PARTS.operators
    assert sum(paid.panel) == case.bond
    assert paid.challenger == 0


def test_a_failed_challenge_that_catches_a_dissenting_seat_pays_the_panel_by_the_bond_alone() -> None:
    case = trial(Called.CHALLENGE, [RIGHT, RIGHT, WRONG], [RIGHT] * 7, proposed=RIGHT, slashed=LOCK)
    paid = verdict.by_panel(case)
    assert sum(paid.panel) == case.bond
    assert (paid.challenger, paid.requester, paid.burned) == (0, FEE, LOCK - FEE)


def test_after_a_missed_quorum_seats_and_panelists_that_are_right_share_the_fee() -> None:
    case = trial(Called.NO_QUORUM, [RIGHT, WRONG, Quiet.UNAVAILABLE], [RIGHT] * 3, proposed=Quiet.ABSENT, slashed=LOCK)
    paid = verdict.by_panel(case)
    quarter = PARTS.operators // 4
    assert paid.seats == (PARTS.operators - 3 * quarter, 0, 0)
    assert paid.panel == (quarter,) * 3
    assert (paid.requester, paid.burned) == (FEE, LOCK - FEE)


def test_an_auditor_proved_wrong_pays_the_panel() -> None:
    paid = verdict.by_panel(trial(Called.AUDIT, [RIGHT] * 3, [RIGHT] * 5, proposed=RIGHT, slashed=LOCK))
    assert sum(paid.seats) == PARTS.operators
    assert paid.panel == (PARTS.seat,) * 5


def test_the_panel_of_a_false_canary_shares_the_job_fee_with_the_seats() -> None:
    case = trial(Called.CANARY, [RIGHT] * 3, [RIGHT] * 7, proposed=RIGHT)
    paid = verdict.by_panel(case)
    operators = verdict.fee_of(case.fee, case.assurance_ppm, 3).operators
    assert paid.seats + paid.panel == verdict.share(operators, [True] * 10)
    assert paid.challenger == 0


def test_a_canary_that_was_right_pays_its_sponsor_like_a_challenger() -> None:
    paid = verdict.by_panel(trial(Called.CANARY, [WRONG] * 3, [RIGHT] * 7, proposed=WRONG, slashed=3 * LOCK))
    assert paid.challenger == PARTS.seat * 110 // 100
    assert sum(paid.panel) == PARTS.operators + 7 * PARTS.seat


def test_a_refusal_is_fined_where_it_missed_the_quorum_and_a_panel_had_the_inputs() -> None:
    seats: list[Outcome] = [RIGHT, RIGHT, Quiet.UNAVAILABLE]
    missed = trial(Called.NO_QUORUM, seats, [RIGHT] * 3, proposed=Quiet.ABSENT)
    assert verdict.refused(missed) == [False, False, True]
    assert not any(verdict.refused(trial(Called.CHALLENGE, seats, [RIGHT] * 3, proposed=RIGHT)))
    nowhere = trial(Called.NO_QUORUM, seats, [Quiet.UNAVAILABLE] * 3, proposed=Quiet.ABSENT)
    assert not any(verdict.refused(nowhere))


def test_without_a_majority_the_bond_pays_the_panel_and_nobody_is_slashed() -> None:
    case = trial(Called.CHALLENGE, [RIGHT] * 3, [RIGHT, WRONG, Quiet.ABSENT], proposed=RIGHT)
    paid = verdict.by_panel(case)
    assert paid.outcome is Quiet.ABSENT
    assert paid.seats == (10_000,) * 3
    assert paid.panel == (10_000, 10_000, 0)
    assert paid.challenger == case.bond - 20_000
    assert paid.requester == FEE - 30_000


def test_more_than_half_of_all_seats_decide_and_unavailable_inputs_are_no_verdict() -> None:
    assert verdict.majority([RIGHT, RIGHT, WRONG]) == RIGHT
    assert verdict.majority([RIGHT, WRONG, Quiet.ABSENT]) is Quiet.ABSENT
    assert verdict.majority([Quiet.UNAVAILABLE] * 3) is Quiet.ABSENT


@pytest.mark.parametrize(("ppm", "bound"), [(100_000, 3.33), (500_000, 30), (900_000, 270)])
def test_the_bound_of_the_design(ppm: int, bound: float) -> None:
    assert verdict.bound_of(ppm, 3, 10 * FEE) / FEE == pytest.approx(bound, rel=2e-3)
    assert verdict.bound_of(1_000_000, 3, 10 * FEE) == verdict.UNBOUNDED


outcomes = st.sampled_from([RIGHT, WRONG, Quiet.ABSENT, Quiet.UNAVAILABLE])


@given(
    fee=st.integers(0, 10**12),
    ppm=st.integers(0, 1_000_000),
    base=st.integers(0, 10**12),
    called=st.sampled_from(Called),
    bond=st.integers(0, 10**12),
    proposed=st.sampled_from([RIGHT, WRONG]),
    seats=st.lists(outcomes, min_size=1, max_size=7),
    panel=st.lists(outcomes, min_size=3, max_size=7),
    slashed=st.integers(0, 10**13),
)
def test_no_base_unit_is_made_or_lost(
    fee: int,
    ppm: int,
    base: int,
    called: Called,
    bond: int,
    proposed: bytes,
    seats: list[Outcome],
    panel: list[Outcome],
    slashed: int,
) -> None:
    undecided = not isinstance(verdict.majority(panel), bytes)
    case = Trial(
        fee=fee,
        assurance_ppm=ppm,
        base=base,
        called=called,
        bond=bond if called is Called.CHALLENGE else 0,
        proposed=Quiet.ABSENT if called is Called.NO_QUORUM else proposed,
        seats=seats,
        panel=panel,
        slashed=0 if undecided else slashed,
    )
    paid = verdict.by_panel(case)
    amounts = [*paid.seats, *paid.panel, paid.challenger, paid.requester, paid.pool, paid.burned]
    assert min(amounts) >= 0
    assert sum(amounts) == case.fee + case.bond + case.slashed


def test_nobody_who_was_wrong_or_quiet_is_paid_by_a_verdict() -> None:
    kinds: list[Outcome] = [RIGHT, WRONG, Quiet.UNAVAILABLE]
    for called, seats in product(Called, product(kinds, repeat=3)):
        panel: list[Outcome] = [RIGHT, RIGHT, RIGHT, WRONG, Quiet.ABSENT]
        paid = verdict.by_panel(trial(called, list(seats), panel, proposed=WRONG, slashed=LOCK))
        assert all(amount == 0 for outcome, amount in zip(seats, paid.seats, strict=True) if outcome != RIGHT)
        assert paid.panel[3:] == (0, 0)
