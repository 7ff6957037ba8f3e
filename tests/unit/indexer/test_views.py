"""Lists are paged, filtered and grouped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from fusion.errors import BadInput
from indexer import views
from indexer.database import open_engine, prepare, reading
from indexer.page import Page, by_id, grouped
from indexer.tables import Balance, Block, Job, Module, Progress, Revenue, Seat, Version


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/index.sqlite")
    prepare(engine, "test")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as writer, writer.begin():
        writer.add_all(module(number) for number in range(1, 8))
        writer.add_all(version(number, of=1 + number % 2) for number in range(1, 10))
        writer.add_all(job(number) for number in range(1, 5))
        for number in range(1, 5):
            operators = ("0xA", "0xB" if number % 2 else "0xC")
            writer.add_all(Seat(job_id=number, position=at, operator=who) for at, who in enumerate(operators))
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
    assert ids(views.jobs(session, page, status="Final")) == [2]
    assert ids(views.jobs(session, page, operator="0xB")) == [1, 3]
    assert ids(views.jobs(session, page, operator="0xB", version=3)) == [3]
    assert len(views.revenue(session, page, account="a", kind="Claimed")) == 4
    assert views.revenue(session, page, account="b") == []


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
