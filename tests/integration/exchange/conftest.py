"""An exchange, and an unmodified ccxt that trades there."""

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest

from api.exchange.meter import Allowance
from tests.integration.exchange_scene import Scene, conserved

BTC = "BTC/USDT"


@pytest.fixture(scope="package")
def scene() -> Iterator[Scene]:
    made = Scene(Allowance(weight=10**6, orders=10**6))
    yield made
    assert made.do(lambda: conserved(made.service))
    made.close()


@pytest.fixture(scope="package")
def client(scene: Scene) -> Iterator[Any]:
    made = ccxt.binance(scene.ccxt())
    made.load_markets()
    yield made
    made.session.close()


@pytest.fixture(autouse=True)
def tidy(client: Any) -> Iterator[None]:
    """No order of one test is met by the next one's."""
    yield
    for order in client.fetch_open_orders(BTC):
        client.cancel_order(order["id"], BTC)
