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
from fusion.chain.bindings.module_registry import Access, ModuleRegistered, Split, VersionTerms
from fusion.settings import Settings
from indexer.database import open_engine
from indexer.follow import Follower

HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium: install the package `chromium` to see the page in a browser")
    return found


@pytest.fixture
def app(deployed, tmp_path: Path) -> FastAPI:
    chain, author = deployed.chain, deployed["author"]
    module = chain.send(author, chain.registry.register_module(HOSTILE)).event(ModuleRegistered).module_id
    terms = VersionTerms(b"\1" * 32, b"\1" * 32, Access.OPEN, 0, "1.0.0")
    splits = sorted([Split(author.address, 0, 750_001), Split(deployed["ann"].address, 0, 249_999)], key=_account)
    chain.send(author, chain.registry.publish(module, terms, splits))
    settings = Settings(home=tmp_path, rpc=deployed.anvil.url)
    engine = open_engine(settings.index)
    Follower(chain, engine).step()
    engine.dispose()
    return create_app(settings, chain.deployment)


def _account(split: Split) -> int:
    return int(split.account, 16)


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
    assert "<title>Fusion</title>" in page  # the name of the module ran as nothing
    assert "&lt;img src=x onerror" in page
    assert ">Paid to<" in page
    assert "75.0001 %" in page
    assert '<li class="done"><strong>Publish</strong>1 module</li>' in page
    assert "No license was sold." in page
    assert 'role="alert" hidden=""' in page


def test_graphiql_is_served(chromium: str, url: str, tmp_path: Path) -> None:
    from api.graphiql import ASSETS, PACKAGES

    if not all((PACKAGES / path).is_file() for path in ASSETS.values()):
        pytest.skip("GraphiQL's files are missing; run `npm ci`")
    assert "graphiql-container" in dom(chromium, f"{url}/graphql", tmp_path)
