"""Lists are paged, filtered and grouped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from fusion.errors import BadInput
from indexer import views
from indexer.database import open_engine, reading
from indexer.page import Page, by_id, grouped
from indexer.tables import (
    Balance,
    Block,
    Canary,
    Demand,
    Job,
    License,
    Module,
    Offer,
    Panel,
    Pool,
    Progress,
    Revenue,
    Seat,
    Slash,
    Token,
    Version,
)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as writer, writer.begin():
        writer.add_all(module(number) for number in range(1, 8))
        writer.add_all(version(number, of=1 + number % 2) for number in range(1, 10))
        writer.add_all(job(number) for number in range(1, 5))
        for number in range(1, 5):
            operators = ("0xA", "0xB" if number % 2 else "0xC")
            writer.add_all(
                Seat(job_id=number, position=at, operator=who, assigned_at=0) for at, who in enumerate(operators)
            )
        for block, index in ((1, 0), (1, 1), (2, 0), (10, 0)):
            writer.add(
                Revenue(
                    block=block,
                    log_index=index,
                    kind="Claimed",
                    token="t",
                    amount=1,
                    time=0,
                    tx=f"{block}",
                    account="a",
                )
            )
        writer.add_all(Balance(account=account, token=token) for account in "ab" for token in "xy")
    with reading(engine) as reader:
        yield reader


def module(number: int) -> Module:
    author = "ann" if number % 2 else "bob"
    return Module(id=number, name=f"m{number}", author=author, registered_at=0, block=0, tx="")


def version(number: int, *, of: int) -> Version:
    return Version(
        id=number,
        module_id=of,
        semver=f"1.0.{number}",
        cid_digest=f"0x{number}",
        plain_digest="",
        access="Open",
        min_royalty_ppm=0,
        published_at=0,
        block=0,
        tx="",
        deprecated=number == 3,
    )


def job(number: int) -> Job:
    return Job(
        id=number,
        requester="ann",
        version_id=number,
        n=2,
        k=2,
        fuel=1,
        fee=1,
        royalty=0,
        spec_hash="",
        spec="",
        status="Final" if number == 2 else "Open",
        ready_block=0,
        deadline=0,
        posted_at=0,
        block=0,
        tx="",
    )


def ids(rows) -> list[int]:
    return [row.id for row in rows]


def test_pages_follow_one_another(session: Session) -> None:
    assert ids(views.modules(session, Page(3))) == [1, 2, 3]
    assert ids(views.modules(session, Page(3, (3,)))) == [4, 5, 6]
    assert ids(views.modules(session, Page(3, (6,)))) == [7]
    assert ids(views.modules(session, Page(3, newest=True))) == [7, 6, 5]
    assert ids(views.modules(session, Page(3, (5,), newest=True))) == [4, 3, 2]


def test_pages_of_rows_with_two_keys(session: Session) -> None:
    assert [row.tx for row in views.revenue(session, Page(2, (1, 0)))] == ["1", "2"]
    assert [row.tx for row in views.revenue(session, Page(2, newest=True))] == ["10", "2"]
    assert [(row.account, row.token) for row in views.balances(session, Page(2, ("a", "x")))] == [
        ("a", "y"),
        ("b", "x"),
    ]


@pytest.mark.parametrize("first", [0, -1, 201])
def test_the_size_of_a_page_is_bounded(first: int) -> None:
    with pytest.raises(BadInput, match=f"first is {first}; ask for 1 to 200"):
        Page(first)


def test_a_place_of_another_list_is_refused(session: Session) -> None:
    with pytest.raises(BadInput, match="no place in this list"):
        views.modules(session, Page(3, (1, 2)))


def test_filters(session: Session) -> None:
    page = Page()
    assert ids(views.modules(session, page, author="bob")) == [2, 4, 6]
    assert ids(views.modules(session, page, author="bob", name="m4")) == [4]
    assert ids(views.versions(session, page, module=1)) == [2, 4, 6, 8]
    assert ids(views.versions(session, page, deprecated=True)) == [3]
    assert ids(views.versions(session, page, cid_digest="0x5")) == [5]
    assert ids(views.jobs(session, page, statuses=["Final"])) == [2]
    assert ids(views.jobs(session, page, operator="0xB")) == [1, 3]
    assert ids(views.jobs(session, page, operator="0xB", version=3)) == [3]
    assert len(views.revenue(session, page, account="a", kind="Claimed")) == 4
    assert views.revenue(session, page, account="b") == []


def offer(number: int, sells: str) -> Offer:
    return Offer(
        id=number,
        version_id=1,
        token="t",
        sells=sells,
        price=1,
        duration=0,
        trial=0,
        per_run_price=1,
        referral_bps=0,
        resale_bps=0,
        set_at=0,
        block=0,
        tx="",
    )


def license_(number: int, **changed: object) -> License:
    plain = {"buyer": "ann", "owner": "ann", "expiry": 0, "refundable_until": 0}
    return License(
        id=number, offer_id=1, version_id=1, token="t", price=1, purchased_at=0, block=0, tx="", **plain | changed
    )


def panel(number: int, cause: str, **changed: object) -> Panel:
    return Panel(
        id=number,
        job_id=number,
        cause=cause,
        status="Called",
        ready_block=0,
        deadline=0,
        called_at=0,
        block=0,
        tx="",
        **changed,
    )


def stored(engine: Engine, *rows: object) -> Session:
    with Session(engine) as writer, writer.begin():
        writer.add_all(rows)
    return reading(engine)


def test_offers_by_what_they_sell(engine: Engine) -> None:
    rows = [offer(at, sells) for at, sells in enumerate(("Nothing", "Licenses", "Runs", "Both"), start=1)]
    with stored(engine, *rows) as session:
        found = {sells: ids(views.offers(session, Page(), sells=sells)) for sells in ("Nothing", "Licenses", "Runs")}
        assert found == {"Nothing": [1], "Licenses": [2, 4], "Runs": [3, 4]}
        assert ids(views.offers(session, Page(), sells="Both")) == [4]


def test_licenses_by_time(engine: Engine) -> None:
    rows = [
        license_(1),  # perpetual
        license_(2, expiry=100),
        license_(3, expiry=200, refundable_until=50),
        license_(4, owner=None, refunded_at=10),
        license_(5, buyer="bob", owner="bob", referrer="ann"),
    ]
    with stored(engine, *rows) as session:
        page = Page()
        assert ids(views.licenses(session, page, valid_at=99)) == [1, 2, 3, 5]
        assert ids(views.licenses(session, page, valid_at=100)) == [1, 3, 5]  # expiry is the first second it is not
        assert ids(views.licenses(session, page, owner="ann", valid_at=99, expires_before=150)) == [2]
        assert ids(views.licenses(session, page, refundable_at=49)) == [3]
        assert ids(views.licenses(session, page, refundable_at=50)) == []
        assert ids(views.licenses(session, page, refunded=True)) == [4]
        assert ids(views.licenses(session, page, buyer="ann", refunded=False)) == [1, 2, 3]
        assert ids(views.licenses(session, page, referrer="ann")) == [5]


def test_jobs_by_how_they_stand(engine: Engine) -> None:
    rows = [job(number) for number in range(1, 6)]
    rows[0].ended_at, rows[0].verified = 5, True
    rows[2].failure, rows[2].status, rows[2].ended_at = "NoMajority", "Failed", 6
    rows[3].challenger, rows[3].status = "eve", "Disputed"
    with stored(engine, *rows) as session:
        page = Page()
        assert ids(views.jobs(session, page, ended=True)) == [1, 3]
        assert ids(views.jobs(session, page, ended=False)) == [2, 4, 5]
        assert ids(views.jobs(session, page, verified=True)) == [1]
        assert ids(views.jobs(session, page, failure="NoMajority")) == [3]
        assert ids(views.jobs(session, page, challenger="eve")) == [4]
        assert ids(views.jobs(session, page, statuses=["Disputed", "Failed"])) == [3, 4]


def test_panels_and_disputes(engine: Engine) -> None:
    rows = [
        panel(1, "Audit", decided_at=4),
        panel(2, "Challenge", challenger="eve"),
        panel(3, "Mismatch", decided_at=5),
        panel(4, "NoQuorum"),
        Seat(job_id=2, panel_id=2, operator="0xA", position=0, assigned_at=0),
        Seat(job_id=2, panel_id=0, operator="0xB", position=0, assigned_at=0, fault="Wrong", agreed=False),
    ]
    with stored(engine, *rows) as session:
        page = Page()
        assert ids(views.panels(session, page, causes=views.DISPUTES)) == [2, 3]
        assert ids(views.panels(session, page, causes=views.DISPUTES, decided=False)) == [2]
        assert ids(views.panels(session, page, operator="0xA")) == [2]
        assert ids(views.panels(session, page, operator="0xB")) == []
        assert ids(views.panels(session, page, challenger="eve", job=2)) == [2]
        assert ids(views.jobs(session, page)) == []
        assert [row.operator for row in views.seats(session, page, panel=0)] == ["0xB"]
        assert [row.operator for row in views.seats(session, page, job=2, panel=2)] == ["0xA"]
        assert [row.operator for row in views.seats(session, page, fault="Wrong", agreed=False)] == ["0xB"]


def test_slashes_demands_and_the_pool(engine: Engine) -> None:
    rows = [
        Slash(block=1, log_index=0, operator="0xA", job_id=1, fault="Silent", lock=9, amount=1, time=0, tx="a"),
        Slash(
            block=2, log_index=0, operator="0xA", job_id=2, panel_id=7, fault="Wrong", lock=9, amount=9, time=0, tx="b"
        ),
        Slash(block=2, log_index=1, operator="0xB", job_id=2, fault="Wrong", lock=9, amount=9, time=0, tx="c"),
        Demand(job_id=1, number=1, digest="0x1", deposit=1, deadline=9, demanded_at=0, block=1, tx="a", answered_at=4),
        Demand(job_id=1, number=2, digest="0x2", deposit=1, deadline=9, demanded_at=0, block=1, tx="b"),
        Pool(address="0xP", balance=3, deposited=5, spent=2),
        Canary(block=1, log_index=0, commitment="0xc", sponsor="ann", first_job_id=1, committed_at=0, tx="a"),
        Token(address="0xT", allowed=True, changed_at=0, block=0, tx=""),
    ]
    with stored(engine, *rows) as session:
        page = Page()
        assert [row.tx for row in views.slashes(session, page, operator="0xA")] == ["a", "b"]
        assert [row.tx for row in views.slashes(session, page, fault="Wrong", job=2)] == ["b", "c"]
        assert [row.tx for row in views.slashes(session, page, panel=7)] == ["b"]
        assert [row.tx for row in views.demands(session, page, answered=False)] == ["b"]
        assert [row.tx for row in views.demands(session, page, job=1, answered=True)] == ["a"]
        assert views.pool(session).balance == 3
        assert [row.sponsor for row in views.canaries(session, page, opened=False)] == ["ann"]
        assert views.canaries(session, page, opened=True) == []
        assert [row.address for row in views.tokens(session, page, allowed=True)] == ["0xT"]
        assert views.rules(session).sales_paused is False  # before the owner's first act


def test_rows_by_id(session: Session) -> None:
    found = by_id(session, Module, [2, 5, 99])
    assert {key: row.name for key, row in found.items()} == {2: "m2", 5: "m5"}


def test_groups_are_each_a_first_page(session: Session) -> None:
    found = grouped(session, Version, "module_id", [1, 2, 3], Page(2, newest=True))
    assert {key: ids(rows) for key, rows in found.items()} == {1: [8, 6], 2: [9, 7]}
    seats = grouped(session, Seat, "job_id", [1, 2], Page())
    assert [seat.operator for seat in seats[2]] == ["0xA", "0xC"]


def test_meta_is_the_last_block_indexed(engine: Engine, session: Session) -> None:
    assert views.meta(session) is None
    with Session(engine) as writer, writer.begin():
        writer.add(Block(number=4, hash="0x4", parent="0x3", timestamp=40))
        writer.get_one(Progress, 1).block = 4
    with reading(engine) as reader:
        assert views.meta(reader) == views.Meta(4, "0x4", 40)


def test_ready_is_whether_there_are_tables(engine: Engine, tmp_path: Path) -> None:
    assert views.ready(engine)
    bare = open_engine(f"sqlite:///{tmp_path}/bare.sqlite")
    assert not views.ready(bare)
    bare.dispose()
