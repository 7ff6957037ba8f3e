"""Bybit: books, trades and tickers of linear and inverse contracts and of spot, in the form of version 5.

What of it came in the form of version 2 is read in `bybit_v2`. Spot and linear contracts share their names, so those of
spot are `BTC/USDT` here; which it is stands in the stream's address. The messages of a book are numbered one by one;
levels that fall below its depth go explicitly.
Source: https://bybit-exchange.github.io/docs/v5/websocket/public/orderbook
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import nan
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orjson import dumps

from atom.events import Flag, Side, Unit
from atom.gather.columns import Columns, Stamp
from atom.venues import bybit_v2
from atom.venues.template import (
    Json,
    Listing,
    Stream,
    Venue,
    digits,
    levels,
    number,
    order_id,
    stamp,
    step,
    text,
    venue_time,
    whole,
)

_STREAMS = "wss://stream.bybit.com/v5/public"
_REST = "https://api.bybit.com/v5/market/instruments-info"
_KINDS = ("orderbook.200", "publicTrade", "tickers")
_ARGUMENTS = 10  # names a subscription, as spot has it
_SIDES = {"Buy": Side.BID, "Sell": Side.ASK}
_CLOSING = {"Buy": Side.ASK, "Sell": Side.BID}  # `Buy` is a long position, which a sale closes
_UNREAD = frozenset({"kline", "priceLimit", "insurance", "adlAlert", "tickers_lt", "kline_lt"})
_QUOTE = ("bid1Price", "bid1Size", "ask1Price", "ask1Size")
_NAME = re.compile(r"([A-Z0-9]+?)(USDT|USDC|USD|EUR|PERP)(?:-?(\d{1,2}[A-Z]{3}\d{2}|[FGHJKMNQUVXZ]\d{2}))?")
_DAY = "%y%m%d"


class Bybit(Venue):
    """Bybit."""

    id = "bybit"
    unverified = ("v5", *bybit_v2.UNVERIFIED)
    listings_urls = tuple(f"{_REST}?category={kind}&limit=1000" for kind in ("linear", "inverse", "spot"))
    ping = '{"op":"ping"}'

    def __init__(self) -> None:
        super().__init__()
        self._spot = False
        self._at: dict[str, int] = {}  # number of the last message of a book
        self._depths: dict[str, int] = {}  # of the deepest book that came whole, which is the one that is read
        self._tickers: dict[str, Json] = {}  # a change leaves out what stayed

    def connected(self, url: str) -> None:
        super().connected(url)
        self._spot = urlsplit(url).path.endswith("/spot")
        self._at, self._depths, self._tickers = {}, {}, {}

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        by_kind: dict[str, list[str]] = {}
        for symbol in symbols:
            by_kind.setdefault(_kind(symbol), []).append(symbol)
        return [Stream(f"{_STREAMS}/{kind}", _hello(names), names) for kind, names in by_kind.items()]

    def symbols_of(self, message: Any) -> Sequence[str]:
        if not isinstance(message, dict):
            return ()
        if not isinstance(topic := message.get("topic"), str):
            return bybit_v2.subscribed(message)
        name = topic.rpartition(".")[2]
        return (self._spot_name(name) if self._spot else name,) if "." in topic else ()

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if "topic" not in message:
            return True  # the answer to a subscription
        kind, _, rest = message["topic"].partition(".")
        if kind in bybit_v2.KINDS:
            if kind not in bybit_v2.BOOKS or self.is_book(symbol, message["topic"]):
                bybit_v2.read(kind, message, ts_recv, place, columns)
        elif kind == "orderbook":
            at = stamp(message["ts"], ts_recv, place)
            depth = int(rest.partition(".")[0])
            if message["type"] == "snapshot":
                self._depths[symbol] = max(depth, self._depths.get(symbol, 0))
            if depth == self._depths.get(symbol):
                self._book(symbol, message["type"], message["data"], at, columns)
        elif kind == "publicTrade":
            columns.trades += 1
            for trade in message["data"]:
                _trade(trade, ts_recv, place, columns)
        elif kind == "tickers":
            self._ticker(symbol, message, stamp(message["ts"], ts_recv, place), columns)
        elif kind in {"allLiquidation", "liquidation"}:
            _liquidated(message["data"], ts_recv, place, columns)
        else:
            return kind in _UNREAD
        return True

    def is_nameless(self, message: Any) -> bool:
        return isinstance(message, dict) and ("success" in message or message.get("op") in {"ping", "pong"})

    def answered(self, url: str) -> str | None:
        return None

    def learn(self, url: str, body: Any) -> bool:
        parts = urlsplit(url)
        if parts.path.endswith("/public/symbols"):
            self.listings |= bybit_v2.listings(body)
            return True
        if not parts.path.endswith("/instruments-info"):
            return False
        spot = "spot" in parse_qs(parts.query).get("category", [])
        for entry in body["result"]["list"]:
            base, quote, lots = text(entry["baseCoin"]), text(entry["quoteCoin"]), entry["lotSizeFilter"]
            name = f"{base}/{quote}" if spot else text(entry["symbol"])
            lot = step(lots["basePrecision"] if spot else lots["qtyStep"])
            symbol = f"{base}-{quote}" if spot else f"{base}-{quote}-{_delivery(entry)}"
            inverse = text(entry.get("contractType", "")).startswith("Inverse")
            tick, each = step(entry["priceFilter"]["tickSize"]), Decimal(1) if inverse else None
            self.listings[name] = Listing(symbol, tick, lot, each, inverse)
        return True

    def symbol(self, venue_symbol: str) -> str:
        if venue_symbol in self.listings:
            return self.listings[venue_symbol].symbol
        found = _NAME.fullmatch(venue_symbol)
        if found is None:
            return venue_symbol.replace("/", "-")
        base, quote, delivery = found.groups()
        return f"{base}-{'USDC' if quote == 'PERP' else quote}-{delivery or 'PERP'}"

    def _spot_name(self, name: str) -> str:
        """`BTC/USDT` of `BTCUSDT`."""
        for quote in ("USDT", "USDC", "USDE", "DAI", "EUR", "BTC", "ETH", "BRZ", "TRY", "BRL", "USD1"):
            if name.endswith(quote) and len(name) > len(quote):
                return f"{name.removesuffix(quote)}/{quote}"
        return f"{name}/"

    def _book(self, symbol: str, kind: object, data: Json, at: Stamp, columns: Columns) -> None:
        last, bids, asks = whole(data["u"]), levels(data["b"]), levels(data["a"])
        if kind == "snapshot":  # also after the venue has restarted, and counts from 1 again
            columns.whole(at, last, bids, asks)
        elif kind == "delta":
            before = self._at.get(symbol, last - 1)
            if last <= before:
                columns.repeated(at, last)
                return
            if last > before + 1:
                columns.missed(at, last, f"message {last} follows {before}")
            columns.change(at, last, bids, asks)
        else:
            raise ValueError(f"{kind!r:.40} is no type of a book")
        self._at[symbol] = last

    def _ticker(self, symbol: str, message: Json, at: Stamp, columns: Columns) -> None:
        if message["type"] == "snapshot":
            self._tickers[symbol] = {}
        elif symbol not in self._tickers:
            return  # a change of what nobody has told
        told = {name: value for name, value in message["data"].items() if value != ""}  # "" is none
        known = self._tickers[symbol]
        known |= told
        if told.keys() & set(_QUOTE) and known.keys() >= set(_QUOTE):
            bid_price, bid_size, ask_price, ask_size = (text(known[name]) for name in _QUOTE)
            columns.quote(at, None, (bid_price, bid_size), (ask_price, ask_size))
        for name, note in (("markPrice", "mark_price"), ("indexPrice", "index_price")):
            if name in told:
                columns.note(note, at, number(told[name]))
        if "fundingRate" in told:
            columns.note("funding", at, number(told["fundingRate"]), _next(known.get("nextFundingTime")))
        if "openInterest" in told:
            size = number(told["openInterest"])
            if symbol.endswith("USD"):
                columns.note("open_interest", at, Unit.QUOTE, size, 1.0, size)
            else:
                value = number(known["openInterestValue"]) if "openInterestValue" in known else nan
                columns.note("open_interest", at, Unit.BASE, size, nan, value)


def _kind(symbol: str) -> str:
    if "/" in symbol:
        return "spot"
    found = _NAME.fullmatch(symbol)
    return "inverse" if found and found[2] == "USD" else "linear"


def _hello(names: Sequence[str]) -> Sequence[str]:
    wanted = [f"{kind}.{name.replace('/', '')}" for name in names for kind in _KINDS]
    parts = [wanted[first : first + _ARGUMENTS] for first in range(0, len(wanted), _ARGUMENTS)]
    return [dumps({"op": "subscribe", "args": part}).decode() for part in parts]


def _trade(trade: Json, ts_recv: int, place: int, columns: Columns) -> None:
    """The id of a contract's trade is a UUID, and does not count."""
    at, side, of = stamp(trade["T"], ts_recv, place), _SIDES[trade["S"]], (text(trade["p"]), text(trade["v"]))
    told = text(trade["i"])
    name = digits(told) if told.isdecimal() else order_id(told)
    sequence = whole(trade["seq"]) if "seq" in trade else None
    columns.trade(at, name, side, of, Flag.NO_SEQUENCE if sequence is None else Flag(0), sequence=sequence)


def _liquidated(data: Any, ts_recv: int, place: int, columns: Columns) -> None:
    """All of them, or at most one a second, as it was before."""
    if isinstance(data, list):
        for each in data:
            at, side = stamp(each["T"], ts_recv, place), _CLOSING[each["S"]]
            columns.note("liquidation", at, side, number(each["p"]), number(each["v"]))
    elif "updatedTime" in data:  # version 2 had another field, and did not say whose side it meant
        at, side = stamp(data["updatedTime"], ts_recv, place), _CLOSING[data["side"]]
        columns.note("liquidation", at, side, number(data["price"]), number(data["size"]))


def _next(told: object) -> int:
    """When, ns; 0 where it is not told."""
    return 0 if told is None else venue_time(digits(told))


def _delivery(entry: Json) -> str:
    at = digits(entry["deliveryTime"]) if "Perpetual" not in text(entry["contractType"]) else 0
    return datetime.fromtimestamp(at / 1000, UTC).strftime(_DAY) if at else "PERP"
