"""Server: the exchange at one port."""

import asyncio
import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from api.exchange.account import Accounts
from api.exchange.app import create_app
from api.exchange.catalogue import Catalogue
from api.exchange.client import Client, Rooms
from api.exchange.door import Door
from api.exchange.door import Limits as DoorLimits
from api.exchange.endpoint import Desk
from api.exchange.feed import TICK_MS, Feed
from api.exchange.hub import Hub
from api.exchange.listen import ListenKeys
from api.exchange.lists import Lists
from api.exchange.market_data import MS, MarketData
from api.exchange.meter import Allowance, Meter
from api.exchange.own import OwnStreams
from api.exchange.perpetuals import Perpetuals
from api.exchange.signature import Credential, Guard
from api.exchange.told import Teller
from api.exchange.trading import Trading
from atom.stream.socket import Limits, Socket
from node.exchange.service.service import Service
from node.exchange.service.users import Permission


class ExchangeServer:
    """Serves an exchange over REST and WebSocket; an async context manager, in whose loop the service lives.

    Args:
        service: the exchange as it runs.
        host, port: where it listens; port 0 takes a free one.
        allowance: what a client may ask.
        limits: what a WebSocket client may cost.
        door: what is let in.

    Attributes:
        clients: those over WebSocket.
        ticks: tells by the clock; it ends only at a fault, and then the exchange is not served as it should be.
    """

    def __init__(
        self,
        service: Service,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        allowance: Allowance | None = None,
        limits: Limits | None = None,
        door: DoorLimits | None = None,
    ) -> None:
        self._service = service
        catalogue, keys = Catalogue(service.exchange), ListenKeys(lambda key: service.users.key(key) is not None)
        meter = Meter(allowance or Allowance(), time.monotonic)
        hub = Hub(catalogue)
        teller = Teller(catalogue)
        trading = Trading(service, teller)
        self._feed, self._own = Feed(service, catalogue, hub), OwnStreams(service, teller, keys, wall_ms)
        endpoints = [
            *MarketData(service, catalogue, meter.allowance, wall=wall_ms, settle=self._feed.settle).endpoints(),
            *trading.endpoints(),
            *Lists(service, teller, trading).endpoints(),
            *Perpetuals(service, catalogue).endpoints(),
            *Accounts(service, teller, meter, keys, wall_ms).endpoints(),
        ]
        desk = Desk(endpoints, Guard(self._credential, wall_ms, lambda: service.clock.now() // MS), meter)
        self.clients: set[Socket] = set()
        rooms, door = Rooms(hub, self._own, desk, keys, wall_ms), door or DoorLimits()
        limits = limits or Limits(clients=door.sockets)
        self._door = Door(
            create_app(desk), lambda: Client(rooms, self.clients, limits), self.clients, host, port, limits=door
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._door)
            for listener in (self._feed, self._own):
                self._service.listeners.append(listener)
                stack.callback(self._service.listeners.remove, listener)
            self.ticks = asyncio.get_running_loop().create_task(self._tick())
            stack.callback(self.ticks.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._door.url

    @property
    def requests(self) -> int:
        """Connections over which HTTP is spoken now."""
        return self._door.connections

    async def _tick(self) -> None:
        looked = 0
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            now = wall_ms()
            self._feed.tick(now)
            if now - looked >= 1000:
                looked = now
                self._own.end_stale()

    def _credential(self, key: str) -> Credential | None:
        found = self._service.users.key(key)
        if found is None:
            return None
        may = found.permissions
        return Credential(found.user.account, found.secret, Permission.READ in may, Permission.TRADE in may)


def wall_ms() -> int:
    """The wall's time, ms UTC."""
    return time.time_ns() // 1_000_000
