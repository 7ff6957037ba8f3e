"""A published home, and a server of homes on a free port of this machine."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from atom.venues.simulated import simulate
from fusion.content.gateway import gateway
from tests.unit.atom.archive.home import Home


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Half a minute of a simulated market, published in windows of ten seconds: one that is broken, and whole ones."""
    home = Home(tmp_path_factory.mktemp("published")).record(simulate(7, 1_700))
    assert len(home.publish()) == 3
    return home


@pytest.fixture
def theirs(published: Home, tmp_path: Path) -> Home:
    """A copy of it, to do harm to."""
    shutil.copytree(published.folder, tmp_path / "theirs")
    return Home(tmp_path / "theirs")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves a home's archive, or another listing, and gives the address."""
    with ExitStack() as stack:
        yield lambda home, listing=None: stack.enter_context(_running(home, listing))


@contextmanager
def _running(home: Home, listing: bytes | None) -> Iterator[str]:
    def heads(request: Request) -> Response:
        told = [{"manifest": str(entry.manifest)} for entry in home.archive.catalogue.heads()]
        return Response(orjson.dumps({"heads": told}) if listing is None else listing)

    app = Starlette(routes=[Route("/archive", heads)])
    app.mount("/ipfs", gateway(home.archive.content))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()
