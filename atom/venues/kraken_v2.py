"""Kraken, version 2 of its WebSocket: objects by channel, books by price and by order, numbers in JSON.

Checksums are over the numbers with all their decimals, which JSON numbers do not keep: they are written anew with the
decimals of the instrument data, and without those no checksum is verified. Ids of orders are text, of which 63 bits
of a hash are kept. The book by order is told to those who log in alone.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and https://docs.kraken.com/api/docs/websocket-v2/level3
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from atom.events import Action, Side
from atom.gather.columns import Columns, Order, Stamp
from atom.venues.template import Json, decimal, iso_time, text, whole

_SIDES = {"buy": Side.BID, "sell": Side.ASK}
_ACTIONS = {"add": Action.ADD, "modify": Action.MODIFY, "delete": Action.CANCEL}
_NAMELESS = frozenset({"heartbeat", "status", "instrument"})
_METHODS = frozenset({"pong", "subscribe", "unsubscribe"})
_DEPTHS = (10, 25, 100, 500, 1000)
_LARGEST = 2**32


class Precision(NamedTuple):
    """With how many decimals the venue writes prices and sizes of a symbol."""

    price: int
    size: int


class KrakenV2:
    """What messages of version 2 mean.

    Args:
        books: which of the books that it tells of a symbol is read.

    Attributes:
        precisions: of each symbol that is known.
    """

    def __init__(self, books: dict[str, str]) -> None:
        self.precisions: dict[str, Precision] = {}
        self._asked: dict[tuple[str, str], int] = {}  # channel and symbol -> levels
        self._book = books

    def symbols_of(self, message: Json) -> Sequence[str]:
        """The symbols that a message is about."""
        if message.get("method") == "subscribe" and isinstance(message.get("result"), dict):
            name = message["result"].get("symbol")
            return (name,) if isinstance(name, str) else ()
        data = message.get("data")
        if message.get("channel") in _NAMELESS or not isinstance(data, list):
            return ()
        names = [entry.get("symbol") for entry in data if isinstance(entry, dict)]
        return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))

    def is_nameless(self, message: Json) -> bool:
        """Whether a message is of a known kind without symbol."""
        return message.get("channel") in _NAMELESS or message.get("method") in _METHODS

    def read(self, symbol: str, message: Json, at: Stamp, columns: Columns) -> bool:
        """Reads what a message says of a symbol; False where it is not understood."""
        if "method" in message:
            told = message["result"]
            if "depth" in told:
                self._asked[text(told["channel"]), symbol] = _depth(told["depth"])
            return True
        channel = message["channel"]
        columns.trades += channel == "trade"
        for entry in message["data"]:
            if not isinstance(entry, dict) or entry.get("symbol") != symbol:
                continue
            if channel == "trade":
                of = decimal(entry["price"]), decimal(entry["qty"])
                when = at._replace(ts_event=iso_time(entry["timestamp"]))
                columns.trade(when, whole(entry["trade_id"]), _SIDES[entry["side"]], of)
            elif channel == "ticker":
                when = at._replace(ts_event=iso_time(entry["timestamp"])) if "timestamp" in entry else at
                bid, ask = ((decimal(entry[side]), decimal(entry[f"{side}_qty"])) for side in ("bid", "ask"))
                columns.quote(when, None, bid, ask)
            elif channel == "book":
                self._levels(symbol, entry, message["type"], at, columns)
            elif channel == "level3":
                self._orders(symbol, entry, message["type"], at, columns)
        return channel in {"trade", "ticker", "book", "level3", "ohlc"}

    def _levels(self, symbol: str, entry: Json, kind: object, at: Stamp, columns: Columns) -> None:
        precision = self.precisions.get(symbol)
        bids, asks = ([_level(each, precision) for each in entry[side]] for side in ("bids", "asks"))
        if "timestamp" in entry:
            at = at._replace(ts_event=iso_time(entry["timestamp"]))
        checksum = _checksum(entry["checksum"], known=precision is not None or _as_text(entry, "qty"))
        if self._begins(kind, symbol, "book"):
            depth = self._depth(symbol, "book", max(len(bids), len(asks)))
            columns.whole(at, None, bids, asks, checksum, depth=depth)
        elif kind == "update" and self._book.get(symbol) == "book":
            columns.change(at, None, bids, asks, checksum)

    def _orders(self, symbol: str, entry: Json, kind: object, at: Stamp, columns: Columns) -> None:
        told = [(side, each) for name, side in (("bids", Side.BID), ("asks", Side.ASK)) for each in entry[name]]
        precision = self.precisions.get(symbol)
        orders = [_order(each, side, precision, snapshot=kind == "snapshot") for side, each in told]
        checksum = _checksum(entry["checksum"], known=precision is not None or _as_text(entry, "order_qty"))
        if told:
            at = at._replace(ts_event=max(iso_time(each["timestamp"]) for _, each in told))
        if self._begins(kind, symbol, "level3"):
            deepest = max(len({order.price for order in orders if order.side is side}) for side in (Side.BID, Side.ASK))
            columns.whole(at, None, (), (), checksum, orders=orders, depth=self._depth(symbol, "level3", deepest))
        elif kind == "update" and self._book.get(symbol) == "level3":
            columns.change(at, None, (), (), checksum, orders=orders)

    def _begins(self, kind: object, symbol: str, channel: str) -> bool:
        """Whether it is a full picture that is to be read: one book a symbol, that which came first."""
        if kind not in {"snapshot", "update"}:
            raise ValueError(f"{kind!r:.40} is no type of a book")
        return kind == "snapshot" and self._book.setdefault(symbol, channel) == channel

    def _depth(self, symbol: str, channel: str, levels: int) -> int:
        """As was asked for; where the recording does not tell, the least that can bring so many."""
        fitting = next((depth for depth in _DEPTHS if depth >= levels), _DEPTHS[-1])
        return self._asked.get((channel, symbol), fitting)


def _level(value: Any, precision: Precision | None) -> tuple[str, str]:
    if precision is None:
        return decimal(value["price"]), decimal(value["qty"])
    return _padded(value["price"], precision.price), _padded(value["qty"], precision.size)


def _padded(value: object, decimals: int) -> str:
    """A number with as many decimals as the venue had written; with more where it has more."""
    told = decimal(value)
    before, _, after = told.partition(".")
    return f"{before}.{after.ljust(decimals, '0')}" if decimals else told


def _as_text(entry: Json, size: str) -> bool:
    """Whether the numbers kept their decimals."""
    return all(isinstance(each[size], str) for side in ("bids", "asks") for each in entry[side])


def _order(value: Any, side: Side, precision: Precision | None, *, snapshot: bool) -> Order:
    action = Action.ADD if snapshot else _ACTIONS[value["event"]]
    number = blake2b(text(value["order_id"]).encode(), digest_size=8).digest()
    price, size = decimal(value["limit_price"]), decimal(value["order_qty"])
    if precision is not None:
        price, size = _padded(price, precision.price), _padded(size, precision.size)
    return Order(action, side, price, size, int.from_bytes(number) >> 1)


def _depth(value: object) -> int:
    if value not in _DEPTHS:
        raise ValueError(f"{value!r:.40} is no depth of a book")
    return whole(value)


def _checksum(value: object, *, known: bool) -> int | None:
    """None where the decimals are not known that it is over."""
    if not 0 <= whole(value) < _LARGEST:
        raise ValueError(f"{value!r:.40} is no checksum")
    return whole(value) if known else None
