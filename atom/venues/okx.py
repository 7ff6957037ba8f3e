"""OKX: books of 400 levels with checksums, trades and tickers, of spot, swaps, futures and options.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orjson import dumps

from atom.book.checksum import Form
from atom.columns import Columns, Levels, Rules
from atom.events import Flag, Side
from atom.venues.template import Json, Listing, Stream, Venue, stamp, step, text, whole

_UNREAD = frozenset({"tickers", "funding-rate", "open-interest", "mark-price", "index-tickers", "liquidation-orders"})
_SIDES = {"buy": Side.BID, "sell": Side.ASK}
_UNSIGNED = (1 << 32) - 1


class Okx(Venue):
    """OKX."""

    id = "okx"
    rules = Rules(form=Form.OKX)
    listings_urls = tuple(
        f"https://www.okx.com/api/v5/public/instruments?instType={kind}" for kind in ("SPOT", "SWAP", "FUTURES")
    )
    ping = "ping"

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        wanted = [{"channel": channel, "instId": symbol} for symbol in symbols for channel in ("books", "trades")]
        return [Stream("wss://ws.okx.com:8443/ws/v5/public", (dumps({"op": "subscribe", "args": wanted}).decode(),))]

    def symbols_of(self, message: Any) -> Sequence[str]:
        name = message.get("arg", {}).get("instId") if isinstance(message, dict) else None
        return (name,) if isinstance(name, str) else ()

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if "event" in message:
            return message["event"] in {"subscribe", "unsubscribe"}
        channel = message["arg"]["channel"]
        for data in message["data"]:
            at = stamp(int(data["ts"]), ts_recv, place)
            if channel == "books":
                take = columns.whole if message["action"] == "snapshot" else columns.change
                take(at, None, _levels(data["bids"]), _levels(data["asks"]), whole(data["checksum"]) & _UNSIGNED)
            elif channel == "trades":
                columns.trades += 1
                of = text(data["px"]), text(data["sz"])
                columns.trade(at, int(data["tradeId"]), _SIDES[data["side"]], of, Flag(0))
        return channel in _UNREAD or channel in {"books", "trades"}

    def is_nameless(self, message: Any) -> bool:
        return isinstance(message, dict) and message.get("event") in {"login", "notice"}

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
                self.listings[name] = Listing(self.symbol(name), step(entry["tickSz"]), step(entry["lotSz"]))
        return True

    def symbol(self, venue_symbol: str) -> str:
        return f"{venue_symbol.removesuffix('-SWAP')}-PERP" if venue_symbol.endswith("-SWAP") else venue_symbol


def _levels(value: Json) -> Levels:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list of levels")
    return value
