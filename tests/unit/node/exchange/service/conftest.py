"""An exchange of one market in which nobody lives, kept in a folder."""

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from node.exchange.core.command import Kind
from node.exchange.exchange import Commands, command
from node.exchange.service.home import Home
from node.exchange.service.plan import LADDER, Plan, standard
from node.exchange.service.recovery import opened
from node.exchange.service.service import Service
from node.exchange.service.store import Keeping

START = 1_700_000_000_000_000_000
PLAN = Plan(standard(["BTC-USDT"]), LADDER, start=START, speed=2.0)
MIDDLE = 6_000_000  # ticks
USUAL = Keeping()


class House:
    """One folder in which an exchange is opened again and again."""

    def __init__(self, folder: Path, plan: Plan = PLAN) -> None:
        self.folder, self._plan = folder, plan
        self._stack = ExitStack()

    def open(self, keeping: Keeping = USUAL) -> Service:
        """The exchange as a new process finds it; the old one is left as if it was killed."""
        self.leave()
        return opened(self._stack.enter_context(Home(self.folder)), keeping, self._plan)

    def leave(self) -> None:
        """Nobody has the folder then."""
        self._stack.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "home")
    yield house
    house.leave()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[House]:
    """An exchange of two markets in which agents live; its time stands still but where a test moves it."""
    plan = Plan(standard(["BTC-USDT", "ETH-USDT"]), agents=20, start=START, speed=0)
    house = House(tmp_path / "town", plan)
    yield house
    house.leave()


def funded(service: Service, name: str) -> int:
    """The account of a new user with 10 BTC and a million USDT."""
    assets = service.exchange.assets
    amounts = (Decimal(10), Decimal(1_000_000))
    funds = {number: assets[number].units(amount) for number, amount in enumerate(amounts)}
    return service.enrol(name, funds).user.account


def order(account: int, side: int, price: int, quantity: int, **more: int) -> Commands:
    """A new order; lots and ticks."""
    return command(kind=Kind.NEW, account=account, side=side, price=price, quantity=quantity, **more)


def seen(service: Service) -> dict[str, Any]:
    """All that can be seen of an exchange, but its clock."""
    arrays, facts = service.save()
    return {name: each.tobytes() for name, each in arrays.items()} | {"facts": {**facts, "clock": None}}


def live(service: Service, accounts: list[int], seed: int, steps: int = 40) -> None:
    chance = np.random.default_rng(seed)
    mine: list[tuple[int, int]] = []
    for _ in range(steps):
        account = accounts[int(chance.integers(len(accounts)))]
        if mine and chance.random() < 0.3:
            owner, number = mine.pop(int(chance.integers(len(mine))))
            service.place(command(kind=Kind.CANCEL, account=owner, order=number))
            continue
        side, size = int(chance.integers(2)), int(chance.integers(10, 2000))
        price = MIDDLE + int(chance.integers(-300, 300))
        batch = service.place(order(account, side, price, size), [f"o{chance.integers(1 << 40)}"])
        mine += [(each.order.account, each.order.id) for each in batch.reports[:1]]


def settled(service: Service) -> None:
    """With a snapshot of it, and all of that on disk."""
    service.keep()
    assert service._store is not None
    service._store.settle()
