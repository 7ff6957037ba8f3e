"""A market in which a record is replayed, and users who trade in it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from node.exchange.core import far
from node.exchange.core.command import Kind, Queue, Side, Told
from node.exchange.core.journal import Record
from node.exchange.core.state import WORLD
from node.exchange.exchange import Exchange, Journal, command
from node.exchange.listing import Asset, Listing

LISTING = Listing("BTC-USDT", Asset("BTC", 4), Asset("USDT", 4), *map(Decimal, ("0.1", "0.01", "0.01", "1000000", "0")))


class Scene:
    """Told what happens, it keeps what was answered.

    Attributes:
        exchange: one market, one user who pays no fees.
    """

    def __init__(self, queue: Queue = Queue.RISK_AVERSE, power: int = 3) -> None:
        self.exchange = Exchange([LISTING])
        self.user = self.exchange.open_account(0, 0)
        for asset in (0, 1):
            self.do(Kind.DEPOSIT, account=self.user, order=asset, quantity=10**15)
        self.do(Kind.REPLAY_BEGIN, type=int(queue), display=power, price=100, quantity=1, trigger=1)
        self.do(Kind.REPLAY_CLEAR)

    def do(self, kind: Kind, **fields: int) -> Journal:
        return self.exchange.carry_out(command(kind=int(kind), **{"account": WORLD} | fields))

    def picture(self, bids: dict[int, int], asks: dict[int, int]) -> Journal:
        """A whole picture of sizes by price."""
        rows = [(Side.BUY, *each) for each in bids.items()] + [(Side.SELL, *each) for each in asks.items()]
        told = [
            self.set(side, price, size, Told.SNAPSHOT | (Told.LAST if at == len(rows) - 1 else 0))
            for at, (side, price, size) in enumerate(rows)
        ]
        return told[-1]

    def set(self, side: Side, price: int, size: int, flags: int = Told.LAST) -> Journal:
        return self.do(Kind.REPLAY_SET, side=int(side), price=price, quantity=size, flags=int(flags))

    def trade(self, side: Side, price: int, size: int) -> Journal:
        return self.do(Kind.REPLAY_TRADE, side=int(side), price=price, quantity=size, flags=int(Told.LAST))

    def order(self, side: Side, price: int, size: int, **fields: int) -> int:
        """A user's limit order; its id."""
        rows = self.do(Kind.NEW, account=self.user, side=int(side), price=price, quantity=size, **fields)
        assert rows["kind"][0] == Record.ACK
        return int(rows["order"][0])

    def take(self, side: Side, size: int) -> int:
        """A user's market order; the lots it got."""
        rows = self.do(Kind.NEW, account=self.user, side=int(side), type=1, quantity=size)
        return filled(rows)

    def position(self) -> int:
        """Lots the user has gained."""
        return int(self.exchange.ledger.balances[self.user, 0].sum() - 10**15) // 100


def filled(rows: Journal) -> int:
    """Lots of all fills."""
    return int(rows["quantity"][rows["kind"] == Record.FILL].sum())


def levels(exchange: Exchange, side: Side, number: int = 0) -> list[tuple[int, int]]:
    """(price, lots) of a side, best first."""
    market = exchange.markets[number]
    found = [(int(each["key"]), int(each["size"])) for each in far.held(market, side)]
    near = np.flatnonzero(market.levels[side]["head"])
    found += [(int(index + market.base[side]), int(market.levels[side, index]["size"])) for index in near]
    return [(abs(key), size) for key, size in sorted(found, reverse=True)]


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def scenes() -> Callable[..., Scene]:
    return Scene


@pytest.fixture
def book() -> Callable[..., list[tuple[int, int]]]:
    return levels


@pytest.fixture
def lots() -> Callable[[Any], int]:
    return filled
