"""Made: a market of chance, for a first try and for tests. Nothing in it can be foretold, so nothing is to be won."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from node.exchange.core.command import COMMAND, Kind, Type
from node.exchange.core.state import WORLD
from node.exchange.exchange import Commands
from node.exchange.listing import Asset, Listing

LISTING: Final = Listing(
    "BTC-USDT", Asset("BTC"), Asset("USDT"),
    tick=Decimal("0.01"), lot=Decimal("0.00001"), least=Decimal("0.00001"), most=Decimal(9000), notional=Decimal(0),
)  # fmt: skip
PERPETUAL: Final = replace(
    LISTING, symbol="BTCPERP-USDT", base=Asset("BTCPERP"),
    initial=Decimal("0.05"), maintenance=Decimal("0.025"), liquidation=Decimal("0.005"),
)  # fmt: skip
PRICE: Final = 6_000_000
"""Ticks, around which it begins."""
OPENS: Final = 1_704_067_200 * 10**9
"""2024-01-01T00:00:00Z, ns."""
_GAP: Final = 2_000_000  # ns between commands, at most
_MARKET: Final = 0.45  # share of market orders
_NEARNESS: Final = 0.2  # chance that a limit order goes no further from the middle
_SIZE: Final = 2000  # lots, at most


def made(count: int, seed: int = 0) -> Commands:
    """So many commands of the world: limit orders at geometric distances from a random walk, and market orders."""
    random = np.random.Generator(np.random.PCG64(seed))
    rows = np.zeros(count, COMMAND)
    rows["time"] = OPENS + np.cumsum(random.integers(1, _GAP, count))
    rows["kind"], rows["account"] = Kind.NEW, WORLD
    rows["side"] = random.integers(0, 2, count)
    away = random.geometric(_NEARNESS, count)
    middle = PRICE + np.cumsum(random.integers(-1, 2, count))
    rows["price"] = np.where(rows["side"] == 0, middle - away, middle + away)
    rows["type"][random.random(count) < _MARKET] = Type.MARKET
    rows["quantity"] = random.integers(1, _SIZE, count)
    return rows
