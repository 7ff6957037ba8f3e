"""What clients are told, where it is easily told wrongly."""

import asyncio
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import ccxt
import httpx
import numpy as np
import pytest

from api.exchange.catalogue import Catalogue
from api.exchange.endpoint import Call
from api.exchange.market_data import MarketData
from api.exchange.meter import Allowance
from api.exchange.parameter import Asked
from api.exchange.refusal import Refusal
from api.exchange.signature import User
from fusion.errors import StorageFull
from node.exchange.core.command import Kind, Side, Type
from node.exchange.exchange import command
from node.exchange.service.clock import Clock
from node.exchange.service.service import Service
from tests.integration import exchange_scene
from tests.integration.exchange_scene import Scene, request, to

BTC, NOBODY = "BTC/USDT", User(-1, "", reads=False, trades=False)
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
PAIR = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "aboveType": "LIMIT_MAKER", "abovePrice": "61000",
    "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "59000", "belowPrice": "58900", "belowTimeInForce": "GTC",
}  # fmt: skip


def code(client: Any, act: Any, *given: Any) -> int:
    """Of a refusal; 0 where there was none."""
    with suppress(ccxt.BaseError):
        act(*given)
    return int(json.loads(client.last_http_response).get("code", 0))


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, (0, 0)),
        ({"quantity": "0.00001"}, (-1013, -1013)),
        ({"quantity": "9001"}, (-1013, -2010)),
        ({"quantity": "9000"}, (0, -2010)),
        ({"price": "100"}, (-1013, -1013)),
        ({"price": "10800.5"}, (-1013, -1013)),
        ({"price": "12000.5"}, (0, 0)),
        ({"quantity": "1", "icebergQty": "0.001"}, (-1013, -1013)),
        ({"quantity": "0.01", "icebergQty": "0.0001"}, (0, 0)),
        ({"type": "LIMIT_MAKER", "price": "61000"}, (0, -2010)),
        ({"type": "LIMIT_MAKER", "price": "100"}, (-1013, -1013)),
        ({"type": "MARKET"}, (0, 0)),
        ({"type": "MARKET", "quantity": "0.00008"}, (-1013, -1013)),
        ({"type": "MARKET", "quoteOrderQty": "4.99"}, (-1013, -1013)),
        ({"type": "MARKET", "quoteOrderQty": "5"}, (0, 0)),
        ({"type": "STOP_LOSS", "stopPrice": "61000", "quantity": "0.00008"}, (-1013, -1013)),
        ({"type": "STOP_LOSS", "stopPrice": "59000"}, (0, -2010)),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "61000", "price": "200"}, (-1013, -1013)),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "59000"}, (0, -2010)),
    ],
)
def test_an_order_that_is_tried_is_refused_as_one_that_is_given(client, change, codes):
    """But for what the book and balances say, of which a trial knows nothing: -2010."""
    order = {**LIMIT, "price": "59000", **change}
    if order["type"] in {"MARKET", "STOP_LOSS"}:
        del order["price"]
    if order["type"] in {"MARKET", "STOP_LOSS", "LIMIT_MAKER"}:
        del order["timeInForce"]
    if "quoteOrderQty" in change:
        del order["quantity"]
    tried = code(client, client.private_post_order_test, order)
    given = code(client, client.private_post_order, order)
    assert (tried, given) == codes


def test_an_account_has_as_many_open_orders_as_the_filters_say(client):
    filters = {each["filterType"]: each for each in client.markets[BTC]["info"]["filters"]}
    assert (filters["MAX_NUM_ORDERS"]["maxNumOrders"], filters["MAX_NUM_ALGO_ORDERS"]["maxNumAlgoOrders"]) == (200, 5)
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "stopPrice": "50000", "quantity": "0.01"}
    assert [code(client, client.private_post_order, stop) for _ in range(6)] == [0] * 5 + [-1013]
    assert "Filter failure: MAX_NUM_ALGO_ORDERS" in client.last_http_response
    assert code(client, client.private_post_order, {**LIMIT, "price": "59000"}) == 0


def test_who_cancels_or_amends_may_name_that(scene):
    """The report has that name, and the order's own as the name before."""

    async def played() -> None:
        async with to(scene, "/ws-api/v3") as asking:
            await request(asking, id=1, method="userDataStream.subscribe.signature", params=scene.signed())
            order = {**LIMIT, "price": "59000", "newClientOrderId": "mine"}
            await asking.send(json.dumps({"id": 2, "method": "order.place", "params": scene.signed(**order)}))
            less = {"symbol": "BTCUSDT", "origClientOrderId": "mine", "newClientOrderId": "less", "newQty": "0.009"}
            await asking.send(
                json.dumps({"id": 4, "method": "order.amend.keepPriority", "params": scene.signed(**less)})
            )
            gone = {"symbol": "BTCUSDT", "origClientOrderId": "less", "newClientOrderId": "gone"}
            await asking.send(json.dumps({"id": 3, "method": "order.cancel", "params": scene.signed(**gone)}))
            reports, told = [], {}
            while told.get("id") != 3:
                told = json.loads(await asking.recv())
                reports += [told["event"]] if told.get("event", {}).get("e") == "executionReport" else []
            while len(reports) < 3:
                told_more = json.loads(await asking.recv())
                reports += [told_more["event"]] if told_more.get("event", {}).get("e") == "executionReport" else []
            assert [(each["x"], each["c"], each["C"]) for each in reports] == [
                ("NEW", "mine", ""), ("REPLACED", "less", "mine"), ("CANCELED", "gone", "less"),
            ]  # fmt: skip
            assert (told["result"]["clientOrderId"], told["result"]["origClientOrderId"]) == ("gone", "less")

    asyncio.run(played())


@pytest.mark.parametrize("one_leg", [True, False])
def test_a_list_that_is_taken_back_is_cancelled_whole(client, one_leg):
    told = client.private_post_orderlist_oco(PAIR)
    if one_leg:
        client.cancel_order(told["orders"][0]["orderId"], BTC)
    else:
        answer = client.private_delete_orderlist({"symbol": "BTCUSDT", "orderListId": told["orderListId"]})
        assert [each["status"] for each in answer["orderReports"]] == ["CANCELED", "CANCELED"]
    found = [client.fetch_order(each["orderId"], BTC)["info"]["status"] for each in told["orders"]]
    assert found == ["CANCELED", "CANCELED"]


def test_a_name_of_a_list_is_free_again_when_it_is_closed(client):
    """Two open ones cannot have it; of closed ones the newest is meant."""
    names = {"symbol": "BTCUSDT", "listClientOrderId": "mine"}
    first = client.private_post_orderlist_oco({**PAIR, **names})
    assert client.private_delete_orderlist(names)["orderListId"] == first["orderListId"]
    second = client.private_post_orderlist_oco({**PAIR, **names})
    assert code(client, client.private_post_orderlist_oco, {**PAIR, **names}) == -2010
    told = client.private_get_orderlist({"origClientOrderId": "mine"})
    assert (told["orderListId"], told["listOrderStatus"]) == (second["orderListId"], "EXECUTING")
    assert client.private_delete_orderlist(names)["orderListId"] == second["orderListId"]
    assert code(client, client.private_delete_orderlist, names) == -2011
    told = client.private_get_orderlist({"origClientOrderId": "mine"})
    assert (told["orderListId"], told["listOrderStatus"]) == (second["orderListId"], "ALL_DONE")
    mine = [each for each in client.private_get_allorderlist({}) if each["listClientOrderId"] == "mine"]
    assert [each["orderListId"] for each in mine] == [first["orderListId"], second["orderListId"]]


def test_a_leg_goes_by_itself_when_the_other_trades(client):
    told = client.private_post_orderlist_oco({**PAIR, "abovePrice": "60000.05", "belowPrice": "58000"})
    client.create_order(BTC, "market", "buy", 0.01, None, {"selfTradePreventionMode": "NONE"})
    found = [client.fetch_order(each["orderId"], BTC)["info"] for each in told["orders"]]
    assert sorted(each["status"] for each in found) == ["EXPIRED", "FILLED"]
    filled = next(each["orderId"] for each in found if each["status"] == "FILLED")
    trades = client.private_get_mytrades({"symbol": "BTCUSDT", "orderId": filled})
    assert [each["orderListId"] for each in trades] == [told["orderListId"]] * len(trades)
    assert trades


def test_a_replacement_that_found_no_room_tells_that_the_order_is_gone(scene, client, monkeypatch):
    order = client.create_order(BTC, "limit", "buy", 0.01, 59_000)
    place = scene.service.place

    def full(commands: Any, *more: Any) -> Any:
        if commands["kind"][0] == Kind.NEW:
            raise StorageFull("the disk is full")
        return place(commands, *more)

    monkeypatch.setattr(scene.service, "place", full)
    text = {**LIMIT, "price": "58000", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": order["id"]}
    with pytest.raises(ccxt.BaseError, match="-2021") as caught:
        client.private_post_order_cancelreplace(text)
    monkeypatch.undo()
    assert '"cancelResult":"SUCCESS"' in str(caught.value)
    assert '"code":-1001' in str(caught.value)
    assert client.fetch_order(order["id"], BTC)["status"] == "canceled"


def test_the_last_trade_and_the_change_of_a_day(scene, client):
    client.create_order(BTC, "market", "sell", 0.00321)
    told = client.public_get_ticker_24hr({"symbol": "BTCUSDT"})
    assert told["lastQty"] == "0.00321"
    opened, change = Decimal(told["openPrice"]), Decimal(told["priceChange"])
    assert change < 0
    assert Decimal(told["priceChangePercent"]) == round(100 * change / opened, 3)


def test_connections_are_counted():
    scene = Scene(Allowance(connections=2))
    try:
        found = [
            httpx.get(f"{scene.url}/ws", headers={
                "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            })
            for _ in range(3)
        ]  # fmt: skip
        assert [each.status_code for each in found] == [101, 101, 429]
    finally:
        scene.close()


class TestOldTrades:
    """What is not kept any more is refused, and what is cut is not told as if it were whole."""

    @pytest.fixture
    def service(self, monkeypatch: pytest.MonkeyPatch) -> Service:
        monkeypatch.setattr("node.exchange.service.tape.KEPT", 8)
        made = exchange_scene.service()
        maker, user = (made.users.named(name).account for name in ("maker", "user"))
        made.clock = Clock(made.clock.now(), speed=0)
        for _ in range(6):
            made.clock.put(made.clock.now() + 10**9)
            row = command(kind=Kind.NEW, type=Type.MARKET, side=Side.BUY, account=user, quantity=120_000)
            made.place(np.concatenate([row, book(maker)]))
        return made

    @pytest.fixture
    def ask(self, service: Service) -> Any:
        data = MarketData(service, Catalogue(service.exchange), Allowance(), wall=lambda: 0, settle=lambda _: None)
        found = {each.method: each for each in data.endpoints()}

        def ask(method: str, **told: Any) -> Any:
            asked = Asked(found[method].parameters, [(name, str(value)) for name, value in told.items()])
            return found[method].answer(Call(asked, NOBODY))

        return ask

    def test_trades(self, service, ask):
        first = service.tapes[0].first
        assert first > 0
        told = ask("trades.historical", symbol="BTCUSDT", fromId=first, limit=3)
        assert [each["id"] for each in told] == [first, first + 1, first + 2]
        with pytest.raises(Refusal, match=f"before {first} are gone"):
            ask("trades.historical", symbol="BTCUSDT", fromId=first - 1)

    def test_aggregates(self, service, ask):
        everything = ask("trades.aggregate", symbol="BTCUSDT", limit=1000)
        numbers = [each["a"] for each in everything]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert everything[-1]["l"] == service.tapes[0].count.trades - 1
        assert everything[0]["f"] > service.tapes[0].first  # the first one kept may be half of one
        assert ask("trades.aggregate", symbol="BTCUSDT", limit=2) == everything[-2:]
        assert ask("trades.aggregate", symbol="BTCUSDT", fromId=numbers[1], limit=2) == everything[1:3]
        gone = int(service.tapes[0].recent(1 << 30)["time"][0]) // 10**6
        later = [each for each in everything if each["T"] > gone]
        assert ask("trades.aggregate", symbol="BTCUSDT", startTime=gone + 1, limit=2) == later[:2]
        assert later[0]["T"] > gone + 1
        assert ask("trades.aggregate", symbol="BTCUSDT", endTime=later[0]["T"]) == [
            each for each in everything if each["T"] <= later[0]["T"]
        ]
        with pytest.raises(Refusal, match="are gone"):
            ask("trades.aggregate", symbol="BTCUSDT", fromId=numbers[0] - 1)
        for name in ("startTime", "endTime"):
            with pytest.raises(Refusal, match=f"'{name}' is not valid; trades before {gone + 1} are gone"):
                ask("trades.aggregate", symbol="BTCUSDT", **{name: gone})

    def test_of_a_young_market_none_are_gone(self):
        made = exchange_scene.service()
        data = MarketData(made, Catalogue(made.exchange), Allowance(), wall=lambda: 0, settle=lambda _: None)
        (found,) = [each for each in data.endpoints() if each.method == "trades.aggregate"]
        asked = Asked(found.parameters, [("symbol", "BTCUSDT"), ("startTime", "0")])
        assert isinstance(found.answer(Call(asked, NOBODY)), list)


def book(maker: int) -> Any:
    """Asks like those that were taken."""
    rows = [
        command(kind=Kind.NEW, side=Side.SELL, account=maker, price=60_100_00 + 10 * at, quantity=50_000)
        for at in range(3)
    ]
    return np.concatenate(rows)
