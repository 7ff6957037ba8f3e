"""Every sale and every way a job may go, on a real chain: the index says what the contracts say, after each of them."""

import asyncio
import hashlib
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from api.app import create_app
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.types import Status
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, Parameters, deploy
from fusion.content import dcbor
from fusion.settings import Settings
from indexer import tables
from indexer.database import open_engine
from indexer.digest import table_hash
from indexer.follow import Follower
from tests.integration.agreement import agrees
from tests.integration.town import FEE, LIE, OTHER, PRICE, RUN_PRICE, SALT, TRUTH, Town, outcome_hash

PEOPLE = ("deployer", "treasury", "author", "buyer", "friend")
OPERATORS = ("ann", "bob", "cyd", "dan", "eve", "fay", "gil")
ALL = 1_000_000  # parts per million


@pytest.fixture
def town(anvil: Anvil) -> Town:
    """Seven operators, and a version to run."""
    people = {name: Account.random() for name in (*PEOPLE, *OPERATORS)}
    for account in people.values():
        anvil.fund(account.address)
    deployment = deploy(
        anvil.url,
        people["deployer"],
        treasury=people["treasury"].address,
        parameters=Parameters(canary_interval=1),
    )
    chain = Chain.connect(anvil.url, deployment)
    for account in people.values():
        chain.send(people["deployer"], chain.token.mint(account.address, 100_000 * MUSD))
    town = Town(anvil, chain, people)
    town.stake(*OPERATORS)
    return town


@pytest.fixture
def index(town: Town, tmp_path: Path):
    """Follows to the head, and holds the index to what the contracts say there."""
    engine = open_engine(Settings(home=tmp_path).index)
    follower = Follower(town.chain, engine)

    def followed() -> Engine:
        follower.step()
        agrees(engine, town.chain)
        return engine

    yield followed
    engine.dispose()


def rows(engine: Engine, entity):
    with Session(engine) as session:
        return session.exec(select(entity)).all()


def held(engine: Engine, market: str) -> int:
    return sum(row.amount for row in rows(engine, tables.Holding) if row.market == market)


def test_every_sale(town: Town, index) -> None:
    chain, market = town.chain, town.chain.market
    version = town.publish("author", "ema")
    friend = town["friend"].address
    trial = town.offer(version, trial=600, referral=1_000)
    returned, used, let, plain = (town.buy(trial, version, referrer=friend) for _ in range(4))
    engine = index()
    assert held(engine, market.address) == 4 * PRICE

    town.send("buyer", market.refund(returned))
    used_by = town.post(version, license_=used)
    engine = index()
    assert held(engine, market.address) == 2 * PRICE

    town.anvil.advance(700)
    town.send("friend", market.release(let))
    town.pay("friend", market.address, PRICE)
    town.send("friend", market.renew(let, PRICE))
    town.send("author", market.set_offer(trial, market.offer(trial)))
    engine = index()
    assert held(engine, market.address) == PRICE
    licenses = {row.id: row for row in rows(engine, tables.License)}
    assert licenses[returned].owner is None
    assert licenses[returned].refunded_at is not None
    assert (licenses[used].released_at, licenses[let].renewal_count) != (None, 0)
    assert licenses[plain].refundable_until == market.license(plain).refundable_until != 0
    assert [row.license_id for row in rows(engine, tables.Renewal)] == [let]
    (balance,) = (row for row in rows(engine, tables.Balance) if row.account == friend)
    assert balance.claimable == licenses[used].referral + licenses[let].referral == 2 * PRICE // 10
    assert town.status(used_by) == Status.OPEN

    town.send("deployer", chain.ledger.set_protocol_fee(400))  # after the delay
    engine = index()
    town.anvil.advance(70)
    town.send("deployer", chain.ledger.set_protocol_fee(100))  # at once
    town.send("deployer", market.pause())
    town.send("deployer", chain.jobs.pause())
    town.send("deployer", chain.jobs.unpause())
    town.send("deployer", chain.ledger.allow_token(chain.token.address, allowed=False))
    engine = index()
    assert [row.bps for row in rows(engine, tables.OwnerAct) if row.bps is not None] == [250, 400, 100]


def test_liars_are_judged(town: Town, index, tmp_path: Path) -> None:
    """A challenge that succeeds, one that fails, no quorum, and what GraphQL shows of it all."""
    chain = town.chain
    version = town.publish("author", "ema")
    offer = town.offer(version)

    job = town.post(version, offer=offer)
    town.vote(job, [LIE, LIE, TRUTH])
    town.challenge(job, "friend")
    engine = index()
    assert held(engine, chain.jobs.address) == FEE + RUN_PRICE + chain.jobs.bond_of(job)
    town.judge(job, [TRUTH, TRUTH, OTHER])
    assert town.status(job) == Status.FINAL
    engine = index()
    assert held(engine, chain.jobs.address) == 0
    (dispute,) = rows(engine, tables.Panel)
    slashes = rows(engine, tables.Slash)
    assert [row.fault for row in slashes] == ["Wrong"] * 3
    assert [row.panel_id for row in slashes] == [None, None, 1]
    assert dispute.slashed == sum(row.amount for row in slashes)
    assert dispute.slashed == dispute.to_panel + dispute.to_challenger + dispute.to_requester + dispute.burned

    grudge = town.post(version, offer=offer)
    town.vote(grudge, [TRUTH, TRUTH, TRUTH])
    town.challenge(grudge, "friend")
    town.judge(grudge, [TRUTH, TRUTH, None])
    engine = index()
    torn = town.post(version, offer=offer, k=3)
    town.vote(torn, [TRUTH, TRUTH, LIE])
    assert town.status(torn) == Status.NO_QUORUM
    index()
    town.judge(torn, [TRUTH, LIE, OTHER])  # no majority
    assert town.status(torn) == Status.FAILED
    engine = index()
    assert [row.fault for row in rows(engine, tables.Slash)] == ["Wrong"] * 3 + ["Silent"]

    answer = asyncio.run(_asked(create_app(Settings(home=tmp_path, rpc=town.anvil.url), chain.deployment)))
    assert [(row["cause"], row["overturned"]) for row in answer["disputes"]] == [
        ("Challenge", True),
        ("Challenge", False),
    ]
    assert [(row["status"], row["verified"], row["failure"]) for row in answer["jobs"]] == [
        ("Final", True, None),
        ("Final", True, None),
        ("Failed", False, "NoMajority"),
    ]
    assert [row["fault"] for row in answer["slashes"]] == ["Wrong", "Wrong", "Wrong", "Silent"]
    assert sum(int(row["slashed"]) for row in answer["operators"]) == sum(
        int(row["amount"]) for row in answer["slashes"]
    )


async def _asked(app) -> dict:
    query = """{ disputes { cause overturned } jobs { status verified failure } slashes { fault amount }
                 operators { slashed } }"""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        answer = (await client.post("/graphql", json={"query": query})).json()
    assert "errors" not in answer
    return answer["data"]


def test_the_silent_and_the_withholding(town: Town, index) -> None:
    version = town.publish("author", "ema")
    offer = town.offer(version)
    job = town.post(version, offer=offer)
    first = town.assign(job)
    town.commit(job, {first[1]: TRUTH})
    town.late(job)
    engine = index()
    second = town.assign(job)
    assert second[1] == first[1]
    index()
    town.commit(job, dict.fromkeys((second[0], second[2]), TRUTH))
    town.reveal(job, dict.fromkeys(second[:2], TRUTH))
    town.late(job)
    town.send("buyer", town.chain.jobs.tally(job))
    town.finalize(job)
    engine = index()
    seats = {row.operator: (row.position, row.fault) for row in rows(engine, tables.Seat)}
    assert seats == {
        first[0]: (None, "Silent"),
        first[2]: (None, "Silent"),
        second[0]: (0, None),
        second[1]: (1, None),
        second[2]: (2, "Withheld"),
    }

    forgotten = town.post(version, offer=offer)
    town.anvil.advance(400)
    town.send("buyer", town.chain.jobs.expire(forgotten))
    deserted = town.post(version, offer=offer)
    town.assign(deserted)
    town.late(deserted)
    index()
    town.assign(deserted)
    town.late(deserted)
    town.anvil.mine(5)
    town.send("buyer", town.chain.jobs.assign(deserted))  # one operator is left, too few
    engine = index()
    assert [row.failure for row in rows(engine, tables.Job)] == [None, "NotAssigned", "TooFewCommits"]


def test_what_is_paid_for_to_be_checked(town: Town, index) -> None:
    """Audits that find the same and another outcome, a solo job, canaries, and the pool that pays."""
    chain, buyer = town.chain, town["buyer"]
    version = town.publish("author", "ema")
    offer = town.offer(version)
    town.pay("friend", chain.pool.address, 5 * MUSD)
    town.send("friend", chain.pool.fund(5 * MUSD))
    spec = town.spec()
    canaries = [
        chain.pool.canary_of(buyer.address, _keccak(spec), outcome_hash(TRUTH), salt) for salt in (SALT, b"\1" * 32)
    ]
    for canary in canaries:
        town.send("friend", chain.pool.commit_canary(canary))

    solo = town.post(version, offer=offer, n=1, k=1, assurance=ALL, spec=spec)
    town.vote(solo, [TRUTH])
    assert town.status(solo) == Status.AUDITED
    index()
    town.judge(solo, [TRUTH])
    town.finalize(solo)
    town.send("buyer", chain.pool.open_canary(solo, outcome_hash(TRUTH), SALT))
    engine = index()
    (job,) = rows(engine, tables.Job)
    assert job.verified
    (pool,) = rows(engine, tables.Pool)
    assert pool.balance == chain.pool.balance()
    assert {row.kind for row in rows(engine, tables.PoolEntry)} == {"Deposited", "Spent"}
    opened, waiting = rows(engine, tables.Canary)
    assert (opened.job_id, opened.right, waiting.job_id) == (solo, True, None)

    lied = town.post(version, offer=offer, n=1, k=1, assurance=ALL)
    town.vote(lied, [LIE])
    town.judge(lied, [TRUTH])
    assert town.status(lied) == Status.DISPUTED
    index()
    town.judge(lied, [TRUTH] * 5)
    assert town.status(lied) == Status.FINAL

    caught = town.post(version, offer=offer, n=1, k=1, spec=spec)
    town.vote(caught, [LIE])
    town.send("buyer", chain.pool.open_canary(caught, outcome_hash(TRUTH), b"\1" * 32))
    town.judge(caught, [TRUTH] * 5)
    engine = index()
    panels = [(row.cause, row.votes, row.disputed_hash == row.outcome_hash) for row in rows(engine, tables.Panel)]
    assert panels == [("Audit", 1, True), ("Audit", 1, False), ("Mismatch", 5, False), ("Canary", 5, False)]
    assert all(row.verified for row in rows(engine, tables.Job))


def _keccak(data: bytes) -> bytes:
    from eth_utils.crypto import keccak

    return keccak(data)


def test_demands_and_a_life_undone(town: Town, index, tmp_path: Path) -> None:
    """Bytes that are shown and bytes that are not; and all of it can be taken back by a reorg."""
    chain = town.chain
    version = town.publish("author", "ema")
    offer = town.offer(version)
    engine = index()
    before, start = table_hash(engine), chain.head().number

    block = b"the root of a table"
    document = dcbor.encode({"kind": "Result", "run": b"\7" * 32, "table": hashlib.sha256(block).digest()})
    job = town.post(version, offer=offer, n=1, k=1)
    town.vote(job, [document])
    town.pay("buyer", chain.jobs.address, FEE)
    town.send("buyer", chain.jobs.demand(job, document, [], []))
    engine = index()
    assert held(engine, chain.jobs.address) == FEE + RUN_PRICE + chain.jobs.minimum_fee(10**9)
    town.send("friend", chain.jobs.answer(job, block))
    engine = index()
    assert held(engine, chain.jobs.address) == FEE + RUN_PRICE
    town.send("buyer", chain.jobs.demand(job, document, [], []))
    town.late(job)
    assert town.status(job) == Status.FAILED
    engine = index()
    with Session(engine) as session:
        demands = session.exec(select(tables.Demand).order_by(col(tables.Demand.number))).all()
    assert [(row.answered_by, row.size) for row in demands] == [(town["friend"].address, len(block)), (None, None)]

    fresh = open_engine(f"sqlite:///{tmp_path}/replay.sqlite")
    Follower(chain, fresh, span=17).step()
    assert table_hash(fresh) == table_hash(engine)
    fresh.dispose()
    town.anvil.reorg(chain.head().number - start)
    assert table_hash(index()) == before
