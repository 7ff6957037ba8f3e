"""The app around GraphQL: health, page, GraphiQL, content, and what it refuses."""

import asyncio

import httpx
import pytest
from sqlmodel import Session

from api import graphiql
from api.app import create_app
from api.health import LAG, Check
from fusion.chain.client import Block
from fusion.content.store import BlockStore
from indexer.database import open_engine
from indexer.tables import Progress


def test_the_page_and_its_files_are_served_from_here(ask) -> None:
    page = ask("GET", "/")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    for path, kind in (
        ("/page.js", "javascript"),
        ("/parts.js", "javascript"),
        ("/amounts.js", "javascript"),
        ("/disputes.js", "javascript"),
        ("/page.css", "css"),
        ("/icon.svg", "svg"),
    ):
        answer = ask("GET", path)
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
    assert ask("GET", "/../app.py").status_code == 404


def test_every_answer_carries_safe_headers(ask) -> None:
    for path in ("/", "/health", "/graphql", "/nothing"):
        headers = ask("GET", path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_graphiql_loads_nothing_from_elsewhere(ask) -> None:
    page = ask("GET", "/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "http" not in page.text
    assert "/graphiql/graphiql.js" in page.text


def test_graphiql_files_come_from_the_node_packages(ask, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphiql, "PACKAGES", tmp_path)
    missing = ask("GET", "/graphiql/graphiql.js")
    assert (missing.status_code, missing.text) == (
        404,
        "GraphiQL's files are missing; run `npm ci` in the project's folder\n",
    )
    path = tmp_path / graphiql.ASSETS["graphiql.js"]
    path.parent.mkdir(parents=True)
    path.write_text("script")
    assert ask("GET", "/graphiql/graphiql.js").text == "script"
    assert ask("GET", "/graphiql/..%2f..%2fpackage.json").status_code == 404
    assert ask("GET", "/graphiql/other.js").status_code == 404


def test_content_is_served(ask, settings) -> None:
    cid = BlockStore(settings.content).add_directory({"module.py": b"pass\n"})
    answer = ask("GET", f"/ipfs/{cid}?format=raw")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.ipld.raw"
    assert ask("GET", "/ipfs/nonsense").status_code == 400


def test_queries_by_get_and_no_others(ask) -> None:
    assert ask("GET", "/graphql", params={"query": "{ _meta { block { number } } }"}).json()["data"]
    assert ask("PUT", "/graphql").status_code == 405
    assert ask("POST", "/graphql", content="{}").status_code == 400
    # What a form of another site can send is no query.
    assert ask("POST", "/graphql", data={"query": "{ _meta { block { number } } }"}).status_code == 400


def test_a_large_body_is_refused(ask) -> None:
    answer = ask("POST", "/graphql", content=b"x" * 70_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text) == (413, "a request has at most 65536 bytes\n")


def test_other_origins_may_read_when_they_are_named(ask, filled, deployment) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    assert "access-control-allow-origin" not in ask("GET", "/health", headers=origin).headers

    async def named() -> httpx.Response:
        app = create_app(filled, deployment, origins=["https://elsewhere.example"])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return await client.get("/health", headers=origin)

    assert asyncio.run(named()).headers["access-control-allow-origin"] == "https://elsewhere.example"


def test_health_without_a_chain(ask) -> None:
    answer = ask("GET", "/health")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "chain unreachable",
        "chain_block": None,
        "index_block": 9,
        "index_hash": "0x" + "99" * 32,
        "lag_blocks": None,
        "lag_seconds": None,
        "reason": None,
    }


@pytest.mark.parametrize(("ahead", "status"), [(0, "ok"), (LAG, "ok"), (LAG + 1, "index behind"), (-3, "ok")])
def test_health_tells_the_lag(filled, ahead: int, status: str) -> None:
    engine = open_engine(filled.index)
    health = Check(engine, lambda: Block(9 + ahead, "0x", "0x", 1_700 + ahead))()
    engine.dispose()
    assert (health.status, health.lag_blocks, health.lag_seconds) == (status, max(0, ahead), max(0, ahead))


def test_health_tells_why_the_index_stopped(filled) -> None:
    engine = open_engine(filled.index)
    with Session(engine) as session, session.begin():
        session.get_one(Progress, 1).stopped = "block 10, log 3 (Posted) cannot be taken in: KeyError: 7"
    health = Check(engine, lambda: Block(9, "0x", "0x", 1_700))()
    engine.dispose()
    assert (health.status, health.index_block) == ("index stopped", 9)
    assert health.reason == "block 10, log 3 (Posted) cannot be taken in: KeyError: 7"


def test_health_is_read_once_a_second(filled) -> None:
    asked = []
    engine = open_engine(filled.index)

    def head() -> Block:
        asked.append(1)
        return Block(9, "0x", "0x", 1_700)

    check = Check(engine, head)
    assert check() == check()
    engine.dispose()
    assert len(asked) == 1


def test_before_a_follower_there_are_no_tables(settings, deployment) -> None:
    async def asked() -> tuple[httpx.Response, httpx.Response]:
        app = create_app(settings, deployment)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return await client.post("/graphql", json={"query": "{ modules { id } }"}), await client.get("/health")

    answer, health = asyncio.run(asked())
    (error,) = answer.json()["errors"]
    assert error["message"] == "the index has no tables yet; start it with `fusion indexer follow`"
    assert health.status_code == 503


def test_web_clients_find_the_contracts(ask, deployment, tmp_path) -> None:
    """What is served is the record as a client of the command line has it."""
    answer = ask("GET", "/deployment.json")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.json()["chain_id"] == deployment.chain_id
    assert answer.json()["contracts"] == deployment.contracts
    (tmp_path / "record.json").write_text(answer.text)
    assert type(deployment).load(tmp_path / "record.json") == deployment
