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

from api.app import create_app
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil, free_port
from fusion.chain.bindings.types import Split
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD
from fusion.errors import ChainUnavailable
from fusion.settings import Settings
from indexer import views
from indexer.database import open_engine, reading
from indexer.digest import table_hash
from indexer.follow import Follower
from tests.integration.agreement import agrees
from tests.integration.town import FEE, LIE, NOBODY, PRICE, TRUTH, Town

OPERATORS = ("ann", "bob", "cyd")


class Journey:
    """Publish two versions, one paying the other; sell, stake, run with one liar, settle, claim."""

    def __init__(self, deployed) -> None:
        chain = deployed.chain
        town = Town(deployed.anvil, chain, deployed.accounts)
        self.upstream = town.publish("deployer", "ema")
        base = [Split(town["deployer"].address, 0, 1_000_000)]
        above = [Split(town["author"].address, 0, 750_000), Split(NOBODY, self.upstream, 250_000)]
        self.version = town.publish("author", "signal", above)
        self.license = town.sell(self.version)
        town.stake(*OPERATORS)
        town.send("cyd", chain.staking.request_unbond(7 * MUSD))
        self.job = town.post(self.version, license_=self.license)
        town.vote(self.job, [LIE, TRUTH, TRUTH])
        town.finalize(self.job)
        token = chain.token.address
        town.send("author", chain.ledger.settle(self.version, token, above))
        town.send("author", chain.ledger.settle(self.upstream, token, base))
        for name in ("author", "treasury", "bob"):
            town.send(name, chain.ledger.claim([token], town[name].address))
        buyer, author = town["buyer"].address, town["author"].address
        town.send("buyer", chain.market.transfer_from(buyer, author, self.license))
        town.send("deployer", chain.registry.deprecate(self.upstream))


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


def test_tables_say_what_the_contracts_say(deployed, engine: Engine, tmp_path: Path) -> None:
    journey = Journey(deployed)
    follower = Follower(deployed.chain, engine)

    assert follower.step() == deployed.chain.head().number
    agrees(engine, deployed.chain)
    with reading(engine) as session:
        seats = views.seats(session, views.Page(), job=journey.job)
        assert sorted((seat.position, seat.paid, seat.agreed) for seat in seats) == [
            (0, False, False),
            (1, True, True),
            (2, True, True),
        ]
        balances = views.balances(session, views.Page())
    assert sum(balance.claimable + balance.claimed for balance in balances) == PRICE + FEE
    with reading(engine) as session:
        meta = views.meta(session)
    assert meta is not None
    assert meta.hash == deployed.chain.head().hash
    assert table_hash(engine) == replay(deployed.chain, tmp_path)


def test_endpoints_that_are_no_text_are_indexed(deployed, engine: Engine) -> None:
    chain = deployed.chain
    call = chain.staking.register("AAAAAAAA")
    broken = type(call)(
        call.to, call.data.replace(b"AAAAAAAA", b"a\0b\xff\xed\xa0\x80c"), call.signature, call.contract
    )
    chain.send(deployed["ann"], broken)

    Follower(chain, engine).step()
    with reading(engine) as session:
        (operator,) = views.operators(session, views.Page())
    assert operator.endpoint.startswith("a\ufffdb\ufffd")
    assert "\0" not in operator.endpoint


def test_a_reorg_of_five_blocks_rolls_back_and_forward(deployed, engine: Engine, tmp_path: Path) -> None:
    chain, anvil = deployed.chain, deployed.anvil
    follower = Follower(chain, engine)
    town = Town(anvil, chain, deployed.accounts)
    version = town.publish("author", "ema")
    before = chain.head().number
    follower.step()
    kept = table_hash(engine)
    license_ = town.sell(version)
    anvil.mine(5 - (chain.head().number - before))
    follower.step()
    assert table_hash(engine) != kept

    anvil.reorg(5)  # offer and sale are gone
    assert follower.step() == chain.head().number
    assert table_hash(engine) == kept == replay(chain, tmp_path)

    assert town.sell(version) == license_
    follower.step()
    assert table_hash(engine) == replay(chain, tmp_path)


def test_a_chain_that_went_back_is_a_reorg(deployed, engine: Engine, tmp_path: Path) -> None:
    chain, anvil = deployed.chain, deployed.anvil
    follower = Follower(chain, engine, kept=4)
    town = Town(anvil, chain, deployed.accounts)
    town.publish("author", "ema")
    follower.step()
    kept, mark = table_hash(engine), anvil.snapshot()
    town.publish("author", "other")
    anvil.mine(20)
    follower.step()

    anvil.restore(mark)  # deeper than is kept: the tables are built anew
    assert follower.step() == chain.head().number
    assert table_hash(engine) == kept == replay(chain, tmp_path)


FOLLOW = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlmodel import Session
from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment
from indexer.database import open_engine
from indexer.follow import Follower
rpc, deployment, url, when, left = sys.argv[1:]

def die(*_):
    global left
    left = int(left) - 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Session, when, die)
Follower(Chain.connect(rpc, Deployment.load(Path(deployment))), open_engine(url), span=3).step()
"""


def test_kill_at_any_time(deployed, tmp_path: Path) -> None:
    """Killed in the middle of a block's rows, before they are committed, and after."""
    chain = deployed.chain
    record, url = tmp_path / "deployment.json", f"sqlite:///{tmp_path}/index.sqlite"
    chain.deployment.save(record)
    Journey(deployed)
    reached = [-1]
    for when, count in (("after_flush", 9), ("before_commit", 7), ("after_flush", 30), ("after_commit", 9)):
        arguments = [deployed.anvil.url, str(record), url, when, str(count)]
        done = subprocess.run([sys.executable, "-c", FOLLOW, *arguments], check=False, timeout=60)
        assert done.returncode == -signal.SIGKILL
        reached.append(_indexed_in(url))
    assert reached == sorted(set(reached)), f"it did not go on where it was killed: {reached}"
    assert reached[-1] < chain.head().number
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
