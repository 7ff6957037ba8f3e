"""Amounts are exact, readers see one state, and the hash is of the rows alone."""

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import StatementError
from sqlmodel import Session, col, select

from fusion.errors import NotReady
from indexer.database import open_engine, prepare, reading
from indexer.digest import Digest, digest, table_hash
from indexer.tables import Balance, Block, Income, Progress


def add(engine: Engine, *rows) -> None:
    with Session(engine) as session, session.begin():
        session.add_all(rows)


def test_amounts_are_exact_and_sort_as_numbers(engine: Engine) -> None:
    dice = random.Random(1)
    amounts = [0, 1, 9, 10, 2**63, 2**64, 2**128 - 1, 2**256 - 1, *(dice.randrange(2**256) for _ in range(50))]
    add(engine, *(Balance(account=str(index), token="t", claimable=amount) for index, amount in enumerate(amounts)))
    with Session(engine) as session:
        rows = session.exec(select(Balance.claimable).order_by(col(Balance.claimable))).all()
        above = session.exec(select(Balance).where(col(Balance.claimable) > 2**64)).all()
    assert list(rows) == sorted(amounts)
    assert len(above) == sum(amount > 2**64 for amount in amounts)


@pytest.mark.parametrize("amount", [-1, 2**256])
def test_what_is_no_uint256_is_not_stored(engine: Engine, amount: int) -> None:
    with pytest.raises(StatementError, match="is not a uint256"):
        add(engine, Balance(account="a", token="t", claimable=amount))


def test_a_reader_sees_one_state_while_another_writes(engine: Engine) -> None:
    with reading(engine) as session:
        assert session.exec(select(Balance)).all() == []
        add(engine, Balance(account="a", token="t"))
        assert session.exec(select(Balance)).all() == []
    with reading(engine) as session:
        assert len(session.exec(select(Balance)).all()) == 1


def test_the_hash_is_of_rows_in_any_order_of_writing(tmp_path: Path) -> None:
    hashes = []
    for order in ([0, 1, 2], [2, 0, 1]):
        engine = open_engine(f"sqlite:///{tmp_path}/{order[0]}.sqlite")
        prepare(engine, "test")
        for index in order:
            add(engine, Income(version_id=index, token="t", received=index))
        hashes.append(table_hash(engine))
        add(engine, Block(number=1, hash="0x1", parent="0x0", timestamp=order[0]))
        assert table_hash(engine) == hashes[-1]  # headers are no entity
        engine.dispose()
    assert hashes[0] == hashes[1]


def test_the_hash_sees_every_column(engine: Engine) -> None:
    add(engine, Income(version_id=1, token="t", received=5))
    seen = {table_hash(engine)}
    for change in ({"received": 6}, {"settled": 1}):
        with Session(engine) as session, session.begin():
            row = session.get_one(Income, (1, "t"))
            for name, value in change.items():
                setattr(row, name, value)
        seen.add(table_hash(engine))
    assert len(seen) == 3


def test_prepare_keeps_tables_of_the_same_deployment(engine: Engine) -> None:
    add(engine, Income(version_id=1, token="t"))
    prepare(engine, "test")
    with Session(engine) as session:
        assert session.get(Income, (1, "t")) is not None
    prepare(engine, "other")
    with Session(engine) as session:
        assert session.get(Income, (1, "t")) is None
        assert session.get_one(Progress, 1).deployment == "other"


def test_a_digest_names_the_block_it_stands_at(engine: Engine, tmp_path: Path) -> None:
    assert (digest(engine).block, digest(engine).block_hash) == (None, None)
    add(engine, Block(number=3, hash="0x3", parent="0x2", timestamp=1))
    with Session(engine) as session, session.begin():
        session.get_one(Progress, 1).block = 3
    assert digest(engine) == Digest(table_hash(engine), 3, "0x3")
    bare = open_engine(f"sqlite:///{tmp_path}/bare.sqlite")
    with pytest.raises(NotReady, match="no tables yet"):
        digest(bare)
    bare.dispose()
