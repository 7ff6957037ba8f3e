"""A store, and a server on a free port of this machine."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from fusion.content.store import BlockStore

Serve = Callable[[ASGIApp], str]


@pytest.fixture
def store(tmp_path: Path) -> BlockStore:
    return BlockStore(tmp_path / "content")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an app mounted at /ipfs and gives its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(_running(app))


@contextmanager
def _running(app: ASGIApp) -> Iterator[str]:
    mounted = Starlette()
    mounted.mount("/ipfs", app)
    server = uvicorn.Server(uvicorn.Config(mounted, log_level="critical", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/ipfs"
        server.should_exit = True
        thread.join()
