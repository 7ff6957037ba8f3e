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
LEDGER = checksum("0x" + "22" * 20)
BIG = 2**255


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, rpc="http://127.0.0.1:1")


@pytest.fixture
def deployment() -> Deployment:
    contracts = {kind.NAME: checksum(f"0x{number:040x}") for number, kind in enumerate(CONTRACTS, start=1)}
    return Deployment(
        chain_id=31337, contracts=contracts | {"MockUSD": TOKEN, "RevenueLedger": LEDGER}, block=1, hash="test"
    )


@pytest.fixture
def filled(settings: Settings) -> Settings:
    engine = open_engine(settings.index)
    prepare(engine, "test")
    with Session(engine) as session, session.begin():
        for number in range(1, 31):
            session.add_all(of_version(number))
        session.add_all(of_job(1))
        session.add_all(of_dispute(2))
        session.add_all(of_owner())
        session.add_all(of_search())
        session.add(
            tables.Operator(
                address=ANN,
                endpoint="http://ann",
                free=5,
                locked=7,
                unbonding=1,
                seat_count=2,
                agreements=1,
                faults=1,
                slashed=9,
                registered_at=1,
                block=1,
                tx="0x01",
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
            sells="Both" if number == 1 else "Licenses",
            duration=60,
            trial=20,
            per_run_price=0,
            referral_bps=500,
            resale_bps=100,
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
            refundable_until=24,
            referrer=ANN if number == 2 else None,
            purchased_at=4,
            **common,
        ),
    ]


def of_job(number: int) -> list[object]:
    seat = attested(number, "0x0a")
    return [
        tables.Job(
            id=number,
            requester=CYD,
            version_id=number,
            license_id=number,
            n=3,
            k=2,
            fuel=10**10,
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
            verified=True,
            posted_at=5,
            block=5,
            tx="0x05",
        ),
        tables.Seat(position=0, operator=ANN, paid=True, **seat),
        tables.Seat(position=1, operator=BOB, paid=False, **seat),
    ]


def attested(job: int, outcome: str) -> dict[str, object]:
    return {
        "job_id": job,
        "commitment": "0xc0",
        "kind": "Result",
        "outcome_hash": outcome,
        "outcome": "0xa0",
        "assigned_at": 5,
    }


def of_dispute(number: int) -> list[object]:
    """A solo job whose outcome a panel overturned."""
    common = {"block": 6, "tx": "0x06"}
    return [
        tables.Job(
            id=number,
            requester=CYD,
            version_id=1,
            offer_id=1,
            n=1,
            k=1,
            fuel=10**10,
            fee=30,
            assurance_ppm=100_000,
            royalty=7,
            royalty_token=TOKEN,
            spec_hash="0x05",
            spec="0xa0",
            status="Disputed",
            ready_block=0,
            deadline=0,
            panel_id=1,
            challenger=CYD,
            bond=31,
            posted_at=5,
            redraws=1,
            demands=1,
            **common,
        ),
        tables.Seat(position=0, operator=ANN, fault="Wrong", agreed=False, **attested(number, "0x0a")),
        tables.Seat(job_id=number, position=None, operator=CYD, fault="Silent", assigned_at=5),
        tables.Seat(position=0, operator=BOB, panel_id=1, agreed=True, **attested(number, "0x0b")),
        tables.Panel(
            id=1,
            job_id=number,
            cause="Challenge",
            challenger=CYD,
            bond=31,
            disputed_hash="0x0a",
            status="Called",
            ready_block=9,
            deadline=99,
            called_at=6,
            **common,
        ),
        tables.Panel(
            id=2,
            job_id=1,
            cause="Mismatch",
            disputed_hash="0x0a",
            status="Decided",
            size=3,
            ready_block=0,
            deadline=0,
            outcome_hash="0x0b",
            kind="Result",
            votes=2,
            slashed=9,
            to_panel=2,
            burned=7,
            called_at=6,
            decided_at=7,
            **common,
        ),
        tables.Slash(log_index=3, operator=ANN, job_id=number, fault="Wrong", lock=9, amount=9, time=6, **common),
        tables.Demand(
            job_id=number, number=1, digest="0x0d", deposit=3, deadline=9, demanded_at=5, answered_by=BOB, **common
        ),
    ]


def of_owner() -> list[object]:
    return [
        tables.Rules(protocol_fee_bps=250, next_protocol_fee_bps=400, next_from=1_701, jobs_paused=True),
        tables.Token(address=TOKEN, allowed=True, changed_at=1, block=1, tx="0x01"),
        tables.OwnerAct(
            block=1,
            log_index=1,
            kind="TokenAllowed",
            contract=LEDGER,
            token=TOKEN,
            enabled=True,
            time=1,
            tx="0x01",
        ),
        tables.Holding(market=LEDGER, token=TOKEN, amount=61),
        tables.Pool(address=LEDGER, balance=5, deposited=8, spent=3),
        tables.PoolEntry(
            block=3, log_index=0, kind="Spent", account=BOB, job_id=1, amount=3, balance=5, time=3, tx="0x03"
        ),
        tables.Canary(
            block=2,
            log_index=0,
            commitment="0xca",
            sponsor=BOB,
            first_job_id=1,
            committed_at=2,
            job_id=1,
            requester=CYD,
            right=True,
            paid_back=30,
            opened_at=8,
            tx="0x02",
        ),
        tables.Renewal(block=8, log_index=0, license_id=1, payer=BOB, price=5, expiry=2**40, time=8, tx="0x08"),
    ]


def of_search() -> list[object]:
    """A search whose window is recorded, with a candidate that is scored and one whose score is infinite."""
    common = {"block": 8, "tx": "0x08"}
    key, span = "0x" + "77" * 32, {"venue": "simulated", "symbol": "SIM-USD", "start": 20, "end": 30}
    candidate = {"search_id": 1, "commitment": "0xc0", "committed_at": 9, **common}
    scored = {"status": "Scored", "settings": "0xa0", "spec_hash": "0x05", "job_id": 1, "revealed_at": 32}
    return [
        tables.Search(
            id=1,
            requester=ANN,
            window_key=key,
            version_id=1,
            fuel=10**10,
            fee=3,
            assurance_ppm=0,
            n=3,
            k=2,
            reward=50,
            bond=2,
            commit_by=19,
            template="0x6c,0x72",
            held=54,
            status="Open",
            committed=3,
            best=1,
            posted_at=8,
            **span,
            **common,
        ),
        tables.Candidate(number=1, solver=BOB, score_bits="0x3ff8000000000000", scored_at=33, **scored, **candidate),
        tables.Candidate(number=2, solver=CYD, score_bits="0x7ff0000000000000", scored_at=34, **scored, **candidate),
        tables.Candidate(number=3, solver=CYD, status="Committed", **candidate),
        tables.Window(
            key=key, status="Recorded", commit_by=40, cid_digest="0x" + "01" * 32, recorded_at=31, **span, **common
        ),
        tables.Recording(window_key=key, recorder=BOB, commitment="0xc1", committed_at=30, lost=4, **common),
        tables.Recorder(address=BOB, listed=True, bond=96, lost=4, **common),
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
