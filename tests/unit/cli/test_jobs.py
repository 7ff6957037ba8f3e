"""What is told of a job: its seats, its end, and what a dispute cost whom."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.jobs import act, listed, needing_panel, print_answer, print_job, telling, why_failed
from cli.session import Session
from fusion.chain.bindings.types import Failure, Fault, Job, OutcomeKind, PanelStatus, Seat, Status
from fusion.content import dcbor
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentUnavailable, ContractRefused, FusionError, Retryable
from fusion.market.splits import NOBODY
from node.request import Answer


def test_every_status_of_a_job_has_its_part_of_the_way() -> None:
    told: list[tuple[str, float]] = []
    moved = telling(lambda stage, share: told.append((stage, share)))
    for status in list(Status)[1:]:
        moved(cast("Job", SimpleNamespace(status=status)))
    assert {"open", "no quorum", "disputed", "demanded"} < {stage for stage, _ in told}
    assert all(0 < share <= 1 for _, share in told)
    assert [share for _, share in told[-2:]] == [1.0, 1.0]


def job(status: Status, kind: OutcomeKind = OutcomeKind.NONE, **more: object) -> SimpleNamespace:
    hashed = b"\x11" * 32 if kind else bytes(32)
    known = {
        "status": status, "kind": kind, "version": 2, "requester": "0xYou", "fee": 300_000, "n": 3, "k": 2,
        "assurance_ppm": 100_000, "lock": 3_000_000, "deadline": 130, "outcome_hash": hashed,
        "panel_id": 0, "challenger": NOBODY, "bond": 0, "royalty_token": NOBODY, "fuel": 10**11,
    }  # fmt: skip
    return SimpleNamespace(**(known | more))


def told(
    status: Status,
    kind: OutcomeKind = OutcomeKind.NONE,
    *,
    revealed: bytes = b"",
    seats: int = 3,
    events: dict[str, list[Any]] | None = None,
    store: BlockStore | None = None,
    **more: object,
) -> Session:
    """A chain with job 4, whose first seat revealed that document, the second committed, and the third did not act."""
    stands = job(status, kind, **more)
    found: dict[str, list[Any]] = {
        "Revealed": [SimpleNamespace(operator="0x0", outcome_hash=b"\x11" * 32, outcome=revealed)] if seats else [],
        "Failed": [SimpleNamespace(reason=Failure.TOO_FEW_COMMITS, refund=270_000, royalty_refund=0)],
        "Finalized": [SimpleNamespace(paid=("0x0", "0x1"))],
        "Posted": [SimpleNamespace(job_id=number) for number in (1, 2, 4)],
        "Proposed": [SimpleNamespace(outcome_hash=b"\x11" * 32)],
        "Judged": [],
        "Slashed": [],
    } | (events or {})
    taken = [
        Seat("0x0", OutcomeKind.MODULE_ERROR, False, b"\1", b"\x11" * 32),
        Seat("0x1", OutcomeKind.NONE, False, b"\1", bytes(32)),
        Seat("0x2", OutcomeKind.NONE, False, bytes(32), bytes(32)),
    ]
    jobs = SimpleNamespace(
        job=lambda number: stands,
        job_count=lambda: 4,
        seats=lambda number: taken[:seats],
        minimum_fee=lambda fuel: 120_000,
    )
    panel = SimpleNamespace(
        panel=lambda number: SimpleNamespace(
            status=PanelStatus.DECIDED, audit=False, size=3, votes=3, outcome_hash=b"\x22" * 32
        ),
        seats=lambda number: [Seat(f"0xp{at}", OutcomeKind.RESULT, False, b"\1", b"\x22" * 32) for at in range(3)],
    )
    chain = SimpleNamespace(
        jobs=jobs,
        panel=panel,
        token=SimpleNamespace(address="0xToken"),
        staking=SimpleNamespace(endpoint=lambda operator: ""),
        now=lambda: 100,
        find=lambda kind, **_: found[kind.__name__],
    )
    return cast("Session", SimpleNamespace(chain=chain, store=store))


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


def test_what_a_seat_did_is_told_in_a_word() -> None:
    acts = [(OutcomeKind.RESULT, False, b"\1"), (OutcomeKind.NONE, True, b"\1"), (OutcomeKind.NONE, True, bytes(32))]
    seats = [Seat("0x0", kind, released, said, bytes(32)) for kind, released, said in acts]
    assert [act(seat) for seat in seats] == ["revealed", "withheld", "silent"]


def test_a_failed_job_tells_why_and_where_its_money_is(capsys: pytest.CaptureFixture[str]) -> None:
    session = told(Status.FAILED)
    shown = printed(session, capsys)
    assert shown["failed"].startswith("too few operators ran it in time; 0.27 of what it cost is yours again")
    assert "fusion revenue claim" in shown["failed"]
    answer = Answer(session.chain.jobs.job(4), {}, b"")
    with pytest.raises(FusionError, match="job 4 failed: too few operators ran it in time"):
        print_answer(session, 4, answer, as_json=True)


def test_what_comes_back_is_in_the_token_of_the_network_and_with_the_deposit() -> None:
    def back(reason: Failure, **more: object) -> str:
        failed = SimpleNamespace(reason=reason, refund=300_000, royalty_refund=10**18)
        return why_failed(told(Status.FAILED, events={"Failed": [failed]}, **more), 4)

    assert "; 0.30 of what" in back(Failure.NO_MAJORITY, royalty_token="0xEuro")
    assert "; 1,000,000,000,000.30 of what" in back(Failure.NO_MAJORITY, royalty_token="0xToken")
    assert "; 0.42 of what" in back(Failure.BYTES_WITHHELD)


def test_an_end_that_the_endpoint_does_not_give_yet_may_come_later(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Retryable, match="no log of the end of job 4"):
        printed(told(Status.FAILED, events={"Failed": []}), capsys)


def test_a_result_that_nobody_serves_now_hides_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = dcbor.encode({"kind": "Result", "run": bytes(32), "table": bytes(32)})
    session = told(Status.FINAL, OutcomeKind.RESULT, revealed=document, store=BlockStore(tmp_path))
    shown = printed(session, capsys)
    assert (shown["outcome"], shown["paid"]) == ("Result", ["0x0", "0x1"])
    assert "is not in the content store" in shown["unavailable"]
    answer = Answer(session.chain.jobs.job(4), {}, document, ("0x0",))
    with pytest.raises(ContentUnavailable, match=r"job 4 is final; .*: `fusion job show 4`"):
        print_answer(session, 4, answer, as_json=True)


def test_a_job_that_is_not_there_is_told() -> None:
    with pytest.raises(BadInput, match="there is no job 5; jobs here are 1 to 4"):
        print_job(told(Status.OPEN), 5, as_json=True)


def test_a_dispute_is_told_with_its_panel_its_money_and_its_slashes(capsys: pytest.CaptureFixture[str]) -> None:
    events: dict[str, list[Any]] = {
        "Judged": [SimpleNamespace(slashed=9, to_panel=3, to_challenger=2, to_requester=1, burned=3)],
        "Slashed": [SimpleNamespace(operator="0x0", fault=Fault.WRONG, amount=9)],
    }
    session = told(Status.DISPUTED, panel_id=6, challenger="0xCarol", bond=300_000, events=events)
    shown = printed(session, capsys)
    assert (shown["challenger"], shown["bond"]) == ("0xCarol", 300_000)
    assert shown["panel"] == {
        "panel": 6, "status": "decided", "seats": {"0xp0": "revealed", "0xp1": "revealed", "0xp2": "revealed"}
    }  # fmt: skip
    assert shown["verdict"] == {"votes": "3 of 3", "hash": "0x" + "22" * 32}
    assert shown["judged"] == {"slashed": 9, "to_panel": 3, "to_challenger": 2, "to_requester": 1, "burned": 3}
    assert shown["slashed"] == [{"operator": "0x0", "fault": "wrong", "amount": 9}]


def test_where_the_bond_went_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    document = dcbor.encode({"kind": "ModuleError", "run": bytes(32), "error": "KeyError", "lines": [7]})
    judged = SimpleNamespace(slashed=0, to_panel=0, to_challenger=0, to_requester=0, burned=0)

    def bond(status: Status, *, verdict: bool, found: bytes = b"\x11" * 32) -> object:
        events: dict[str, list[Any]] = {"Judged": [judged] if verdict else [], "Called": []}
        events["Proposed"] = [SimpleNamespace(outcome_hash=found)]
        kind = OutcomeKind.MODULE_ERROR if status == Status.FINAL else OutcomeKind.NONE
        session = told(
            status, kind, revealed=document, panel_id=6, challenger="0xCarol", bond=300_000, events=events
        )  # fmt: skip
        return printed(session, capsys).get("bond_to")

    assert bond(Status.FINAL, verdict=True) == {"challenger": 0, "panel": 300_000}
    assert bond(Status.FINAL, verdict=True, found=b"\x33" * 32) == {"challenger": 300_000, "panel": 0}
    assert bond(Status.FINAL, verdict=False) == {"challenger": 300_000, "panel": 0}  # no panel sat
    assert bond(Status.FAILED, verdict=False) == {"challenger": 180_000, "panel": 120_000}
    assert bond(Status.DISPUTED, verdict=False) is None


def test_a_dispute_without_a_panel_says_what_to_do() -> None:
    told = r"a panel takes 3 .* and 2 are left; start more with `fusion operator"
    with pytest.raises(BadInput, match=told), needing_panel(4):
        raise ContractRefused("no", error="TooFewEligible", arguments={"found": 2, "wanted": 3})
    with pytest.raises(ContractRefused), needing_panel(4):
        raise ContractRefused("no", error="IsPaused")


def test_a_solo_job_is_labelled_unverified(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(told(Status.OPEN, n=1, k=1, seats=1), capsys)["level"].startswith("unverified")
    assert printed(told(Status.OPEN), capsys)["level"] == "2 of 3"
    chain = cast("Any", told(Status.OPEN, n=1, k=1)).chain
    assert {row["level"] for row in listed(chain, requester=None, last=20)} == {"unverified"}


def test_jobs_are_listed_newest_first_and_by_requester() -> None:
    chain = cast("Any", told(Status.OPEN)).chain
    assert [row["job"] for row in listed(chain, requester=None, last=3)] == [4, 3, 2]
    assert [row["job"] for row in listed(chain, requester="0xYou", last=2)] == [4, 2]
    chain = cast("Any", told(Status.OPEN, events={"Posted": []})).chain
    assert listed(chain, requester="0xOther", last=3) == []


def test_a_final_job_tells_the_error_of_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    document = dcbor.encode({"kind": "ModuleError", "run": bytes(32), "error": "KeyError", "lines": [7]})
    shown = printed(told(Status.FINAL, OutcomeKind.MODULE_ERROR, revealed=document), capsys)
    assert (shown["outcome"], shown["error"], shown["lines"]) == ("ModuleError", "KeyError", [7])
    assert "seconds_left" not in shown
