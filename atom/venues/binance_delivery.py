"""Binance COIN-M futures: as USD-M, but sizes count contracts of so many dollars, settled in the base currency.

Source: https://developers.binance.com/docs/derivatives/coin-margined-futures/websocket-market-streams
"""

from collections.abc import Sequence
from math import nan
from typing import Any

from atom.events import Unit
from atom.gather.columns import Columns, Stamp
from atom.venues.binance import inner
from atom.venues.binance_futures import BinanceFutures
from atom.venues.template import Json, number, text, venue_time


class BinanceDelivery(BinanceFutures):
    """Binance COIN-M futures; its names are `BTCUSD_PERP` and `BTCUSD_240927`, and `BTCUSD` for an index."""

    id = "binance_delivery"
    host = "wss://dstream.binance.com"
    rest = "https://dapi.binance.com/dapi/v1"
    listings_urls = (f"{rest}/exchangeInfo",)
    unverified = ("book", "trade", "quote", "candle", *BinanceFutures.unverified)
    unit = Unit.CONTRACTS

    def symbols_of(self, message: Any) -> Sequence[str]:
        if isinstance(message, dict) and inner(message).get("e") == "indexPriceUpdate":
            return (text(inner(message)["i"]),)
        return super().symbols_of(message)

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        data = inner(message)
        if data.get("e") != "indexPriceUpdate":
            return super().read(symbol, message, ts_recv, place, columns)
        columns.note("index_price", Stamp(venue_time(data["E"]), ts_recv, place), number(data["p"]))
        return True

    def symbol(self, venue_symbol: str) -> str:
        named = super().symbol(venue_symbol)
        return named if "_" in venue_symbol else named.removesuffix("-PERP")

    def contract_size(self, symbol: str) -> float:
        listing = self.listings.get(symbol)
        return float(listing.contract_size) if listing and listing.contract_size else nan

    def volumes(self, symbol: str, candle: Json) -> tuple[float, float, float]:
        """Here the venue tells contracts and base currency."""
        return number(candle["q"]), number(candle["v"]) * self.contract_size(symbol), number(candle["Q"])
