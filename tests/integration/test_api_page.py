"""The page in a browser: it shows what is indexed, as text, and says when the API is away."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from fusion.chain.bindings.types import Split
from fusion.settings import Settings
from indexer.database import open_engine
from indexer.follow import Follower
from tests.integration.town import LIE, TRUTH, Town

HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium: install the package `chromium` to see the page in a browser")
    return found


@pytest.fixture
def town(deployed) -> Town:
    """A version is sold, and one of its jobs has liars who were challenged; another is a solo job."""
    town = Town(deployed.anvil, deployed.chain, deployed.accounts)
    town.stake("ann", "bob", "cyd", "author", "treasury", "deployer")
    town.send("ann", town.chain.staking.register(HOSTILE))
    splits = [Split(town["author"].address, 0, 750_001), Split(town["ann"].address, 0, 249_999)]
    version = town.publish("author", "ema", sorted(splits, key=_account))
    offer = town.offer(version, trial=600)
    town.buy(offer, version)
    lied = town.post(version, offer=offer)
    town.vote(lied, [LIE, LIE, TRUTH])
    town.challenge(lied)
    town.judge(lied, [TRUTH] * 3)
    solo = town.post(version, offer=offer, n=1, k=1)
    town.vote(solo, [TRUTH])
    town.finalize(solo)
    town.send("deployer", town.chain.market.pause())
    return town


def _account(split: Split) -> int:
    return int(split.account, 16)


@pytest.fixture
def app(town: Town, tmp_path: Path) -> FastAPI:
    settings = Settings(home=tmp_path, rpc=town.anvil.url)
    engine = open_engine(settings.index)
    Follower(town.chain, engine).step()
    engine.dispose()
    return create_app(settings, town.chain.deployment)


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def dom(chromium: str, url: str, folder: Path) -> str:
    """The page's elements after a few seconds of its clock."""
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--virtual-time-budget=4000", "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_page_shows_the_index(chromium: str, url: str, tmp_path: Path) -> None:
    page = dom(chromium, url, tmp_path)
    assert "<title>Fusion</title>" in page  # what an operator calls its gateway ran as nothing
    assert "&lt;img src=x onerror" in page
    assert ">Paid to<" in page
    assert "75.0001 %" in page
    assert '<li class="done"><strong>Publish</strong>1 module</li>' in page
    assert 'role="alert" hidden=""' in page
    assert ">on trial<" in page
    assert ">paused: sales<" in page
    assert "protocolFee 2.50 %" in page
    assert "Held until it is known whose it is" in page

    assert "Panel, on a challenge by" in page  # beneath its job
    assert ">unverified<" in page
    assert "nobody has verified this outcome" in page
    assert page.count(">slashed: wrong outcome<") == 2
    assert page.count(">overturned<") == 2  # beneath the job, and among the disputes
    assert ">wrong outcome<" in page  # among the slashes
    assert "No operator was slashed." not in page


def test_graphiql_is_served(chromium: str, url: str, tmp_path: Path) -> None:
    from api.graphiql import ASSETS, PACKAGES

    if not all((PACKAGES / path).is_file() for path in ASSETS.values()):
        pytest.skip("GraphiQL's files are missing; run `npm ci`")
    assert "graphiql-container" in dom(chromium, f"{url}/graphql", tmp_path)
