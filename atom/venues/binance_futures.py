"""Binance USD-M futures: as spot, but each delta names the one before it.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams, "How to manage a
local order book correctly": after a snapshot the first delta has U <= lastUpdateId <= u, each next one has pu = u of
the one before. Beside the book: `markPriceUpdate` (mark price, index price, funding), `forceOrder` (liquidations) and
the REST answer of `openInterest`.
"""

from collections.abc import Sequence
from math import nan
from typing import Any, ClassVar

from atom.events import Side, Unit
from atom.gather.columns import Columns, Rules, Stamp
from atom.venues.binance import Binance, inner
from atom.venues.template import Json, number, text, venue_time, whole

_SIDES = {"BUY": Side.BID, "SELL": Side.ASK}


class BinanceFutures(Binance):
    """Binance USD-M futures."""

    id = "binance_futures"
    rules = Rules(chained=True)
    host = "wss://fstream.binance.com"
    rest = "https://fapi.binance.com/fapi/v1"
    listings_urls = (f"{rest}/exchangeInfo",)
    kinds = (*Binance.kinds, "markPrice@1s", "forceOrder")
    unread: ClassVar[set[str]] = Binance.unread | {
        "continuous_kline",
        "compositeIndex",
        "contractInfo",
        "assetIndexUpdate",
    }
    unverified: ClassVar[tuple[str, ...]] = ("mark price", "funding", "liquidation", "open interest")
    unit: ClassVar[Unit] = Unit.BASE  # of an open interest

    def symbols_of(self, message: Any) -> Sequence[str]:
        named = super().symbols_of(message)
        if not named and isinstance(message, dict) and inner(message).get("e") == "forceOrder":
            return (text(inner(message)["o"]["s"]),)
        return named

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        data = inner(message)
        match data.get("e"):
            case "markPriceUpdate":
                self._mark(data, Stamp(venue_time(data["E"]), ts_recv, place), columns)
            case "forceOrder":
                self._liquidation(data["o"], Stamp(venue_time(data["o"]["T"]), ts_recv, place), columns)
            case None if "openInterest" in data:
                at = Stamp(venue_time(data["time"]), ts_recv, place)
                size, contract = number(data["openInterest"]), self.contract_size(symbol)
                value = (
                    size * contract if self.unit is Unit.CONTRACTS else nan
                )  # of contracts of so much quote currency
                columns.note("open_interest", at, self.unit, size, contract, value)
            case _:
                return super().read(symbol, message, ts_recv, place, columns)
        return True

    def polls(self, symbol: str) -> Sequence[str]:
        return (f"{self.rest}/openInterest?symbol={symbol}",)

    def contract_size(self, symbol: str) -> float:
        """What one contract stands for: base currency here, quote currency where it is inverse; NaN where unknown."""
        return 1.0

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

    def _mark(self, data: Json, at: Stamp, columns: Columns) -> None:
        columns.note("mark_price", at, number(data["p"]))
        if data.get("i"):
            columns.note("index_price", at, number(data["i"]))
        if data.get("r"):  # what has a delivery date has no funding
            columns.note("funding", at, number(data["r"]), venue_time(data["T"]) if data["T"] else 0)

    def _liquidation(self, order: Json, at: Stamp, columns: Columns) -> None:
        """By what was filled so far and its average price; by what was ordered where nothing was filled yet."""
        price, size = ("ap", "z") if number(order["z"]) else ("p", "q")
        columns.note("liquidation", at, _SIDES[order["S"]], number(order[price]), number(order[size]))
