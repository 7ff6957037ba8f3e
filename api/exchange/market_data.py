"""Market data: what anyone may ask."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import numpy as np

from api.exchange import refusal, shapes
from api.exchange.catalogue import Catalogue, Market, rate_limits
from api.exchange.endpoint import Call, Endpoint
from api.exchange.meter import Allowance
from api.exchange.parameter import Asked, Choice, Names, Parameter, Text, Truth, Whole
from api.exchange.scale import fixed
from node.exchange.service.candles import INTERVALS, Ticker, closing
from node.exchange.service.service import Service

MS: Final = 1_000_000  # ns
_LATEST: Final = 2**63 - 1
_TIME: Final = Whole(0, _LATEST // MS)
_SYMBOL: Final = Text("^[A-Z0-9]{1,20}$")
SYMBOL: Final = Parameter("symbol", _SYMBOL, needed=True)
_OR_NONE: Final = Parameter("symbol", _SYMBOL)
_SYMBOLS: Final = Parameter("symbols", Names())
_KLINES: Final = (
    SYMBOL,
    Parameter("interval", Choice(tuple(INTERVALS), -1120, "Invalid interval."), needed=True),
    Parameter("startTime", _TIME),
    Parameter("endTime", _TIME),
    Parameter("timeZone", Choice(("0",))),
    Parameter("limit", Whole(1, 1000)),
)
_WINDOWS: Final = Choice(("1d",))
_DAYS: Final = shapes.Day | shapes.Mini | list[shapes.Day] | list[shapes.Mini]


def depth_weight(asked: Asked) -> int:
    limit = asked.whole("limit", 100)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


class MarketData:
    """Answers from the service's views.

    Args:
        wall: milliseconds UTC.
        settle: is called before a snapshot of a book is made.
    """

    def __init__(
        self,
        service: Service,
        catalogue: Catalogue,
        allowance: Allowance,
        *,
        wall: Callable[[], int],
        settle: Callable[[Market], None],
    ) -> None:
        self._service, self._catalogue, self._allowance = service, catalogue, allowance
        self._wall, self._settle = wall, settle

    def endpoints(self) -> list[Endpoint]:
        limit = Parameter("limit", Whole(1, 1000))
        kind = Parameter("type", Choice(("FULL", "MINI")))
        return [
            _get("ping", "ping", "Whether the exchange is there.", lambda _: {}, shapes.Nothing),
            Endpoint(
                "GET", "/sapi/v1/system/status", "", "Whether the exchange is there.",
                lambda _: {"status": 0, "msg": "normal"}, shapes.SystemStatus,
            ),
            _get("time", "time", "The server's time.", lambda _: {"serverTime": self._wall()}, shapes.ServerTime),
            _get(
                "exchangeInfo", "exchangeInfo", "The markets and their rules.", self.info, shapes.ExchangeInfo,
                (_OR_NONE, _SYMBOLS, Parameter("permissions", Text("^.{1,100}$")),
                 Parameter("showPermissionSets", Truth()), Parameter("symbolStatus", Text("^[A-Z]{1,20}$"))), 20,
            ),
            _get(
                "depth", "depth", "The book.", self.depth, shapes.Depth,
                (SYMBOL, Parameter("limit", Whole(1, 5000))), depth_weight,
            ),
            _get("trades", "trades.recent", "The newest trades.", self.trades, list[shapes.Trade], (SYMBOL, limit), 25),
            _get(
                "historicalTrades", "trades.historical", "Trades from a number on.", self.trades, list[shapes.Trade],
                (SYMBOL, limit, Parameter("fromId", Whole())), 25,
            ),
            _get(
                "aggTrades", "trades.aggregate", "Trades of one taker at one price, together.", self.aggregates,
                list[shapes.Aggregate],
                (SYMBOL, limit, Parameter("fromId", Whole()), Parameter("startTime", _TIME),
                 Parameter("endTime", _TIME)), 4,
            ),
            _get("klines", "klines", "Candles.", self.klines, list[shapes.Candle], _KLINES, 2),
            _get("uiKlines", "uiKlines", "Candles.", self.klines, list[shapes.Candle], _KLINES, 2),
            _get("avgPrice", "avgPrice", "The mean price of five minutes.", self.average, shapes.Average, (SYMBOL,), 2),
            _get("ticker/24hr", "ticker.24hr", "The last 24 hours.", self.day, _DAYS, (_OR_NONE, _SYMBOLS, kind), 2),
            _get(
                "ticker", "ticker", "A window of time.", self.day, _DAYS,
                (_OR_NONE, _SYMBOLS, kind, Parameter("windowSize", _WINDOWS)), 4,
            ),
            _get(
                "ticker/price", "ticker.price", "The last price.", self.price, shapes.Price | list[shapes.Price],
                (_OR_NONE, _SYMBOLS), 2,
            ),
            _get(
                "ticker/bookTicker", "ticker.book", "The best prices.", self.book, shapes.Book | list[shapes.Book],
                (_OR_NONE, _SYMBOLS), 2,
            ),
        ]  # fmt: skip

    def info(self, call: Call) -> object:
        chosen = self._catalogue.chosen(call.asked.text("symbol"), call.asked.names("symbols"))
        return {
            "timezone": "UTC",
            "serverTime": self._wall(),
            "rateLimits": rate_limits(self._allowance),
            "exchangeFilters": [],
            "symbols": [self._catalogue.told(each) for each in chosen],
        }

    def depth(self, call: Call) -> object:
        market = self._market(call)
        self._settle(market)
        depth = self._service.depth(market.number, call.asked.whole("limit", 100))
        return {
            "lastUpdateId": depth.last,
            "bids": levels(market, depth.bids.tolist()),
            "asks": levels(market, depth.asks.tolist()),
        }

    def trades(self, call: Call) -> object:
        market, limit = self._market(call), call.asked.whole("limit", 500)
        tape = self._service.tapes[market.number]
        if "fromId" in call.asked:
            _check_kept("fromId", call.asked.whole("fromId"), tape.first)
            rows = tape.since(call.asked.whole("fromId"), limit)
        else:
            rows = tape.recent(limit)
        return [
            {
                "id": row["id"],
                "price": market.scale.price(row["price"]),
                "qty": market.scale.size(row["quantity"]),
                "quoteQty": market.scale.worth(row["price"] * row["quantity"]),
                "time": row["time"] // MS,
                "isBuyerMaker": row["side"] == 1,
                "isBestMatch": True,
            }
            for row in named(rows)
        ]

    def aggregates(self, call: Call) -> object:
        market, asked = self._market(call), call.asked
        begin, end = asked.whole("startTime", 0), asked.whole("endTime", _TIME.most)
        if "fromId" in asked and ("startTime" in asked or "endTime" in asked):
            raise refusal.combination("Combination of optional parameters invalid.")
        tape = self._service.tapes[market.number]
        rows = tape.recent(1 << 30)
        if len(rows) and tape.first:  # what the first one began with may be gone, and others of its time
            name = "startTime" if "startTime" in asked else "endTime"
            if name in asked:
                _check_kept(name, asked.whole(name), int(rows["time"][0]) // MS + 1)
            rows = rows[rows["aggregate"] > rows["aggregate"][0]]
        if len(rows) and "fromId" in asked:
            _check_kept("fromId", asked.whole("fromId"), int(rows["aggregate"][0]))
        first, past = np.searchsorted(rows["time"], [begin * MS, min((end + 1) * MS, _LATEST)]).tolist()
        rows = rows[max(first, int(np.searchsorted(rows["aggregate"], asked.whole("fromId")))) : past]
        if len(rows):
            oldest, newest = rows["aggregate"][[0, -1]].tolist()
            limit = asked.whole("limit", 500)
            first = oldest if "fromId" in asked or "startTime" in asked else newest - limit + 1
            rows = rows[(rows["aggregate"] >= first) & (rows["aggregate"] < first + limit)]
        return aggregated(market, rows)

    def klines(self, call: Call) -> object:
        market, asked, interval = self._market(call), call.asked, call.asked.text("interval")
        end = min(asked.whole("endTime", _TIME.most) * MS, self._service.clock.now())
        begin = asked.whole("startTime") * MS
        rows = self._service.candles[market.number].read(interval, begin, end, asked.whole("limit", 500))
        return [candle(market, row, interval) for row in named(rows)]

    def average(self, call: Call) -> object:
        market, now = self._market(call), self._service.clock.now()
        rows = self._service.candles[market.number].read("1m", now - 300_000 * MS, now, 6)
        lots, worth = int(rows["volume"].sum()), int(rows["worth"].sum())
        if not lots:
            lots, worth = 1, self._ticker(market).last
        price = fixed(worth * int(market.listing.tick.scaleb(16)) // lots // 10**8, 8)
        return {"mins": 5, "price": price, "closeTime": now // MS}

    def day(self, call: Call) -> object:
        mini = call.asked.text("type") == "MINI"

        def told(market: Market) -> dict[str, Any]:
            last = self._service.tapes[market.number].last
            return day(market, self._ticker(market), self._best(market), last, mini=mini)

        return self._each(call, told)

    def price(self, call: Call) -> object:
        def told(market: Market) -> dict[str, Any]:
            return {"symbol": market.id, "price": market.scale.price(self._ticker(market).last)}

        return self._each(call, told)

    def book(self, call: Call) -> object:
        def told(market: Market) -> dict[str, Any]:
            bid, bids, ask, asks = self._best(market)
            return {"symbol": market.id, "bidPrice": bid, "bidQty": bids, "askPrice": ask, "askQty": asks}

        return self._each(call, told)

    def _each(self, call: Call, told: Callable[[Market], dict[str, Any]]) -> object:
        chosen = self._catalogue.chosen(call.asked.text("symbol"), call.asked.names("symbols"))
        return told(chosen[0]) if "symbol" in call.asked else [told(each) for each in chosen]

    def _market(self, call: Call) -> Market:
        return self._catalogue.market(call.asked.text("symbol"))

    def _ticker(self, market: Market) -> Ticker:
        return self._service.candles[market.number].ticker(self._service.clock.now())

    def _best(self, market: Market) -> tuple[str, str, str, str]:
        depth = self._service.depth(market.number, 1)
        return best(market, depth.bids.tolist(), depth.asks.tolist())


def _check_kept(name: str, asked: int, first: int) -> None:
    """A Refusal where trades are asked for that came before the first one that is kept."""
    if asked < first:
        raise refusal.Refusal(-1130, f"Data sent for parameter '{name}' is not valid; trades before {first} are gone.")


def named(rows: Any) -> list[dict[str, int]]:
    """Rows of a structured array by their fields' names."""
    names = rows.dtype.names
    return [dict(zip(names, row, strict=True)) for row in rows.tolist()]


def levels(market: Market, rows: list[list[int]]) -> list[list[str]]:
    """Prices and sizes as text."""
    price, size = market.scale.price, market.scale.size
    return [[price(ticks), size(lots)] for ticks, lots in rows]


def best(market: Market, bids: list[list[int]], asks: list[list[int]]) -> tuple[str, str, str, str]:
    """The best bid, its size, the best ask, its size; zeros where there is none."""
    (bid, bid_size), (ask, ask_size) = (side[0] if side else (0, 0) for side in (bids, asks))
    price, size = market.scale.price, market.scale.size
    return price(bid), size(bid_size), price(ask), size(ask_size)


def candle(market: Market, row: dict[str, int], interval: str) -> list[Any]:
    """A row of `klines`."""
    price, size, worth = market.scale.price, market.scale.size, market.scale.worth
    return [
        row["time"] // MS,
        *(price(row[name]) for name in ("open", "high", "low", "close")),
        size(row["volume"]),
        closing(row["time"], interval) // MS,
        worth(row["worth"]),
        row["trades"],
        size(row["taken"]),
        worth(row["taken_worth"]),
        "0",
    ]


def aggregated(market: Market, rows: Any) -> list[dict[str, Any]]:
    """Trades of one taker at one price, together."""
    told: list[dict[str, Any]] = []
    sizes: list[int] = []
    for row in named(rows):
        if told and told[-1]["a"] == row["aggregate"]:
            sizes[-1] += row["quantity"]
            told[-1]["l"] = row["id"]
            continue
        sizes.append(row["quantity"])
        told.append(
            {
                "a": row["aggregate"],
                "p": market.scale.price(row["price"]),
                "q": "",
                "f": row["id"],
                "l": row["id"],
                "T": row["time"] // MS,
                "m": row["side"] == 1,
                "M": True,
            }
        )
    for each, lots in zip(told, sizes, strict=True):
        each["q"] = market.scale.size(lots)
    return told


def day(market: Market, of: Ticker, top: tuple[str, str, str, str], last: int, *, mini: bool) -> dict[str, Any]:
    """The last 24 hours of a market.

    Args:
        top: the best prices and sizes.
        last: lots of the last trade.
    """
    scale, price = market.scale, market.scale.price
    told: dict[str, Any] = {
        "symbol": market.id,
        "openPrice": price(of.open),
        "highPrice": price(of.high),
        "lowPrice": price(of.low),
        "lastPrice": price(of.last),
        "volume": scale.size(of.volume),
        "quoteVolume": scale.worth(of.worth),
        "openTime": of.opened // MS,
        "closeTime": of.closed // MS,
        "firstId": of.first,
        "lastId": of.first + of.trades - 1 if of.trades else -1,
        "count": of.trades,
    }
    if mini:
        return told
    bid, bid_size, ask, ask_size = top
    change = of.last - of.open
    return told | {
        "priceChange": price(change),
        "priceChangePercent": fixed(round(Fraction(change * 100_000, of.open)), 3) if of.open else "0.000",
        "weightedAvgPrice": mean(market, of),
        "prevClosePrice": price(of.before),
        "lastQty": scale.size(last),
        "bidPrice": bid,
        "bidQty": bid_size,
        "askPrice": ask,
        "askQty": ask_size,
    }


def mean(market: Market, of: Ticker) -> str:
    """The mean price of a ticker by volume, to eight places."""
    return fixed(of.worth * int(market.listing.tick.scaleb(16)) // of.volume // 10**8 if of.volume else 0, 8)


def _get(path: str, method: str, does: str, answer: Callable[[Call], object], result: Any, *more: Any) -> Endpoint:
    """An endpoint; `more` is its parameters and its weight, where it has them."""
    parameters = more[0] if more else ()
    return Endpoint(
        "GET", f"/api/v3/{path}", method, does, answer, result, parameters, weight=more[1] if len(more) > 1 else 1
    )
