"""The virtual exchange, whose messages are Binance's: `fusion exchange serve` on this machine.

Of a perpetual each minute's mark price, index, next funding rate and open interest are told too; no stream brings them.
One at another port is reached with `--host ws://127.0.0.1:8090=ws://127.0.0.1:PORT`, and the same for `http`.
"""

from collections.abc import Sequence
from math import nan
from typing import Any

from atom.events import Unit
from atom.gather.columns import Columns, Stamp
from atom.venues.binance import Binance, inner
from atom.venues.template import number, text, venue_time

_AT = "http://127.0.0.1:8090"
_PERPETUALS = f"{_AT}/fapi/v1/premiumIndex"
_INTEREST = f"{_AT}/fapi/v1/openInterest"


class Fusion(Binance):
    """The virtual exchange."""

    id = "fusion"
    host = "ws://127.0.0.1:8090"
    rest = f"{_AT}/api/v3"
    listings_urls = (f"{rest}/exchangeInfo", _PERPETUALS)

    def __init__(self) -> None:
        super().__init__()
        self._perpetuals: set[str] = set()

    def learn(self, url: str, body: Any) -> bool:
        if not isinstance(body, list):
            return super().learn(url, body)
        self._perpetuals = {text(each["symbol"]) for each in body}
        return True

    def polls(self, symbol: str) -> Sequence[str]:
        if symbol not in self._perpetuals:
            return ()
        return tuple(f"{url}?symbol={symbol}" for url in (_PERPETUALS, _INTEREST))

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        data = inner(message)
        if "markPrice" in data:
            at = Stamp(venue_time(data["time"]), ts_recv, place)
            for kind, price in (("mark_price", number(data["markPrice"])), ("index_price", number(data["indexPrice"]))):
                if price:  # before the first trade there is none
                    columns.note(kind, at, price)
            if data["nextFundingTime"]:
                columns.note("funding", at, number(data["lastFundingRate"]), venue_time(data["nextFundingTime"]))
        elif "openInterest" in data:
            at = Stamp(venue_time(data["time"]), ts_recv, place)
            columns.note("open_interest", at, Unit.BASE, number(data["openInterest"]), 1.0, nan)
        else:
            return super().read(symbol, message, ts_recv, place, columns)
        return True
