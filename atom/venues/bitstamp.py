"""Bitstamp: books by price (`diff_order_book`), by order (`live_orders`), and trades.

Neither book is numbered: a change has the time at which it happened, and the full picture over HTTP the time at which
it was taken, so what is not after that is in it already. What a lost message said is lost without a trace.
Source: https://www.bitstamp.net/websocket/v2/ and https://www.bitstamp.net/api/#tag/Market-info
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from orjson import dumps

from atom.events import Action, Side
from atom.gather.columns import Columns, Delta, Order, Rules, Stamp
from atom.instrument import power
from atom.venues.template import Json, Listing, Stream, Venue, levels, stamp, text, whole

_REST = "https://www.bitstamp.net/api/v2"
_CHANNEL = re.compile(
    r"(diff_order_book|detail_order_book|order_book|live_trades|live_orders|funding_rate)_([a-z0-9-]+)"
)
_ANSWER = re.compile(r"/api/v2/order_book/([a-z0-9-]+)/?")
_MICROSECONDS = re.compile(r"\d{16}", re.ASCII)
_SIDES = {0: Side.BID, 1: Side.ASK}
_ACTIONS = {"order_created": Action.ADD, "order_changed": Action.MODIFY, "order_deleted": Action.CANCEL}
_ANSWERS = frozenset({"bts:subscription_succeeded", "bts:unsubscription_succeeded"})
_NAMELESS = frozenset({"bts:connection_established", "bts:request_reconnect", "bts:heartbeat", "bts:error"})
_QUOTES = ("usdt", "usdc", "usd", "eur", "gbp", "btc", "eth", "pax")
_DECIMALS = 18
_LEVEL = 2  # price and size
_NAMES = ((Side.BID, "bids"), (Side.ASK, "asks"))
_DIFF, _ORDERS = "diff_order_book", "live_orders"
_BOOKS = frozenset({_DIFF, "order_book", "detail_order_book"})


class Bitstamp(Venue):
    """Bitstamp; its names are `btcusd`."""

    id = "bitstamp"
    rules = Rules(timed=True)
    unverified = (_ORDERS, "order_book", "detail_order_book")
    listings_urls = (f"{_REST}/markets/",)
    ping = '{"event":"bts:heartbeat"}'

    def __init__(self) -> None:
        super().__init__()
        self._at: dict[str, int] = {}  # time of the last change that the connection has told

    def connected(self, url: str) -> None:
        super().connected(url)
        self._at = {}

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        names = [f"{kind}_{symbol}" for symbol in symbols for kind in ("diff_order_book", "live_trades")]
        hello = [dumps({"event": "bts:subscribe", "data": {"channel": name}}).decode() for name in names]
        return [Stream("wss://ws.bitstamp.net", hello)]

    def snapshot_url(self, symbol: str) -> str:
        return f"{_REST}/order_book/{symbol}/"

    def symbols_of(self, message: Any) -> Sequence[str]:
        channel = message.get("channel") if isinstance(message, dict) else None
        found = _CHANNEL.fullmatch(channel) if isinstance(channel, str) else None
        return (found[2],) if found else ()

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if "event" not in message:
            self._picture(symbol, message, ts_recv, place, columns)
            return True
        kind, event, data = message["channel"].removesuffix(f"_{symbol}"), message["event"], message["data"]
        if event in _ANSWERS or kind == "funding_rate":
            return True
        if kind in _BOOKS and event == "data":
            if self.is_book(symbol, kind):
                at, last = _time(data, ts_recv, place)
                if kind == _DIFF:
                    bids, asks = levels(data["bids"]), levels(data["asks"])
                    columns.delta(Delta(at, self._before(symbol, last, columns), last, bids, asks))
                elif kind == "order_book":  # the hundred best, again and again
                    columns.whole(at, last, levels(data["bids"]), levels(data["asks"]))
                else:
                    columns.whole(at, last, (), (), orders=_orders(data))
        elif (kind, event) == ("live_trades", "trade"):
            columns.trades += 1
            at, _ = _time(data, ts_recv, place)
            side, of = _SIDES[whole(data["type"])], (text(data["price_str"]), text(data["amount_str"]))
            orders = whole(data["sell_order_id"]), whole(data["buy_order_id"])  # the maker's first
            columns.trade(at, whole(data["id"]), side, of, orders=orders if side is Side.BID else orders[::-1])
        elif kind == _ORDERS and event in _ACTIONS:
            if self.is_book(symbol, _ORDERS):
                at, last = _time(data, ts_recv, place)
                side, of = _SIDES[whole(data["order_type"])], (text(data["price_str"]), text(data["amount_str"]))
                order = Order(_ACTIONS[event], side, *of, whole(data["id"]))
                columns.delta(Delta(at, self._before(symbol, last, columns), last, orders=(order,)))
        else:
            return False
        return True

    def is_nameless(self, message: Any) -> bool:
        return isinstance(message, dict) and message.get("event") in _NAMELESS

    def answered(self, url: str) -> str | None:
        found = _ANSWER.fullmatch(urlsplit(url).path)
        return found[1] if found else None

    def learn(self, url: str, body: Any) -> bool:
        if urlsplit(url).path.rstrip("/").rpartition("/")[2] not in {"trading-pairs-info", "markets"}:
            return False
        for entry in body:
            name = text(entry["market_symbol"] if "market_symbol" in entry else entry["url_symbol"])
            decimals = whole(entry["counter_decimals"]), whole(entry["base_decimals"])
            if not all(0 <= each <= _DECIMALS for each in decimals):
                raise ValueError(f"{decimals} are no decimals of a price and a size")
            symbol = text(entry["name"]).replace("/", "-")
            self.listings[name] = Listing(symbol, power(decimals[0]), power(decimals[1]))
        return True

    def symbol(self, venue_symbol: str) -> str:
        if venue_symbol in self.listings:
            return self.listings[venue_symbol].symbol
        pair, _, perpetual = venue_symbol.upper().partition("-")
        for quote in map(str.upper, _QUOTES):
            if pair.endswith(quote) and len(pair) > len(quote):
                return f"{pair.removesuffix(quote)}-{quote}{'-PERP' if perpetual else ''}"
        return pair

    def _picture(self, symbol: str, message: Json, ts_recv: int, place: int, columns: Columns) -> None:
        """Over HTTP: by order where each entry is [price, size, id], as with `group=2`."""
        at, last = _time(message, ts_recv, place)
        bids, asks = levels(message["bids"]), levels(message["asks"])
        if not any(len(entry) > _LEVEL for entry in (*bids, *asks)):
            if self.is_book(symbol, _DIFF):
                columns.snapshot(at, last, bids, asks)
        elif self.is_book(symbol, _ORDERS):
            columns.snapshot(at, last, orders=_orders(message))

    def _before(self, symbol: str, last: int, columns: Columns) -> int:
        """The change before a change. What was before the first is in no picture that is older than that one."""
        before = self._at.get(symbol, last - 1 if columns.stale else 0)
        self._at[symbol] = last
        return before


def _orders(data: Json) -> list[Order]:
    told = [(side, each) for side, name in _NAMES for each in levels(data[name])]
    return [Order(Action.ADD, side, text(of[0]), text(of[1]), whole(int(of[2]))) for side, of in told]


def _time(data: Json, ts_recv: int, place: int) -> tuple[Stamp, int]:
    """When it happened, and the same in the venue's microseconds."""
    told = text(data["microtimestamp"])
    if not _MICROSECONDS.fullmatch(told):
        raise ValueError(f"{told!r:.40} is no time in microseconds")
    return stamp(int(told), ts_recv, place), int(told)
