"""Remote: the same strategy at an exchange that is reached over its API, such as the one `fusion exchange serve` runs.

What arrives is put into the same inbox as in a backtest, so `book`, `event` and `orders` mean the same. Time is the
wall clock's, and the account is worth the quote currency that it has at the start. What the API has no word for is
refused: orders that end by time, groups, and amendments that do not make an order smaller at its price.
"""

import asyncio
import hashlib
import inspect
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from fusion.errors import BadInput, Retryable
from node.exchange.core import door
from node.exchange.core.command import Flag, Kind, Side, Tif, Type
from node.exchange.core.compiled import jit
from node.exchange.core.entry import Table
from node.exchange.core.journal import Reason
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import none
from node.exchange.tester import inbox
from node.exchange.tester.book import (
    ACK,
    AMEND,
    BOOK,
    CANCEL,
    EXPIRE,
    FILL,
    REFUSED,
    REJECT,
    TRADE,
    TRIGGER,
    Book,
    Event,
)
from node.exchange.tester.memory import NEVER, desk, open_desk
from node.exchange.tester.orders import Orders
from node.exchange.tester.rest import Rest, order
from node.exchange.tester.strategy import Strategy, check, told

_PREVENTED: Final = "TRADE_PREVENTION"
_STEPS: Final = {
    "NEW": ACK, "TRADE": FILL, "CANCELED": CANCEL, "EXPIRED": EXPIRE, _PREVENTED: EXPIRE, "REPLACED": AMEND,
    "REJECTED": REJECT,
}  # fmt: skip
_MS: Final = 1_000_000
_PATIENCE_S: Final = 10.0
_KEEP_S: Final = 1800.0
"""A listen key is over after twice as long."""
_STANDING: Final = (Tif.GTC, Tif.IOC, Tif.FOK)
_OPEN: Final = ("NEW", "PARTIALLY_FILLED", "PENDING_NEW")


class Open(NamedTuple):
    """An order that is open there: lots in all, filled, and taken off by self-trade prevention; price in ticks."""

    quantity: int
    filled: int
    prevented: int
    price: int


_UNKNOWN: Final = Open(0, 0, 0, 0)


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
        self.trades: list[tuple[int, int, int, int]] = []
        self._name = hashlib.sha256(f"{key}{time.time_ns()}".encode()).hexdigest()[:8]
        self._top = (0, 0, 0, 0)
        self._file = Path(inspect.getfile(type(strategy)))
        self._known: dict[int, Open] = {}
        self._desk = desk(none(), np.zeros(0, np.int64), np.zeros((0, 1)))

    async def run(self, seconds: float) -> None:
        """Trades for so long, then cancels what is open of it.

        Raises:
            BadInput: the exchange does not know the key or the symbol, or the strategy raised; the message says where.
            RemoteEnded: it cannot be reached or ended the connection.
        """
        async with httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE_S) as self._http:
            self._rest = Rest(self._http, self._key, self._secret)
            try:
                await self._prepare()
                await self._listen(seconds)
            except (OSError, httpx.HTTPError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
                raise RemoteEnded(f"the exchange at {self._url} ended: {error}") from error
            finally:
                with suppress(httpx.HTTPError):
                    await self._cancel_all()

    async def _cancel_all(self) -> None:
        """Takes its own orders out, and no others of this key."""
        for ref in self._desk.listed[: int(self._desk.control["open"][0])].tolist():
            await self._rest.ask("DELETE", "order", self._of(ref))

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
        book["tick"], book["lot"], book["levels"] = float(tick), float(lot), self.strategy.levels
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

    async def _listen(self, seconds: float) -> None:
        """Hears the market and its own orders for so long."""
        try:
            async with asyncio.timeout(seconds) as limit, self._streams() as (heard, ears):
                await self._look()
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

    async def _look(self) -> None:
        """The best prices before the first that the stream tells, which may be long in coming."""
        told = (await self._http.get("/api/v3/ticker/bookTicker", params={"symbol": self._symbol})).json()
        names = {"b": "bidPrice", "a": "askPrice", "B": "bidQty", "A": "askQty"}
        self._news({short: told[name] for short, name in names.items()})

    async def _next(self, heard: "asyncio.Queue[str | bytes]", ears: "asyncio.Task[None]") -> None:
        timer = int(self._desk.control["timer"][0])
        wait = None if timer == NEVER else max(0.0, (timer - time.time_ns()) / 1e9)
        if self._waiting():
            wait = 0.0
        one = asyncio.create_task(heard.get())
        await asyncio.wait({one, ears}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        if one.done():
            told = json.loads(one.result())
            self._news(told.get("data", told))
        else:
            one.cancel()
            if ears.done() and (error := ears.exception()) is not None:
                raise error.exceptions[0] if isinstance(error, ExceptionGroup) else error
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
            what = TRADE if kind == "trade" else BOOK
            passed = mark = 0  # nobody tells them here
            self._desk.feed[place] = (now, at, what, side, price, quantity, *self._top, passed, mark, 0, 0, 0, 0, 0)
            bid, ask, bid_size, ask_size = self._top
            half = self._desk.levels.shape[1] // 2
            self._desk.levels[place, :2], self._desk.levels[place, half : half + 2] = (bid, bid_size), (ask, ask_size)
            control["feed_tail"] += 1

    def _report(self, told: Mapping[str, Any]) -> None:
        """Puts what became of an own order into the inbox."""
        name, _, ref = (told["C"] or told["c"]).partition("-")
        kind = _STEPS.get(told["x"])
        if name != self._name or kind is None:
            return  # an order of somebody else who has this key
        number, buys, lots = int(ref), told["S"] == "BUY", self._lots(told["l"])
        whole, done = self._lots(told["q"]), self._lots(told["z"])
        if number in self._known and kind == ACK:
            kind = TRIGGER  # it is told once more as new when it wakes
        prevented = self._known.get(number, _UNKNOWN).prevented + (lots if told["x"] == _PREVENTED else 0)
        price = self._ticks(told["L"] if kind == FILL else told["p"])
        rest = whole - done - prevented
        left = rest if told["X"] in _OPEN else 0
        self._known[number] = Open(whole, done, prevented, self._ticks(told["p"]))
        base = quote = 0
        if kind == FILL:
            base, quote = self._paid(told, 1 if buys else -1)
            self.trades.append((number, int(not buys), price, lots))
        elif told["x"] != _PREVENTED:
            lots = rest
        if not left:
            del self._known[number]
        self._answer(kind, number, int(not buys), price, lots, left=left, base=base, quote=quote, maker=int(told["m"]))

    def _paid(self, told: Mapping[str, Any], sign: int) -> tuple[int, int]:
        """What the account got by a fill, base units of its assets."""
        base, quote = self._listing.base, self._listing.quote
        size, worth = Decimal(told["l"]), Decimal(told["L"]) * Decimal(told["l"])
        fee = {told["N"]: Decimal(told["n"])}
        return (
            base.units(sign * size - fee.get(base.name, Decimal(0))),
            quote.units(-sign * worth - fee.get(quote.name, Decimal(0))),
        )

    def _answer(self, kind: int, ref: int, side: int = 0, price: int = 0, lots: int = 0, **more: int) -> None:
        control, now = self._desk.control, time.time_ns()
        row = self._desk.answers[int(control["answers_tail"][0]) & (len(self._desk.answers) - 1)]
        for name in self._desk.answers.dtype.names or ():
            row[name] = more.get(name, 0)
        row["local"], row["time"], row["kind"], row["ref"] = now, now, kind, ref
        row["side"], row["price"], row["quantity"] = side, price, lots
        control["answers_tail"] += 1

    def _waiting(self) -> list[int]:
        """When each queue's first arrived."""
        control, found = self._desk.control, []
        for queue in ("feed", "answers"):
            head, rows = int(control[f"{queue}_head"][0]), getattr(self._desk, queue)
            if head < int(control[f"{queue}_tail"][0]):
                found.append(int(rows["local"][head & (len(rows) - 1)]))
        return found

    async def _tell(self, now: int) -> None:
        """Calls the strategy for all that has arrived by now, and sends off what it asks for."""
        control, address = self._desk.control, self._table.address
        while (due := min([int(control["timer"][0]), *self._waiting()])) <= now:
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
            command = self._desk.queued[int(control["sent_head"][0]) & (len(self._desk.queued) - 1)].copy()
            control["sent_head"] += 1
            ref, kind = int(command["ref"]), Kind(command["kind"])
            if kind is Kind.CANCEL_ALL:
                await self._cancel_all()
                continue
            answer = await self._sent(kind, ref, command)
            if answer is None or "code" in answer:
                refused = REFUSED if kind in {Kind.CANCEL, Kind.AMEND} else REJECT
                reason = Reason.NONE if answer else Reason.MALFORMED
                self._answer(refused, ref, int(command["side"]), int(command["price"]), reason=reason)

    async def _sent(self, kind: Kind, ref: int, command: Any) -> Any:
        """What the exchange answers to a command; None where the API has no word for it."""
        if kind is Kind.CANCEL:
            return await self._rest.ask("DELETE", "order", self._of(ref))
        if kind is Kind.AMEND:
            of = self._known.get(ref, _UNKNOWN)
            gone = of.filled + of.prevented
            wanted = gone + int(command["quantity"])
            if of.price != command["price"] or not gone < wanted < of.quantity:
                return None
            quantity = f"{wanted * self._listing.lot:f}"
            return await self._rest.ask("PUT", "order/amend/keepPriority", {**self._of(ref), "newQty": quantity})
        known = command["type"] in set(Type) and command["tif"] in _STANDING and command["side"] in set(Side)
        if kind is not Kind.NEW or not known or command["flags"] & ~Flag.POST_ONLY:
            return None
        return await self._rest.ask("POST", "order", order(command, self._symbol, self._named(ref), self._listing))

    def _of(self, ref: int) -> dict[str, str]:
        return {"symbol": self._symbol, "origClientOrderId": self._named(ref)}

    def _named(self, ref: int) -> str:
        """What an order is called there."""
        return f"{self._name}-{ref}"

    def _ticks(self, price: str) -> int:
        return int(Decimal(price) / self._listing.tick)

    def _lots(self, quantity: str) -> int:
        return int(Decimal(quantity) / self._listing.lot)
