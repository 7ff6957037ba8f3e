"""Kraken: books of ten to a thousand levels with checksums, trades and tickers.

Messages of version 1 of its WebSocket are lists, those of version 2 objects; the latter are read in `kraken_v2`. Of a
book it tells so many levels a side as were asked for, which stands in the channel's name; a level that falls below is
gone without a word. Its own names `XBT` and `XDG` are `BTC` and `DOGE` here. Trades of version 1 have no number.

Source: https://docs.kraken.com/api/docs/websocket-v1/book and https://docs.kraken.com/api/docs/guides/spot-ws-book-v1
"""

import re
from collections.abc import Sequence
from typing import Any

from orjson import dumps

from atom.book.checksum import Form
from atom.events import Side
from atom.gather.columns import Columns, Levels, Rules, Stamp
from atom.instrument import power
from atom.venues.kraken_v2 import KrakenV2, Precision
from atom.venues.template import Json, Listing, Stream, Venue, levels, seconds, text, whole

_SIDES = {"b": Side.BID, "s": Side.ASK}
_NAMELESS = frozenset({"systemStatus", "heartbeat", "subscriptionStatus", "pong", "error"})
_UNREAD = re.compile(r"ohlc(-\d+)?")
_BOOK = re.compile(r"book-(10|25|100|500|1000)")
_CHECKSUM = re.compile(r"\d{1,10}", re.ASCII)
_DEEPEST, _LARGEST = 1000, 2**32
_SHORTEST = 4  # channel, data, kind, symbol
_DECIMALS = 18
_OWN = {"XBT": "BTC", "XDG": "DOGE"}


class Kraken(Venue):
    """Kraken spot."""

    id = "kraken"
    rules = Rules(form=Form.KRAKEN, depth=_DEEPEST)
    unverified = ("spread", "v2 book", "v2 trade", "v2 ticker", "v2 level3")
    listings_urls = ("https://api.kraken.com/0/public/AssetPairs",)
    ping = '{"event":"ping"}'

    def __init__(self) -> None:
        super().__init__()
        self._v2 = KrakenV2(self.books)
        self._depths: dict[str, int] = {}  # of the book that is read, by the venue's name

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        wanted: list[Json] = [{"name": "book", "depth": _DEEPEST}, {"name": "trade"}, {"name": "ticker"}]
        asked = [{"event": "subscribe", "pair": list(symbols), "subscription": of} for of in wanted]
        return [Stream("wss://ws.kraken.com", tuple(dumps(each).decode() for each in asked))]

    def symbols_of(self, message: Any) -> Sequence[str]:
        if isinstance(message, dict):
            return self._v2.symbols_of(message)
        if not (isinstance(message, list) and len(message) >= _SHORTEST and isinstance(message[-2], str)):
            return ()
        return (message[-1],) if isinstance(message[-1], str) else ()

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if isinstance(message, dict):
            return self._v2.read(symbol, message, Stamp(None, ts_recv, place), columns)
        channel, told = message[-2], message[1:-2]
        if book := _BOOK.fullmatch(channel):
            self._book(symbol, int(book[1]), _merged(told), Stamp(None, ts_recv, place), columns)
        elif channel == "trade":
            columns.trades += 1
            for price, size, at, side, *_ in told[0]:
                columns.trade(Stamp(seconds(at), ts_recv, place), None, _SIDES[side], (text(price), text(size)))
        elif channel == "ticker":
            (bid, _, bid_size), (ask, _, ask_size) = told[0]["b"], told[0]["a"]
            sides = (text(bid), text(bid_size)), (text(ask), text(ask_size))
            columns.quote(Stamp(None, ts_recv, place), None, *sides)
        elif channel == "spread":
            bid, ask, at, bid_size, ask_size = told[0]
            sides = (text(bid), text(bid_size)), (text(ask), text(ask_size))
            columns.quote(Stamp(seconds(at), ts_recv, place), None, *sides)
        else:
            return _UNREAD.fullmatch(channel) is not None
        return True

    def _book(self, symbol: str, depth: int, told: Json, at: Stamp, columns: Columns) -> None:
        """One book a symbol: the deepest that came whole, unless version 2 tells it. Others say nothing new."""
        if "as" in told or "bs" in told:
            bids, asks = levels(told["bs"]), levels(told["as"])
            if self.is_book(symbol, "v1") and (columns.stale or depth >= self._depths.get(symbol, 0)):
                self._depths[symbol] = depth
                columns.whole(_latest(at, bids, asks), None, bids, asks, depth=depth)
            return
        if not told.keys() & {"a", "b"}:
            raise KeyError("a")
        bids, asks = levels(told.get("b", [])), levels(told.get("a", []))
        if depth == self._depths.get(symbol):
            columns.change(_latest(at, bids, asks), None, bids, asks, _checksum(told.get("c")))

    def is_nameless(self, message: Any) -> bool:
        if not isinstance(message, dict):
            return False
        return message.get("event") in _NAMELESS or self._v2.is_nameless(message)

    def answered(self, url: str) -> str | None:
        return None

    def learn(self, url: str, body: Any) -> bool:
        if "/AssetPairs" not in url:
            return False
        for entry in body["result"].values():
            if "wsname" in entry:  # a dark pool has none
                decimals = Precision(whole(entry["pair_decimals"]), whole(entry["lot_decimals"]))
                if not all(0 <= each <= _DECIMALS for each in decimals):
                    raise ValueError(f"{tuple(decimals)} are no decimals of a price and a size")
                name = text(entry["wsname"])
                symbol = self.symbol(name)
                of_v2 = symbol.replace("-", "/")
                self.listings[name] = self.listings[of_v2] = Listing(symbol, power(decimals[0]), power(decimals[1]))
                self._v2.precisions[of_v2] = decimals
        return True

    def symbol(self, venue_symbol: str) -> str:
        return "-".join(_OWN.get(each, each) for each in venue_symbol.split("/"))


def _merged(parts: Sequence[object]) -> Json:
    """An update of both sides comes as two objects."""
    told: Json = {}
    for part in parts:
        if not isinstance(part, dict):
            raise TypeError(f"{part!r:.40} is no part of a book")
        told |= part
    return told


def _latest(at: Stamp, bids: Levels, asks: Levels) -> Stamp:
    """Each level has the time at which it changed."""
    times = [level[2] for levels in (bids, asks) for level in levels]
    return Stamp(seconds(max(times)), *at[1:]) if times else at


def _checksum(value: object) -> int | None:
    if value is None:
        return None
    if not _CHECKSUM.fullmatch(text(value)) or int(text(value)) >= _LARGEST:
        raise ValueError(f"{value!r:.40} is no checksum")
    return int(text(value))
