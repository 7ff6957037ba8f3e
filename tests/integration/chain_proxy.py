"""A TCP proxy before a chain's endpoint, which a test bids to fail as networks do."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from enum import Enum, auto
from typing import Self
from urllib.parse import urlsplit


class Fault(Enum):
    NONE = auto()
    DOWN = auto()  # connections are closed before a request is read
    DEAF = auto()  # the request arrives, the answer does not
    SLOW = auto()  # the answer comes late
    CUT = auto()  # half of the answer comes


class Proxy:
    """Listens on 127.0.0.1; `fault` holds for each request that comes while it is set."""

    def __init__(self, target: str) -> None:
        self._target = (str(urlsplit(target).hostname), int(urlsplit(target).port or 0))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.fault = Fault.NONE

    @classmethod
    @contextlib.contextmanager
    def before(cls, target: str) -> Iterator[Self]:
        proxy = cls(target)
        thread = threading.Thread(target=proxy._accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy._socket.shutdown(socket.SHUT_RDWR)
            proxy._socket.close()
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server, contextlib.suppress(OSError):
            while request := _message(client):
                fault = self.fault
                if fault is Fault.DOWN:
                    return
                server.sendall(request)
                answer = _message(server)
                if fault is Fault.DEAF:
                    return
                if fault is Fault.SLOW:
                    time.sleep(0.3)
                client.sendall(answer[: len(answer) // 2] if fault is Fault.CUT else answer)
                if fault is Fault.CUT:
                    return


def _message(end: socket.socket) -> bytes:
    """One HTTP message with a Content-Length; empty when the other side has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = end.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = (line.split(b":", 1) for line in head.split(b"\r\n")[1:])
    length = next(int(value) for name, value in fields if name.lower() == b"content-length")
    while len(body) < length:
        body += end.recv(65536)
    return head + b"\r\n\r\n" + body
