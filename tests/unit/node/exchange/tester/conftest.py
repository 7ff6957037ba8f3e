"""A small made market: limit orders around a wandering price, and market orders that meet them."""

from decimal import Decimal

import numpy as np
import pytest

from node.exchange.core.command import COMMAND, Kind, Type
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Asset, Listing

LISTING = Listing(
    "BTC-USDT", Asset("BTC"), Asset("USDT"),
    tick=Decimal("0.01"), lot=Decimal("0.00001"), least=Decimal("0.00001"), most=Decimal(9000), notional=Decimal(0),
)  # fmt: skip
START = 1_700_000_000_000_000_000
PRICE = 6_000_000


def made(count: int = 6000, seed: int = 1) -> Commands:
    """Commands of the world, 1 ms apart on average."""
    random = np.random.default_rng(seed)
    rows = np.zeros(count, COMMAND)
    rows["time"] = START + np.cumsum(random.integers(1000, 2_000_000, count))
    rows["kind"], rows["account"] = Kind.NEW, 1
    rows["side"] = random.integers(0, 2, count)
    away = random.geometric(0.2, count)
    middle = PRICE + np.cumsum(random.integers(-1, 2, count))
    rows["price"] = np.where(rows["side"] == 0, middle - away, middle + away)
    rows["type"][random.random(count) < 0.45] = Type.MARKET
    rows["quantity"] = random.integers(1, 2000, count)
    return rows


@pytest.fixture
def flow() -> Commands:
    return made()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange([LISTING])


@pytest.fixture
def listing() -> Listing:
    return LISTING
