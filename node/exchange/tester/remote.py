"""Remote: the same strategy at an exchange that is reached over its API, such as the one `fusion exchange serve` runs.

What arrives is put into the same inbox as in a backtest, so `book`, `event` and `orders` mean the same. Time is the
wall clock's, and the account is worth the quote currency that it has at the start. What the API has no word for is
refused (`worded`).
"""

import asyncio
import hashlib
import inspect
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from fusion.errors import BadInput, Retryable
from node.exchange.core import door
from node.exchange.core.command import Kind
from node.exchange.core.compiled import jit
from node.exchange.core.entry import Table
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import none
from node.exchange.tester import exact, inbox
from node.exchange.tester.arrivals import Arrivals
from node.exchange.tester.book import Book, Event
from node.exchange.tester.memory import NEVER, desk, open_desk
from node.exchange.tester.orders import Orders
from node.exchange.tester.rest import Rest
from node.exchange.tester.sender import Sender
from node.exchange.tester.strategy import MODULE, Strategy, check, told
from node.exchange.tester.typed import settle

_PATIENCE_S: Final = 10.0
_KEEP_S: Final = 1800.0
"""A listen key is over after twice as long."""


class RemoteEnded(Retryable):
    """The exchange cannot be reached, or ended the connection."""


@jit
def _collect(address: int) -> int:
    """Sends off what the strategy asked for, to `queued`; what became of it."""
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
        if strategy.levels > 1:
            raise BadInput(f"{type(strategy).__name__} looks at {strategy.levels} levels; over the API there is one")
        self.strategy, self._url, self._key, self._secret, self._symbol = strategy, url.rstrip("/"), key, secret, symbol
        self._name = hashlib.sha256(f"{key}{time.time_ns()}".encode()).hexdigest()[:8]
        kind = type(strategy)
        self._file = Path(inspect.getfile(kind))
        self._desk = desk(none(), np.zeros(0, np.int64), np.zeros((0, 1)))
        if kind.__module__.startswith(MODULE):
            exact.harden(vars(sys.modules[kind.__module__]))
        settle(strategy)
        self.trades: list[tuple[int, int, int, int]] = []

    async def run(self, seconds: float) -> None:
        """Trades for so long, then cancels what is open of it.

        Raises:
            BadInput: the exchange does not know the key or the symbol, or the strategy raised; the message says where.
            RemoteEnded: it cannot be reached or ended the connection.
        """
        async with httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE_S) as http:
            self._rest = Rest(http, self._key, self._secret)
            try:
                await self._prepare()
                try:
                    await self._listen(seconds)
                finally:
                    with suppress(httpx.HTTPError):
                        await self._sender.cancel(self._open())
            except (OSError, httpx.HTTPError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
                raise RemoteEnded(f"the exchange at {self._url} ended: {error}") from error

    def _open(self) -> list[int]:
        """Its own orders that are open: no others of this key."""
        open_: list[int] = self._desk.listed[: int(self._desk.control["open"][0])].tolist()
        return open_

    async def _prepare(self) -> None:
        """Learns the market and what the account has, and makes the desk ready."""
        told = await self._rest.look("exchangeInfo", {"symbol": self._symbol})
        if "symbols" not in told:
            raise BadInput(f"{self._symbol}: {told.get('msg', 'no such symbol')}")
        listing = _listing(told["symbols"][0])
        base, quote = listing.base, listing.quote
        self._exchange = Exchange([listing])
        self._table = Table(open_desk, self._desk)
        control, book = self._desk.control, self._desk.book
        control["exchange"], control["scale"] = self._exchange.table, 10**quote.decimals
        _collect(self._table.address)  # nothing is there yet; but they are compiled now, not while the exchange waits
        _deliver(self._table.address, 0)
        control["wake"] = self.strategy.events if type(self.strategy).on_event is not Strategy.on_event else 0
        every = self.strategy.every if type(self.strategy).on_timer is not Strategy.on_timer else 0
        now = time.time_ns()
        control["selftrade"], control["levels"] = int(self.strategy.selftrade), self.strategy.levels
        control["every"], control["timer"] = every, now - now % every + every if every else NEVER
        book["tick"], book["lot"] = float(listing.tick), float(listing.lot)
        book["levels"] = self.strategy.levels
        account = await self._rest.ask("GET", "account", {})
        for name, asset in (("base", base), ("quote", quote)):
            held = next(
                (each for each in account["balances"] if each["asset"] == asset.name), {"free": "0", "locked": "0"}
            )
            amount = asset.units(Decimal(held["free"]) + Decimal(held["locked"]))
            control[name] = control[f"has_{name}"] = book[name] = amount
        control["cash"] = control["quote"]
        book["equity"] = int(control["cash"][0]) / 10**quote.decimals
        self._views = Book.sharing(book), Event.sharing(self._desk.event), Orders.sharing(self._desk.orders)
        self._arrivals = Arrivals(self._desk, listing, self._name)
        self._sender = Sender(self._rest, self._arrivals, listing, self._symbol)
        self.trades = self._arrivals.trades

    async def _listen(self, seconds: float) -> None:
        """Hears the market and its own orders for so long."""
        try:
            async with asyncio.timeout(seconds) as limit, self._streams() as (heard, ears):
                self._arrivals.first(await self._rest.look("ticker/bookTicker", {"symbol": self._symbol}))
                while True:
                    await self._next(heard, ears)
        except TimeoutError as error:
            if not limit.expired():  # it was not our time that was over
                raise RemoteEnded(f"the exchange at {self._url} did not answer in time") from error

    @asynccontextmanager
    async def _streams(self) -> "AsyncIterator[tuple[asyncio.Queue[str | bytes], asyncio.Task[None]]]":
        """Two streams, the market's and one's own, as one queue, and what fills it."""
        socket = self._url.replace("http", "ws", 1)
        market = self._symbol.lower()
        listen = (await self._rest.ask("POST", "userDataStream", None))["listenKey"]
        heard: asyncio.Queue[str | bytes] = asyncio.Queue()
        public = f"{socket}/stream?streams={market}@bookTicker/{market}@trade/{listen}"
        async with connect(public, max_size=None) as stream:

            async def hear() -> None:
                async for message in stream:
                    heard.put_nowait(message)
                raise RemoteEnded(f"the exchange at {self._url} ended the stream")

            async def keep() -> None:
                while True:
                    await asyncio.sleep(_KEEP_S)
                    await self._rest.ask("PUT", f"userDataStream?listenKey={listen}", None)

            async def both() -> None:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(hear())
                    tasks.create_task(keep())

            ears = asyncio.create_task(both())
            try:
                yield heard, ears
            finally:
                ears.cancel()

    async def _next(self, heard: "asyncio.Queue[str | bytes]", ears: "asyncio.Task[None]") -> None:
        timer = int(self._desk.control["timer"][0])
        wait = None if timer == NEVER else max(0.0, (timer - time.time_ns()) / 1e9)
        if self._arrivals.waiting():
            wait = 0.0
        one = asyncio.create_task(heard.get())
        await asyncio.wait({one, ears}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        if one.done():
            told = json.loads(one.result())
            self._arrivals.take(told.get("data", told))
        else:
            one.cancel()
            if ears.done() and (error := ears.exception()) is not None:
                raise error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        await self._tell(time.time_ns())

    async def _tell(self, now: int) -> None:
        """Calls the strategy for all that has arrived by now, and sends off what it asks for."""
        control, address = self._desk.control, self._table.address
        while (due := min([int(control["timer"][0]), *self._arrivals.waiting()])) <= now:
            woken = _deliver(address, due)
            book, event, orders = self._views
            try:
                if woken == inbox.EVENT:
                    self.strategy.on_event(book, event, orders)
                elif woken == inbox.TIMER:
                    self.strategy.on_timer(book, book.time, orders)
            except (Exception, SystemExit) as error:  # whatever it raises is told with its line
                raise BadInput(told(error, self._file)) from error
            if orders.count:
                if orders.over:
                    raise BadInput(inbox.OVER)
                if (became := _collect(address)) != inbox.SENT:
                    raise BadInput(inbox.WHY[became])
                await self._send()

    async def _send(self) -> None:
        control = self._desk.control
        while int(control["sent_head"][0]) < int(control["sent_tail"][0]):
            head, last = int(control["sent_head"][0]), len(self._desk.queued) - 1
            count = int(self._desk.sent[head & last]["rows"])
            commands = [self._desk.queued[at & last].copy() for at in range(head, head + count)]
            control["sent_head"] += count
            if commands[0]["kind"] == Kind.CANCEL_ALL:
                await self._sender.cancel(self._open())
            else:
                await self._sender.send(commands)


def _listing(told: Mapping[str, Any]) -> Listing:
    """A market as the exchange tells it."""
    filters = {each["filterType"]: each for each in told["filters"]}
    tick, lot = (
        Decimal(filters[name][step]).normalize()
        for name, step in (("PRICE_FILTER", "tickSize"), ("LOT_SIZE", "stepSize"))
    )
    base, quote = Asset(told["baseAsset"], 12), Asset(told["quoteAsset"], 12)
    return Listing(f"{base.name}-{quote.name}", base, quote, tick, lot, lot, lot * (1 << 30), Decimal(0))
