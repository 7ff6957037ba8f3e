"""What the follower does when chain, database or another follower move under it."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from fusion.chain.bindings.revenue_ledger import AccountCredited
from fusion.chain.client import Block as Header
from fusion.chain.contract import Event
from fusion.errors import ChainUnavailable, FusionError, Retryable
from indexer.database import open_engine, reading
from indexer.digest import table_hash
from indexer.fold import FOLDS
from indexer.fold.context import Place
from indexer.follow import Follower
from indexer.scripted import ANYWHERE, ScriptedChain
from indexer.tables import Balance, Block, Change, Progress
from indexer.views import meta, stopped

ANN, TOKEN = "0x" + "aa" * 20, "0x" + "cc" * 20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/index.sqlite")
    yield engine
    engine.dispose()


def credit(amount: int) -> AccountCredited:
    return AccountCredited(account=ANN, token=TOKEN, amount=amount, log=ANYWHERE)


def claimable(engine: Engine) -> int:
    with Session(engine) as session:
        row = session.get(Balance, (ANN, TOKEN))
        return 0 if row is None else row.claimable


def test_it_takes_in_spans_up_to_the_head(engine: Engine) -> None:
    chain = ScriptedChain()
    for amount in range(10):
        chain.mine([credit(amount)])
        chain.mine()
    assert Follower(chain, engine, span=3).step() == 20
    assert claimable(engine) == 45
    with reading(engine) as session:
        assert meta(session).hash == chain.head().hash


def test_a_step_at_the_head_asks_once(engine: Engine) -> None:
    chain = Counting()
    follower = Follower(chain, engine)
    follower.step()
    chain.asked = 0
    follower.step()
    assert chain.asked == 1


def test_it_keeps_what_a_rollback_needs_and_no_more(engine: Engine) -> None:
    chain = ScriptedChain()
    for _ in range(40):
        chain.mine([credit(1)])
    Follower(chain, engine, kept=10).step()
    with Session(engine) as session:
        assert [block.number for block in session.exec(select(Block).order_by(Block.number))] == list(range(30, 41))
        assert {change.block for change in session.exec(select(Change))} == set(range(31, 41))
    chain.drop(10)
    Follower(chain, engine, kept=10).step()
    assert claimable(engine) == 30


class Counting(ScriptedChain):
    asked = 0

    def head(self) -> Header:
        self.asked += 1
        return super().head()

    def block(self, number: int) -> Header | None:
        self.asked += 1
        return super().block(number)

    def blocks(self, first: int, last: int) -> list[Header]:
        self.asked += 1
        return super().blocks(first, last)


class Moving(ScriptedChain):
    """Forks once, between the reading of headers and that of logs."""

    armed = False

    def events(self, first: int, last: int) -> list[Event]:
        if self.armed:
            self.armed = False
            self.drop(1)
            self.branch()
        return super().events(first, last)

    def branch(self) -> None:
        raise NotImplementedError


class ToLogs(Moving):
    def branch(self) -> None:
        self.mine([credit(5)])


class ToNone(Moving):
    def branch(self) -> None:
        self.mine()


@pytest.mark.parametrize(
    ("kind", "events", "expected"), [(ToLogs, [], 5), (ToLogs, [credit(3)], 5), (ToNone, [credit(3)], 0)]
)
def test_a_fork_between_headers_and_logs_is_seen(engine: Engine, kind, events, expected: int) -> None:
    chain = kind()
    follower = Follower(chain, engine)
    follower.step()
    chain.mine(events)
    chain.armed = True
    with pytest.raises(Retryable):
        follower.step()
    follower.step()
    assert claimable(engine) == expected


def test_another_deployment_starts_anew(engine: Engine) -> None:
    first, second = ScriptedChain(), ScriptedChain()
    first.mine([credit(7)])
    Follower(first, engine).step()
    second.deployment = type(second.deployment)(2, {"MockUSD": "0x" + "33" * 20}, 0, "other")
    follower = Follower(second, engine)
    assert claimable(engine) == 0
    follower.step()
    assert claimable(engine) == 0


def test_the_same_deployment_goes_on(engine: Engine) -> None:
    chain = ScriptedChain()
    chain.mine([credit(7)])
    Follower(chain, engine).step()
    kept = table_hash(engine)
    Follower(chain, engine)
    assert table_hash(engine) == kept


def test_tables_of_another_version_are_made_anew(engine: Engine) -> None:
    chain = ScriptedChain()
    chain.mine([credit(7)])
    Follower(chain, engine).step()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE balance RENAME COLUMN claimed TO taken")
    Follower(chain, engine).step()
    assert claimable(engine) == 7


def test_two_followers_do_not_mix(engine: Engine) -> None:
    chain = ScriptedChain()
    chain.mine([credit(7)])
    one = Follower(chain, engine)

    class Racing(ScriptedChain):
        """Another follower takes in the block while this one reads its logs."""

        def events(self, first: int, last: int) -> list[Event]:
            one.step()
            return chain.events(first, last)

    racing = Racing()
    racing._blocks, racing._events = chain._blocks, chain._events
    with pytest.raises(Retryable, match="another follower"):
        Follower(racing, engine).step()
    assert claimable(engine) == 7


def test_a_chain_shorter_than_the_deployment_is_waited_for(engine: Engine) -> None:
    chain = ScriptedChain()
    chain.deployment = type(chain.deployment)(1, chain.deployment.contracts, 5, "late")
    assert Follower(chain, engine).step() is None
    for _ in range(5):
        chain.mine([credit(1)])
    assert Follower(chain, engine).step() == 5
    assert claimable(engine) == 1  # blocks before the deployment are not read


@pytest.mark.parametrize(
    "fault",
    [ChainUnavailable("gone"), FusionError("nonsense"), OperationalError("", None, Exception("database is locked"))],
)
def test_run_waits_and_goes_on(engine: Engine, fault: Exception) -> None:
    class Faulty(ScriptedChain):
        faults = 2

        def head(self) -> Header:
            if self.faults:
                self.faults -= 1
                raise fault
            return super().head()

    chain = Faulty()
    chain.mine([credit(9)])
    stop = threading.Event()
    thread = threading.Thread(target=Follower(chain, engine).run, args=(stop,), kwargs={"poll": 0.005})
    thread.start()
    deadline = time.monotonic() + 10
    while claimable(engine) != 9 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert claimable(engine) == 9


def test_a_stopped_step_leaves_a_whole_state(engine: Engine) -> None:
    chain = ScriptedChain()
    for _ in range(20):
        chain.mine([credit(1)])
    stop = threading.Event()

    class Stopping(ScriptedChain):
        def events(self, first: int, last: int) -> list[Event]:
            if first > 8:
                stop.set()
            return chain.events(first, last)

    stopping = Stopping()
    stopping._blocks, stopping._events = chain._blocks, chain._events
    at = Follower(stopping, engine, span=4).step(stop)
    assert at is not None
    assert 8 < at < 20
    with Session(engine) as session:
        assert session.exec(select(Progress)).one().block == at == claimable(engine)


def test_a_block_that_cannot_be_taken_in_is_named_and_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: Event, session: Session, place: Place) -> None:
        raise KeyError(place.block)

    chain = ScriptedChain()
    chain.mine([credit(1)])
    chain.mine([credit(2)])
    follower = Follower(chain, engine)
    follower.step()
    chain.mine([credit(4), credit(8)])
    whole = FOLDS[AccountCredited]
    monkeypatch.setitem(FOLDS, AccountCredited, broken)
    why = "block 3, log 0 (AccountCredited) cannot be taken in: KeyError: 3"
    with pytest.raises(FusionError, match=re.escape(why)):
        follower.step()
    with reading(engine) as session:
        assert (stopped(session), meta(session).number) == (why, 2)
    assert claimable(engine) == 3

    monkeypatch.setattr("indexer.follow._LONGEST_WAIT_S", 0.005)
    stop = threading.Event()
    thread = threading.Thread(target=follower.run, args=(stop,), kwargs={"poll": 0.005})
    thread.start()
    try:
        time.sleep(0.05)
        assert thread.is_alive()  # it waits, where it would be started again and again
        monkeypatch.setitem(FOLDS, AccountCredited, whole)
        deadline = time.monotonic() + 10
        while claimable(engine) != 15 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join(5)
    assert claimable(engine) == 15
    with reading(engine) as session:
        assert stopped(session) is None


def test_rows_that_a_database_refuses_name_their_block(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(event: Event, session: Session, place: Place) -> None:
        session.add(Block(number=place.block, hash="", parent="", timestamp=0))

    chain = ScriptedChain()
    chain.mine([credit(1)])
    monkeypatch.setitem(FOLDS, AccountCredited, twice)
    with pytest.raises(FusionError, match="block 1 cannot be taken in: IntegrityError"):
        Follower(chain, engine).step()
