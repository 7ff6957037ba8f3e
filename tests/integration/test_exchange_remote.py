"""A strategy at a running exchange: the same class that a backtest runs, over the API."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Kind, Side, Type
from node.exchange.core.journal import Reason
from node.exchange.core.state import WORLD
from node.exchange.exchange import Exchange, command
from node.exchange.tester import (
    ACK,
    AMEND,
    BUY,
    CANCEL,
    EXPIRE,
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
from node.exchange.tester.run import Form, Run, Terms
from tests.integration.exchange_scene import LEVELS, LISTINGS, MIDDLES, Scene, book_row, conserved

PATIENCE = 120.0  # s; the first use on a machine compiles


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    assert made.do(lambda: conserved(made.service))
    made.close()


async def trade(remote: Remote, done: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Lets a strategy trade until something is so, or it ends by itself; raises what ended it."""
    running = asyncio.create_task(remote.run(PATIENCE))
    while not done() and not running.done():
        await asyncio.sleep(0.05)
        meanwhile()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


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

    asyncio.run(trade(remote, lambda: len(strategy.told) == 2))
    assert [(side, lots) for _, side, _, lots in remote.trades] == [(BUY, 300), (SELL, 300)]
    assert strategy.told == [(BUY, 300), (SELL, 300)]
    assert 999_000 < strategy.equity < 1_000_000  # what it had, less the spread and the fees
    user = scene.service.users.named("user").account
    assert not scene.do(lambda: scene.service.orders.open(user, 0))


class Steps(Strategy):
    """Does one thing after the other, each when it is told of the one before; the last is a fault of its own."""

    every = 50_000_000

    def __init__(self) -> None:
        self.told: list[tuple[int, int, int, int]] = []
        self.far = self.ended = 0
        self.mean = 0.0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if not self.far and book.bid:
            self.far = orders.buy(book.bid * 9 // 10, 100, POST_ONLY)

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if not event.ref:
            return
        self.mean = book.bid  # which is a float here too
        self.told.append((event.ref, event.kind, event.quantity, event.reason))
        if event.kind == ACK and event.ref == 1:
            orders.amend(1, orders.price(1), 40)
        elif event.kind == AMEND and event.reason == Reason.KEPT:
            orders.amend(1, orders.price(1) + 1, 60)
        elif event.kind == AMEND:
            orders.amend(1, book.ask + 5, 70)  # it would take
        elif event.kind == CANCEL:
            orders.limit(BUY, book.bid * 9 // 10, 100, GTD, 0, book.time + 300_000_000)
        elif event.kind == EXPIRE:
            orders.trail(BUY, 1050, 100)  # the API tells whole basis points
        elif event.kind == REJECT:
            self.far = orders.buy(book.bid * 9 // 10, 100)
            orders.stop(BUY, book.ask + 10, 100)
            orders.market(BUY, 60_000)
        elif event.ref == 5 and event.kind == FILL:
            raise ValueError("enough")


def test_each_step_over_the_api_is_told_and_a_fault_with_its_line(scene: Scene) -> None:
    strategy = Steps()
    user = scene.service.users.named("user").account
    row = command(kind=Kind.NEW, side=BUY, account=user, price=5_000_000, quantity=1000)
    other = scene.do(lambda: scene.service.place(row)).placed.id

    def passing() -> None:  # as the exchange's pulse lets time pass in a quiet market
        scene.do(lambda: scene.service.place(command(kind=Kind.TIMER)))

    with pytest.raises(BadInput, match=r"test_exchange_remote\.py:\d+: ValueError: enough"):
        asyncio.run(trade(Remote(strategy, scene.url, scene.key, scene.secret, "BTCUSDT"), lambda: False, passing))
    first = [step for step in strategy.told if step[0] <= 3]
    assert first == [
        (1, ACK, 100, Reason.NONE),
        (1, AMEND, 40, Reason.KEPT),
        (1, AMEND, 60, Reason.NONE),
        (1, REFUSED, 70, Reason.WOULD_TAKE),
        (1, CANCEL, 60, Reason.NONE),  # in its place there was to be another, and it is gone
        (2, ACK, 100, Reason.NONE),
        (2, EXPIRE, 100, Reason.TIME),
        (3, REJECT, 100, Reason.MALFORMED),
    ]
    assert [kind for ref, kind, *_ in strategy.told if ref == 5] == [ACK, TRIGGER, FILL]
    assert isinstance(strategy.mean, float)
    open_ = scene.do(lambda: scene.service.orders.open(user, 0))
    assert [each.id for each in open_] == [other]  # its own are gone, and no others of the user


Told = list[tuple[int, int, int, int, int, int, int]]


class Groups(Strategy):
    """Asks for groups of each sort and amendments, one after the other, each when it is told of the one before."""

    def __init__(self) -> None:
        self.told: Told = []
        self.began = False

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if not self.began and book.bid and book.ask:
            self.began = True
            orders.oco(SELL, book.bid - 5, book.bid - 50, 100)  # it would take: both are refused
        if not event.ref:
            return
        price = 0 if event.kind == TRIGGER else event.price  # the API tells what is asked
        self.told.append((event.ref, event.kind, event.side, price, event.quantity, event.reason, event.maker))
        far = book.bid * 9 // 10
        if (event.ref, event.kind) == (2, REJECT):
            orders.oto(BUY, far, 100, SELL, 0, 100)
        elif (event.ref, event.kind) == (4, ACK):
            orders.cancel(3)
        elif (event.ref, event.kind) == (4, EXPIRE):
            orders.oco(BUY, far, book.ask + 500, 100, book.ask + 600)
        elif (event.ref, event.kind) == (6, ACK):
            orders.cancel(6)
        elif (event.ref, event.kind) in {(5, EXPIRE), (5, CANCEL)}:
            orders.buy(far, 100, POST_ONLY)
        elif (event.ref, event.kind) == (7, ACK):
            orders.amend(7, far + 1, 150)
        elif event.kind == AMEND and event.quantity == 150:
            orders.amend(7, far + 1, 50)
        elif event.kind == AMEND:
            orders.cancel(7)
        elif (event.ref, event.kind) == (7, CANCEL):
            orders.bracket(BUY, book.ask, 100, book.ask - 1, book.bid - 500)

    def at(self, ref: int, kind: int) -> bool:
        """Whether it was told that of an order."""
        return any(one[:2] == (ref, kind) for one in self.told)


def backtested() -> Told:
    """What the strategy is told in a backtest of the same book."""
    strategy, exchange = Groups(), Exchange(LISTINGS[1:])
    rows = [book_row(0, WORLD, MIDDLES[1], side, at) for at in range(LEVELS) for side in Side]
    comes = command(kind=Kind.NEW, type=Type.MARKET, side=BUY, account=WORLD, quantity=100)
    commands = np.concatenate([*rows, comes])
    commands["time"] = 10**18
    commands["time"][-1] += 10**9
    run = Run(exchange, strategy, Terms(), Form.PYTHON)
    run.fund(10**18, MIDDLES[1])
    run.go(commands)
    return strategy.told


def test_groups_and_amendments_are_answered_over_the_api_as_in_a_backtest(scene: Scene) -> None:
    strategy = Groups()
    remote = Remote(strategy, scene.url, scene.key, scene.secret, "ETHUSDT")
    comes = command(kind=Kind.NEW, type=Type.MARKET, side=BUY, market=1, account=scene.maker, quantity=100)

    came: list[object] = []

    def come() -> None:
        if strategy.at(10, TRIGGER) and not came:
            came.append(scene.do(lambda: scene.service.place(comes)))

    asyncio.run(trade(remote, lambda: strategy.at(9, FILL), come))
    assert strategy.told == backtested()
    assert {(1, REJECT), (2, REJECT), (4, EXPIRE), (10, EXPIRE), (9, FILL)} <= {one[:2] for one in strategy.told}
    assert not scene.do(lambda: scene.service.orders.open(scene.account, 1))


def test_what_cannot_be_seen_over_the_api_is_refused() -> None:
    strategy = Round()
    strategy.levels = 3
    with pytest.raises(BadInput, match="looks at 3 levels"):
        Remote(strategy, "http://127.0.0.1:1", "", "", "BTCUSDT")


def test_a_wrong_key_is_refused(scene: Scene) -> None:
    with pytest.raises(BadInput, match="does not take the key"):
        asyncio.run(Remote(Round(), scene.url, "x" * 64, scene.secret, "BTCUSDT").run(1.0))
