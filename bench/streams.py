"""Streams: what happens at the exchange, told to a hundred WebSocket clients.

The exchange carries out commands of a busy market, keeps its views of them, and tells each trade and, ten times a
second, what changed in the book. A message is a frame of its own, as clients of Binance have it. The peer is the same
exchange with another way to send: what is to be told is written out by the same feed, and websockets' own server and
its `broadcast` take it to the clients.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from websockets.asyncio.server import ServerConnection, broadcast, serve

from api.exchange.catalogue import Catalogue, Market
from api.exchange.feed import TICK_MS, Feed
from api.exchange.hub import Channel, Hub, topic
from api.exchange.server import ExchangeServer, wall_ms
from atom.stream.socket import Limits
from bench import order_flow
from bench.rows import Row
from bench.served import CLIENTS, Served, listening
from node.exchange.exchange import Commands
from node.exchange.service.service import Service

_COMMANDS: Final = 30_000
_BATCH: Final = 50  # commands that come at once
_STREAMS: Final = ("basequote@trade", "basequote@depth@100ms")
_PATH: Final = "/stream?streams=" + "/".join(_STREAMS)
_MARK: Final = '"s":"BASEQUOTE","t":'  # a trade's number follows
_PATIENCE_S: Final = 120.0


@asynccontextmanager
async def ours(service: Service) -> AsyncIterator[Served]:
    """The exchange's own server."""
    async with ExchangeServer(service, limits=Limits(behind=2**19, patience_s=1)) as server:
        yield Served(int(server.url.split(":")[2].split("/")[0]), lambda: sum(one.behind for one in server.clients))


class _Broadcasting(Channel):
    """A channel that websockets tells."""

    def __init__(self, name: str, catalogue: Catalogue, clients: set[ServerConnection]) -> None:
        about = topic(name, catalogue)
        if about is None:
            raise RuntimeError(f"there is no stream {name}")
        super().__init__(name, about)
        self._start, self._clients = '{"stream":"' + name + '","data":', clients

    def tell(self, texts: Sequence[bytes]) -> None:
        for text in texts:
            broadcast(self._clients, self._start + text.decode() + "}")


class _Broadcasts(Hub):
    """The hub of such channels."""

    def __init__(self, catalogue: Catalogue, clients: set[ServerConnection]) -> None:
        super().__init__(catalogue)
        self.channels = [_Broadcasting(name, catalogue, clients) for name in _STREAMS]

    def of(self, kind: str, market: Market) -> tuple[Channel, ...]:
        return tuple(each for each in self.channels if each.topic.kind == kind)

    def periodic(self) -> list[Channel]:
        return [each for each in self.channels if each.topic.period_ms]


@asynccontextmanager
async def by_broadcast(service: Service) -> AsyncIterator[Served]:
    """The same messages through websockets' server."""
    clients: set[ServerConnection] = set()
    catalogue = Catalogue(service.exchange)
    hub = _Broadcasts(catalogue, clients)
    feed = Feed(service, catalogue, hub)
    for channel in hub.channels:
        feed.begin(channel)

    async def handle(connection: ServerConnection) -> None:
        clients.add(connection)
        await connection.wait_closed()
        clients.discard(connection)

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            feed.tick(wall_ms())

    service.listeners.append(feed)
    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=1) as server:
        ticks = asyncio.create_task(tick())
        port = server.sockets[0].getsockname()[1]
        yield Served(port, lambda: sum(one.transport.get_write_buffer_size() > 0 for one in clients))
        ticks.cancel()
        for client in clients:
            client.transport.abort()


Candidate = Callable[[Service], AbstractAsyncContextManager[Served]]


async def _run(candidate: Candidate, commands: Commands, trades: int) -> float:
    """Messages a second that all clients together read."""
    service = Service(order_flow.funded())
    async with candidate(service) as served, listening(served, trades - 1, "", _PATH, _MARK) as clients:
        for at in range(0, len(commands), _BATCH):
            service.place(commands[at : at + _BATCH])
            await served.read()
        said = await clients.said()
    if set(said.messages) != {trades}:
        raise RuntimeError(f"clients got {min(said.messages)} to {max(said.messages)} of {trades} trades")
    return CLIENTS * trades / said.seconds


def measured(times: int) -> Row:
    """Trades told to a hundred clients, the changes of the book beside them uncounted."""
    commands = order_flow.flow(_COMMANDS)
    service = Service(order_flow.funded())
    service.place(commands.copy())
    trades = 1 + int(service.tapes[0].recent(1)["id"][0])

    def rate(candidate: Candidate) -> float:
        return asyncio.run(asyncio.wait_for(_run(candidate, commands.copy(), trades), _PATIENCE_S))

    pairs = [(rate(ours), rate(by_broadcast)) for _ in range(times)]
    return Row.of("fan-out", "messages/s", "websockets broadcast", pairs)
