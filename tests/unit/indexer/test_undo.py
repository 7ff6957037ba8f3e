"""The journal restores exactly what a block changed."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from indexer.digest import table_hash
from indexer.tables import Balance, Change, Income
from indexer.undo import Journal, prune, rollback


def _balance(engine: Engine, block: int, account: str, claimable: int) -> None:
    with Session(engine) as session, session.begin(), Journal(session, block):
        row = session.get(Balance, (account, "token"))
        if row is None:
            row = Balance(account=account, token="token")
            session.add(row)
            session.flush()  # as a query in a fold does: the same block then has two changes of the row
        row.claimable = claimable


def test_rollback_restores_each_block(engine: Engine) -> None:
    hashes = [table_hash(engine)]
    for block, (account, amount) in enumerate([("a", 5), ("b", 2**255), ("a", 7), ("b", 0), ("c", 1)], start=1):
        _balance(engine, block, account, amount)
        hashes.append(table_hash(engine))
    assert len(set(hashes)) == len(hashes)
    for block in reversed(range(5)):
        with Session(engine) as session, session.begin():
            rollback(session, block)
        assert table_hash(engine) == hashes[block]
    with Session(engine) as session:
        assert session.exec(select(Change)).all() == []


def test_rollback_over_many_blocks_at_once(engine: Engine) -> None:
    _balance(engine, 1, "a", 1)
    before = table_hash(engine)
    for block in range(2, 30):
        _balance(engine, block, "ab"[block % 2], block)
    with Session(engine) as session, session.begin():
        rollback(session, 1)
    assert table_hash(engine) == before


def test_a_deleted_row_comes_back(engine: Engine) -> None:
    _balance(engine, 1, "a", 9)
    before = table_hash(engine)
    with Session(engine) as session, session.begin(), Journal(session, 2):
        session.delete(session.get_one(Balance, ("a", "token")))
    assert table_hash(engine) != before
    with Session(engine) as session, session.begin():
        rollback(session, 1)
    assert table_hash(engine) == before


def test_an_unchanged_row_is_not_journaled(engine: Engine) -> None:
    _balance(engine, 1, "a", 9)
    _balance(engine, 2, "a", 9)
    with Session(engine) as session:
        assert {change.block for change in session.exec(select(Change))} == {1}


def test_prune_keeps_what_a_rollback_to_its_block_needs(engine: Engine) -> None:
    hashes = {}
    for block in range(1, 9):
        _balance(engine, block, "a", block)
        hashes[block] = table_hash(engine)
    with Session(engine) as session, session.begin():
        prune(session, 4)
        rollback(session, 4)
    assert table_hash(engine) == hashes[4]


def test_a_failed_block_leaves_nothing(engine: Engine) -> None:
    def fail() -> None:
        with Session(engine) as session, session.begin(), Journal(session, 1):
            session.add(Income(version_id=1, token="token"))
            session.flush()
            raise ZeroDivisionError

    before = table_hash(engine)
    with pytest.raises(ZeroDivisionError):
        fail()
    assert table_hash(engine) == before
    with Session(engine) as session:
        assert session.exec(select(Change)).all() == []
