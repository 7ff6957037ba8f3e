"""Feed: what the exchange does, as the messages of its streams.

A depth stream's message tells the levels that are not as they were at the stream's last one, and which rows of the
journal it covers: `U` is the number after the last message's `u`. A snapshot's `lastUpdateId` is a number of that kind
too, so that a client that drops what is not after the snapshot and goes on with the rest has the exchange's book.
Nothing tells of a level that came and went between two messages; so that no snapshot has such a one, what is due is
told before it is made.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from api.exchange.catalogue import Catalogue, Market
from api.exchange.hub import Channel, Hub
from api.exchange.market_data import MS, aggregated, best, day, levels, mean, named
from node.exchange.service.batch import Batch
from node.exchange.service.candles import closing
from node.exchange.service.depth import Levels
from node.exchange.service.service import Service
from node.exchange.service.trade import Trades

TICK_MS: Final = 50
"""How often the feed looks what is due."""


class Feed:
    """Listens to the service, and tells the hub."""

    def __init__(self, service: Service, catalogue: Catalogue, hub: Hub) -> None:
        self._service, self._catalogue, self._hub = service, catalogue, hub
        self._tops: dict[int, tuple[str, str, str, str]] = {}
        hub.opened, hub.closed = self.begin, self.end
        self._due: dict[Channel, int] = {}
        self._depths: dict[Channel, _Depth] = {}
        self._candles: dict[Channel, tuple[int, bytes]] = {}
        self._tellers: dict[str, Callable[[Channel, Market], bytes | None]] = {
            "depth": self._changes,
            "levels": self._levels,
            "ticker": lambda _, market: orjson.dumps(self._ticker(market, mini=False)),
            "miniTicker": lambda _, market: orjson.dumps(self._ticker(market, mini=True)),
        }

    def __call__(self, batch: Batch) -> None:
        """Takes what happened."""
        for market, rows in zip(self._catalogue.markets, batch.trades, strict=True):
            if len(rows):
                for channel in self._hub.of("trade", market):
                    channel.tell(self._trades(market, rows))
                for channel in self._hub.of("aggTrade", market):
                    channel.tell([self._aggregate(market, each) for each in aggregated(market, rows)])
            tops = self._hub.of("bookTicker", market)
            if tops and (batch.rows["market"] == market.number).any():
                self._top(market, tops)

    def tick(self, wall_ms: int) -> None:
        """Tells what is due by the clock (ms, of the wall)."""
        for channel in self._hub.periodic():
            period = channel.topic.period_ms
            if not channel.empty and self._due.setdefault(channel, self._first(channel, wall_ms)) <= wall_ms:
                self._due[channel] = wall_ms - wall_ms % period + period
                self._tell(channel)

    def begin(self, channel: Channel) -> None:
        """A channel has its first subscriber, who may ask for a snapshot now: what changes is told from here on."""
        if channel.topic.kind == "depth":
            self._depths[channel] = _Depth(self._service, channel)

    def end(self, channel: Channel) -> None:
        """Nobody hears a channel any more: what it has told is forgotten."""
        self._due.pop(channel, None)
        self._depths.pop(channel, None)
        self._candles.pop(channel, None)

    def settle(self, market: Market) -> None:
        """Tells what changed in a book, before a snapshot of it is made."""
        for channel in self._hub.of("depth", market):
            if not channel.empty:
                self._tell(channel)

    def _first(self, channel: Channel, wall_ms: int) -> int:
        """When it is told first: at once, but for changes, of which there are none yet."""
        return wall_ms + (channel.topic.period_ms if channel.topic.kind == "depth" else 0)

    def _tell(self, channel: Channel) -> None:
        market, kind = channel.topic.market, channel.topic.kind
        if market is None:
            told = [self._ticker(each, mini=kind == "miniTicker") for each in self._catalogue.markets]
            channel.tell([orjson.dumps(told)])
        elif kind == "kline":
            self._kline(channel, market)
        elif text := self._tellers[kind](channel, market):
            channel.tell([text])

    def _now(self) -> int:
        return self._service.clock.now() // MS

    def _trades(self, market: Market, rows: Trades) -> list[bytes]:
        now, price, size = self._now(), market.scale.price, market.scale.size
        head = f'{{"e":"trade","E":{now},"s":"{market.id}","t":'
        columns = [rows[name].tolist() for name in ("id", "price", "quantity", "time", "side")]
        return [
            (
                f'{head}{number},"p":"{price(ticks)}","q":"{size(lots)}","T":{time // MS},'
                f'"m":{"true" if side else "false"},"M":true}}'
            ).encode()
            for number, ticks, lots, time, side in zip(*columns, strict=True)
        ]

    def _aggregate(self, market: Market, told: dict[str, Any]) -> bytes:
        return orjson.dumps({"e": "aggTrade", "E": self._now(), "s": market.id, **told})

    def _top(self, market: Market, channels: tuple[Channel, ...]) -> None:
        depth = self._service.depth(market.number, 1)
        top = best(market, depth.bids.tolist(), depth.asks.tolist())
        if self._tops.get(market.number) == top:
            return
        self._tops[market.number] = top
        bid, bids, ask, asks = top
        told = {"u": depth.last, "s": market.id, "b": bid, "B": bids, "a": ask, "A": asks}
        for channel in channels:
            channel.tell([orjson.dumps(told)])

    def _changes(self, channel: Channel, market: Market) -> bytes | None:
        changed = self._depths[channel].changes()
        if changed is None:
            return None
        first, last, bids, asks = changed
        told = {"e": "depthUpdate", "E": self._now(), "s": market.id, "U": first, "u": last}
        return orjson.dumps({**told, "b": levels(market, bids), "a": levels(market, asks)})

    def _levels(self, channel: Channel, market: Market) -> bytes:
        self.settle(market)
        depth = self._service.depth(market.number, int(channel.topic.detail))
        bids, asks = levels(market, depth.bids.tolist()), levels(market, depth.asks.tolist())
        return orjson.dumps({"lastUpdateId": depth.last, "bids": bids, "asks": asks})

    def _kline(self, channel: Channel, market: Market) -> None:
        """The candle that is open, where it changed, and before it those that have closed since."""
        interval, now = channel.topic.detail, self._service.clock.now()
        since, before = self._candles.get(channel, (0, b""))
        rows = self._service.candles[market.number].read(interval, since, now, 1000 if since else 1)
        for row in named(rows):
            closed = closing(row["time"], interval) < now
            text = orjson.dumps(_candle(market, row, interval, closed=closed))
            self._candles[channel] = (row["time"], text)
            if text != before:
                event = b'{"e":"kline","E":%d,"s":"%b","k":%b}' % (now // MS, market.id.encode(), text)
                channel.tell([event])
            if channel.empty:  # who heard it was dropped
                return
            before = text

    def _ticker(self, market: Market, *, mini: bool) -> dict[str, Any]:
        service = self._service
        of = service.candles[market.number].ticker(service.clock.now())
        depth = service.depth(market.number, 1)
        top, last = best(market, depth.bids.tolist(), depth.asks.tolist()), service.tapes[market.number].last
        told = day(market, of, top, last, mini=False)
        names = _MINI if mini else _DAY
        head = {"e": "24hrMiniTicker" if mini else "24hrTicker", "E": self._now(), "s": market.id}
        values = {short: told[long] for short, long in names.items()}
        return {**head, **values} if mini else {**head, **values, "w": mean(market, of)}


_MINI: Final = {
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
}
_DAY: Final = {
    **_MINI,
    "p": "priceChange",
    "P": "priceChangePercent",
    "x": "prevClosePrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}


class _Depth:
    """What a stream of changes has told so far."""

    def __init__(self, service: Service, channel: Channel) -> None:
        self._service = service
        self._market = channel.topic.market.number if channel.topic.market else 0
        self._levels = Levels()
        self._levels.changes(service.exchange.markets[self._market], service.rows)  # they are in the snapshot
        self._told = service.rows

    def changes(self) -> tuple[int, int, list[list[int]], list[list[int]]] | None:
        """First and last number, bids, asks; None where there are no changes."""
        if self._service.rows == self._told:
            return None
        depth = self._levels.changes(self._service.exchange.markets[self._market], self._service.rows)
        if not (len(depth.bids) or len(depth.asks)):
            return None
        first, self._told = self._told + 1, self._service.rows
        return first, self._told, depth.bids.tolist(), depth.asks.tolist()


def _candle(market: Market, row: dict[str, int], interval: str, *, closed: bool) -> dict[str, Any]:
    price, size, worth = market.scale.price, market.scale.size, market.scale.worth
    return {
        "t": row["time"] // MS,
        "T": closing(row["time"], interval) // MS,
        "s": market.id,
        "i": interval,
        "f": row["first"],
        "L": row["first"] + row["trades"] - 1 if row["trades"] else -1,
        "o": price(row["open"]),
        "c": price(row["close"]),
        "h": price(row["high"]),
        "l": price(row["low"]),
        "v": size(row["volume"]),
        "n": row["trades"],
        "x": closed,
        "q": worth(row["worth"]),
        "V": size(row["taken"]),
        "Q": worth(row["taken_worth"]),
        "B": "0",
    }
