"""A venue on loopback, WebSocket and HTTP: a small market, or recorded lines, with faults put in by seed."""

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from atom.capture import Capture, Form

FAULTS = (
    "drop",
    "half",
    "reorder",
    "duplicate",
    "stall",
    "429",
    "bad_json",
    "clock",
    "checksum",
    "close",
    "cut",
    "goodbye",
)
OPENS = 1_704_067_200_000  # ms
HOUR = 3_600_000


@dataclass
class Market:
    """One symbol: levels in ticks of 0.01 and lots of 0.001, and what the book was after each message.

    Attributes:
        truth: bids and asks by the number of the message, and by its time in ms.
    """

    symbol: str
    random: Random
    last: int = 1000
    at: int = OPENS
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    truth: dict[int, tuple[dict[int, int], dict[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bids = {10_000 - 3 * n: self.random.randint(1, 9000) for n in range(40)}
        self.asks = {10_004 + 3 * n: self.random.randint(1, 9000) for n in range(40)}
        self.keep()

    def keep(self) -> None:
        self.truth[self.last] = self.truth[self.at] = dict(self.bids), dict(self.asks)

    def step(self) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
        """The next change: the update before it, and the levels of each side."""
        before, changed = self.last, ({}, {})
        for _ in range(self.random.randint(1, 4)):
            side = self.random.randrange(2)
            book, price = (self.bids, self.asks)[side], self.random.randint(1, 120)
            price = 10_001 - price if side == 0 else 10_003 + price
            size = (
                0 if price in book and len(book) > 30 and self.random.random() < 0.5 else self.random.randint(1, 9000)
            )
            changed[side][price] = size
            if size:
                book[price] = size
            else:
                del book[price]
        self.last += self.random.randint(1, 3)
        self.at += 1
        self.keep()
        return before, list(changed[0].items()), list(changed[1].items())


def texts(levels, *more: str) -> list[list[str]]:
    return [[f"{price / 100:.2f}", f"{size / 1000:.3f}", *more] for price, size in levels]


class Binance:
    """How Binance spot tells of a market."""

    venue = "binance"
    symbols = ("BTCUSDT", "ETHUSDT")
    names = ("BTC-USDT", "ETH-USDT")
    hosts = ("wss://stream.binance.com:9443", "https://api.binance.com")
    by_time = False
    listed: ClassVar = {"quoteAsset": "USDT"}

    def hello(self, market: Market) -> Sequence[dict]:
        return ()

    def change(self, market: Market) -> dict:
        before, bids, asks = market.step()
        data = {"e": "depthUpdate", "E": market.at, "s": market.symbol, "U": before + 1, "u": market.last}
        return {
            "stream": f"{market.symbol.lower()}@depth@100ms",
            "data": {**data, "b": texts(bids), "a": texts(asks)},
        }

    def trade(self, market: Market) -> dict:
        data = {"e": "trade", "E": market.at, "T": market.at, "s": market.symbol, "t": market.last, "m": True}
        return {"stream": f"{market.symbol.lower()}@trade", "data": {**data, "p": "100.02", "q": "0.500"}}

    def spoil(self, kind: str, message: dict) -> dict | None:
        """The message with that fault in it; None where it can have none."""
        return {**message, "data": {**message["data"], "E": message["data"]["E"] + HOUR}} if kind == "clock" else None

    def answer(self, path: str, markets: dict[str, Market]) -> object:
        if "exchangeInfo" in path:
            filters = [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "stepSize": "0.001"},
            ]
            return {
                "symbols": [
                    {"symbol": name, "baseAsset": name[:3], "filters": filters, **self.listed} for name in self.symbols
                ]
            }
        market = markets[parse_qs(urlsplit(path).query)["symbol"][0]]
        bids, asks = texts(market.bids.items()), texts(market.asks.items())
        return {"lastUpdateId": market.last, "bids": bids, "asks": asks}


class BinanceFutures(Binance):
    """How Binance tells of USD-M contracts, and answers what it tells on no stream."""

    venue = "binance_futures"
    names = ("BTC-USDT-PERP", "ETH-USDT-PERP")
    hosts = ("wss://fstream.binance.com", "https://fapi.binance.com")
    listed: ClassVar = {"quoteAsset": "USDT", "contractType": "PERPETUAL"}

    def change(self, market: Market) -> dict:
        before, told = market.last, super().change(market)
        return {**told, "data": {**told["data"], "pu": before}}

    def answer(self, path: str, markets: dict[str, Market]) -> object:
        if "/openInterest" not in path:
            return super().answer(path, markets)
        market = markets[parse_qs(urlsplit(path).query)["symbol"][0]]
        return {"symbol": market.symbol, "openInterest": f"{market.last}.125", "time": market.at}


class BinanceDelivery(BinanceFutures):
    """How it tells of COIN-M contracts."""

    venue = "binance_delivery"
    symbols = ("BTCUSD_PERP", "ETHUSD_PERP")
    names = ("BTC-USD-PERP", "ETH-USD-PERP")
    hosts = ("wss://dstream.binance.com", "https://dapi.binance.com")
    listed: ClassVar = {"quoteAsset": "USD", "contractType": "PERPETUAL", "contractSize": 100}


class Okx:
    """How OKX does."""

    venue = "okx"
    symbols = names = ("BTC-USDT", "ETH-USDT")
    hosts = ("wss://ws.okx.com:8443", "https://www.okx.com")
    by_time = True

    def hello(self, market: Market) -> Sequence[dict]:
        levels = texts(market.bids.items(), "0", "1"), texts(market.asks.items(), "0", "1")
        arg = {"channel": "books", "instId": market.symbol}
        return ({"event": "subscribe", "arg": arg, "connId": "x"}, self._message(market, "snapshot", *levels))

    def change(self, market: Market) -> dict:
        before, bids, asks = market.step()
        return self._message(market, "update", texts(bids, "0", "1"), texts(asks, "0", "1"), before)

    def trade(self, market: Market) -> dict:
        of = {"instId": market.symbol, "tradeId": str(market.last), "px": "100.02", "sz": "0.5", "side": "buy"}
        arg = {"channel": "trades", "instId": market.symbol}
        return {"arg": arg, "data": [{**of, "ts": str(market.at), "count": "1"}]}

    def spoil(self, kind: str, message: dict) -> dict | None:
        data = message["data"][0]
        if kind == "clock":
            return {**message, "data": [{**data, "ts": str(int(data["ts"]) + HOUR)}]}
        return {**message, "data": [{**data, "checksum": data["checksum"] ^ 1}]} if "checksum" in data else None

    def answer(self, path: str, markets: dict[str, Market]) -> object:
        spot = "instType=SPOT" in path
        return {
            "code": "0",
            "data": [{"instId": name, "tickSz": "0.01", "lotSz": "0.001"} for name in self.symbols if spot],
        }

    def _message(self, market: Market, action: str, bids: object, asks: object, before: int = -1) -> dict:
        best = [texts(sorted(market.bids.items(), reverse=True)[:25]), texts(sorted(market.asks.items())[:25])]
        told = [part for pair in zip(*best, strict=True) for level in pair for part in level]
        checksum = zlib.crc32(":".join(told).encode())
        data = {"ts": str(market.at), "bids": bids, "asks": asks, "seqId": market.last, "prevSeqId": before}
        data["checksum"] = checksum - (checksum >> 31 << 32)  # of 25 levels a side, signed
        return {"arg": {"channel": "books", "instId": market.symbol}, "action": action, "data": [data]}


class FakeVenue:
    """Tells of markets to whoever connects, faultily until all faults are spent, then soundly.

    Args:
        form: whose messages.
        seed: of the markets and of where the faults are.
        faults: kinds of `FAULTS`, in the order in which they come.

    Attributes:
        spent: the faults so far.
        steps: changes since the last fault, and since it was ready for another.
        ready: whether the next fault may come.
        told: changes told to those who listen.
        pictures: answers to the next questions for a full picture, such as 429 or 503, before there is one.
        polls: likewise to those for an open interest.
    """

    def __init__(self, form: Binance | Okx, seed: int, faults: Sequence[str] = ()) -> None:
        random = Random(seed)
        self.form = form
        self.markets = {symbol: Market(symbol, Random(random.random())) for symbol in form.symbols}
        self.spent: list[str] = []
        self.ready: Callable[[], bool] = lambda: True
        self.steps = self.told = 0
        self.pictures: deque[int] = deque()
        self.polls: deque[int] = deque()
        self._random = random
        self._faults = deque(faults)
        self._limits = 0
        self._connections: dict[ServerConnection, deque[str] | None] = {}

    @property
    def spent_all(self) -> bool:
        return not self._faults

    @asynccontextmanager
    async def run(self):
        """Serves while inside; gives the hosts that stand for the venue's."""
        async with serve(self._serve, "127.0.0.1", 0, process_request=self._request, compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            going = asyncio.create_task(self._go())
            try:
                socket, http = self.form.hosts
                yield {socket: f"ws://127.0.0.1:{port}", http: f"http://127.0.0.1:{port}"}
            finally:
                going.cancel()
                for connection in list(self._connections):
                    connection.transport.abort()

    def _request(self, connection, request):
        refusal = 429 if self._limits else 0
        self._limits = 0
        if "/depth" in request.path and self.pictures:
            refusal = self.pictures.popleft()
        if "/openInterest" in request.path and self.polls:
            refusal = self.polls.popleft()
        if refusal:
            answer = connection.respond(refusal, '{"code": -1003}')
            answer.headers["Retry-After"] = "0"
            return answer
        if "Upgrade" in request.headers:
            return None
        return connection.respond(200, json.dumps(self.form.answer(request.path, self.markets)))

    async def _serve(self, connection: ServerConnection) -> None:
        if self.form.by_time:
            await connection.recv()  # what to subscribe to
        for market in self.markets.values():
            for message in self.form.hello(market):
                await connection.send(json.dumps(message))
        self._connections[connection] = deque()
        try:
            with suppress(ConnectionClosed):
                async for _ in connection:
                    pass  # pings
        finally:
            self._connections.pop(connection, None)

    async def _go(self) -> None:
        while True:
            await asyncio.sleep(0.001)
            if not self._connections:
                continue
            market = self._random.choice(list(self.markets.values()))
            if self._random.random() < 0.2:
                await self._tell(json.dumps(self.form.trade(market)))
            message = self.form.change(market)
            self.told += 1
            self.steps = self.steps + 1 if self.ready() else 0
            if self._faults and self.steps > 12:
                await self._fault(self._faults.popleft(), message, market)
            else:
                await self._tell(json.dumps(message))

    async def _fault(self, kind: str, message: dict, market: Market) -> None:
        told = json.dumps(message)
        self.spent.append(kind)
        self.steps = 0
        if kind == "half":
            await self._tell(told[: len(told) // 2])
        elif kind == "bad_json":
            await self._tell('{"stream": nonsense\n')
            await self._tell(told)
        elif kind == "duplicate":
            await self._tell(told)
            await self._tell(told)
        elif kind == "reorder":
            later = json.dumps(self.form.change(market))
            await self._tell(later)
            await self._tell(told)
        elif kind in ("clock", "checksum"):
            market.truth[market.at + HOUR] = market.truth[market.at]
            await self._tell(json.dumps(self.form.spoil(kind, message) or message))
        elif kind != "drop":
            await self._tell(told)
            self._break(kind)

    def _break(self, kind: str) -> None:
        for connection in list(self._connections):
            if kind == "stall":
                self._connections[connection] = None
            elif kind == "goodbye":
                del self._connections[connection]
                self._closing = asyncio.create_task(connection.close(1012, "restart"))
            else:
                self._limits = 1 if kind == "429" else 0
                if kind == "cut":  # in the middle of a frame
                    connection.transport.write(b'\x81\x7e\x01\x00{"stream')
                    connection.transport.close()
                else:
                    connection.transport.abort()

    async def _tell(self, message: str) -> None:
        for connection, open_ in list(self._connections.items()):
            if open_ is not None:
                with suppress(ConnectionClosed):
                    await connection.send(message)


class Recorded:
    """Plays a raw recording of any venue: to each connection all that came over WebSockets, from its beginning.

    Args:
        streams, answers: recorded files.
    """

    def __init__(self, streams: Sequence[Path], answers: Sequence[Path] = ()) -> None:
        self.ended = False
        self._lines = [line.body.strip().decode() for line in Capture(streams) if line.form is Form.MESSAGE]
        self._answers = {_path(line.url): line.body for line in (Capture(answers) if answers else ()) if line.url}

    @asynccontextmanager
    async def run(self):
        """Serves while inside; gives the port."""
        async with serve(self._serve, "127.0.0.1", 0, process_request=self._request, compression=None) as server:
            yield server.sockets[0].getsockname()[1]
            for connection in list(server.connections):
                connection.transport.abort()

    def _request(self, connection, request):
        if "Upgrade" in request.headers:
            return None
        body = self._answers.get(_path(request.path))
        return connection.respond(404, "no\n") if body is None else connection.respond(200, body.decode())

    async def _serve(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for number, line in enumerate(self._lines):
                await connection.send(line)
                if number % 50 == 0:
                    await asyncio.sleep(0)
            self.ended = True
            await connection.wait_closed()


def _path(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path.lower().rstrip("/"), "&".join(sorted(parts.query.lower().split("&")))
