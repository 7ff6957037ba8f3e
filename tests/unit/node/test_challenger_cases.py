"""Cases outlive what the chain takes back, what the terms were before, and an endpoint that goes away in between."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.types import Status
from fusion.chain.client import Block
from fusion.errors import ChainUnavailable
from node.digest import keccak
from node.executor.casebook import Case, Casebook, Ending, Stage
from node.executor.challenger import NOBODY, Challenger
from node.executor.proposals import Proposals
from node.executor.slots import Slots
from node.executor.watching import Watching
from node.spec import JobSpec

SPEC = JobSpec(1)
DATA = SPEC.encode()
HEAD = Block(10, "0x0a", "0x09", 1_000)
OLD, NEW = b"o" * 32, b"n" * 32


def case(proposed: bytes = OLD, job_id: int = 7) -> Case:
    return Case(job_id, keccak(DATA), proposed, "drawn")


@pytest.fixture
def job() -> Any:
    """A proposed job as the chain has it now."""
    return SimpleNamespace(
        status=Status.PROPOSED, spec_hash=keccak(DATA), outcome_hash=OLD, version=1, fuel=SPEC.limits.fuel,
        deadline=2_000, challenger=NOBODY, fee=1, assurance_ppm=0, n=3, lock=1,
    )  # fmt: skip


@pytest.fixture
def chain(job: Any) -> Any:
    jobs = SimpleNamespace(
        address=NOBODY,
        job=lambda *_, **__: job,
        job_count=lambda: 9,
        seats=lambda *_, **__: [],
        windows=lambda: SimpleNamespace(challenge=100, confirmations=1),
        minimum_fee=lambda _: 1,
        bound_of=lambda *_: 10**9,
    )
    token = SimpleNamespace(allowance=lambda *_: 10**30)
    return SimpleNamespace(
        deployment=SimpleNamespace(chain_id=1),
        jobs=jobs,
        token=token,
        find=lambda *_, **__: [],
        events=lambda *_: [],
        head=lambda: HEAD,
    )


@pytest.fixture
def journal() -> Any:
    entry = SimpleNamespace(spec=DATA, number=7, block=5, kind=0, outcome_hash=b"", salt=b"")
    return SimpleNamespace(active=list, get=lambda _: entry)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    opened = Casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


def challenger(
    chain: Any, journal: Any, book: Casebook, rerun: Callable[..., bytes], *, max_fuel: int = 10**12
) -> Challenger:
    worker: Any = SimpleNamespace(pid=None)
    return Challenger(
        chain, Account.random(), journal, book, Watching(1.0, 10**9), slots=Slots([worker], 2**30), images={SPEC.image},
        rerun=rerun, busy=lambda: False, leaving=lambda: False, max_fuel=max_fuel,
    )  # fmt: skip


def test_a_run_of_a_proposal_that_is_gone_says_nothing_of_the_next(
    chain: Any, job: Any, journal: Any, book: Casebook
) -> None:
    go_on = threading.Event()

    def rerun(*_: object) -> bytes:
        assert go_on.wait(10)
        return OLD

    book.open(case(OLD))
    of = challenger(chain, journal, book, rerun)
    of.review(HEAD)
    (run,) = (each for each in of.under_way() if not each.done())
    job.outcome_hash = NEW
    of.review(HEAD)
    assert book.get(7) is None
    book.open(case(NEW))
    go_on.set()
    run.exception(10)

    assert of.collect()
    assert book.get(7) == case(NEW)
    assert not book.stopped


def test_a_case_of_earlier_terms_ends_and_holds_up_nothing(chain: Any, journal: Any, book: Casebook) -> None:
    book.open(case())
    of = challenger(chain, journal, book, lambda *_: OLD, max_fuel=1)
    of.review(HEAD)

    ended = book.get(7)
    assert ended is not None
    assert (ended.stage, ended.ending) == (Stage.ENDED, Ending.NOT_RUN)
    assert "this operator gives 1" in ended.told


def test_a_job_is_judged_again_once_the_past_is_known(chain: Any, job: Any, journal: Any, book: Casebook) -> None:
    """Else whoever starts again would let those pass who were slashed before, and those who are new."""
    read_on = threading.Event()
    chain.find = lambda *_, **__: [] if read_on.wait(10) else None
    chain.jobs.seats = lambda *_, **__: [
        SimpleNamespace(operator="0x01", outcome_hash=OLD, kind=0, released=False, commitment=b"c" * 32)
    ]
    of = Proposals(chain, journal, book, operator=NOBODY, checked=lambda *_: SPEC, share=0.0)
    of.again(7)
    assert list(of.suspects(HEAD, 1)) == []

    read_on.set()
    found: list[Case] = []
    while not found:
        found = list(of.suspects(HEAD, 1))
    assert [each.reason for each in found] == ["a seat is new"]
    assert list(of.suspects(HEAD, 1)) == []


def test_what_was_found_before_the_endpoint_went_away_is_kept(
    chain: Any, job: Any, journal: Any, book: Casebook
) -> None:
    away = True

    def read(job_id: int, **_: object) -> Any:
        if away and job_id == 8:
            raise ChainUnavailable("no answer")
        return job

    chain.jobs.job = read
    of = Proposals(chain, journal, book, operator=NOBODY, checked=lambda *_: SPEC, share=1.0)
    of.again(7)
    of.again(8)
    found = of.suspects(HEAD, 1)
    assert next(found) == case(OLD, 7)
    with pytest.raises(ChainUnavailable):
        next(found)

    away = False
    assert list(of.suspects(HEAD, 1)) == [case(OLD, 8)]
    # One that could not be noted comes again.
    of.again(7)
    next(of.suspects(HEAD, 1))
    assert list(of.suspects(HEAD, 1)) == [case(OLD, 7)]
