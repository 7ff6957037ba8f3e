"""Coinbase Exchange: books by price (`level2`), by order (`full`, and `level3` beside), trades, tickers.

The book by price has no numbers. That by order has one a product, which counts every message of the `full` channel, and
begins with the full picture over HTTP. An order is `received`, may come to rest (`open`), is filled (`match`) or
changed, and is `done`: of one that never rested nothing is told to the book, and `done` after a fill says nothing new.
Source: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from orjson import dumps

from atom.events import Action, Flag, Side
from atom.gather.columns import Columns, Delta, Order, Stamp
from atom.venues.coinbase_level3 import FIELDS, SIDES, Level3
from atom.venues.template import Json, Listing, Stream, Venue, iso_time, levels, order_id, step, text, whole

_AGGRESSORS = {"buy": Side.ASK, "sell": Side.BID}  # `side` is that of the maker
_LIFE = frozenset({"received", "open", "done", "change", "activate"})
_UNREAD = frozenset({"heartbeat", "auction", "rfq_match"})
_LEVEL2, _FULL = "level2", "full"
_NAMES = ((Side.BID, "bids"), (Side.ASK, "asks"))
_NAMELESS = frozenset({"subscriptions", "status", "error", "level3"})


class Coinbase(Venue):
    """Coinbase Exchange; its names are those of Fusion."""

    id = "coinbase"
    unverified = (_FULL, "level3")
    listings_urls = ("https://api.exchange.coinbase.com/products",)

    def __init__(self) -> None:
        super().__init__()
        self._trades: dict[str, int] = {}  # the newest, which a new connection tells once more
        self._arriving: set[int] = set()  # orders received, neither resting nor done
        self._last: dict[str, int] = {}  # number of the last message about a book by order
        self._level3 = Level3()

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        channels = ["level2_batch", "matches", "ticker", "heartbeat"]  # `level2` and `full` are for customers alone
        wanted = {"type": "subscribe", "product_ids": list(symbols), "channels": channels}
        return [Stream("wss://ws-feed.exchange.coinbase.com", (dumps(wanted).decode(),))]

    def symbols_of(self, message: Any) -> Sequence[str]:
        if isinstance(message, list):
            name = message[1] if len(message) > 1 and message[0] in FIELDS else None
        else:
            name = message.get("product_id") if isinstance(message, dict) else None
        return (name,) if isinstance(name, str) else ()

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if isinstance(message, list):
            if self.is_book(symbol, _FULL):
                self._level3.read(message, ts_recv, place, columns)
            return True
        at = Stamp(iso_time(message["time"]) if "time" in message else None, ts_recv, place)
        kind = message.get("type")
        if kind in {"snapshot", "l2update"}:
            if self.is_book(symbol, _LEVEL2):
                _by_price(message, at, columns)
        elif kind == "ticker":
            (bid, ask), flags = (_top(message, side) for side in ("bid", "ask")), Flag(0)
            if "best_bid_size" not in message:
                flags |= Flag.NO_SIZE
            columns.quote(at, whole(message["sequence"]), bid, ask, flags=flags)
        elif kind in {"match", "last_match"}:
            self._match(symbol, message, at, columns)
        elif kind in _LIFE:
            if self.is_book(symbol, _FULL):
                self._follow(symbol, whole(message["sequence"]))
                self._delta(message, at, columns, self._order(kind, message))
        elif kind is None and "bids" in message:
            self._picture(symbol, message, at, columns)
        else:
            return kind in _UNREAD
        return True

    def is_nameless(self, message: Any) -> bool:
        return isinstance(message, dict) and message.get("type") in _NAMELESS

    def answered(self, url: str) -> str | None:
        parts = urlsplit(url).path.split("/")
        return parts[-2] if len(parts) > 1 and parts[-1] == "book" else None

    def learn(self, url: str, body: Any) -> bool:
        if not urlsplit(url).path.endswith("/products"):
            return False
        for entry in body:
            name = text(entry["id"])
            self.listings[name] = Listing(name, step(entry["quote_increment"]), step(entry["base_increment"]))
        return True

    def symbol(self, venue_symbol: str) -> str:
        return venue_symbol

    def _match(self, symbol: str, message: Json, at: Stamp, columns: Columns) -> None:
        """A trade, and in the book by order a fill of the maker; the first message of `matches` is of the past."""
        columns.trades += 1
        number, of = whole(message["trade_id"]), (text(message["price"]), text(message["size"]))
        orders = order_id(message["maker_order_id"]), order_id(message["taker_order_id"])
        aggressor, sequence = _AGGRESSORS[message["side"]], whole(message["sequence"])
        past = Flag.SNAPSHOT if message["type"] == "last_match" else Flag(0)
        newest = self._trades.get(symbol, -1)
        if number == newest or (past and number < newest):  # told on another channel, or before
            return
        self._trades[symbol] = number
        columns.trade(at, number, aggressor, of, past, sequence=sequence, orders=orders)
        if not past and self.books.get(symbol) == _FULL:
            self._follow(symbol, sequence)
            self._delta(message, at, columns, Order(Action.FILL, SIDES[message["side"]], *of, orders[0]))

    def _follow(self, symbol: str, number: int) -> None:
        """Forgets who was arriving where a message is missing, which may have said that an order rests."""
        if number != self._last.get(symbol, number - 1) + 1:
            self._arriving.clear()
        self._last[symbol] = number

    def _order(self, kind: str, message: Json) -> Order | None:
        """What a message does to the book: an order that has not come to rest is not in it, nor one that is filled."""
        number = order_id(message["order_id"])
        if kind == "received":
            self._arriving.add(number)
            return None
        if kind == "activate" or (kind == "change" and number in self._arriving):
            return None
        side = SIDES[message["side"]]
        if kind == "open":
            self._arriving.discard(number)
            return Order(Action.ADD, side, text(message["price"]), text(message["remaining_size"]), number)
        if kind == "change":
            price = message["new_price"] if "new_price" in message else message["price"]
            return Order(Action.MODIFY, side, text(price), text(message["new_size"]), number)
        if number in self._arriving or message["reason"] == "filled" or "price" not in message:
            self._arriving.discard(number)
            return None
        return Order(Action.CANCEL, side, text(message["price"]), text(message["remaining_size"]), number)

    def _delta(self, message: Json, at: Stamp, columns: Columns, order: Order | None) -> None:
        number = whole(message["sequence"])
        columns.delta(Delta(at, number - 1, number, orders=() if order is None else (order,)))

    def _picture(self, symbol: str, message: Json, at: Stamp, columns: Columns) -> None:
        """Over HTTP: by order where each entry is [price, size, id]; one by price has a count there, and no use."""
        last, told = whole(message["sequence"]), [(side, levels(message[name])) for side, name in _NAMES]
        if all(isinstance(each[2], str) for _, entries in told for each in entries):
            orders = [
                Order(Action.ADD, side, text(price), text(size), order_id(number))
                for side, entries in told
                for price, size, number, *_ in entries
            ]
            if self.is_book(symbol, _FULL):
                for order in orders:
                    self._level3.keep(order)
                columns.snapshot(at, last, orders=orders)


def _by_price(message: Json, at: Stamp, columns: Columns) -> None:
    if message["type"] == "snapshot":
        columns.whole(at, None, levels(message["bids"]), levels(message["asks"]))
        return
    told: dict[Side, list[tuple[str, str]]] = {Side.BID: [], Side.ASK: []}
    for side, price, size, *_ in message["changes"]:
        told[SIDES[side]].append((price, size))
    columns.change(at, None, told[Side.BID], told[Side.ASK])


def _top(message: Json, side: str) -> tuple[str, str]:
    return text(message[f"best_{side}"]), text(message.get(f"best_{side}_size", "0"))
