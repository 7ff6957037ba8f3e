"""A strategy at a running exchange: the same class that a backtest runs, over the API."""

import asyncio
from collections.abc import Iterator

import pytest

from fusion.errors import BadInput
from node.exchange.tester import BUY, FILL, POST_ONLY, SELL, Book, Event, Orders, Strategy
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
        while (len(strategy.told) < 2 or not strategy.equity < 0) and not running.done():
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(until_done())
    assert [(side, lots) for _, side, _, lots in remote.trades] == [(BUY, 300), (SELL, 300)]
    assert strategy.told == [(BUY, 300), (SELL, 300)]
    assert strategy.equity < 0  # the spread and the fees
    user = scene.service.users.named("user").account
    assert not scene.do(lambda: scene.service.orders.open(user, 0))


def test_a_wrong_key_is_refused(scene: Scene) -> None:
    with pytest.raises(BadInput, match="does not take the key"):
        asyncio.run(Remote(Round(), scene.url, "x" * 64, scene.secret, "BTCUSDT").run(1.0))
