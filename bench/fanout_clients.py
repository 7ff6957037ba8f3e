"""Clients of the fan-out benchmark, in a process of their own: they count what they read."""

import asyncio
import json
import socket
import sys
import time
from functools import partial
from typing import cast

_MARK = b'"seq":'
_TAIL = 64  # bytes read again with what follows, so that no number is cut
_ASK = (
    b"GET /market/stream HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(payload: bytes) -> bytes:
    """A short text frame of a client, under a mask of zeros, which changes nothing."""
    if len(payload) < 126:
        return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload
    return bytes((0x81, 0xFE)) + len(payload).to_bytes(2, "big") + bytes(4) + payload


class Client(asyncio.BufferedProtocol):
    """Counts the messages it reads, by their numbers; a lazy one stops reading once it has subscribed."""

    def __init__(self, hello: bytes, *, lazy: bool) -> None:
        self._hello, self._lazy = hello, lazy
        self._buffer = bytearray(1 << 18)
        self._tail = b""
        self.messages = 0
        self.last = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_ASK)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = self._tail + self._buffer[:nbytes]
        self.messages += data.count(_MARK) - self._tail.count(_MARK)
        at = data.rfind(_MARK)
        end = data.find(b",", at)
        if at >= 0 and end >= 0:
            self.last = int(data[at + len(_MARK) : end])
        self._tail = bytes(data[-_TAIL:])
        if self._hello and b"\r\n\r\n" in data:
            self._transport.write(masked(self._hello))
            self._hello = b""
        elif self._lazy and not self._hello:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


def _the(client: Client) -> Client:
    return client


async def main(port: int, count: int, hello: str, until: int) -> None:
    loop = asyncio.get_running_loop()
    clients = [Client(hello.encode(), lazy=index == count) for index in range(count + 1)]
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
    complete = sum(client.last == until and client.messages >= until for client in served)
    print(json.dumps({"at": time.monotonic(), "complete": complete}), flush=True)
    sys.stdin.read()  # stays until it is told to go


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
