"""History: what a venue still tells of the past over HTTP, page by page, through ccxt.

Arrival is unknown, so rows carry the earliest time at which the venue could have told them: a candle when it was over.
A replay up to some time then holds what was known at that time, and no more.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import nan
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import ccxt

from atom.events import DTYPES, Crowd, Flag, Rows, Unit, empty
from atom.instrument import Instrument, power
from atom.venues.template import number, step
from fusion.errors import BadInput, Retryable

KINDS: Final = ("candle", "funding", "open_interest", "long_short", "taker_volume")
NO_STEP: Final = ("funding",)
"""Kinds whose rows have no fixed distance."""

_CLIENTS: Final = {
    "binance_futures": "binanceusdm",
    "binance_delivery": "binancecoinm",
    "binance_us": "binanceus",
    "crypto.com": "cryptocom",
    "gateio_futures": "gateio",
    "huobi": "htx",
    "huobi_dm": "htx",
    "huobi_swap": "htx",
    "independent_reserve": "independentreserve",
    "kraken_futures": "krakenfutures",
}
_METHODS: Final = {
    "candle": ("fetchOHLCV", 1000),  # rows a page
    "funding": ("fetchFundingRateHistory", 1000),
    "open_interest": ("fetchOpenInterestHistory", 500),
    "long_short": ("fetchLongShortRatioHistory", 500),
    "taker_volume": ("fetchOHLCV", 1000),
}
_FORWARD: Final = ("binance", "binance_futures", "binance_delivery")
"""Venues that tell of a long span the oldest rows first; others may tell the newest, so they are asked in windows."""
_FEWEST: Final = 100  # rows that any venue tells at once
_FUNDED: Final = 96 * 3_600 * 10**9  # ns, in which there are less than that many fundings
_TRIES: Final = 6
_PATIENCE: Final = 1.0  # seconds before the second try; doubled each time
_LONGEST: Final = 120.0  # seconds that are waited at once, whatever the venue asks for
_MS: Final = 10**6  # ns


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of history.

    Attributes:
        rows: of the kind's dtype, by time, each at or after `start` and over by now.
        start, end: times that the page covers, ns; the same where there is nothing more.
    """

    rows: Rows
    start: int
    end: int


class History:
    """One venue's history.

    Args:
        venue: id, such as `binance_futures`.
        host: another server that speaks the venue's API, such as `http://127.0.0.1:8000`.
        sleep: waits so many seconds.

    Raises:
        BadInput: there is no client of that venue, or the host is none.
    """

    def __init__(self, venue: str, *, host: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        name = _CLIENTS.get(venue, venue)
        if name not in ccxt.exchanges:
            raise BadInput(f"no history of {venue[:40]!r}: ccxt knows no such exchange; `fusion atom venues` lists ids")
        self._venue = venue
        self._sleep = sleep
        self._client = getattr(ccxt, name)({"enableRateLimit": True, "enableLastJsonResponse": True})
        if host is not None:
            scheme, place = urlsplit(host)[:2]
            if scheme not in {"http", "https"} or not place:
                raise BadInput(f"a host is like http://127.0.0.1:8000, not {host[:60]!r}")
            self._client.urls["api"] = _moved(self._client.urls["api"], host)

    def instrument(self, symbol: str) -> Instrument:
        """What the venue lists under Fusion's name.

        Raises:
            BadInput: nothing.
            Retryable: the venue does not answer.
        """
        market = self._market(symbol)
        tick, lot = (_step(market["precision"].get(name)) for name in ("price", "amount"))
        return Instrument(self._venue, symbol, str(market["id"]), tick, lot)

    def step(self, kind: str, period: str) -> int:
        """Nanoseconds from one row to the next; 0 where that is not fixed.

        Raises:
            BadInput: the venue tells no such kind, or not at that period.
        """
        if kind not in KINDS:
            raise BadInput(f"history is one of {', '.join(KINDS)}, not {kind[:40]!r}")
        method, _ = _METHODS[kind]
        if not self._client.has.get(method) or (kind == "taker_volume" and not self._venue.startswith("binance")):
            raise BadInput(f"{self._venue} tells no history of {kind} through ccxt; take another kind or venue")
        if kind in NO_STEP:
            return 0
        periods = [each for each in self._client.timeframes or {} if not each.endswith("M")]
        if period not in periods:
            raise BadInput(f"{self._venue} has the periods {', '.join(periods)}, not {period[:20]!r}")
        return int(self._client.parse_timeframe(period)) * 1000 * _MS

    def page(self, symbol: str, kind: str, period: str, start: int) -> Page:
        """The next rows from `start` on, ns.

        Raises:
            BadInput: the venue refuses.
            Retryable: it does not answer, or asks to come back later, again and again.
        """
        market, width = self._market(symbol), self.step(kind, period)
        method, _ = _METHODS[kind]
        most = self._most(kind, market["symbol"])
        window = most * width or (0 if self._venue in _FORWARD else _FUNDED)
        since = -(-start // _MS)
        call = getattr(self._client, method)
        arguments = () if kind in NO_STEP else (period,)
        until = {"until": (start + window) // _MS - 1} if window else {}
        told = self._asked(lambda: call(market["symbol"], *arguments, since, most, until))
        parsed = [self._row(kind, width, market, *row) for row in zip(told, self._raw(kind, told), strict=True)]
        over = self._client.milliseconds() * _MS
        kept = sorted(row for row in parsed if row[0] >= start and row[1] <= over)
        rows = empty(kind, len(kept))
        for place, name in enumerate(DTYPES[kind].names or ()):
            rows[name] = [row[place] for row in kept]
        end = kept[-1][0] + (width or 1) if kept else start + window
        return Page(rows, start, int(end))

    def _most(self, kind: str, name: str) -> int:
        """Rows that a page may have, so that none of its window is left out."""
        method, most = _METHODS[kind]
        if self._venue in _FORWARD:
            return most
        return min(most, int(self._client.feature_value(name, method, "limit") or _FEWEST))

    def now(self) -> int:
        """The time, ns."""
        return int(self._client.milliseconds()) * _MS

    def _market(self, symbol: str) -> Mapping[str, Any]:
        markets = self._asked(self._client.load_markets)
        found = [market for market in markets.values() if symbol in _names(market)]
        if not found:
            raise BadInput(f"{self._venue} lists no {symbol[:40]!r}; names are like BTC-USDT, BTC-USDT-PERP")
        return found[0]  # type: ignore[no-any-return]  # ccxt has no types

    def _asked(self, call: Callable[[], Any]) -> Any:
        for attempt in range(_TRIES):
            self._client.last_json_response = None
            try:
                told = call()
            except ccxt.OperationFailed as error:
                problem = f"{type(error).__name__}: {error}"
            except ccxt.BaseError as error:
                raise BadInput(f"{self._venue} refuses: {error!s:.300}") from error
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                problem = f"the answer is malformed: {error!r}"
            else:
                if self._client.last_json_response is not None or call == self._client.load_markets:
                    return told
                problem = "the answer is cut short"
            if attempt < _TRIES - 1:
                self._sleep(self._pause(attempt))
        raise Retryable(f"{self._venue} gives no history after {_TRIES} tries: {problem:.200}; run it again to go on")

    def _pause(self, attempt: int) -> float:
        headers = {name.lower(): value for name, value in (self._client.last_response_headers or {}).items()}
        asked = str(headers.get("retry-after", ""))
        self._client.last_response_headers = None
        wanted = float(asked) if asked.isdigit() else 0.0
        return min(max(wanted, _PATIENCE * float(2**attempt)), _LONGEST)

    def _raw(self, kind: str, told: list[Any]) -> list[Any]:
        """Binance's own candles, which tell more than ccxt keeps; else nothing of each."""
        raw = self._client.last_json_response
        if kind in {"candle", "taker_volume"} and self._venue.startswith("binance") and isinstance(raw, list):
            by_time = {row[0]: row for row in raw}
            return [by_time[row[0]] for row in told]
        return [None] * len(told)

    def _row(self, kind: str, width: int, market: Mapping[str, Any], told: Any, raw: Any) -> tuple[float, ...]:
        opened = int(told[0] if kind in {"candle", "taker_volume"} else told["timestamp"]) * _MS
        common = (opened, opened, 0, int(Flag.LAST | Flag.NO_SEQUENCE))
        over = (opened, opened + width, *common[2:])
        contract = float(market["contractSize"] or nan) if market["inverse"] else 1.0
        match kind:
            case "candle":
                volumes = _volumes(told, raw, market["inverse"], contract)
                return *over, width, *(_float(price) for price in told[1:5]), *volumes
            case "taker_volume":
                base, _, buys, _ = _volumes(told, raw, market["inverse"], contract)
                return *over, width, buys, base - buys
            case "funding":
                return *common, _float(told["fundingRate"]), 0
            case "open_interest":
                unit = Unit.CONTRACTS if market["inverse"] else Unit.BASE
                size, value = (
                    told["openInterestAmount"],
                    nan if market["inverse"] else _float(told["openInterestValue"]),
                )
                return *common, unit, _float(size), contract, value
            case _:
                ratio = _float(told["longShortRatio"])
                return *common, Crowd.ACCOUNTS, width, ratio / (1 + ratio), 1 / (1 + ratio)


def _volumes(told: Any, raw: Any, inverse: object, contract: float) -> tuple[float, float, float, float]:
    """Volume in base and in quote currency, that of buying takers in base currency, and trades."""
    if raw is None:
        return _float(told[5]), nan, nan, nan
    volume, value, trades, buys, bought = (_float(raw[place]) for place in (5, 7, 8, 9, 10))
    return (value, volume * contract, bought, trades) if inverse else (volume, value, buys, trades)


def _float(value: object) -> float:
    return nan if value is None else float(number(value))


def _step(value: object) -> Decimal:
    return power(0) if value is None else step(value)


def _names(market: Mapping[str, Any]) -> Iterator[str]:
    """Fusion's names of a market."""
    pair = f"{market['base']}-{market['quote']}"
    if market["spot"]:
        yield pair
    elif market["swap"]:
        yield f"{pair}-PERP"
    elif market["future"] and market["expiry"]:
        yield f"{pair}-{time.strftime('%y%m%d', time.gmtime(market['expiry'] / 1000))}"


def _moved(urls: Any, host: str) -> Any:
    if isinstance(urls, dict):
        return {name: _moved(url, host) for name, url in urls.items()}
    scheme, place = urlsplit(host)[:2]
    return urlunsplit((scheme, place, *urlsplit(urls)[2:])) if isinstance(urls, str) else urls
