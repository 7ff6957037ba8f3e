"""Live recording of venues that count in other ways: the messages of a book one by one, or not at all.

Bybit begins anew with a picture; Bitstamp tells times alone, and its picture is fetched. What is missing there nobody
can see.
"""

import asyncio
from random import Random

import pytest

from atom.reader import read_capture
from tests.integration.atom_venue import FAULTS, HOUR, OPENS, FakeVenue, Market, texts
from tests.integration.test_atom_live import recorded, same

COUNTED = [fault for fault in FAULTS if fault != "checksum"]  # there are none
TIMED = [fault for fault in COUNTED if fault not in {"drop", "reorder", "duplicate"}]


class Bybit:
    """How Bybit tells of linear contracts."""

    venue = "bybit"
    symbols = ("BTCUSDT", "ETHUSDT")
    names = ("BTC-USDT-PERP", "ETH-USDT-PERP")
    hosts = ("wss://stream.bybit.com", "https://api.bybit.com")
    by_time = True

    def hello(self, market: Market) -> list[dict]:
        answer = {"success": True, "ret_msg": "", "conn_id": "x", "req_id": "", "op": "subscribe"}
        return [answer, self._message(market, "snapshot", texts(market.bids.items()), texts(market.asks.items()))]

    def change(self, market: Market) -> dict:
        _, bids, asks = market.step()
        return self._message(market, "delta", texts(bids), texts(asks))

    def trade(self, market: Market) -> dict:
        trade = {"T": market.at, "s": market.symbol, "S": "Buy", "v": "0.5", "p": "100.02", "i": str(market.last)}
        return {"topic": f"publicTrade.{market.symbol}", "type": "snapshot", "ts": market.at, "data": [trade]}

    def spoil(self, kind: str, message: dict) -> dict | None:
        return {**message, "ts": message["ts"] + HOUR} if kind == "clock" else None

    def answer(self, path: str, markets: dict[str, Market]) -> object:
        coins = {"quoteCoin": "USDT", "priceFilter": {"tickSize": "0.01"}, "lotSizeFilter": {"qtyStep": "0.001"}}
        told = [
            {**coins, "symbol": symbol, "baseCoin": symbol[:3], "contractType": "LinearPerpetual", "deliveryTime": "0"}
            for symbol in self.symbols
            if "category=linear" in path
        ]
        return {"retCode": 0, "result": {"list": told}}

    def _message(self, market: Market, kind: str, bids: object, asks: object) -> dict:
        number = market.at - OPENS + 1
        data = {"s": market.symbol, "b": bids, "a": asks, "u": number, "seq": market.last}
        return {"topic": f"orderbook.200.{market.symbol}", "type": kind, "ts": market.at, "data": data}


class Bitstamp:
    """How Bitstamp does."""

    venue = "bitstamp"
    symbols = ("btcusd", "ethusd")
    names = ("BTC-USD", "ETH-USD")
    hosts = ("wss://ws.bitstamp.net", "https://www.bitstamp.net")
    by_time = True

    def hello(self, market: Market) -> list[dict]:
        name = f"diff_order_book_{market.symbol}"
        return [{"event": "bts:subscription_succeeded", "channel": name, "data": {}}]

    def change(self, market: Market) -> dict:
        _, bids, asks = market.step()
        data = {"microtimestamp": str(market.at * 1000), "bids": texts(bids), "asks": texts(asks)}
        return {"event": "data", "channel": f"diff_order_book_{market.symbol}", "data": data}

    def trade(self, market: Market) -> dict:
        of = {"price_str": "100.02", "amount_str": "0.500", "type": 0, "buy_order_id": 1, "sell_order_id": 2}
        data = {**of, "id": market.last, "microtimestamp": str(market.at * 1000)}
        return {"event": "trade", "channel": f"live_trades_{market.symbol}", "data": data}

    def spoil(self, kind: str, message: dict) -> dict | None:
        if kind != "clock":
            return None
        ahead = str(int(message["data"]["microtimestamp"]) + HOUR * 1000)
        return {**message, "data": {**message["data"], "microtimestamp": ahead}}

    def answer(self, path: str, markets: dict[str, Market]) -> object:
        if "order_book" not in path:
            decimals = {"base_decimals": 3, "counter_decimals": 2}
            told = zip(self.symbols, self.names, strict=True)
            return [{**decimals, "market_symbol": of, "name": name.replace("-", "/")} for of, name in told]
        market = markets[path.rstrip("/").rpartition("/")[2]]
        bids, asks = texts(market.bids.items()), texts(market.asks.items())
        return {"microtimestamp": str(market.at * 1000), "bids": bids, "asks": asks}


@pytest.mark.parametrize("fault", ["drop", "reorder", "duplicate"])
def test_each_fault_of_a_count_is_told_and_the_book_recovers(fault):
    judge = asyncio.run(recorded(FakeVenue(Bybit(), 7, [fault])))
    assert judge.compared > 10


@pytest.mark.parametrize(("form", "faults"), [(Bybit(), COUNTED), (Bitstamp(), TIMED)])
def test_what_is_recorded_through_faults_is_what_an_import_gives(form, faults, tmp_path):
    judge = asyncio.run(recorded(FakeVenue(form, 3, Random(3).sample(faults, k=len(faults))), raw=tmp_path))
    assert judge.compared > 100
    imported = read_capture(form.venue, sorted(tmp_path.glob("*/*"))).recordings
    assert len(imported) == 2
    for one in imported:
        same(judge.batches[one.events.instrument.venue_symbol], one.events)
