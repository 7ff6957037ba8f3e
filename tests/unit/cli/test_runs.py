"""What is refused before a job is posted, with the figures."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from cli.runs import Order, Work, order_run
from cli.session import Session
from fusion.chain.account import Account
from fusion.chain.bindings.types import JobTerms, Operator, Sells, Status
from fusion.errors import BadInput, NotReady

STAKES = {
    "staked": Operator(free=1_000_000_000, locked=0, unbonding=0, unbond_at=0),
    "also staked": Operator(free=1_000_000_000, locked=0, unbonding=0, unbond_at=0),
    "busy": Operator(free=3_000_000, locked=997_000_000, unbonding=0, unbond_at=0),
    "registered": Operator(free=0, locked=0, unbonding=0, unbond_at=0),
    "leaving": Operator(free=999_999_999, locked=0, unbonding=1, unbond_at=9),
}


def ordered(
    seats: int, fee: int, *, value: int = 0, posted: Sequence[SimpleNamespace] = (), again: bool = False
) -> None:
    """Orders a run on a chain with these operators, of which nothing else is there; a seat locks ten fees."""
    staking = SimpleNamespace(
        operator_count=lambda: len(STAKES),
        operator_at=lambda index: list(STAKES)[index],
        operator=STAKES.__getitem__,
        minimum_stake=lambda: 1_000_000_000,
        candidate_count=lambda: 3,
    )
    jobs = SimpleNamespace(
        lock_multiple=lambda: 10,
        minimum_fee=lambda fuel: 120_000,
        bound_of=lambda ppm, n, lock: ppm * n * lock // (1_000_000 - ppm),
        paused=lambda: False,
        job=lambda number: SimpleNamespace(status=Status.ASSIGNED),
    )
    offer = SimpleNamespace(version=1, sells=Sells.RUNS, token="0xA", per_run_price=0)
    market = SimpleNamespace(offer_count=lambda: 1, offer=lambda number: offer)
    token = SimpleNamespace(address="0xA")
    chain = SimpleNamespace(staking=staking, jobs=jobs, market=market, token=token, find=lambda *_, **__: posted)
    session = SimpleNamespace(chain=chain, content=None)
    work = Work(version=1, data=None, feed="simulated", columns={}, settings={}, fuel=10**11, seed=0)
    order = Order(
        work=work, fee=fee, n=seats, k=seats, assurance_ppm=100_000, value=value, offer=1, timeout=0, again=again
    )
    order_run(cast("Session", session), Account.random(), order, lambda stage, share: None)


def test_more_seats_than_operators_with_stake_would_wait_for_nothing() -> None:
    with pytest.raises(BadInput, match=r"--seats is 5: 3 of 5 operators have the least stake and 3\.00 of it free"):
        ordered(5, fee=300_000)


def test_a_fee_locks_what_must_be_free() -> None:
    with pytest.raises(BadInput, match=r"--seats is 3: 2 of 5 .* 3\.00001 of it free, which a fee of 0\.300001 locks"):
        ordered(3, fee=300_001)


def test_what_the_market_would_refuse_is_refused_first() -> None:
    with pytest.raises(BadInput, match=r"a fee of 0\.11 is below the least"):
        ordered(5, fee=110_000)
    with pytest.raises(BadInput, match=r"a value of 5\.00 is more than this job can vouch for, 1\.00"):
        ordered(3, fee=300_000, value=5_000_000)


def test_as_many_seats_as_can_be_drawn_are_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object) -> None:
        raise NotReady("the content is asked for next")

    monkeypatch.setattr("cli.runs.module_code", reached)
    monkeypatch.setattr("cli.runs.ChainListings", reached)
    with pytest.raises(NotReady, match="asked for next"):
        ordered(3, fee=300_000)


def test_an_assurance_that_nobody_could_honour_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reached(*_: object) -> None:
        raise NotReady("the content is asked for next")

    monkeypatch.setattr("cli.runs.module_code", reached)
    monkeypatch.setattr("cli.runs.ChainListings", reached)
    for seats, lines in ((1, 0), (3, 1)):
        with pytest.raises(NotReady, match="asked for next"):
            ordered(seats, fee=300_000)
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n"), "nobody can audit" in told.err) == ("", lines, bool(lines))


def test_a_job_under_way_is_not_refused_for_the_stake_that_it_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(*_: object) -> None:
        raise NotReady("the content is asked for next")

    monkeypatch.setattr("cli.runs.module_code", reached)
    monkeypatch.setattr("cli.runs.ChainListings", reached)
    terms = JobTerms(1, 0, 1, 0, 300_000, 0, 10**11, 100_000, 5, 5)
    with pytest.raises(NotReady, match="asked for next"):
        ordered(5, fee=300_000, posted=[SimpleNamespace(job_id=4, terms=terms)])
    with pytest.raises(BadInput, match="--seats is 5"):
        ordered(5, fee=300_000, posted=[SimpleNamespace(job_id=4, terms=terms)], again=True)
