"""The OpenAPI spec is true: what schemathesis makes of it is answered as it says, and never by a fault."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.exchange.endpoint import KEY_HEADER
from api.exchange.meter import Allowance
from api.exchange.signature import sign
from tests.integration.exchange_scene import Scene, conserved

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene(Allowance(weight=10**9, orders=10**9, orders_day=10**9))
    yield made
    assert made.do(lambda: conserved(made.service))
    made.close()


def test_it_is_answered_as_the_spec_says(scene):
    spec = schemathesis.openapi.from_url(f"{scene.url}/openapi.json")
    operations = [found.ok() for found in spec.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:

        @given(operation.as_strategy())
        @settings(
            max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        def answered(case):
            case.query = signed(scene, dict(case.query or {}))
            case.call_and_validate(checks=CHECKS, headers={KEY_HEADER: scene.key})

        answered()


ORDER = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "59000",
}  # fmt: skip
PAIR = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "aboveType": "LIMIT_MAKER", "abovePrice": "61000",
    "belowType": "STOP_LOSS", "belowStopPrice": "58000",
}  # fmt: skip
AFTER = {
    "symbol": "BTCUSDT", "workingType": "LIMIT_MAKER", "workingSide": "BUY", "workingQuantity": "0.01",
    "workingPrice": "59000",
}  # fmt: skip
MARKET = {"symbol": "BTCUSDT"}
GOOD: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "aggTrades", {**MARKET, "limit": "3"}),
    ("GET", "ticker", MARKET),
    ("GET", "depth", MARKET),
    ("GET", "klines", {**MARKET, "interval": "1m"}),
    ("GET", "ticker/24hr", {}),
    ("GET", "ticker/24hr", {**MARKET, "type": "MINI"}),
    ("GET", "ticker/price", MARKET),
    ("GET", "ticker/bookTicker", {}),
    ("GET", "avgPrice", MARKET),
    ("POST", "order/test", ORDER),
    ("POST", "order/test", {**ORDER, "computeCommissionRates": "true"}),
    ("POST", "order", {**ORDER, "icebergQty": "0.001", "newOrderRespType": "ACK"}),
    (
        "POST", "order",
        {
            **ORDER, "type": "STOP_LOSS_LIMIT", "side": "SELL", "trailingDelta": "100", "timeInForce": "GTD",
            "goodTillDate": "4102444800000", "newOrderRespType": "RESULT",
        },
    ),
    ("POST", "order", {**ORDER, "newClientOrderId": "one", "newOrderRespType": "FULL"}),
    ("POST", "order", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "100"}),
    ("GET", "order", {**MARKET, "origClientOrderId": "one"}),
    ("PUT", "order/amend/keepPriority", {**MARKET, "origClientOrderId": "one", "newQty": "0.009"}),
    (
        "POST", "order/cancelReplace",
        {**ORDER, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "one", "newClientOrderId": "two"},
    ),
    ("DELETE", "order", {**MARKET, "origClientOrderId": "two"}),
    ("POST", "orderList/oco", {**PAIR, "listClientOrderId": "pair"}),
    ("GET", "orderList", {"origClientOrderId": "pair"}),
    ("GET", "openOrderList", {}),
    ("GET", "openOrders", MARKET),
    ("DELETE", "orderList", {**MARKET, "listClientOrderId": "pair"}),
    ("POST", "orderList/oto", {**AFTER, "pendingType": "MARKET", "pendingSide": "SELL", "pendingQuantity": "0.009"}),
    (
        "POST", "orderList/otoco",
        {
            **AFTER, "pendingSide": "SELL", "pendingQuantity": "0.009", "pendingAboveType": "LIMIT_MAKER",
            "pendingAbovePrice": "61000", "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "58000",
        },
    ),
    ("GET", "openOrders", {}),
    ("DELETE", "openOrders", MARKET),
    ("GET", "allOrders", MARKET),
    ("GET", "account", {}),
    ("GET", "account/commission", MARKET),
    ("GET", "rateLimit/order", {}),
    ("GET", "allOrderList", {}),
    ("GET", "myTrades", MARKET),
    ("POST", "userDataStream", {}),
    ("PUT", "userDataStream", {"listenKey": ""}),
    ("DELETE", "userDataStream", {"listenKey": ""}),
]  # fmt: skip
"""Requests that are carried out, in this order: what is made at random is refused by nearly all that trades."""


def test_what_is_carried_out_is_answered_as_the_spec_says(scene):
    spec = schemathesis.openapi.from_url(f"{scene.url}/openapi.json")
    told = {}
    for operation in (each.ok() for each in spec.get_all_operations()):
        told[operation.path] = operation.definition.raw["responses"]["200"]["content"]["application/json"]["schema"]
    assert all(told.values()), "every answer has a shape"
    listen_key = ""
    for verb, path, query in GOOD:
        operation = spec[f"/api/v3/{path}"][verb]
        told = {**query, **({"listenKey": listen_key} if "listenKey" in query else {})}
        if "signature" in {each["name"] for each in operation.definition.raw.get("parameters", ())}:
            told |= {"signature": "", "timestamp": "", "recvWindow": ""}
        case = operation.Case(query=signed(scene, told))
        answer = case.call_and_validate(checks=CHECKS, headers={KEY_HEADER: scene.key})
        assert answer.status_code == 200, (verb, path, answer.text)
        if path == "userDataStream" and verb == "POST":
            listen_key = answer.json()["listenKey"]


def signed(scene: Scene, query: dict[str, Any]) -> dict[str, Any]:
    """A request of a market that there is, signed as it should be."""
    if "symbol" in query:
        query["symbol"] = "BTCUSDT"
    if "signature" in query:
        query |= {"timestamp": str(time.time_ns() // 10**6), "recvWindow": "60000"}
        del query["signature"]
        query["signature"] = sign(scene.secret, urlencode(query, doseq=True))
    return query
