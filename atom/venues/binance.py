"""Binance spot: `depthUpdate`, `trade`, `aggTrade`, `bookTicker`, `kline` and the REST snapshot.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams, "How to manage a local order book
correctly": after a snapshot with `lastUpdateId` the first delta has U <= lastUpdateId + 1 <= u, each next one begins at
U = u + 1.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast
from urllib.parse import parse_qs, urlsplit

from atom.events import Flag, Side
from atom.gather.columns import Columns, Delta, Stamp
from atom.layout import Hot, Role
from atom.venues.template import (
    Json,
    Listing,
    Stream,
    Venue,
    levels,
    number,
    period,
    stamp,
    step,
    text,
    venue_time,
    whole,
)

_SHORTEST = 4  # letters of a symbol; one by one is read of those that have fewer
_NAMES = 200  # streams a connection; 1,024 are allowed
_UNREAD = {"24hrTicker", "24hrMiniTicker", "avgPrice", "rollingWindow"}  # known, and no event
_PARTIAL = re.compile(r"@depth(5|10|20)(@|$)")  # a few levels again and again, without the numbers that sync needs
_QUOTES = (
    "USDT",
    "USDC",
    "FDUSD",
    "BUSD",
    "TUSD",
    "USD",
    "BTC",
    "ETH",
    "BNB",
    "EUR",
    "TRY",
    "BRL",
    "JPY",
    "GBP",
    "AUD",
)


_OF_TRADE = {"p": Role.PRICE, "q": Role.SIZE, "m": Role.SELLS}
_HOT = {
    "bookTicker": (
        "quote",
        {"u": Role.SEQUENCE, "b": Role.BID, "B": Role.BID_SIZE, "a": Role.ASK, "A": Role.ASK_SIZE},
    ),
    "trade": ("trade", {"t": Role.SEQUENCE, **_OF_TRADE}),
    "aggTrade": ("trade", {"a": Role.SEQUENCE, **_OF_TRADE}),
    "depthUpdate": ("delta", {"U": Role.FIRST, "u": Role.SEQUENCE, "b": Role.BIDS, "a": Role.ASKS}),
}


class Binance(Venue):
    """Binance spot."""

    id = "binance"
    unnamed = True
    host: ClassVar[str] = "wss://stream.binance.com:9443"
    rest: ClassVar[str] = "https://api.binance.com/api/v3"
    listings_urls: ClassVar[tuple[str, ...]] = (f"{rest}/exchangeInfo",)
    kinds: ClassVar[tuple[str, ...]] = ("depth@100ms", "trade", "bookTicker")
    unread: ClassVar[set[str]] = _UNREAD

    def symbols_of(self, message: Any) -> Sequence[str]:
        if not isinstance(message, dict):
            return ()
        stream = message.get("stream")
        if isinstance(stream, str) and "@" in stream and not stream.startswith("!"):
            return (stream.partition("@")[0].upper(),)
        symbol = inner(message).get("s")
        return (symbol,) if isinstance(symbol, str) else ()

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        names = [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in self.kinds]
        return [
            Stream(f"{self.host}/stream?streams={'/'.join(names[first : first + _NAMES])}", ())
            for first in range(0, len(names), _NAMES)
        ]

    def snapshot_url(self, symbol: str) -> str:
        return f"{self.rest}/depth?symbol={symbol}&limit=1000"

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        data = inner(message)
        kind = data.get("e")
        if _PARTIAL.search(str(message.get("stream", ""))):
            return True
        if kind == "depthUpdate":
            at = stamp(self.event_time(data), ts_recv, place)
            bids, asks = levels(data["b"]), levels(data["a"])
            columns.delta(Delta(at, self.previous(data), whole(data["u"]), bids, asks))
        elif kind == "bookTicker" or (kind is None and data.keys() >= {"u", "b", "B", "a", "A"}):
            at = stamp(self.event_time(data), ts_recv, place)
            bid, ask = (text(data["b"]), text(data["B"])), (text(data["a"]), text(data["A"]))
            columns.quote(at, whole(data["u"]), bid, ask)
        elif kind in {"trade", "aggTrade"}:
            self._trade(data, ts_recv, place, columns)
        elif kind == "kline":
            self._candle(symbol, data["k"], ts_recv, place, columns)
        elif kind is None and "lastUpdateId" in data:
            at = stamp(self.event_time(data), ts_recv, place)
            columns.snapshot(at, whole(data["lastUpdateId"]), levels(data["bids"]), levels(data["asks"]))
        else:
            return kind in self.unread
        return True

    def hot(self, message: Any) -> Hot | None:
        data, stream = inner(message), str(message.get("stream", ""))
        kind, roles = _HOT.get(str(data.get("e", "bookTicker")), ("", {}))
        name = data.get("s")
        if not kind or not isinstance(name, str) or data.get("X") == "NA" or _PARTIAL.search(stream):
            return None
        if stream and (len(name) < _SHORTEST or stream.partition("@")[0].upper() != name):
            return None  # the name of the stream counts
        time = "T" if data.get("T") is not None else "E"
        told = {key: Role.ANY for key in data if key not in {"e", "X"} and data[key] is not None}
        told |= roles | {"s": Role.SYMBOL}
        told |= {key: role for key, role in ((time, Role.TIME), ("pu", Role.PREVIOUS)) if key in data}
        before = "" if data is message else "data."
        flags = Flag.BY_PRICE if data.get("e") == "aggTrade" else Flag(0)
        return Hot(kind, data["s"], {before + key: role for key, role in told.items()}, int(flags))

    def is_nameless(self, message: Any) -> bool:
        if not isinstance(message, dict):
            return False
        if str(message.get("stream", "")).startswith("!"):  # one message about all symbols: `!miniTicker@arr`
            return isinstance(message.get("data"), list)
        return "id" in message and "result" in message and message["result"] is None

    def answered(self, url: str) -> str | None:
        symbols = parse_qs(urlsplit(url).query).get("symbol", [])
        return symbols[0].upper() if len(symbols) == 1 else None

    def learn(self, url: str, body: Any) -> bool:
        if not isinstance(body, dict) or not isinstance(body.get("symbols"), list):
            return False
        for entry in body["symbols"]:
            filters = {item["filterType"]: item for item in entry["filters"]}
            tick, lot = step(filters["PRICE_FILTER"]["tickSize"]), step(filters["LOT_SIZE"]["stepSize"])
            contract = step(entry["contractSize"]) if "contractSize" in entry else None
            inverse = contract is not None
            listing = Listing(self.listed_symbol(entry), tick, lot, contract_size=contract, inverse=inverse)
            self.listings[text(entry["symbol"])] = listing
        return True

    def symbol(self, venue_symbol: str) -> str:
        if venue_symbol in self.listings:
            return self.listings[venue_symbol].symbol
        for quote in _QUOTES:
            if venue_symbol.endswith(quote) and len(venue_symbol) > len(quote):
                return f"{venue_symbol.removesuffix(quote)}-{quote}"
        return venue_symbol

    def listed_symbol(self, entry: Json) -> str:
        """Fusion's name of an entry of the instrument data."""
        return f"{text(entry['baseAsset'])}-{text(entry['quoteAsset'])}"

    def previous(self, delta: Json) -> int:
        """The update after which a delta begins."""
        if "pu" in delta:
            raise ValueError("a delta with 'pu' is of futures, whose venue is binance_futures")
        return whole(delta["U"]) - 1

    def volumes(self, symbol: str, candle: Json) -> tuple[float, float, float]:
        """Of a candle the volume in base and in quote currency, and that of buying takers in base currency."""
        return number(candle["v"]), number(candle["q"]), number(candle["V"])

    def event_time(self, data: Json) -> object:
        """When it happened by the venue's clock: of trades the time of the trade, else of the message."""
        return data.get("T") if data.get("T") is not None else data.get("E")

    def _candle(self, symbol: str, candle: Json, ts_recv: int, place: int, columns: Columns) -> None:
        if candle["x"] is not True:  # it is not over yet
            return
        prices = [number(candle[name]) for name in "ohlc"]
        base, quote, buys = self.volumes(symbol, candle)
        opened = Stamp(venue_time(candle["t"]), ts_recv, place)
        span = period(candle["i"])
        columns.note("candle", opened, span, *prices, base, quote, buys, whole(candle["n"]))

    def _trade(self, data: Json, ts_recv: int, place: int, columns: Columns) -> None:
        columns.trades += 1
        if data.get("X") == "NA":  # a futures message about no match of orders: price and size are 0
            return
        summed, sells = data["e"] == "aggTrade", data["m"]  # m: the buyer was the maker
        if type(sells) is not bool:
            raise TypeError(f"{sells!r:.40} is neither true nor false")
        columns.trade(
            stamp(self.event_time(data), ts_recv, place),
            whole(data["a" if summed else "t"]),
            Side.ASK if sells else Side.BID,
            (text(data["p"]), text(data["q"])),
            Flag.BY_PRICE if summed else Flag(0),
        )


def inner(message: Json) -> Json:
    """What a message says, without the name of its stream."""
    data = message.get("data", message)
    return cast("Json", data) if isinstance(data, dict) else {}
