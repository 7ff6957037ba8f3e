"""The operator's gateway: what it keeps, bundles and result tables, served over HTTP by CID."""

import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from fusion.content.gateway import gateway
from fusion.content.store import BlockStore
from fusion.errors import BadInput, NotReady

START = 10.0  # seconds


class GatewayServer:
    """Serves a store at `url`, in a thread, from `start` to `stop`.

    Args:
        port: 0 takes any free one.

    Raises:
        BadInput: the address cannot be listened on.
    """

    def __init__(self, store: BlockStore, host: str, port: int) -> None:
        try:
            self._socket = socket.create_server((host, port), backlog=128)
        except (OSError, OverflowError) as error:
            raise BadInput(f"cannot listen on {host}:{port}: {error}; choose another --port") from error
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}/ipfs"
        app = Starlette(routes=[Mount("/ipfs", gateway(store))])
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
        self._thread = threading.Thread(target=self._serve, name="gateway", daemon=True)

    def start(self) -> None:
        """Returns once requests are answered."""
        self._thread.start()
        end = time.monotonic() + START
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise NotReady(f"the gateway at {self.url} did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=START)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])
