"""OKX: books with checksums or numbers, trades, tickers and administrative data of spot, swaps, futures and options.

Until 2023 a book came with checksums; since then it has numbers that name the one before, and a checksum of 0 says
nothing. Sizes are in base currency for spot, else in contracts.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
"""

from collections.abc import Sequence
from math import nan
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orjson import dumps

from atom.book.checksum import Form
from atom.events import Flag, Side, Unit
from atom.gather.columns import Columns, Rules, Stamp
from atom.venues.template import (
    Json,
    Listing,
    Stream,
    Venue,
    contract,
    digits,
    levels,
    number,
    stamp,
    step,
    text,
    venue_time,
    whole,
)

_BOOKS = ("books5", "books50-l2-tbt", "books", "books-l2-tbt")  # the later the better
_NOTES = frozenset({"funding-rate", "open-interest", "mark-price", "index-tickers", "liquidation-orders"})
_TIMELESS = frozenset({"funding-rate", "liquidation-orders"})  # not always, and never: its orders have times
_TRADES = frozenset({"trades", "trades-all"})
_QUOTES = frozenset({"tickers", "bbo-tbt"})
_READ = _NOTES | _TRADES | _QUOTES
_UNREAD = frozenset({"option-trades", "price-limit", "estimated-price", "public-block-trades", "block-tickers"})
_ABOUT_ALL = frozenset({"instruments", "status", "opt-summary", "economic-calendar", "adl-warning"})
_EVENTS = frozenset({"subscribe", "unsubscribe", "login", "notice", "error", "channel-conn-count"})
_SIDES = {"buy": Side.BID, "sell": Side.ASK}
_SIGNED, _UNSIGNED = 1 << 31, (1 << 32) - 1
_NO_SIDE = ("0", "0")
_SYMBOLS = 100  # a subscription; its text may be 64 kB long


class Okx(Venue):
    """OKX."""

    id = "okx"
    rules = Rules(form=Form.OKX)
    unverified = (
        "books with numbers",
        "books5",
        "books50-l2-tbt",
        "books-l2-tbt",
        "bbo-tbt",
        "trades-all",
        *sorted(_NOTES),
    )
    listings_urls = tuple(
        f"https://www.okx.com/api/v5/public/instruments?instType={kind}" for kind in ("SPOT", "SWAP", "FUTURES")
    )
    ping, pong = "ping", "pong"

    def __init__(self) -> None:
        super().__init__()
        self._book: dict[str, str] = {}  # symbol -> the channel whose book is read
        self._at: dict[str, int] = {}  # symbol -> the number at which that book stands
        self._trades: dict[str, str] = {}  # symbol -> the channel whose trades are read

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        hello = []
        for first in range(0, len(symbols), _SYMBOLS):
            some = symbols[first : first + _SYMBOLS]
            wanted = [{"channel": channel, "instId": symbol} for symbol in some for channel in _channels(symbol)]
            hello.append(dumps({"op": "subscribe", "args": wanted}).decode())
        return [Stream("wss://ws.okx.com:8443/ws/v5/public", tuple(hello))]

    def symbols_of(self, message: Any) -> Sequence[str]:
        arg = message.get("arg") if isinstance(message, dict) else None
        if not isinstance(arg, dict) or arg.get("channel") in _ABOUT_ALL:
            return ()
        told = [arg] if "instId" in arg else message.get("data", [])  # that of liquidations names none
        return tuple(dict.fromkeys(each["instId"] for each in told if isinstance(each.get("instId"), str)))

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if "arg" not in message:
            return "code" in message  # an answer about the book, which has no place among the stream's updates
        if "event" in message:
            return message["event"] in _EVENTS
        channel = message["arg"]["channel"]
        if channel not in _BOOKS and channel not in _READ:
            return channel in _UNREAD
        columns.trades += channel in _TRADES
        for data in message["data"]:
            if data.get("instId", symbol) != symbol:
                continue
            at = stamp(None if channel in _TIMELESS and "ts" not in data else digits(data["ts"]), ts_recv, place)
            if channel in _BOOKS:
                self._levels(symbol, message, data, at, columns)
            elif channel in _TRADES:
                self._trade(symbol, channel, data, at, columns)
            elif channel in _QUOTES:
                columns.quote(at, None, *(_tops(data) if channel == "bbo-tbt" else _ticker(data)))
            else:
                _note(channel, data, at, self.listings.get(symbol), columns)
        return True

    def _levels(self, symbol: str, message: Json, data: Json, at: Stamp, columns: Columns) -> None:
        """One book a symbol: that of the best channel that told it whole."""
        channel, action = message["arg"]["channel"], "snapshot"
        if channel != "books5":
            action = message["action"]
        bids, asks = levels(data["bids"]), levels(data["asks"])
        last = whole(data["seqId"]) if "seqId" in data else None
        checksum = _checksum(data, needed=last is None and channel != "books5")
        if action == "snapshot":
            if columns.stale or _BOOKS.index(channel) >= _BOOKS.index(self._book.get(symbol, channel)):
                self._book[symbol], self._at[symbol] = channel, last or 0
                columns.whole(at, last, bids, asks, checksum)
        elif action != "update":
            raise ValueError(f"{action!r:.40} is nothing that happens to a book")
        elif channel == self._book.get(symbol) and (last is None or self._follows(symbol, data, at, columns)):
            columns.change(at, last, bids, asks, checksum)

    def _follows(self, symbol: str, data: Json, at: Stamp, columns: Columns) -> bool:
        """Whether an update is the next one. Numbers may begin anew, with an update that still names the one before."""
        last, previous, stands = whole(data["seqId"]), whole(data["prevSeqId"]), self._at[symbol]
        if previous != stands and last > stands:
            columns.missed(at, last, f"update {last} follows {previous}, the book is at {stands}")
        elif previous != stands:
            columns.repeated(at, last)
        if previous == stands or last > stands:
            self._at[symbol] = last
        return previous == stands

    def _trade(self, symbol: str, channel: str, data: Json, at: Stamp, columns: Columns) -> None:
        if self._trades.setdefault(symbol, channel) == channel:
            summed = channel == "trades" and data.get("count", "1") != "1"
            flags = Flag.BY_PRICE if summed else Flag(0)
            columns.trade(
                at, digits(data["tradeId"]), _SIDES[data["side"]], (text(data["px"]), text(data["sz"])), flags
            )

    def is_nameless(self, message: Any) -> bool:
        if not isinstance(message, dict):
            return False
        arg = message.get("arg")
        return message.get("event") in _EVENTS or (isinstance(arg, dict) and arg.get("channel") in _ABOUT_ALL)

    def answered(self, url: str) -> str | None:
        parts = urlsplit(url)
        names = parse_qs(parts.query).get("instId", []) if parts.path.endswith("/books") else []
        return names[0] if names else None

    def learn(self, url: str, body: Any) -> bool:
        if "/instruments" not in url:
            return False
        for entry in body["data"]:
            if entry["tickSz"]:  # what is listed and not traded yet has none
                name = text(entry["instId"])
                size = contract(entry["ctVal"]) * contract(entry["ctMult"] or "1") if entry.get("ctVal") else None
                inverse = entry.get("ctType") == "inverse"
                tick, lot = step(entry["tickSz"]), step(entry["lotSz"])
                self.listings[name] = Listing(self.symbol(name), tick, lot, size, inverse)
        return True

    def symbol(self, venue_symbol: str) -> str:
        return f"{venue_symbol.removesuffix('-SWAP')}-PERP" if venue_symbol.endswith("-SWAP") else venue_symbol


def _channels(symbol: str) -> Sequence[str]:
    everywhere = ("books", "trades", "tickers")
    if symbol.endswith("-SWAP"):
        return (*everywhere, "mark-price", "open-interest", "funding-rate")
    return everywhere if symbol.count("-") == 1 else (*everywhere, "mark-price", "open-interest")


def _checksum(data: Json, *, needed: bool) -> int | None:
    """As an unsigned number; None where it says nothing."""
    if not needed and data.get("checksum", 0) == 0:
        return None
    value = whole(data["checksum"])
    if not -_SIGNED <= value < _SIGNED:
        raise ValueError(f"{value} is no checksum")
    return value & _UNSIGNED


def _tops(data: Json) -> list[tuple[str, str]]:
    """The first level of each side."""
    sides = (levels(data[side]) for side in ("bids", "asks"))
    return [(text(side[0][0]), text(side[0][1])) if side else _NO_SIDE for side in sides]


def _ticker(data: Json) -> list[tuple[str, str]]:
    """Both sides, each of empty text where there is none."""
    sides = ((text(data[f"{side}Px"]), text(data[f"{side}Sz"])) for side in ("bid", "ask"))
    return [(price, size) if price and size else _NO_SIDE for price, size in sides]


def _note(channel: str, data: Json, at: Stamp, listing: Listing | None, columns: Columns) -> None:
    match channel:
        case "funding-rate":
            columns.note("funding", at, number(data["fundingRate"]), venue_time(digits(data["fundingTime"])))
        case "mark-price":
            columns.note("mark_price", at, number(data["markPx"]))
        case "index-tickers":
            columns.note("index_price", at, number(data["idxPx"]))
        case "open-interest":
            size, each, value = number(data["oi"]), nan, nan
            if listing is not None and listing.contract_size is not None:
                each = float(listing.contract_size)
                value = size * each if listing.inverse else nan
            columns.note("open_interest", at, Unit.CONTRACTS, size, each, value)
        case _:
            for order in data["details"]:
                when = at._replace(ts_event=venue_time(digits(order["ts"])))
                columns.note("liquidation", when, _SIDES[order["side"]], number(order["bkPx"]), number(order["sz"]))
