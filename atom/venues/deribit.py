"""Deribit: books whose changes name the one before, trades, tickers, quotes; options, futures, perpetuals and spot.

Names: an option, a dated future or a combination keeps the venue's own name, such as `BTC-24SEP21-8000-P`, since only
that says what it is. `BTC-PERPETUAL` is `BTC-USD-PERP`, `SOL_USDC-PERPETUAL` is `SOL-USDC-PERP`, and the spot
market `BTC_USDC` is `BTC-USDC`, as at other venues. An option of BTC or ETH is priced in that coin, not in USD.

Sizes are in base currency, but in USD for perpetuals and futures that are settled in the coin. Combinations are known
and not read: their prices may be negative.

Source: https://docs.deribit.com/#book-instrument_name-interval
"""

import re
from collections.abc import Sequence
from math import nan
from typing import Any

from orjson import dumps

from atom.events import Side, Unit
from atom.gather.columns import Columns, Delta, Rules, Stamp
from atom.venues.template import Json, Listing, Stream, Venue, contract, decimal, number, stamp, step, text, whole

_SIDES = {"buy": Side.BID, "sell": Side.ASK}
_OTHER = {Side.BID: Side.ASK, Side.ASK: Side.BID}
_READ = frozenset({"book", "trades", "ticker", "quote"})
_UNREAD = frozenset({"perpetual", "chart", "incremental_ticker", "estimated_expiration_price"})
_NAMELESS = frozenset(
    {
        "deribit_price_index",
        "deribit_price_ranking",
        "deribit_price_statistics",
        "deribit_volatility_index",
        "markprice",
        "platform_state",
        "instrument",
    },
)
_ACTIONS = frozenset({"new", "change", "delete"})
_TRADE_ID = re.compile(r"(?:[A-Z_]+-)?(\d{1,18})", re.ASCII)
_COMBINATION = re.compile(r"[^-]+-(?!PERPETUAL$)[A-Z].*")  # a date begins with a digit
_OPTION = re.compile(r".+-[CP]")
_CURRENCIES = ("BTC", "ETH", "USDC", "USDT")
_SYMBOLS = 100  # a subscription; 500 channels are allowed


class Deribit(Venue):
    """Deribit."""

    id = "deribit"
    rules = Rules(chained=True)
    unverified = ("trades", "quote", "grouped book")
    listings_urls = tuple(
        f"https://www.deribit.com/api/v2/public/get_instruments?currency={currency}&expired=false"
        for currency in _CURRENCIES
    )
    ping = '{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}'

    def __init__(self) -> None:
        super().__init__()
        self._numbered: set[str] = set()  # whose book is read from its changes

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        """Of changes within 100 ms; each single one (`raw`) is told to those who log in alone."""
        hello = []
        for first in range(0, len(symbols), _SYMBOLS):
            some = symbols[first : first + _SYMBOLS]
            channels = [f"{kind}.{symbol}.100ms" for symbol in some for kind in ("book", "trades", "ticker")]
            asked = {"jsonrpc": "2.0", "id": first, "method": "public/subscribe", "params": {"channels": channels}}
            hello.append(dumps(asked).decode())
        return [Stream("wss://www.deribit.com/ws/api/v2", tuple(hello))]

    def symbols_of(self, message: Any) -> Sequence[str]:
        kind, data = _told(message)
        if kind not in _READ and kind not in _UNREAD:
            return ()
        names = [each.get("instrument_name") for each in (data if isinstance(data, list) else [data])]
        if names == [None]:
            names = message["params"]["channel"].split(".")[1:2]
        return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        kind, data = _told(message)
        if _COMBINATION.fullmatch(symbol):
            return True
        if kind == "trades":
            columns.trades += 1
            for trade in message["params"]["data"]:
                if trade["instrument_name"] == symbol:
                    _trade(trade, stamp(trade["timestamp"], ts_recv, place), columns)
        elif kind in _READ:
            at = stamp(data["timestamp"], ts_recv, place)
            if kind == "book":
                self._book(symbol, data, at, columns)
            else:
                sides = ((data[f"best_{side}_price"], data[f"best_{side}_amount"]) for side in ("bid", "ask"))
                columns.quote(at, None, *(_top(*side) for side in sides))
            if kind == "ticker":
                self._notes(symbol, data, at, columns)
        return True

    def _book(self, symbol: str, data: Json, at: Stamp, columns: Columns) -> None:
        last = whole(data["change_id"])
        if "type" not in data:  # a few levels, again and again
            if symbol not in self._numbered:
                columns.whole(at, last, [_pair(each) for each in data["bids"]], [_pair(each) for each in data["asks"]])
            return
        bids, asks = ([_level(each) for each in data[side]] for side in ("bids", "asks"))
        if data["type"] == "snapshot":
            self._numbered.add(symbol)
            columns.snapshot(at, last, bids, asks)
        elif data["type"] == "change":
            columns.delta(Delta(at, whole(data["prev_change_id"]), last, bids, asks))
        else:
            raise ValueError(f"{data['type']!r:.40} is no type of a book")

    def _notes(self, symbol: str, data: Json, at: Stamp, columns: Columns) -> None:
        columns.note("mark_price", at, number(data["mark_price"]))
        columns.note("index_price", at, number(data["index_price"]))
        if "-" not in symbol:  # a spot market
            return
        size, listing = number(data["open_interest"]), self.listings.get(symbol)
        contract = float(listing.contract_size) if listing and listing.contract_size else nan
        if _in_base(symbol):
            columns.note("open_interest", at, Unit.BASE, size, contract, nan)
        else:
            columns.note("open_interest", at, Unit.QUOTE, size, contract, size)
        if "current_funding" in data:  # it is paid all the time, as a rate of eight hours
            columns.note("funding", at, number(data["current_funding"]), 0)

    def is_nameless(self, message: Any) -> bool:
        if not isinstance(message, dict):
            return False
        if "id" in message and ("result" in message or "error" in message):
            return True
        return message.get("method") == "heartbeat" or _told(message)[0] in _NAMELESS

    def answered(self, url: str) -> str | None:
        return None

    def learn(self, url: str, body: Any) -> bool:
        if "/get_instruments" not in url:
            return False
        for entry in body["result"]:
            name = text(entry["instrument_name"])
            finer = [each["tick_size"] for each in entry.get("tick_size_steps", ())]
            self.listings[name] = Listing(
                self.symbol(name),
                min(map(step, (entry["tick_size"], *finer))),
                step(entry["min_trade_amount"]),
                contract(entry["contract_size"]),
                inverse=not _in_base(name),
            )
        return True

    def symbol(self, venue_symbol: str) -> str:
        pair, dash, what = venue_symbol.partition("-")
        base, underscore, quote = pair.partition("_")
        if what == "PERPETUAL":
            return f"{base}-{quote or 'USD'}-PERP"
        return f"{base}-{quote}" if underscore and not dash else venue_symbol


def _told(message: object) -> tuple[str, Json]:
    """The kind of channel and what it brings, which is a list for trades; ("", {}) where there is none."""
    params = message.get("params") if isinstance(message, dict) else None
    if not isinstance(params, dict) or not isinstance(params.get("channel"), str) or "data" not in params:
        return "", {}
    return params["channel"].partition(".")[0], params["data"]


def _in_base(symbol: str) -> bool:
    """Whether sizes are in base currency: of options, spot, and what is settled in a stablecoin."""
    return "_" in symbol or _OPTION.fullmatch(symbol) is not None


def _level(value: Sequence[object]) -> tuple[str, str]:
    action, price, size = value
    if action not in _ACTIONS:
        raise ValueError(f"{action!r:.40} is nothing that happens to a level")
    return decimal(price), "0" if action == "delete" else decimal(size)


def _pair(value: Sequence[object]) -> tuple[str, str]:
    price, size = value
    return decimal(price), decimal(size)


def _top(price: object, size: object) -> tuple[str, str]:
    """One side of a quote; the price is null where there is none."""
    return ("0", "0") if price is None else (decimal(price), decimal(size))


def _trade(trade: Json, at: Stamp, columns: Columns) -> None:
    number_of = _TRADE_ID.fullmatch(text(trade["trade_id"]))
    side, price, size = _SIDES[trade["direction"]], decimal(trade["price"]), decimal(trade["amount"])
    trade_id = int(number_of[1]) if number_of else None
    columns.trade(at, trade_id, side, (price, size), sequence=whole(trade["trade_seq"]))
    forced = text(trade.get("liquidation", ""))  # M: the maker's order, T: the taker's, MT: both
    for who, closing in (("M", _OTHER[side]), ("T", side)):
        if who in forced:
            columns.note("liquidation", at, closing, number(price), number(size))
