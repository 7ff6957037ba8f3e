"""What is refused before a job is posted, and what is told of a job."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.runs import Order, order_run, print_answer, print_job, shares, telling
from cli.session import Session
from fusion.chain.account import Account
from fusion.chain.bindings.types import Failure, Job, Operator, OutcomeKind, Split, Status
from fusion.content import dcbor
from fusion.errors import BadInput, FusionError, NotReady
from fusion.market.splits import NOBODY
from node.request import Answer

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


def told(status: Status, kind: OutcomeKind = OutcomeKind.NONE, *, revealed: bytes = b"", seats: int = 3) -> Session:
    """A chain with job 4, whose first seat revealed that document, the second committed, and the third did not act."""
    hashed = b"\x11" * 32 if kind else bytes(32)
    job = SimpleNamespace(
        status=status, kind=kind, version=2, requester="0xYou", fee=300_000, n=3, k=2, deadline=130, outcome_hash=hashed
    )
    acts = [(OutcomeKind.MODULE_ERROR, b"\1"), (OutcomeKind.NONE, b"\1"), (OutcomeKind.NONE, b"\0")]
    taken = [SimpleNamespace(operator=f"0x{at}", kind=act, commitment=said) for at, (act, said) in enumerate(acts)]
    events: dict[str, list[Any]] = {
        "Revealed": [SimpleNamespace(operator="0x0", outcome_hash=b"\x11" * 32, outcome=revealed)] if seats else [],
        "Failed": [SimpleNamespace(reason=Failure.TOO_FEW_COMMITS)],
    }
    jobs = SimpleNamespace(job=lambda number: job, seats=lambda number: taken[:seats])
    chain = SimpleNamespace(jobs=jobs, now=lambda: 100, find=lambda kind, job_id: events[kind.__name__])
    return cast("Session", SimpleNamespace(chain=chain))


def printed(session: Session, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    print_job(session, 4, as_json=True)
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    return shown


def test_a_job_under_way_tells_its_seats_and_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(told(Status.COMMITTED), capsys)
    assert (shown["status"], shown["seconds_left"], shown["fee"]) == ("committed", 30, 300_000)
    assert shown["seats"] == {"0x0": "revealed", "0x1": "committed", "0x2": "assigned"}
    assert shown["operators"] == {"0x0": "0x" + "11" * 32}
    assert printed(told(Status.OPEN, seats=0), capsys)["seats"] == {}


def test_a_failed_job_tells_why_and_where_its_money_is(capsys: pytest.CaptureFixture[str]) -> None:
    session = told(Status.FAILED)
    shown = printed(session, capsys)
    assert shown["failed"].startswith("too few operators ran it in time; what it cost")
    assert "fusion revenue claim" in shown["failed"]
    answer = Answer(session.chain.jobs.job(4), {}, b"")
    with pytest.raises(FusionError, match="job 4 failed: too few operators ran it in time"):
        print_answer(session, 4, answer, as_json=True)


def test_a_final_job_tells_the_error_of_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    document = dcbor.encode({"kind": "ModuleError", "run": bytes(32), "error": "KeyError", "lines": [7]})
    shown = printed(told(Status.FINAL, OutcomeKind.MODULE_ERROR, revealed=document), capsys)
    assert (shown["outcome"], shown["error"], shown["lines"]) == ("MODULE_ERROR", "KeyError", [7])
    assert "seconds_left" not in shown


def test_a_revenue_table_is_percentages_to_a_person_and_parts_per_million_to_a_program() -> None:
    table = [Split("0xAda", 0, 875_000), Split(NOBODY, 4, 125_000)]
    assert shares(table, as_json=False) == ["87.5% to 0xAda", "12.5% to version 4"]
    assert shares(table, as_json=True)[1] == {"account": NOBODY, "version": 4, "ppm": 125_000}
