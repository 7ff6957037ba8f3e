"""Whatever forks the chain makes, the tables are those of a replay of the final chain."""

import copy
import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from fusion.chain.bindings import job_market, license_market, module_registry, operator_staking, revenue_ledger
from fusion.chain.bindings.types import Access, Failure, OutcomeKind, Split
from fusion.chain.contract import Event
from indexer.database import open_engine
from indexer.digest import table_hash
from indexer.follow import Follower
from indexer.scripted import ANYWHERE, TREASURY, ScriptedChain

TOKEN = "0x" + "22" * 20
PEOPLE = ["0x" + f"{number:040x}" for number in range(1, 6)]


class World:
    """What may happen next; a deep copy of it belongs to each block, so that a fork goes on from its own past."""

    def __init__(self) -> None:
        self.modules = self.versions = self.offers = self.licenses = 0
        self.jobs: dict[int, str] = {}
        self.seats: dict[int, list[str]] = {}
        self.free: dict[str, int] = {}
        self.claimable: dict[str, int] = {}

    def events(self, dice: random.Random) -> list[Event]:
        return [event for _ in range(dice.randrange(4)) for event in self._act(dice)]

    def _act(self, dice: random.Random) -> list[Event]:
        acts = [self._module, self._operator, self._credit, self._claim, self._job, self._step]
        if self.modules:
            acts += [self._version, self._module_moves]
        if self.versions:
            acts += [self._offer, self._deprecate]
        if self.offers:
            acts += [self._purchase]
        return dice.choice(acts)(dice)

    def _module(self, dice: random.Random) -> list[Event]:
        self.modules += 1
        name = dice.choice(["ema", "naïve \x00 name", "\ud800", "x" * 300])
        return [
            module_registry.Transfer(from_="0x" + "00" * 20, to=PEOPLE[0], token_id=self.modules, log=ANYWHERE),
            module_registry.ModuleRegistered(module_id=self.modules, author=PEOPLE[0], name=name, log=ANYWHERE),
        ]

    def _module_moves(self, dice: random.Random) -> list[Event]:
        module = dice.randint(1, self.modules)
        return [module_registry.Transfer(from_=PEOPLE[0], to=dice.choice(PEOPLE), token_id=module, log=ANYWHERE)]

    def _version(self, dice: random.Random) -> list[Event]:
        self.versions += 1
        splits = [
            Split(account=PEOPLE[0], version=0, ppm=600_000),
            Split(account="0x" + "00" * 20, version=1, ppm=400_000),
        ]
        return [
            module_registry.Published(
                version_id=self.versions,
                module_id=dice.randint(1, self.modules),
                cid_digest=dice.randbytes(32),
                plain_digest=dice.randbytes(32),
                access=dice.choice(list(Access)),
                min_royalty_ppm=dice.randrange(500_001),
                semver=f"1.0.{self.versions}",
                splits=tuple(splits[: dice.randint(1, 2)]),
                log=ANYWHERE,
            )
        ]

    def _deprecate(self, dice: random.Random) -> list[Event]:
        return [module_registry.Deprecated(version_id=dice.randint(1, self.versions), log=ANYWHERE)]

    def _offer(self, dice: random.Random) -> list[Event]:
        changed = dice.randint(1, self.offers + 1)
        self.offers = max(self.offers, changed)
        return [
            license_market.OfferSet(
                offer_id=changed,
                version=dice.randint(1, self.versions),
                token=TOKEN,
                price=dice.randrange(2**96),
                duration=dice.randrange(2**32),
                per_run_price=dice.randrange(2**96),
                active=dice.random() < 0.5,
                log=ANYWHERE,
            )
        ]

    def _purchase(self, dice: random.Random) -> list[Event]:
        self.licenses += 1
        return [
            license_market.Purchased(
                license_id=self.licenses,
                offer_id=dice.randint(1, self.offers),
                version=1,
                buyer=dice.choice(PEOPLE),
                recipient=dice.choice(PEOPLE),
                token=TOKEN,
                price=dice.randrange(2**96),
                expiry=dice.randrange(2**40),
                log=ANYWHERE,
            ),
            license_market.Transfer(from_=PEOPLE[0], to=dice.choice(PEOPLE), token_id=self.licenses, log=ANYWHERE),
        ]

    def _operator(self, dice: random.Random) -> list[Event]:
        who = dice.choice(PEOPLE)
        self.free[who] = self.free.get(who, 0) + 1_000
        return [
            operator_staking.OperatorRegistered(operator=who, endpoint=f"http://{dice.random()}", log=ANYWHERE),
            operator_staking.Staked(operator=who, amount=1_000, free=self.free[who], log=ANYWHERE),
        ]

    def _credit(self, dice: random.Random) -> list[Event]:
        version, net, fee, paid = dice.randint(1, 3), dice.randrange(2**128), dice.randrange(100), dice.choice(PEOPLE)
        self.claimable[TREASURY] = self.claimable.get(TREASURY, 0) + fee
        self.claimable[paid] = self.claimable.get(paid, 0) + net
        return [
            revenue_ledger.Credited(version=version, token=TOKEN, net=net, protocol_fee=fee, log=ANYWHERE),
            revenue_ledger.AccountCredited(account=paid, token=TOKEN, amount=net, log=ANYWHERE),
            revenue_ledger.SettledUpstream(
                version=version, upstream=version + 1, token=TOKEN, amount=fee, log=ANYWHERE
            ),
            revenue_ledger.Settled(version=version, token=TOKEN, amount=net, log=ANYWHERE),
        ]

    def _claim(self, dice: random.Random) -> list[Event]:
        if not self.claimable:
            return []
        who = dice.choice(sorted(self.claimable))
        amount = self.claimable.pop(who)
        return [revenue_ledger.Claimed(account=who, token=TOKEN, to=who, amount=amount, log=ANYWHERE)]

    def _job(self, dice: random.Random) -> list[Event]:
        job = len(self.jobs) + 1
        self.jobs[job] = "Open"
        return [
            job_market.Posted(
                job_id=job,
                requester=dice.choice(PEOPLE),
                version=1,
                license_id=dice.randrange(2),
                n=3,
                k=2,
                fee=100,
                royalty=7,
                ready_block=dice.randrange(100),
                deadline=dice.randrange(2**40),
                spec_hash=dice.randbytes(32),
                spec=dice.randbytes(dice.randrange(40)),
                log=ANYWHERE,
            )
        ]

    def _step(self, dice: random.Random) -> list[Event]:
        waiting = [job for job, status in self.jobs.items() if status not in ("Final", "Failed")]
        if not waiting:
            return []
        job = dice.choice(waiting)
        return self._assign(job) if self.jobs[job] == "Open" else self._finish(job, dice)

    def _assign(self, job: int) -> list[Event]:
        ready = [who for who, free in sorted(self.free.items()) if free >= 100][:3]
        self.seats[job], self.jobs[job] = ready, "Assigned"
        locks: list[Event] = [
            operator_staking.Locked(operator=who, job_id=job, amount=100, log=ANYWHERE) for who in ready
        ]
        for who in ready:
            self.free[who] -= 100
        return [
            job_market.Rearmed(job_id=job, ready_block=9, log=ANYWHERE),
            *locks,
            job_market.Assigned(job_id=job, operators=tuple(ready), lock=100, ready_block=3, deadline=9, log=ANYWHERE),
        ]

    def _finish(self, job: int, dice: random.Random) -> list[Event]:
        seats = self.seats[job]
        events: list[Event] = [
            job_market.Committed(job_id=job, operator=who, commitment=dice.randbytes(32), log=ANYWHERE) for who in seats
        ]
        events.append(job_market.CommitsClosed(job_id=job, ready_block=4, deadline=11, log=ANYWHERE))
        outcome = b"\x01" * 32
        for who in seats:
            events.append(
                job_market.Revealed(
                    job_id=job,
                    operator=who,
                    kind=OutcomeKind.MODULE_ERROR,
                    outcome_hash=outcome,
                    outcome=b"x",
                    log=ANYWHERE,
                )
            )
            events.append(operator_staking.Unlocked(operator=who, job_id=job, amount=100, log=ANYWHERE))
            self.free[who] += 100
        events.append(job_market.RevealsClosed(job_id=job, log=ANYWHERE))
        if dice.random() < 0.3:
            self.jobs[job] = "Failed"
            failed = job_market.Failed(job_id=job, reason=Failure.NO_QUORUM, refund=100, royalty_refund=7, log=ANYWHERE)
            return [*events, failed]
        self.jobs[job] = "Final"
        kind = OutcomeKind.MODULE_ERROR
        return [
            *events,
            job_market.Proposed(job_id=job, kind=kind, outcome_hash=outcome, votes=3, deadline=12, log=ANYWHERE),
            job_market.Finalized(job_id=job, kind=kind, outcome_hash=outcome, paid=tuple(seats), log=ANYWHERE),
        ]


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

    def drop(self, depth: int) -> None:
        depth = min(depth, len(self._worlds) - 1)
        self.chain.drop(depth)
        del self._worlds[len(self._worlds) - depth :]


def database(folder: str, name: str) -> Engine:
    return open_engine(f"sqlite:///{Path(folder) / name}.sqlite")


steps = st.lists(
    st.tuples(
        st.sampled_from(["mine", "fork", "shrink", "follow", "restart"]), st.integers(1, 12), st.integers(0, 2**32)
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps, span=st.integers(1, 9), kept=st.sampled_from([4, 256]))
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
        engine.dispose()
        fresh.dispose()
