"""An unmodified ccxt on the virtual exchange: markets, orders, trades, balances, streams, and its own exceptions."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt
import ccxt.pro
import pytest

from api.exchange.meter import Allowance
from tests.integration.exchange_scene import MIDDLES, Scene

BTC, ETH = "BTC/USDT", "ETH/USDT"
MIDDLE = MIDDLES[0] / 100
PATIENCE = 60.0

Act = Callable[[], Awaitable[Any]]


def other(scene: Scene, **more: Any) -> Any:
    made = ccxt.binance(scene.ccxt(**more))
    made.load_markets()
    return made


class TestMarkets:
    def test_their_terms(self, client):
        market = client.market(BTC)
        assert (market["id"], market["spot"], market["active"]) == ("BTCUSDT", True, True)
        assert market["precision"]["price"] == 0.01
        assert market["precision"]["amount"] == 0.00001
        assert market["limits"]["cost"]["min"] == 5
        assert market["limits"]["amount"]["max"] == 9000

    def test_the_book(self, client):
        book = client.fetch_order_book(BTC, 5)
        assert [level[0] for level in book["bids"]] == [MIDDLE - 0.1 * step for step in range(1, 6)]
        assert [level[0] for level in book["asks"]] == [MIDDLE + 0.1 * step for step in range(1, 6)]

    def test_tickers(self, client):
        ticker = client.fetch_ticker(BTC)
        assert ticker["bid"] < ticker["ask"]
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert set(client.fetch_tickers()) == {BTC, ETH}
        assert set(client.fetch_tickers([ETH])) == {ETH}
        assert client.fetch_bids_asks([BTC])[BTC]["bid"] == ticker["bid"]
        assert client.fetch_last_prices()[BTC]["price"] == ticker["last"]

    def test_candles_are_made_of_the_trades(self, client):
        client.create_order(BTC, "market", "buy", 0.001)
        trades, candles = client.fetch_trades(BTC), client.fetch_ohlcv(BTC, "1h")
        assert candles[-1][4] == trades[-1]["price"]
        assert sum(candle[5] for candle in candles) == pytest.approx(sum(trade["amount"] for trade in trades))

    def test_trades_one_by_one(self, client):
        client.create_order(BTC, "market", "sell", 0.001)
        newest = client.fetch_trades(BTC, params={"fetchTradesMethod": "publicGetTrades"})[-1]
        assert (newest["side"], newest["amount"]) == ("sell", 0.001)

    def test_status_and_time(self, client):
        assert client.fetch_status()["status"] == "ok"
        assert abs(client.fetch_time() - time.time() * 1000) < 60_000


class TestOrders:
    def test_a_limit_order_from_beginning_to_end(self, client):
        free = client.fetch_balance()["USDT"]["free"]
        order = client.create_order(BTC, "limit", "buy", 0.01, 59_000)
        assert (order["status"], order["filled"], order["price"]) == ("open", 0, 59_000)
        assert client.fetch_order(order["id"], BTC)["status"] == "open"
        assert [each["id"] for each in client.fetch_open_orders(BTC)] == [order["id"]]
        assert client.fetch_balance()["USDT"]["used"] == 590
        assert client.cancel_order(order["id"], BTC)["status"] == "canceled"
        assert client.fetch_order(order["id"], BTC)["status"] == "canceled"
        assert order["id"] in {each["id"] for each in client.fetch_canceled_orders(BTC)}
        assert client.fetch_balance()["USDT"]["free"] == free

    def test_a_market_order_and_its_trades(self, client):
        before = client.fetch_balance()["BTC"]["total"]
        order = client.create_order(BTC, "market", "buy", 0.01)
        assert (order["status"], order["filled"], order["fee"]["currency"]) == ("closed", 0.01, "BTC")
        mine = client.fetch_my_trades(BTC, params={"orderId": order["id"]})
        assert sum(each["amount"] for each in mine) == 0.01
        assert all(each["takerOrMaker"] == "taker" for each in mine)
        assert client.fetch_balance()["BTC"]["total"] == pytest.approx(before + 0.01 * 0.999, abs=1e-8)
        assert order["id"] in {each["id"] for each in client.fetch_closed_orders(BTC)}

    def test_one_may_name_it(self, client):
        client.create_order(BTC, "limit", "buy", 0.01, 59_000, {"clientOrderId": "mine-1"})
        assert client.fetch_order("", BTC, {"clientOrderId": "mine-1"})["clientOrderId"] == "mine-1"
        assert client.cancel_order("", BTC, {"clientOrderId": "mine-1"})["status"] == "canceled"

    def test_an_order_that_may_not_wait(self, client):
        none = client.create_order(BTC, "limit", "buy", 0.01, 59_000, {"timeInForce": "IOC"})
        assert (none["status"], none["filled"]) == ("expired", 0)
        some = client.create_order(BTC, "limit", "buy", 0.01, 60_001, {"timeInForce": "IOC"})
        assert (some["status"], some["filled"]) == ("closed", 0.01)

    def test_an_order_that_may_not_take(self, client):
        order = client.create_order(BTC, "limit", "buy", 0.01, 59_000, {"postOnly": True})
        assert (order["status"], order["postOnly"]) == ("open", True)
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            client.create_order(BTC, "limit", "buy", 0.01, 61_000, {"postOnly": True})

    def test_another_in_its_place(self, client):
        order = client.create_order(BTC, "limit", "buy", 0.01, 59_000)
        instead = client.edit_order(order["id"], BTC, "limit", "buy", 0.02, 58_000)
        assert client.fetch_order(order["id"], BTC)["status"] == "canceled"
        found = client.fetch_order(instead["id"], BTC)
        assert (found["price"], found["amount"], found["status"]) == (58_000, 0.02, "open")

    def test_whether_it_is_well_said(self, client):
        client.create_order(BTC, "limit", "buy", 0.01, 59_000, {"test": True})
        assert client.fetch_open_orders(BTC) == []

    def test_fees(self, client):
        assert client.fetch_trading_fee(BTC)["taker"] == 0.001
        assert set(client.fetch_trading_fees()) == {BTC, ETH}


class TestRefusals:
    def test_a_bad_signature(self, scene):
        with pytest.raises(ccxt.AuthenticationError, match="-1022"):
            other(scene, secret="0" * 64).fetch_balance()

    def test_an_unknown_key(self, scene):
        with pytest.raises(ccxt.AuthenticationError, match="-2015"):
            other(scene, apiKey="0" * 64).fetch_balance()

    def test_a_stale_timestamp(self, scene):
        late = other(scene)
        late.nonce = lambda: late.milliseconds() - 60_000
        with pytest.raises(ccxt.InvalidNonce):
            late.fetch_balance()

    def test_a_timestamp_to_come(self, scene):
        early = other(scene)
        early.nonce = lambda: early.milliseconds() + 60_000
        with pytest.raises(ccxt.InvalidNonce):
            early.fetch_balance()

    def test_too_little_money(self, client):
        with pytest.raises(ccxt.InsufficientFunds):
            client.create_order(BTC, "limit", "buy", 8_000, 59_000)

    @pytest.mark.parametrize(
        ("price", "quantity", "raised"),
        [
            ("59000.001", "0.01", ccxt.InvalidOrder),  # between two ticks
            ("59000", "0.000015", ccxt.InvalidOrder),  # between two lots
            ("59000", "9500", ccxt.InsufficientFunds),
            ("0.01", "9500", ccxt.InvalidOrder),  # more than the market takes
            ("59000", "0.00001", ccxt.BadRequest),  # worth too little
            ("1", "1", ccxt.BadRequest),  # or ccxt.InvalidOrder: outside the band
            ("0", "1", ccxt.BadRequest),
            ("1e5", "1", ccxt.BadRequest),
            ("59000.0000000001", "1", ccxt.BadRequest),
        ],
    )
    def test_a_filter(self, client, price, quantity, raised):
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        with pytest.raises((raised, ccxt.InvalidOrder) if price == "1" else raised):
            client.private_post_order({**order, "price": price, "quantity": quantity})

    def test_an_unknown_symbol(self, client):
        with pytest.raises(ccxt.BadSymbol):
            client.public_get_depth({"symbol": "NOPE"})

    def test_an_unknown_order(self, client):
        with pytest.raises(ccxt.OrderNotFound):
            client.fetch_order("77", BTC)
        with pytest.raises(ccxt.OrderNotFound):
            client.cancel_order("77", BTC)

    def test_a_name_that_is_taken(self, client):
        client.create_order(BTC, "limit", "buy", 0.01, 59_000, {"clientOrderId": "twice"})
        with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
            client.create_order(BTC, "limit", "buy", 0.01, 59_000, {"clientOrderId": "twice"})

    def test_too_many_requests(self):
        scene = Scene(Allowance(weight=100, patience=3))
        eager = other(scene)
        try:
            with pytest.raises(ccxt.DDoSProtection, match=" 429 "):
                [eager.fetch_order_book(BTC) for _ in range(50)]
            assert int(eager.last_response_headers["Retry-After"]) > 0
            for _ in range(10):
                with pytest.raises(ccxt.DDoSProtection) as told:
                    eager.fetch_order_book(BTC)
            assert " 418 " in str(told.value)
        finally:
            eager.session.close()
            scene.close()


class TestStreams:
    def watch(self, scene: Scene, watched: Callable[[Any], Act], act: Callable[[Any], Act] | None = None) -> Any:
        """What is watched first, once something was done."""

        async def played() -> Any:
            client = ccxt.pro.binance(scene.ccxt())
            try:
                async with asyncio.timeout(PATIENCE):
                    await client.load_markets()
                    waiting = asyncio.ensure_future(watched(client)())
                    while act is not None and not waiting.done():
                        await act(client)()
                        await asyncio.wait([waiting], timeout=0.2)
                    return await waiting
            finally:
                await client.close()

        return asyncio.run(played())

    @staticmethod
    def buy(client: Any) -> Act:
        return lambda: client.create_order(BTC, "market", "buy", 0.001)

    def test_the_book(self, scene, client):
        book = self.watch(scene, lambda each: lambda: each.watch_order_book(BTC), self.buy)
        assert book["nonce"] > 0
        assert book["bids"][0][0] == client.fetch_order_book(BTC)["bids"][0][0]

    def test_trades(self, scene):
        (trade, *_) = self.watch(scene, lambda each: lambda: each.watch_trades(BTC), self.buy)
        assert (trade["side"], trade["amount"]) == ("buy", 0.001)

    def test_tickers(self, scene):
        assert self.watch(scene, lambda each: lambda: each.watch_ticker(BTC))["symbol"] == BTC
        assert set(self.watch(scene, lambda each: each.watch_tickers)) == {BTC, ETH}

    def test_the_best_prices(self, scene):
        found = self.watch(scene, lambda each: lambda: each.watch_bids_asks([BTC]), self.buy)
        assert found[BTC]["bid"] < found[BTC]["ask"]

    def test_candles(self, scene):
        (candle, *_) = self.watch(scene, lambda each: lambda: each.watch_ohlcv(BTC, "1m"), self.buy)
        assert candle[3] <= candle[4] <= candle[2]

    def test_ones_own_orders(self, scene):
        (order, *_) = self.watch(
            scene,
            lambda each: lambda: each.watch_orders(BTC),
            lambda each: lambda: each.create_order(BTC, "limit", "buy", 0.001, 59_000),
        )
        assert (order["status"], order["price"], order["amount"]) == ("open", 59_000, 0.001)

    def test_ones_own_balance(self, scene, client):
        balance = self.watch(scene, lambda each: each.watch_balance, self.buy)
        assert balance["BTC"]["total"] == client.fetch_balance()["BTC"]["total"]

    def test_ones_own_trades(self, scene):
        (trade, *_) = self.watch(scene, lambda each: lambda: each.watch_my_trades(BTC), self.buy)
        assert (trade["amount"], trade["takerOrMaker"], trade["fee"]["currency"]) == (0.001, "taker", "BTC")

    def test_orders_over_the_socket(self, scene):
        async def played() -> None:
            client = ccxt.pro.binance(scene.ccxt())
            try:
                await client.load_markets()
                order = await client.create_order_ws(BTC, "limit", "buy", 0.001, 58_000)
                assert (await client.fetch_order_ws(order["id"], BTC))["status"] == "open"
                instead = await client.edit_order_ws(order["id"], BTC, "limit", "buy", 0.002, 57_000)
                assert [each["id"] for each in await client.fetch_open_orders_ws(BTC)] == [instead["id"]]
                assert (await client.cancel_order_ws(instead["id"], BTC))["status"] == "canceled"
                assert (await client.fetch_balance_ws())["info"]["accountType"] == "SPOT"
                with pytest.raises(ccxt.InsufficientFunds):
                    await client.create_order_ws(BTC, "limit", "buy", 8_000, 59_000)
                with pytest.raises(ccxt.OrderNotFound):
                    await client.cancel_order_ws("77", BTC)
            finally:
                await client.close()

        asyncio.run(played())
