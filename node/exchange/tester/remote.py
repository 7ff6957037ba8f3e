"""Remote: the same strategy at an exchange that is reached over its API, such as the one `fusion exchange serve` runs.

What arrives is put into the same inbox as in a backtest, so `book`, `event` and `orders` mean the same. Time is the
wall clock's. Any exchange with Binance's spot API will do.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from fusion.errors import BadInput, Retryable
from node.exchange.core import door
from node.exchange.core.command import Flag, Kind, Side, Tif, Type
from node.exchange.core.compiled import jit
from node.exchange.core.entry import Table
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import none
from node.exchange.tester import inbox
from node.exchange.tester.book import ACK, AMEND, BOOK, CANCEL, EXPIRE, FILL, REFUSED, REJECT, TRADE, Book, Event
from node.exchange.tester.memory import NEVER, desk, open_desk
from node.exchange.tester.orders import Orders
from node.exchange.tester.strategy import Strategy, check

_STEPS: Final = {
    "NEW": ACK, "TRADE": FILL, "CANCELED": CANCEL, "EXPIRED": EXPIRE, "TRADE_PREVENTION": EXPIRE, "REPLACED": AMEND,
    "REJECTED": REJECT,
}  # fmt: skip
_MS: Final = 1_000_000
_PATIENCE_S: Final = 10.0


class RemoteEnded(Retryable):
    """The exchange cannot be reached, or ended the connection."""


@jit
def _collect(address: int) -> int:
    """Sends off what the strategy asked for, to `queued`; `inbox.SENT`, or why not."""
    return int(inbox.collect(open_desk(address)))


@jit
def _deliver(address: int, now: int) -> int:
    """Tells what has arrived, one thing; who is to be called."""
    of = open_desk(address)
    exchange = door.open_desk(of.control[0].exchange)
    return int(inbox.deliver(of, door.open_market(exchange.markets[np.uint64(0)]), now))


class Remote:
    """A strategy and its connection.

    Args:
        url: of the exchange, such as `http://127.0.0.1:8900`.
        key, secret: of the user that trades.
        symbol: as the exchange calls it, such as `BTCUSDT`.

    Attributes:
        trades: fills so far: (ref, side, ticks, lots).
    """

    def __init__(self, strategy: Strategy, url: str, key: str, secret: str, symbol: str) -> None:
        check(strategy)
        self.strategy, self._url, self._key, self._secret, self._symbol = strategy, url.rstrip("/"), key, secret, symbol
        self.trades: list[tuple[int, int, int, int]] = []
        self._name = hashlib.sha256(f"{key}{time.time_ns()}".encode()).hexdigest()[:8]
        self._top = (0, 0, 0, 0)

    async def run(self, seconds: float) -> None:
        """Trades for so long, then cancels what is open.

        Raises:
            BadInput: the exchange does not know the key or the symbol.
            RemoteEnded: it cannot be reached or ended the connection.
        """
        async with httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE_S) as self._http:
            try:
                await self._prepare()
                async with asyncio.timeout(seconds):
                    await self._listen()
            except TimeoutError:
                pass
            except (OSError, httpx.HTTPError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
                raise RemoteEnded(f"the exchange at {self._url} ended: {error}") from error
            finally:
                with suppress(httpx.HTTPError):
                    await self._ask("DELETE", "openOrders", {"symbol": self._symbol})

    async def _prepare(self) -> None:
        told = (await self._http.get("/api/v3/exchangeInfo", params={"symbol": self._symbol})).json()
        if "symbols" not in told:
            raise BadInput(f"{self._symbol}: {told.get('msg', 'no such symbol')}")
        one = told["symbols"][0]
        filters = {each["filterType"]: each for each in one["filters"]}
        tick, lot = (
            Decimal(filters[name][step]).normalize()
            for name, step in (("PRICE_FILTER", "tickSize"), ("LOT_SIZE", "stepSize"))
        )
        base, quote = Asset(one["baseAsset"], 12), Asset(one["quoteAsset"], 12)
        self._listing = Listing(f"{base.name}-{quote.name}", base, quote, tick, lot, lot, lot * (1 << 30), Decimal(0))
        self._exchange = Exchange([self._listing])
        self._desk = desk(none(), np.zeros(0, np.int64), np.zeros((0, 1)))
        self._table = Table(open_desk, self._desk)
        control, book = self._desk.control, self._desk.book
        control["exchange"], control["scale"] = self._exchange.table, 10**quote.decimals
        control["wake"] = self.strategy.events if type(self.strategy).on_event is not Strategy.on_event else 0
        every = self.strategy.every if type(self.strategy).on_timer is not Strategy.on_timer else 0
        now = time.time_ns()
        control["every"], control["timer"] = every, now - now % every + every if every else NEVER
        book["tick"], book["lot"], book["levels"] = float(tick), float(lot), min(1, self.strategy.levels)
        account = await self._ask("GET", "account", {})
        for name, asset in (("base", base), ("quote", quote)):
            held = next(
                (each for each in account["balances"] if each["asset"] == asset.name), {"free": "0", "locked": "0"}
            )
            control[name] = book[name] = asset.units(Decimal(held["free"]) + Decimal(held["locked"]))
        self._views = Book.sharing(book), Event.sharing(self._desk.event), Orders.sharing(self._desk.orders)

    async def _listen(self) -> None:
        """Two streams, the market's and one's own, and the timers, one thing after the other."""
        socket = self._url.replace("http", "ws", 1)
        market = self._symbol.lower()
        listen = (await self._ask("POST", "userDataStream", None))["listenKey"]
        heard: asyncio.Queue[str | bytes] = asyncio.Queue()
        public = f"{socket}/stream?streams={market}@bookTicker/{market}@trade/{listen}"
        async with connect(public, max_size=None) as stream:

            async def hear() -> None:
                async for message in stream:
                    heard.put_nowait(message)
                raise RemoteEnded(f"the exchange at {self._url} ended the stream")

            ears = asyncio.create_task(hear())
            try:
                await self._look()
                while True:
                    await self._next(heard, ears)
            finally:
                ears.cancel()

    async def _look(self) -> None:
        """The best prices before the first that the stream tells, which may be long in coming."""
        told = (await self._http.get("/api/v3/ticker/bookTicker", params={"symbol": self._symbol})).json()
        names = {"b": "bidPrice", "a": "askPrice", "B": "bidQty", "A": "askQty"}
        self._news({short: told[name] for short, name in names.items()})

    async def _next(self, heard: "asyncio.Queue[str | bytes]", ears: "asyncio.Task[None]") -> None:
        timer = int(self._desk.control["timer"][0])
        wait = None if timer == NEVER else max(0.0, (timer - time.time_ns()) / 1e9)
        one = asyncio.create_task(heard.get())
        await asyncio.wait({one, ears}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        if one.done():
            told = json.loads(one.result())
            self._news(told.get("data", told))
        else:
            one.cancel()
            if ears.done():
                ears.result()
        await self._tell(time.time_ns())

    def _news(self, told: Mapping[str, Any]) -> None:
        """Puts a message of the exchange into the inbox."""
        kind = told.get("e", "bookTicker" if "B" in told and "A" in told else "")
        if kind == "executionReport":
            self._report(told)
        elif kind in {"bookTicker", "trade"}:
            side = price = quantity = 0
            if kind == "trade":
                side, price, quantity = int(told["m"]), self._ticks(told["p"]), self._lots(told["q"])
            else:
                self._top = self._ticks(told["b"]), self._ticks(told["a"]), self._lots(told["B"]), self._lots(told["A"])
            control, now = self._desk.control, time.time_ns()
            place = int(control["feed_tail"][0]) & (len(self._desk.feed) - 1)
            at = int(told["T"]) * _MS if "T" in told else now
            self._desk.feed[place] = (now, at, TRADE if kind == "trade" else BOOK, side, price, quantity, *self._top)
            bid, ask, bid_size, ask_size = self._top
            half = self._desk.levels.shape[1] // 2
            self._desk.levels[place, :2], self._desk.levels[place, half : half + 2] = (bid, bid_size), (ask, ask_size)
            control["feed_tail"] += 1

    def _report(self, told: Mapping[str, Any]) -> None:
        name, _, ref = (told["C"] or told["c"]).partition("-")
        kind = _STEPS.get(told["x"])
        if name != self._name or kind is None:
            return  # an order of somebody else who has this key
        buys, lots = told["S"] == "BUY", self._lots(told["l"])
        price = self._ticks(told["L"] if kind == FILL else told["p"])
        base = quote = 0
        left = self._lots(told["q"]) - self._lots(told["z"])
        if kind == FILL:
            assets, sign = (self._listing.base, self._listing.quote), 1 if buys else -1
            size, worth = (Decimal(told["l"]), Decimal(told["L"]) * Decimal(told["l"]))
            fee = {told["N"]: Decimal(told["n"])}
            base = assets[0].units(sign * size - fee.get(assets[0].name, Decimal(0)))
            quote = assets[1].units(-sign * worth - fee.get(assets[1].name, Decimal(0)))
            self.trades.append((int(ref), int(not buys), price, lots))
        elif kind != ACK:
            lots, left = left, left if kind == AMEND else 0
        elif kind == ACK:
            lots = self._lots(told["q"])
        self._answer(
            kind, int(ref), int(not buys), price, lots, left=left, base=base, quote=quote, maker=int(told["m"])
        )

    def _answer(self, kind: int, ref: int, side: int = 0, price: int = 0, lots: int = 0, **more: int) -> None:
        control, now = self._desk.control, time.time_ns()
        row = self._desk.answers[int(control["answers_tail"][0]) & (len(self._desk.answers) - 1)]
        for name in self._desk.answers.dtype.names or ():
            row[name] = more.get(name, 0)
        row["local"], row["time"], row["kind"], row["ref"] = now, now, kind, ref
        row["side"], row["price"], row["quantity"] = side, price, lots
        control["answers_tail"] += 1

    async def _tell(self, now: int) -> None:
        """Calls the strategy for all that has arrived, and sends off what it asks for."""
        control, address = self._desk.control, self._table.address
        while True:
            waiting = [int(control["timer"][0])]
            for queue in ("feed", "answers"):
                head, tail = int(control[f"{queue}_head"][0]), int(control[f"{queue}_tail"][0])
                rows = getattr(self._desk, queue)
                if head < tail:
                    waiting.append(int(rows["local"][head & (len(rows) - 1)]))
            if min(waiting) > now:
                return
            woken = _deliver(address, min(waiting))
            book, event, orders = self._views
            if woken == inbox.EVENT:
                self.strategy.on_event(book, event, orders)
            elif woken == inbox.TIMER:
                self.strategy.on_timer(book, book.time, orders)
            if orders.count:
                became = inbox.TOO_MANY if orders.over else _collect(address)
                if became == inbox.FORBIDDEN:
                    raise BadInput("the strategy wrote into `orders`, or sent what is not a trader's to send")
                if became == inbox.TOO_MANY:
                    raise BadInput(
                        "the strategy asked for too many orders at once: let it cancel what it does not need"
                    )
                await self._send()

    async def _send(self) -> None:
        control = self._desk.control
        while int(control["sent_head"][0]) < int(control["sent_tail"][0]):
            command = self._desk.queued[int(control["sent_head"][0]) & (len(self._desk.queued) - 1)].copy()
            control["sent_head"] += 1
            ref, new = int(command["ref"]), command["kind"] == Kind.NEW
            if new:
                told = await self._ask("POST", "order", self._order(command))
            elif command["kind"] == Kind.CANCEL:
                told = await self._ask(
                    "DELETE", "order", {"symbol": self._symbol, "origClientOrderId": f"{self._name}-{ref}"}
                )
            else:
                told = {"code": -1, "msg": "orders are not amended over the API: cancel them"}
            if "code" in told:
                self._answer(REJECT if new else REFUSED, ref, int(command["side"]), int(command["price"]))

    def _order(self, command: Any) -> dict[str, str]:
        what, listing = Type(command["type"]), self._listing
        maker = what is Type.LIMIT and command["flags"] & Flag.POST_ONLY
        asked = {
            "symbol": self._symbol,
            "side": Side(command["side"]).name,
            "type": "LIMIT_MAKER" if maker else what.name,
            "quantity": f"{int(command['quantity']) * listing.lot:f}",
            "newClientOrderId": f"{self._name}-{command['ref']}",
            "newOrderRespType": "ACK",
        }
        if command["price"]:
            asked["price"] = f"{int(command['price']) * listing.tick:f}"
            if not maker:
                asked["timeInForce"] = Tif(command["tif"]).name
        if command["trigger"]:
            asked["stopPrice"] = f"{int(command['trigger']) * listing.tick:f}"
        if command["trail"]:
            asked["trailingDelta"] = str(int(command["trail"]) // 100)
        if command["display"]:
            asked["icebergQty"] = f"{int(command['display']) * listing.lot:f}"
        return asked

    async def _ask(self, method: str, path: str, asked: Mapping[str, str] | None) -> Any:
        """A request; signed unless nothing is asked."""
        query = ""
        if asked is not None:
            query = urlencode({**asked, "recvWindow": "5000", "timestamp": str(time.time_ns() // _MS)})
            signature = hmac.new(self._secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            query = f"?{query}&signature={signature}"
        found = await self._http.request(method, f"/api/v3/{path}{query}", headers={"X-MBX-APIKEY": self._key})
        told = found.json()
        if found.status_code in {401, 403} or (isinstance(told, dict) and told.get("code") in {-2014, -2015, -1022}):
            raise BadInput(f"the exchange does not take the key: {told.get('msg')}")
        return told

    def _ticks(self, price: str) -> int:
        return int(Decimal(price) / self._listing.tick)

    def _lots(self, quantity: str) -> int:
        return int(Decimal(quantity) / self._listing.lot)
