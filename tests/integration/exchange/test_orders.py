"""Every type of order, and lists of them, given by an unmodified ccxt."""

import ccxt
import pytest

BTC = "BTC/USDT"


class TestEveryType:
    """Each waits, is told as what it is, and is taken back; the core's own tests hold what becomes of it."""

    @pytest.mark.parametrize(
        ("kind", "side", "price", "params", "told"),
        [
            ("market", "sell", None, {"stopLossPrice": 59_000}, "STOP_LOSS"),
            ("market", "buy", None, {"stopLossPrice": 61_000}, "STOP_LOSS"),
            ("limit", "sell", 58_900, {"stopLossPrice": 59_000}, "STOP_LOSS_LIMIT"),
            ("market", "sell", None, {"takeProfitPrice": 61_000}, "TAKE_PROFIT"),
            ("limit", "buy", 59_100, {"takeProfitPrice": 59_000}, "TAKE_PROFIT_LIMIT"),
            ("market", "sell", None, {"triggerPrice": 59_000}, "STOP_LOSS"),
            ("market", "sell", None, {"trailingPercent": 2, "stopLossOrTakeProfit": "stopLoss"}, "STOP_LOSS"),
            ("limit", "sell", 59_000, {"trailingPercent": 2, "stopLossOrTakeProfit": "stopLoss"}, "STOP_LOSS_LIMIT"),
            ("limit", "buy", 59_000, {"icebergAmount": 0.001}, "LIMIT"),
            ("limit", "buy", 59_000, {"postOnly": True}, "LIMIT_MAKER"),
            ("limit", "buy", 59_000, {"timeInForce": "DAY"}, "LIMIT"),
        ],
    )
    def test_it_waits(self, client, kind, side, price, params, told):
        order = client.create_order(BTC, kind, side, 0.01, price, params)
        found = client.fetch_order(order["id"], BTC)
        assert (found["status"], found["info"]["type"], found["amount"]) == ("open", told, 0.01)
        wanted = params.get("stopLossPrice") or params.get("takeProfitPrice") or params.get("triggerPrice")
        assert found["triggerPrice"] == wanted
        assert client.cancel_order(order["id"], BTC)["status"] == "canceled"

    def test_an_amount_of_money(self, client):
        order = client.create_order(BTC, "market", "buy", 0, None, {"cost": 1000})
        assert order["status"] == "closed"
        assert 999 < order["cost"] <= 1000

    def test_all_or_nothing(self, client):
        much = client.create_order(BTC, "limit", "buy", 15.9, 60_001, {"timeInForce": "FOK"})
        assert (much["status"], much["filled"]) == ("expired", 0)
        some = client.create_order(BTC, "limit", "buy", 0.01, 60_001, {"timeInForce": "FOK"})
        assert (some["status"], some["filled"]) == ("closed", 0.01)

    def test_a_price_that_has_come_already(self, client):
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            client.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 61_000})

    def test_all_at_once_are_taken_back(self, client):
        for price in (58_000, 59_000):
            client.create_order(BTC, "limit", "buy", 0.01, price)
        client.cancel_all_orders(BTC)
        assert client.fetch_open_orders(BTC) == []

    def test_it_is_made_smaller_where_it_stands(self, client):
        order = client.create_order(BTC, "limit", "buy", 0.03, 59_000)
        path = "order/amend/keepPriority"
        client.request(path, ["private"], "PUT", {"symbol": "BTCUSDT", "orderId": order["id"], "newQty": "0.01"})
        assert client.fetch_order(order["id"], BTC)["amount"] == 0.01
        with pytest.raises(ccxt.ExchangeError, match="-2038"):
            client.request(path, ["private"], "PUT", {"symbol": "BTCUSDT", "orderId": order["id"], "newQty": "0.02"})

    def test_it_may_be_called_otherwise_then(self, client):
        for name in ("one", "other"):
            client.create_order(BTC, "limit", "buy", 0.03, 59_000, {"newClientOrderId": name})
        asked = {"symbol": "BTCUSDT", "origClientOrderId": "one", "newQty": "0.02"}
        with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
            client.request("order/amend/keepPriority", ["private"], "PUT", {**asked, "newClientOrderId": "other"})
        told = client.request("order/amend/keepPriority", ["private"], "PUT", {**asked, "newClientOrderId": "two"})
        amended = told["amendedOrder"]
        assert (amended["origClientOrderId"], amended["clientOrderId"], amended["qty"]) == ("one", "two", "0.02000")
        assert client.fetch_order(None, BTC, {"origClientOrderId": "two"})["amount"] == 0.02
        with pytest.raises(ccxt.OrderNotFound):
            client.fetch_order(None, BTC, {"origClientOrderId": "one"})


class TestLists:
    def test_one_cancels_the_other(self, client):
        told = client.private_post_orderlist_oco(
            {
                "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "listClientOrderId": "pair",
                "aboveType": "LIMIT_MAKER", "abovePrice": "61000", "belowType": "STOP_LOSS", "belowStopPrice": "59000",
            }
        )  # fmt: skip
        assert (told["contingencyType"], told["listOrderStatus"], len(told["orders"])) == ("OCO", "EXECUTING", 2)
        client.cancel_order(told["orders"][0]["orderId"], BTC)
        assert [client.fetch_order(each["orderId"], BTC)["status"] for each in told["orders"]] == [
            "canceled",
            "canceled",
        ]
        assert client.private_get_orderlist({"origClientOrderId": "pair"})["listOrderStatus"] == "ALL_DONE"

    def test_one_triggers_the_others(self, client):
        told = client.private_post_orderlist_otoco(
            {
                "symbol": "BTCUSDT", "workingType": "LIMIT", "workingSide": "BUY", "workingQuantity": "0.01",
                "workingPrice": "60001", "workingTimeInForce": "GTC", "pendingSide": "SELL", "pendingQuantity": "0.009",
                "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "61000", "pendingBelowType": "STOP_LOSS_LIMIT",
                "pendingBelowStopPrice": "59000", "pendingBelowPrice": "58900", "pendingBelowTimeInForce": "GTC",
            }
        )  # fmt: skip
        orders = [client.fetch_order(each["orderId"], BTC) for each in told["orders"]]
        assert [each["status"] for each in orders] == ["closed", "open", "open"]
        assert told["orderListId"] in {each["orderListId"] for each in client.private_get_openorderlist()}
        client.private_delete_orderlist({"symbol": "BTCUSDT", "orderListId": told["orderListId"]})
        assert client.fetch_open_orders(BTC) == []
        with pytest.raises(ccxt.OrderNotFound):
            client.private_delete_orderlist({"symbol": "BTCUSDT", "orderListId": told["orderListId"]})

    def test_an_order_after_another(self, client):
        told = client.private_post_orderlist_oto(
            {
                "symbol": "BTCUSDT", "workingType": "LIMIT_MAKER", "workingSide": "BUY", "workingQuantity": "0.01",
                "workingPrice": "59000", "pendingType": "MARKET", "pendingSide": "SELL", "pendingQuantity": "0.009",
            }
        )  # fmt: skip
        assert [each["status"] for each in told["orderReports"]] == ["NEW", "NEW"]
        client.private_delete_orderlist({"symbol": "BTCUSDT", "orderListId": told["orderListId"]})
