"""Clients of the fan-out benchmark, in a process of their own: they count what they read."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import cast

_STREAM = "/market/stream"
_TAIL = 64  # bytes read again with what follows, so that no number is cut
_ASK = (
    "GET {} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(payload: bytes) -> bytes:
    """A short text frame of a client, under a mask of zeros, which changes nothing."""
    if len(payload) < 126:
        return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload
    return bytes((0x81, 0xFE)) + len(payload).to_bytes(2, "big") + bytes(4) + payload


class Client(asyncio.BufferedProtocol):
    """Counts the messages it reads that have a number; a lazy one stops reading once it has subscribed.

    Args:
        path: what it asks for.
        hello: what it subscribes with; empty where the path says it all.
        mark: what comes before a message's number.
    """

    def __init__(self, path: str, hello: bytes, mark: bytes, *, lazy: bool) -> None:
        self._ask, self._hello, self._mark, self._lazy = _ASK.format(path).encode(), hello, mark, lazy
        self._open = False
        self._buffer = bytearray(1 << 18)
        self._tail = b""
        self.messages = 0
        self.last = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._ask)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = self._tail + self._buffer[:nbytes]
        mark = self._mark
        self.messages += data.count(mark) - self._tail.count(mark)
        at = data.rfind(mark) + len(mark)
        end = data.find(b",", at)
        if at >= len(mark) and end >= 0:
            self.last = int(data[at:end])
        self._tail = bytes(data[-_TAIL:])
        if not self._open and b"\r\n\r\n" in data:
            self._open = True
            if self._hello:
                self._transport.write(masked(self._hello))
        elif self._lazy and self._open:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


def _the(client: Client) -> Client:
    return client


async def main(numbers: Sequence[int], hello: str, path: str = _STREAM, mark: str = '"seq":') -> None:
    """Says when all are there; then, once all but one, who does not read, have the last message, what they read.

    Args:
        numbers: the server's port, how many clients read, and the last message's number.
    """
    port, count, until = numbers
    loop = asyncio.get_running_loop()
    clients = [Client(path, hello.encode(), mark.encode(), lazy=index == count) for index in range(count + 1)]
    for client in clients:
        made = socket.socket()
        if client is clients[-1]:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # little stays unread in the system
        made.connect(("127.0.0.1", port))
        made.settimeout(0)
        await loop.create_connection(partial(_the, client), sock=made)
    print("ready", flush=True)
    served = clients[:-1]
    while any(client.last < until and not client.lost for client in served):
        await asyncio.sleep(0.002)
    at = time.monotonic()
    told = {"at": at, "messages": [client.messages for client in served], "last": [client.last for client in served]}
    print(json.dumps(told), flush=True)
    sys.stdin.read()  # stays until it is told to go


if __name__ == "__main__":
    asyncio.run(main([int(each) for each in sys.argv[1:4]], *sys.argv[4:]))
