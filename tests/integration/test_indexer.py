"""The index on a real chain: what it shows is what the contracts say, through reorgs, restarts and kills."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session, select

from api.app import create_app
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil, free_port
from fusion.chain.bindings.job_market import Assigned, JobTerms, Posted
from fusion.chain.bindings.license_market import Offer, OfferSet, Purchased
from fusion.chain.bindings.module_registry import Access, ModuleRegistered, Published, Split, VersionTerms
from fusion.chain.bindings.types import OutcomeKind
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD
from fusion.errors import ChainUnavailable
from fusion.settings import Settings
from indexer import tables, views
from indexer.database import open_engine, reading
from indexer.digest import table_hash
from indexer.fold.context import hexed, word
from indexer.follow import Follower

PRICE = 40 * MUSD
FEE = 3 * MUSD
STAKE = 5_000 * MUSD
OPERATORS = ("ann", "bob", "cyd")
NOBODY = "0x" + "00" * 20
SALT = b"\x05" * 32


def publish(deployed, author: str, name: str, splits: list[Split]) -> int:
    chain, account = deployed.chain, deployed[author]
    module = chain.send(account, chain.registry.register_module(name)).event(ModuleRegistered).module_id
    digest = name.encode().ljust(32, b"\0")
    terms = VersionTerms(digest, digest, Access.OPEN, 100_000, "1.0.0")
    return chain.send(account, chain.registry.publish(module, terms, splits)).event(Published).version_id


def sell(deployed, version: int) -> int:
    chain, buyer = deployed.chain, deployed["buyer"]
    terms = Offer(chain.token.address, version, 86_400, PRICE, 0, active=True)
    offer = chain.send(deployed["author"], chain.market.set_offer(0, terms)).event(OfferSet).offer_id
    chain.send(buyer, chain.token.approve(chain.market.address, PRICE))
    purchase = chain.market.purchase(offer, buyer.address, PRICE, version)
    return chain.send(buyer, purchase).event(Purchased).license_id


def stake(deployed) -> None:
    chain = deployed.chain
    for name in OPERATORS:
        chain.send(deployed[name], chain.staking.register(f"http://{name}.example/ipfs"))
        chain.send(deployed[name], chain.token.approve(chain.staking.address, STAKE))
        chain.send(deployed[name], chain.staking.stake(STAKE))
    chain.send(deployed["cyd"], chain.staking.request_unbond(7 * MUSD))


def post(deployed, version: int, license_: int) -> int:
    chain, buyer = deployed.chain, deployed["buyer"]
    chain.send(buyer, chain.token.approve(chain.jobs.address, FEE))
    terms = JobTerms(version, license_, 0, 0, FEE, 10**9, 3, 2)
    return chain.send(buyer, chain.jobs.post(terms, b"\xa0")).event(Posted).job_id


def run(deployed, job: int) -> None:
    """Two seats agree, one lies; the job is final."""
    chain, anvil, buyer = deployed.chain, deployed.anvil, deployed["buyer"]
    anvil.mine(5)
    names = {deployed[name].address: deployed[name] for name in OPERATORS}
    seats = chain.send(buyer, chain.jobs.assign(job)).event(Assigned).operators
    votes = {seat: (b"lie" if seat == seats[0] else b"truth") for seat in seats}
    anvil.mine(5)
    for seat, outcome in votes.items():
        hashed = keccak(bytes([OutcomeKind.RESULT]) + outcome)
        chain.send(names[seat], chain.jobs.commit(job, chain.jobs.commitment_of(job, seat, hashed, SALT)))
    anvil.mine(5)
    for seat, outcome in votes.items():
        chain.send(names[seat], chain.jobs.reveal(job, OutcomeKind.RESULT, outcome, SALT))
    anvil.mine(5)
    chain.send(buyer, chain.jobs.tally(job))
    anvil.advance(30)
    chain.send(buyer, chain.jobs.finalize(job))


def keccak(data: bytes) -> bytes:
    from eth_utils.crypto import keccak as hashed

    return hashed(data)


class Journey:
    """Publish two versions, one paying the other; sell, stake, run, settle, claim."""

    def __init__(self, deployed) -> None:
        chain = deployed.chain
        author, upstream_author = deployed["author"], deployed["deployer"]
        base = [Split(upstream_author.address, 0, 1_000_000)]
        self.upstream = publish(deployed, "deployer", "ema", base)
        above = [Split(author.address, 0, 750_000), Split(NOBODY, self.upstream, 250_000)]
        self.version = publish(deployed, "author", "signal", above)
        self.license = sell(deployed, self.version)
        stake(deployed)
        self.job = post(deployed, self.version, self.license)
        run(deployed, self.job)
        token = chain.token.address
        chain.send(author, chain.ledger.settle(self.version, token, above))
        chain.send(author, chain.ledger.settle(self.upstream, token, base))
        for name in ("author", "treasury", "bob"):
            chain.send(deployed[name], chain.ledger.claim([token], deployed[name].address))
        chain.send(
            deployed["buyer"], chain.market.transfer_from(deployed["buyer"].address, author.address, self.license)
        )
        chain.send(upstream_author, chain.registry.deprecate(self.upstream))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/index.sqlite")
    yield engine
    engine.dispose()


def replay(chain: Chain, folder: Path) -> str:
    engine = open_engine(f"sqlite:///{folder}/replay-{time.monotonic_ns()}.sqlite")
    Follower(chain, engine, span=17).step()
    try:
        return table_hash(engine)
    finally:
        engine.dispose()


def check_against_contracts(engine: Engine, deployed, journey: Journey) -> None:
    chain = deployed.chain
    token = chain.token.address
    with Session(engine) as session:
        for version in session.exec(select(tables.Version)):
            said = chain.registry.version(version.id)
            assert version.cid_digest == hexed(said.cid_digest)
            assert (version.module_id, version.published_at) == (said.module_id, said.published_at)
            assert (version.min_royalty_ppm, version.deprecated) == (said.min_royalty_ppm, said.deprecated)
        license_ = session.get_one(tables.License, journey.license)
        sold = chain.market.license(journey.license)
        assert (license_.version_id, license_.expiry, license_.price) == (sold.version, sold.expiry, sold.price_paid)
        assert license_.owner == chain.market.owner_of(journey.license) == deployed["author"].address
        assert license_.buyer == deployed["buyer"].address
        check_job(session, chain, journey.job)
        for name in OPERATORS:
            row = session.get_one(tables.Operator, deployed[name].address)
            funds = chain.staking.operator(row.address)
            assert (row.free, row.locked, row.unbonding) == (funds.free, funds.locked, funds.unbonding)
            assert row.unbond_at == funds.unbond_at
            assert row.endpoint == chain.staking.endpoint(row.address)
        for income in session.exec(select(tables.Income)):
            assert income.received == chain.ledger.received(income.version_id, token)
            assert income.settled == chain.ledger.settled(income.version_id, token)
        balances = list(session.exec(select(tables.Balance)))
        for balance in balances:
            assert balance.claimable == chain.ledger.claimable(balance.account, token)
        assert sum(balance.claimable for balance in balances) == chain.ledger.total(token)
        assert sum(balance.claimable + balance.claimed for balance in balances) == PRICE + FEE


def check_job(session: Session, chain: Chain, job: int) -> None:
    row, said = session.get_one(tables.Job, job), chain.jobs.job(job)
    assert row.status == word(said.status) == "Final"
    assert (row.kind, row.outcome_hash) == (word(said.kind), hexed(said.outcome_hash))
    assert (row.n, row.k, row.fee, row.lock) == (said.n, said.k, said.fee, said.lock)
    assert (row.deadline, row.spec_hash) == (said.deadline, hexed(said.spec_hash))
    assert row.ready_block == 0  # an ended job has no next act; the contract leaves the old number there, to save gas
    seats = session.exec(select(tables.Seat).order_by(tables.Seat.position)).all()
    for seat, told in zip(seats, chain.jobs.seats(job), strict=True):
        assert seat.operator == told.operator
        assert (seat.commitment, seat.outcome_hash) == (hexed(told.commitment), hexed(told.outcome_hash))
    assert [seat.paid for seat in seats] == [False, True, True]


def test_tables_say_what_the_contracts_say(deployed, engine: Engine, tmp_path: Path) -> None:
    journey = Journey(deployed)
    follower = Follower(deployed.chain, engine)

    assert follower.step() == deployed.chain.head().number
    check_against_contracts(engine, deployed, journey)
    with reading(engine) as session:
        meta = views.meta(session)
    assert meta is not None
    assert meta.hash == deployed.chain.head().hash
    assert table_hash(engine) == replay(deployed.chain, tmp_path)


def test_names_that_are_no_text_are_indexed(deployed, engine: Engine) -> None:
    chain = deployed.chain
    call = chain.registry.register_module("AAAAAAAA")
    broken = type(call)(
        call.to, call.data.replace(b"AAAAAAAA", b"a\0b\xff\xed\xa0\x80c"), call.signature, call.contract
    )
    chain.send(deployed["author"], broken)

    Follower(chain, engine).step()
    with reading(engine) as session:
        (module,) = views.modules(session, views.Page())
    assert module.name.startswith("a\ufffdb\ufffd")
    assert "\0" not in module.name


def test_a_reorg_of_five_blocks_rolls_back_and_forward(deployed, engine: Engine, tmp_path: Path) -> None:
    chain, anvil = deployed.chain, deployed.anvil
    follower = Follower(chain, engine)
    version = publish(deployed, "author", "ema", [Split(deployed["author"].address, 0, 1_000_000)])
    before = chain.head().number
    follower.step()
    kept = table_hash(engine)
    license_ = sell(deployed, version)
    anvil.mine(5 - (chain.head().number - before))
    follower.step()
    assert table_hash(engine) != kept

    anvil.reorg(5)  # offer and sale are gone
    assert follower.step() == chain.head().number
    assert table_hash(engine) == kept == replay(chain, tmp_path)

    assert sell(deployed, version) == license_
    follower.step()
    assert table_hash(engine) == replay(chain, tmp_path)


def test_a_chain_that_went_back_is_a_reorg(deployed, engine: Engine, tmp_path: Path) -> None:
    chain, anvil = deployed.chain, deployed.anvil
    follower = Follower(chain, engine, kept=4)
    splits = [Split(deployed["author"].address, 0, 1_000_000)]
    publish(deployed, "author", "ema", splits)
    follower.step()
    kept, mark = table_hash(engine), anvil.snapshot()
    publish(deployed, "author", "other", splits)
    anvil.mine(20)
    follower.step()

    anvil.restore(mark)  # deeper than is kept: the tables are built anew
    assert follower.step() == chain.head().number
    assert table_hash(engine) == kept == replay(chain, tmp_path)


FOLLOW = """
import sys, threading
from pathlib import Path
from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment
from indexer.database import open_engine
from indexer.follow import Follower
rpc, deployment, url = sys.argv[1:]
chain = Chain.connect(rpc, Deployment.load(Path(deployment)))
print("following", flush=True)
Follower(chain, open_engine(url), span=3).run(threading.Event(), poll=0.01)
"""


def test_kill_at_any_time(deployed, tmp_path: Path) -> None:
    chain = deployed.chain
    record, url = tmp_path / "deployment.json", f"sqlite:///{tmp_path}/index.sqlite"
    chain.deployment.save(record)
    Journey(deployed)
    deployed.anvil.mine(300)
    reached: list[int] = []
    for delay in (0.0, 0.03, 0.06, 0.1):
        with subprocess.Popen(
            [sys.executable, "-c", FOLLOW, deployed.anvil.url, str(record), url], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        reached.append(_indexed_in(url))
    assert any(0 < block < chain.head().number for block in reached), f"no kill came in the middle: {reached}"
    engine = open_engine(url)
    Follower(chain, engine).step()
    assert table_hash(engine) == replay(chain, tmp_path)
    engine.dispose()


def test_an_rpc_that_is_away_is_waited_for(tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    state = tmp_path / "chain.json"
    with Anvil.run(state=state, port=port) as anvil:
        deployed = _deploy(anvil)
        follower = Follower(deployed, engine)
        follower.step()
    with pytest.raises(ChainUnavailable):
        follower.step()
    stop = threading.Event()
    thread = threading.Thread(target=follower.run, args=(stop,), kwargs={"poll": 0.02})
    thread.start()
    time.sleep(0.3)
    with Anvil.run(state=state, port=port) as anvil:
        head = _mined(anvil, 3)
        deadline = time.monotonic() + 20
        while _indexed(engine) < head and time.monotonic() < deadline:
            time.sleep(0.05)
        stop.set()
        thread.join()
    assert _indexed(engine) == head
    assert "index.waiting" in "".join(capsys.readouterr())


def _deploy(anvil: Anvil) -> Chain:
    from fusion.chain.deployment import deploy

    account = Account.random()
    anvil.fund(account.address)
    return Chain.connect(anvil.url, deploy(anvil.url, account, treasury=account.address))


def _mined(anvil: Anvil, blocks: int) -> int:
    anvil.mine(blocks)
    return int(anvil.rpc.call("eth_blockNumber"), 16)


def _indexed(engine: Engine) -> int:
    with reading(engine) as session:
        meta = views.meta(session)
    return -1 if meta is None else meta.number


def _indexed_in(url: str) -> int:
    engine = open_engine(url)
    try:
        return _indexed(engine) if views.ready(engine) else -1
    finally:
        engine.dispose()


def test_graphql_shows_the_journey(deployed, tmp_path: Path) -> None:
    chain = deployed.chain
    journey = Journey(deployed)
    settings = Settings(home=tmp_path, rpc=deployed.anvil.url)
    engine = open_engine(settings.index)
    Follower(chain, engine).step()
    engine.dispose()
    answer, health = asyncio.run(_asked(create_app(settings, chain.deployment)))
    assert "errors" not in answer
    data = answer["data"]
    head = chain.head()
    assert data["_meta"]["block"] == {"number": head.number, "hash": head.hash}
    (job,) = data["jobs"]
    assert (job["status"], job["kind"], job["version"]["module"]["name"]) == ("Final", "Result", "signal")
    assert [seat["paid"] for seat in job["seats"]] == [False, True, True]
    assert job["version"]["splits"][1]["upstream"]["module"]["name"] == "ema"
    assert sum(int(row["credited"]) for row in data["balances"]) == PRICE + FEE
    assert [row["protocolFee"] for row in data["revenue"]] == [str(PRICE * 250 // 10_000)]
    assert int(data["licenses"][0]["price"]) == PRICE
    assert data["licenses"][0]["id"] == str(journey.license)
    assert health.status_code == 200
    assert health.json()["lag_blocks"] == 0


async def _asked(app: FastAPI) -> tuple[dict, httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        answer = await client.post("/graphql", json={"query": JOURNEY})
        return answer.json(), await client.get("/health")


JOURNEY = """{
  _meta { block { number hash } }
  jobs { status kind seats { paid operator { address stake } }
         version { splits { ppm upstream { module { name } } } module { name } } }
  licenses { id price }
  balances { account credited }
  revenue(kind: Credited) { protocolFee }
}"""
