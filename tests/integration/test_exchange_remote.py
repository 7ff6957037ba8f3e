"""A strategy at a running exchange: the same class that a backtest runs, over the API."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Kind
from node.exchange.exchange import command
from node.exchange.tester import (
    ACK,
    AMEND,
    BUY,
    CANCEL,
    FILL,
    GTD,
    POST_ONLY,
    REFUSED,
    REJECT,
    SELL,
    TRIGGER,
    Book,
    Event,
    Orders,
    Strategy,
)
from node.exchange.tester.remote import Remote
from tests.integration.exchange_scene import Scene, conserved

PATIENCE = 300.0  # s; the first use on a machine compiles


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    assert made.do(lambda: conserved(made.service))
    made.close()


class Round(Strategy):
    """Buys and sells once, and leaves an order far away, all by timers and what it is told."""

    every = 20_000_000

    def __init__(self) -> None:
        self.bought, self.sold, self.far, self.equity = 0, 0, 0, 0.0
        self.told: list[tuple[int, int]] = []

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if event.kind == FILL:
            self.told.append((event.side, event.quantity))

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if not self.far and book.bid:
            self.far = orders.buy(book.bid * 9 // 10, 100, POST_ONLY)
            self.bought = orders.market(BUY, 300)
        elif book.position == 300 and not self.sold:
            self.sold = orders.market(SELL, 300)
        self.equity = book.equity


def test_a_strategy_trades_over_the_api(scene: Scene) -> None:
    strategy = Round()
    remote = Remote(strategy, scene.url, scene.key, scene.secret, "BTCUSDT")

    async def until_done() -> None:
        running = asyncio.create_task(remote.run(PATIENCE))
        while len(strategy.told) < 2 and not running.done():
            await asyncio.sleep(0.05)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(until_done())
    assert [(side, lots) for _, side, _, lots in remote.trades] == [(BUY, 300), (SELL, 300)]
    assert strategy.told == [(BUY, 300), (SELL, 300)]
    assert 999_000 < strategy.equity < 1_000_000  # what it had, less the spread and the fees
    user = scene.service.users.named("user").account
    assert not scene.do(lambda: scene.service.orders.open(user, 0))


class Steps(Strategy):
    """Does one thing after the other, each when it is told of the one before; the last is a fault of its own."""

    every = 50_000_000

    def __init__(self) -> None:
        self.told: list[tuple[int, int, int]] = []
        self.far = self.ended = 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if not self.far and book.bid:
            self.far = orders.buy(book.bid * 9 // 10, 100, POST_ONLY)

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if not event.ref:
            return
        self.told.append((event.ref, event.kind, event.quantity))
        if event.kind == ACK and event.ref == 1:
            orders.amend(1, orders.price(1), 40)
        elif event.kind == AMEND:
            orders.amend(1, orders.price(1) + 1, 40)  # no word for it
        elif event.kind == REFUSED:
            orders.limit(BUY, orders.price(1), 100, GTD, 0, event.time + 10**12)  # nor for this
        elif event.kind == REJECT:
            orders.cancel(1)
        elif event.kind == CANCEL:
            self.far = orders.buy(book.bid * 9 // 10, 100)
            orders.stop(BUY, book.ask + 10, 100)
            orders.market(BUY, 60_000)
        elif event.ref == 4 and event.kind == FILL:
            raise ValueError("enough")


def test_each_step_over_the_api_is_told_and_a_fault_with_its_line(scene: Scene) -> None:
    strategy = Steps()
    user = scene.service.users.named("user").account
    row = command(kind=Kind.NEW, side=BUY, account=user, price=5_000_000, quantity=1000)
    other = scene.do(lambda: scene.service.place(row)).placed.id
    with pytest.raises(BadInput, match=r"test_exchange_remote\.py:\d+: ValueError: enough"):
        asyncio.run(Remote(strategy, scene.url, scene.key, scene.secret, "BTCUSDT").run(PATIENCE))
    first = [step for step in strategy.told if step[0] in {1, 2}]
    assert first == [(1, ACK, 100), (1, AMEND, 40), (1, REFUSED, 0), (2, REJECT, 0), (1, CANCEL, 40)]
    assert [kind for ref, kind, _ in strategy.told if ref == 4] == [ACK, TRIGGER, FILL]
    open_ = scene.do(lambda: scene.service.orders.open(user, 0))
    assert [each.id for each in open_] == [other]  # its own are gone, and no others of the user


def test_what_cannot_be_seen_over_the_api_is_refused() -> None:
    strategy = Round()
    strategy.levels = 3
    with pytest.raises(BadInput, match="looks at 3 levels"):
        Remote(strategy, "http://127.0.0.1:1", "", "", "BTCUSDT")


def test_a_wrong_key_is_refused(scene: Scene) -> None:
    with pytest.raises(BadInput, match="does not take the key"):
        asyncio.run(Remote(Round(), scene.url, "x" * 64, scene.secret, "BTCUSDT").run(1.0))
