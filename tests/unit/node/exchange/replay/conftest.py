"""A market in which a record is replayed, and users who trade in it."""

from collections.abc import Callable
from dataclasses import replace
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
from node.exchange.oracle.engine import Engine

LISTING = Listing(
    "BTC-USDT", Asset("BTC", 4), Asset("USDT", 4), *map(Decimal, ("0.1", "0.01", "0.01", "1000000", "0")),
    window=500, pause=1000,
)  # fmt: skip


class Scene:
    """Told what happens, it gives what was answered, which both engines do alike.

    Attributes:
        exchange: one market, one user who pays no fees.
    """

    def __init__(
        self, queue: Queue = Queue.RISK_AVERSE, power: int = 3, breaker: str = "0", initial: str = "0"
    ) -> None:
        of = replace(LISTING, breaker=Decimal(breaker), initial=Decimal(initial), maintenance=Decimal(initial) / 2)
        self.exchange = Exchange([of])
        rules = [each.rules(0, self.exchange.assets) for each in self.exchange.listings]
        self.plain = Engine(rules, len(self.exchange.assets))
        self.user = self.exchange.open_account(0, 0)
        assert self.plain.open_account(0, 0) == self.user
        for asset in (0, 1):
            self.do(Kind.DEPOSIT, account=self.user, order=asset, quantity=10**15)
        self.do(Kind.REPLAY_BEGIN, type=int(queue), display=power, price=100, quantity=1, trigger=1)
        self.do(Kind.REPLAY_CLEAR)

    def do(self, kind: Kind, **fields: int) -> Journal:
        """What is answered to a command; its numbers may be members of enumerations."""
        asked = command(kind=int(kind), **{"account": WORLD} | {name: int(each) for name, each in fields.items()})
        rows = self.exchange.carry_out(asked)
        assert rows.tobytes() == self.plain.carry_out(asked.tobytes())
        return rows

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

    def trade(self, side: Side, price: int, size: int, number: int = 0) -> Journal:
        """`side` took; `number` is the order's that was taken from."""
        return self.do(Kind.REPLAY_TRADE, side=side, price=price, quantity=size, order=number, flags=Told.LAST)

    def tell(self, kind: Kind, number: int, side: Side, price: int, size: int, flags: int = Told.LAST) -> Journal:
        """What a record tells of one of its orders."""
        return self.do(kind, order=number, side=side, price=price, quantity=size, flags=flags)

    def add(self, number: int, side: Side, price: int, size: int, flags: int = Told.LAST) -> Journal:
        return self.tell(Kind.REPLAY_ADD, number, side, price, size, flags)

    def leave(self, number: int, **fields: int) -> Journal:
        return self.do(Kind.REPLAY_CANCEL, order=number, flags=Told.LAST, **fields)

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
