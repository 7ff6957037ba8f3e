"""Binance USD-M futures: as spot, but each delta names the one before it.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams, "How to manage a
local order book correctly": after a snapshot the first delta has U <= lastUpdateId <= u, each next one has pu = u of
the one before.
"""

from typing import ClassVar

from atom.columns import Rules
from atom.venues.binance import Binance
from atom.venues.template import Json, text, whole


class BinanceFutures(Binance):
    """Binance USD-M futures."""

    id = "binance_futures"
    rules = Rules(chained=True)
    host = "wss://fstream.binance.com"
    rest = "https://fapi.binance.com/fapi/v1"
    listings_urls = (f"{rest}/exchangeInfo",)
    unread: ClassVar[set[str]] = Binance.unread | {
        "markPriceUpdate",
        "forceOrder",
        "continuous_kline",
        "compositeIndex",
        "contractInfo",
        "assetIndexUpdate",
    }

    def symbol(self, venue_symbol: str) -> str:
        if venue_symbol in self.listings:
            return self.listings[venue_symbol].symbol
        pair, underscore, delivery = venue_symbol.partition("_")
        return f"{super().symbol(pair)}-{delivery if underscore else 'PERP'}"

    def listed_symbol(self, entry: Json) -> str:
        pair = super().listed_symbol(entry)
        if entry.get("contractType") == "PERPETUAL":
            return f"{pair}-PERP"
        return f"{pair}-{text(entry['symbol']).partition('_')[2] or 'PERP'}"

    def previous(self, delta: Json) -> int:
        """`pu`. It is below U, so a delta after a snapshot with pu <= lastUpdateId <= u leaves nothing out."""
        if "pu" not in delta:
            raise ValueError("a delta without 'pu' is of spot, whose venue is binance")
        return whole(delta["pu"])
