"""Whatever forks the chain makes, the tables are those of a replay of the final chain, and say what is true on it."""

import copy
import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from fusion.chain.bindings import assurance_pool, job_market, license_market, search_market, window_registry
from indexer import tables
from indexer.database import open_engine
from indexer.digest import table_hash
from indexer.fold import FOLDS
from indexer.follow import Follower
from indexer.scripted import ScriptedChain, maker
from tests.property.indexer_world import NOBODY, World

MARKETS = {
    maker(kind): name
    for name, kind in (
        ("license_market", license_market.Purchased),
        ("job_market", job_market.Posted),
        ("assurance_pool", assurance_pool.Spent),
        ("search_market", search_market.SearchPosted),
        ("window_registry", window_registry.BondDeposited),
    )
}


class History:
    """A scripted chain and the world after each of its blocks."""

    def __init__(self) -> None:
        self.chain = ScriptedChain()
        self._worlds = [World()]

    def mine(self, blocks: int, dice: random.Random) -> None:
        for _ in range(blocks):
            world = copy.deepcopy(self._worlds[-1])
            self.chain.mine(world.events(dice))
            self._worlds.append(world)

    @property
    def world(self) -> World:
        """The world as it is at the head."""
        return self._worlds[-1]

    def drop(self, depth: int) -> None:
        depth = min(depth, len(self._worlds) - 1)
        self.chain.drop(depth)
        del self._worlds[len(self._worlds) - depth :]


def check(engine: Engine, world: World) -> None:
    """Funds, jobs, licenses and what is held are those of the world."""
    with Session(engine) as session:
        operators = {row.address: row for row in session.exec(select(tables.Operator))}
        assert operators.keys() == world.courts.stakes.funds.keys()
        for who, funds in world.courts.stakes.funds.items():
            row = operators[who]
            assert (row.free, row.locked, row.unbonding) == (funds.free, funds.locked, funds.unbonding)
            assert row.slashed == funds.slashed
        for job in session.exec(select(tables.Job)):
            said = world.courts.jobs[job.id]
            ended = job.status in ("Final", "Failed")
            assert (job.status, job.redraws, job.panel_id or 0) == (said.status, said.redraws, said.panel)
            assert job.held == (0 if ended else said.held)
            seats = select(tables.Seat).where(tables.Seat.job_id == job.id, tables.Seat.panel_id == 0)
            seated = {row.position: row.operator for row in session.exec(seats) if row.position is not None}
            assert seated == dict(enumerate(said.seats))
        for license_ in session.exec(select(tables.License)):
            bought = world.licenses[license_.id]
            assert (license_.owner or NOBODY, license_.expiry) == (bought.owner, bought.expiry)
        for search in session.exec(select(tables.Search)):
            posted = world.searches.searches[search.id - 1]
            counts = (len(posted.candidates), posted.count("scored"))
            assert (search.status, search.held, (search.committed, search.scored)) == (
                posted.status,
                posted.held,
                counts,
            )
        recorders = {row.address: row.bond for row in session.exec(select(tables.Recorder))}
        assert +Counter(recorders) == +Counter(world.searches.bonds)
        held = {MARKETS[row.market]: row.amount for row in session.exec(select(tables.Holding))}
        assert +Counter(held) == world.held()


def database(folder: str, name: str) -> Engine:
    return open_engine(f"sqlite:///{Path(folder) / name}.sqlite")


steps = st.lists(
    st.tuples(
        st.sampled_from(["mine", "fork", "shrink", "follow", "restart"]), st.integers(1, 12), st.integers(0, 2**32)
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps, span=st.integers(1, 9), kept=st.sampled_from([4, 256]))
@example(steps=[("fork", 6, 433884), *[("mine", 1, 0)] * 4, ("fork", 6, 433884)], span=1, kept=4)  # equal dice twice
def test_tables_are_those_of_a_replay(steps: list[tuple[str, int, int]], span: int, kept: int) -> None:
    history = History()
    with TemporaryDirectory() as folder:
        engine = database(folder, "followed")
        follower = Follower(history.chain, engine, span=span, kept=kept)
        for what, size, seed in steps:
            dice = random.Random(seed)
            if what == "mine":
                history.mine(size, dice)
            elif what == "fork":  # the new branch is longer
                history.drop(size)
                history.mine(size + 1, dice)
            elif what == "shrink":  # the chain came back from an older state
                history.drop(size)
            elif what == "restart":
                follower = Follower(history.chain, engine, span=span, kept=kept)
            else:
                follower.step()
        assert follower.step() == history.chain.head().number
        fresh = database(folder, "fresh")
        Follower(history.chain, fresh, span=1_000).step()
        assert table_hash(engine) == table_hash(fresh)
        check(engine, history.world)
        engine.dispose()
        fresh.dispose()


def test_any_block_of_a_long_life_can_be_undone() -> None:
    """All that is folded happens in it; rolled back, the tables are those of a chain that never went further."""
    history, dice = History(), random.Random(11)
    history.mine(300, dice)
    events = history.chain.events(0, history.chain.head().number)
    assert {type(event) for event in events} == FOLDS.keys()
    with TemporaryDirectory() as folder:
        engine = database(folder, "followed")
        follower = Follower(history.chain, engine, span=1_000)
        follower.step()
        check(engine, history.world)
        for depth in (1, 2, 7, 40, 90):
            history.drop(depth)
            assert follower.step() == history.chain.head().number
            check(engine, history.world)
        fresh = database(folder, "fresh")
        Follower(history.chain, fresh, span=1_000).step()
        assert table_hash(engine) == table_hash(fresh)
        engine.dispose()
        fresh.dispose()
