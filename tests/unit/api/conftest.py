"""An app over a filled index, without a chain."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from api.app import create_app
from fusion.chain.contract import checksum
from fusion.chain.deployment import CONTRACTS, Deployment
from fusion.settings import Settings
from indexer import tables
from indexer.database import open_engine, prepare

Ask = Callable[..., httpx.Response]

ANN, BOB, CYD = (checksum("0x" + digit * 40) for digit in "abc")
TOKEN = checksum("0x" + "11" * 20)
BIG = 2**255


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, rpc="http://127.0.0.1:1")


@pytest.fixture
def deployment() -> Deployment:
    contracts = {kind.NAME: checksum(f"0x{number:040x}") for number, kind in enumerate(CONTRACTS, start=1)}
    return Deployment(chain_id=31337, contracts=contracts | {"MockUSD": TOKEN}, block=1, hash="test")


@pytest.fixture
def filled(settings: Settings) -> Settings:
    engine = open_engine(settings.index)
    prepare(engine, "test")
    with Session(engine) as session, session.begin():
        for number in range(1, 31):
            session.add_all(of_version(number))
        session.add_all(of_job(1))
        session.add(
            tables.Operator(
                address=ANN, endpoint="http://ann", free=5, locked=7, unbonding=1, registered_at=1, block=1, tx="0x01"
            )
        )
        session.add(tables.Balance(account=ANN, token=TOKEN, claimable=BIG, claimed=3))
        session.add(tables.Income(version_id=1, token=TOKEN, received=9, settled=4))
        session.add(
            tables.Revenue(
                block=7, log_index=2, kind="Credited", token=TOKEN, amount=975, fee=25, version_id=1, time=9, tx="0x07"
            )
        )
        session.add(tables.Block(number=9, hash="0x" + "99" * 32, parent="0x" + "88" * 32, timestamp=1_700))
        session.get_one(tables.Progress, 1).block = 9
    engine.dispose()
    return settings


def of_version(number: int) -> list[object]:
    common = {"block": number, "tx": f"0x{number:02x}"}
    name = "<script>alert(1)</script>" if number == 2 else f"module {number}"
    return [
        tables.Module(id=number, name=name, author=ANN, registered_at=1, **common),
        tables.Version(
            id=number,
            module_id=number,
            semver="1.0.0",
            cid_digest="0x" + f"{number:02x}" * 32,
            plain_digest="0x" + f"{number:02x}" * 32,
            access="Open",
            min_royalty_ppm=5,
            published_at=2,
            **common,
        ),
        tables.Split(version_id=number, position=0, account=ANN, ppm=900_000),
        tables.Split(version_id=number, position=1, upstream_id=max(1, number - 1), ppm=100_000),
        tables.Offer(
            id=number,
            version_id=number,
            token=TOKEN,
            price=BIG,
            duration=60,
            per_run_price=0,
            active=True,
            set_at=3,
            **common,
        ),
        tables.License(
            id=number,
            offer_id=number,
            version_id=number,
            buyer=BOB,
            owner=CYD,
            token=TOKEN,
            price=BIG,
            expiry=2**40,
            purchased_at=4,
            **common,
        ),
    ]


def of_job(number: int) -> list[object]:
    seat = {"job_id": number, "commitment": "0xc0", "kind": "Result", "outcome_hash": "0x0a", "outcome": "0xa0"}
    return [
        tables.Job(
            id=number,
            requester=CYD,
            version_id=number,
            license_id=number,
            n=3,
            k=2,
            fee=30,
            royalty=0,
            spec_hash="0x05",
            spec="0xa0",
            status="Final",
            ready_block=0,
            deadline=0,
            kind="Result",
            outcome_hash="0x0a",
            votes=2,
            posted_at=5,
            block=5,
            tx="0x05",
        ),
        tables.Seat(position=0, operator=ANN, paid=True, **seat),
        tables.Seat(position=1, operator=BOB, paid=False, **seat),
    ]


@pytest.fixture
def app(filled: Settings, deployment: Deployment) -> FastAPI:
    return create_app(filled, deployment)


@pytest.fixture
def ask(app: FastAPI) -> Iterator[Ask]:
    """Sends one request: ask("GET", "/health")."""
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://api"
        )
        yield lambda method, path, **more: runner.run(client.request(method, path, **more))
        runner.run(client.aclose())


@pytest.fixture
def query(ask: Ask) -> Callable[..., dict]:
    """The answer to one GraphQL query, as JSON."""

    def sent(text: str, **variables: object) -> dict:
        body = json.dumps({"query": text, "variables": variables})  # in ASCII: httpx itself refuses lone surrogates
        return ask("POST", "/graphql", content=body, headers={"content-type": "application/json"}).json()

    return sent
