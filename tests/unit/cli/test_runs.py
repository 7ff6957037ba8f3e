"""What is refused before a job is posted."""

from types import SimpleNamespace
from typing import cast

import pytest

from cli.runs import Order, order_run, telling
from cli.session import Session
from fusion.chain.account import Account
from fusion.chain.bindings.types import Job, Operator, Status
from fusion.errors import BadInput, NotReady

STAKES = {
    "staked": Operator(free=1_000_000_000, locked=0, unbonding=0, unbond_at=0),
    "busy": Operator(free=3_000_000, locked=997_000_000, unbonding=0, unbond_at=0),
    "registered": Operator(free=0, locked=0, unbonding=0, unbond_at=0),
    "leaving": Operator(free=999_999_999, locked=0, unbonding=1, unbond_at=9),
}


def ordered(seats: int, fee: int, *, posted: int = 0) -> None:
    """Orders a run on a chain with these operators, of which nothing else is there; jobs lock 20 fees once posted."""
    staking = SimpleNamespace(
        operator_count=lambda: len(STAKES),
        operator_at=lambda index: list(STAKES)[index],
        operator=STAKES.__getitem__,
        minimum_stake=lambda: 1_000_000_000,
    )
    jobs = SimpleNamespace(job_count=lambda: posted, job=lambda number: SimpleNamespace(fee=7, lock=140))
    session = SimpleNamespace(chain=SimpleNamespace(staking=staking, jobs=jobs), content=None)
    order = Order(
        version=1,
        data=None,
        feed="simulated",
        columns={},
        settings={},
        fee=fee,
        n=seats,
        k=seats,
        fuel=1,
        seed=0,
        offer=None,
        timeout=0,
    )
    order_run(cast("Session", session), cast("Account", None), order, lambda stage, share: None)


def test_more_seats_than_operators_with_stake_would_wait_for_nothing() -> None:
    with pytest.raises(BadInput, match=r"--seats is 3: 2 of 4 operators have the least stake and 3\.00 of it free"):
        ordered(3, fee=300_000)


def test_a_fee_locks_what_must_be_free() -> None:
    with pytest.raises(BadInput, match=r"--seats is 2: 1 of 4 .* 3\.00001 of it free, which a fee of 0\.300001 locks"):
        ordered(2, fee=300_001)


def test_a_job_posted_before_tells_how_much_is_locked() -> None:
    with pytest.raises(BadInput, match=r"--seats is 2: 1 of 4 .* 6\.00 of it free"):
        ordered(2, fee=300_000, posted=9)


def test_as_many_seats_as_can_be_drawn_are_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object) -> None:
        raise NotReady("the content is asked for next")

    monkeypatch.setattr("cli.runs.module_code", reached)
    monkeypatch.setattr("cli.runs.ChainListings", reached)
    with pytest.raises(NotReady, match="asked for next"):
        ordered(2, fee=300_000)


def test_every_status_of_a_job_has_its_part_of_the_way() -> None:
    told: list[tuple[str, float]] = []
    moved = telling(lambda stage, share: told.append((stage, share)))
    for status in list(Status)[1:]:
        moved(cast("Job", SimpleNamespace(status=status)))
    assert [stage for stage, _ in told] == ["open", "assigned", "committed", "revealed", "proposed", "final", "failed"]
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1][1] == 1.0
