"""An exchange on a free port, with two markets, a maker's book in each, and a user with money."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from api.exchange.door import Limits as DoorLimits
from api.exchange.meter import Allowance
from api.exchange.server import ExchangeServer
from api.exchange.signature import sign, signed_values
from atom.stream.socket import Limits
from node.exchange.core.command import Kind, Side, Type
from node.exchange.exchange import Exchange, command
from node.exchange.listing import Asset, Listing
from node.exchange.service.service import Service

T = TypeVar("T")
BTC, ETH, USDT = Asset("BTC"), Asset("ETH"), Asset("USDT")
LISTINGS = (
    Listing(
        "BTC-USDT", BTC, USDT, tick=Decimal("0.01"), lot=Decimal("0.00001"), least=Decimal("0.00001"),
        most=Decimal(9000), notional=Decimal(5), band=Decimal("0.8"), orders=200, waiting=5,
    ),
    Listing(
        "ETH-USDT", ETH, USDT, tick=Decimal("0.01"), lot=Decimal("0.0001"), least=Decimal("0.0001"),
        most=Decimal(9000), notional=Decimal(5), orders=200, waiting=5,
    ),
)  # fmt: skip
MIDDLES = (60_000_00, 3_000_00)  # ticks
LEVELS = 30
PATIENCE = 60.0
_COMPILED_S = 500.0  # the first use of the core on a machine compiles it


def service() -> Service:
    """A service with the users `maker` and `user`, who both have 1,000 BTC, 1,000 ETH and 1,000,000 USDT."""
    exchange = Exchange(LISTINGS)
    made = Service(exchange)
    for name in ("maker", "user"):
        amounts = [(each, Decimal(1_000_000 if each == USDT else 1_000)) for each in exchange.assets]
        made.enrol(name, {number: asset.units(amount) for number, (asset, amount) in enumerate(amounts)})
    maker = made.users.named("maker").account
    for market, middle in enumerate(MIDDLES):
        made.place(np.concatenate([book_row(market, maker, middle, side, at) for at in range(LEVELS) for side in Side]))
        for side in (Side.BUY, Side.SELL):
            made.place(command(kind=Kind.NEW, type=Type.MARKET, side=side, market=market, account=maker, quantity=1000))
    return made


def book_row(market: int, account: int, middle: int, side: Side, at: int) -> Any:
    away = 10 * (at + 1)
    price = middle - away if side is Side.BUY else middle + away
    return command(kind=Kind.NEW, side=side, market=market, account=account, price=price, quantity=50_000)


class Scene:
    """A running exchange, in a thread of its own.

    Attributes:
        url: where it is.
        key, secret: of the user.
        service, server: to be touched in their own thread: `do`.
    """

    def __init__(
        self, allowance: Allowance | None = None, limits: Limits | None = None, door: DoorLimits | None = None
    ) -> None:
        self._settings = {"allowance": allowance, "limits": limits, "door": door}
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._ready.result(_COMPILED_S)

    async def _run(self) -> None:
        try:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            self.service = service()
            key = self.service.add_key("user")
            self.key, self.secret = key.code, key.secret
            async with ExchangeServer(self.service, **self._settings) as self.server:  # type: ignore[arg-type]  # by name
                self.url = self.server.url
                self._ready.set_result(None)
                await self._stop.wait()
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise

    @property
    def account(self) -> int:
        return self.service.users.named("user").account

    @property
    def maker(self) -> int:
        return self.service.users.named("maker").account

    def do(self, act: Callable[[], T]) -> T:
        """Does something in the exchange's thread."""

        async def done() -> T:
            return act()

        return self.run(done())

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """Runs something in the exchange's loop."""
        return asyncio.run_coroutine_threadsafe(act, self._loop).result(60)

    def signed(self, key: str = "", secret: str = "", **told: Any) -> dict[str, Any]:
        """Parameters over WebSocket, signed by the user or with another key."""
        params = {"apiKey": key or self.key, "timestamp": time.time_ns() // 10**6, **told}
        return {**params, "signature": sign(secret or self.secret, signed_values(params))}

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def ccxt(self, **more: Any) -> dict[str, Any]:
        """What ccxt has to know, as the guide tells it."""
        rest, sockets = f"{self.url}/api/v3", self.url.replace("http", "ws")
        return {
            "apiKey": self.key,
            "secret": self.secret,
            "enableRateLimit": False,
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
            "urls": {
                "api": {
                    "public": rest,
                    "private": rest,
                    "v1": f"{self.url}/api/v1",
                    "sapi": f"{self.url}/sapi/v1",
                    "ws": {"spot": f"{sockets}/stream.binance.com/ws", "ws-api": {"spot": f"{sockets}/ws-api/v3"}},
                }
            },
            **more,
        }


@asynccontextmanager
async def to(scene: Scene, path: str, **more: Any) -> AsyncIterator[ClientConnection]:
    async with (
        asyncio.timeout(PATIENCE),
        connect(scene.url.replace("http", "ws") + path, max_size=None, compression=None, **more) as connection,
    ):
        yield connection


async def request(connection: ClientConnection, **told: Any) -> Any:
    await connection.send(json.dumps(told))
    return json.loads(await connection.recv())


def conserved(of: Service) -> bool:
    """Whether all balances of each asset, everyone's together, are nothing, and no user owes."""
    balances = of.exchange.ledger.balances
    users = np.delete(balances, 1, axis=0)
    return not balances.sum(axis=(0, 2)).any() and bool((users >= 0).all())
