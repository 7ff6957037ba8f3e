"""The door lets nobody keep a connection by saying half of something, or by not reading, and it closes in time."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI, Request, Response

from api.exchange.door import Door, Limits
from atom.stream.socket import Limits as SocketLimits
from atom.stream.socket import Socket

GET = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"
MUCH = b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /some HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def app() -> FastAPI:
    made = FastAPI()

    @made.get("/ping")
    @made.post("/ping")
    async def ping(request: Request) -> Response:
        await request.body()
        return Response(b"{}")

    @made.get("/much")
    async def much() -> Response:
        return Response(b"a" * 12_000_000)

    @made.get("/some")
    async def some() -> Response:
        return Response(b"a" * 11_000_000)

    return made


async def hold(door: Door, data: bytes) -> socket.socket:
    """A connection that says something and then neither reads nor goes."""
    to = socket.socket()
    to.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    to.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(to, ("127.0.0.1", int(door.url.rpartition(":")[2])))
    await loop.sock_sendall(to, data)
    return to


def played(act: Callable[[Door], Awaitable[None]], patience_s: float) -> None:
    async def play() -> None:
        among: set[Socket] = set()
        door = Door(app(), lambda: Socket(among, SocketLimits(), 100), among, limits=Limits(patience_s=patience_s))
        async with asyncio.timeout(60), door:
            await act(door)

    asyncio.run(play())


@pytest.mark.parametrize(
    "data",
    [b"GET /pi", HALF, GET + HALF, GET + GET + HALF, MUCH, MUCH + MUCH + HALF, LAST],
    ids=["head", "body", "body after a whole one", "after two", "unread", "unread and more", "unread at the end"],
)
def test_nobody_stays_for_ever(data):
    async def act(door: Door) -> None:
        to = await hold(door, data)
        while not door.connections:
            await asyncio.sleep(0.01)
        while door.connections:
            await asyncio.sleep(0.01)
        to.close()

    played(act, 0.2)


@pytest.mark.parametrize("data", [GET + HALF, MUCH])
def test_it_closes_though_somebody_stays(data):
    held: list[socket.socket] = []

    async def act(door: Door) -> None:
        held.append(await hold(door, data))
        while not door.connections:
            await asyncio.sleep(0.01)

    played(act, 1.0)
    held[0].close()


def test_who_asks_again_and_again_is_answered():
    async def act(door: Door) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(door.url.rpartition(":")[2]))
        for _ in range(8):
            writer.write(GET)
            assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.05)
        writer.close()

    played(act, 0.2)


def test_who_comes_when_it_is_full_is_told_so():
    async def act(door: Door) -> None:
        door._limits.requests = 0
        reader, writer = await asyncio.open_connection("127.0.0.1", int(door.url.rpartition(":")[2]))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert f"Content-Length: {len(body)}".encode() in head.splitlines()
        assert json.loads(body)["code"] == -1008
        writer.close()

    played(act, 5.0)


def test_connections_are_never_more_than_files(monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda _: (264, 4096))
    assert (Limits().requests, Limits().sockets) == (100, 100)
    monkeypatch.setattr("resource.getrlimit", lambda _: (-1, -1))
    assert (Limits().requests, Limits().sockets) == (1000, 1000)
