"""A strategy knows what has reached it, and its orders meet what is there when they arrive."""

from typing import Any
from zlib import crc32

import numpy as np
import pytest

from node.exchange.core.command import COMMAND, Kind
from node.exchange.exchange import Commands, Exchange
from node.exchange.replay.latency import Latency, constant
from node.exchange.tester import ACK, BUY, FILL, IOC, TRADE, Book, Event, Orders, Strategy
from node.exchange.tester.data import Data
from node.exchange.tester.made import LISTING
from node.exchange.tester.run import NO_SIGNALS, Form, Record, Run, Signals, Terms

MS = 1_000_000
PRICE = 6_000_000


class Watcher(Strategy):
    """Writes down all that it can see, whenever it is called."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int, int, int]] = []
        self.things: list[Any] = []

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.seen.append((book.time, event.time, event.kind, book.bid, book.ask))
        self.look(book, event, orders)

    def look(self, book: Book, event: Event, orders: Orders) -> None:
        """For strategies that do more."""


def run(commands: Commands, strategy: Strategy, late: Latency, signals: Signals | None = None) -> Record:
    """Runs it as Python."""
    one = Run(Exchange([LISTING]), strategy, Terms(latency=late), Form.PYTHON, signals or NO_SIGNALS)
    one.fund(int(commands["time"][0]), PRICE)
    return one.go(commands)


def quotes(*asks: tuple[int, int]) -> Commands:
    """A bid that stays and asks of one lot that come at these times (ms) and prices."""
    rows = np.zeros(1 + len(asks), COMMAND)
    rows["kind"], rows["account"], rows["quantity"] = Kind.NEW, 1, 10
    rows["price"][0], rows["time"][0] = PRICE - 100, 0
    for row, (time, price) in zip(rows[1:], asks, strict=True):
        row["time"], row["price"], row["side"] = time * MS, price, 1
    return rows


def test_news_are_told_late_and_show_the_book_of_their_time() -> None:
    strategy = Watcher()
    run(
        quotes((10, PRICE), (12, PRICE - 1), (40, PRICE - 2)),
        strategy,
        Latency(constant(0), constant(0), constant(5 * MS)),
    )
    assert [(now // MS, then // MS, ask) for now, then, _, _, ask in strategy.seen] == [
        (5, 0, 0), (15, 10, PRICE), (17, 12, PRICE - 1),
    ]  # fmt: skip


def test_an_order_meets_the_book_that_is_there_when_it_arrives() -> None:
    class Buyer(Watcher):
        def look(self, book: Book, event: Event, orders: Orders) -> None:
            if event.time == 10 * MS and event.kind not in {ACK, FILL}:
                orders.limit(BUY, book.ask, 5, IOC)

    strategy = Buyer()
    late = Latency(entry=constant(7 * MS), response=constant(3 * MS), feed=constant(5 * MS))
    record = run(quotes((10, PRICE), (21, PRICE - 50), (40, PRICE)), strategy, late)
    fills = record.answers[record.answers["kind"] == FILL]
    assert fills["time"].tolist() == [22 * MS]  # told at 15, sent at once, there at 22
    assert fills["price"].tolist() == [PRICE - 50]
    arrived = record.arrived[0]
    assert (arrived["seen_ask"], arrived["ask"]) == (PRICE, PRICE - 50)
    assert [(now // MS, kind) for now, then, kind, _, _ in strategy.seen if kind in {ACK, FILL}] == [
        (25, ACK),
        (25, FILL),
    ]


def test_at_equal_times_the_market_comes_first() -> None:
    class Buyer(Watcher):
        def look(self, book: Book, event: Event, orders: Orders) -> None:
            if event.time == 10 * MS and book.ask == PRICE - 5 and not orders.open and not book.position:
                orders.buy(book.ask, 5)

    record = run(
        quotes((10, PRICE), (10, PRICE - 5), (11, PRICE)), Buyer(), Latency(constant(0), constant(0), constant(0))
    )
    assert record.answers["price"][record.answers["kind"] == FILL].tolist() == [PRICE - 5]


def test_nothing_that_can_be_reached_tells_of_the_future(made: Data) -> None:
    """What a strategy sees when it looks at every byte it is given is the same, whatever comes after."""

    class Spy(Watcher):
        def look(self, book: Book, event: Event, orders: Orders) -> None:
            self.things.append((bytes(book), bytes(event), crc32(orders)))
            if len(self.things) % 50 == 0 and book.bid_size:
                orders.buy(book.bid, 10)

    late = Latency(constant(2 * MS), constant(3 * MS), constant(4 * MS))
    cut = 3000
    whole, other = Spy(), Spy()
    rows = next(made.commands.parts())
    changed = rows.copy()
    changed["price"][cut:] += 1000
    changed["side"][cut:] ^= 1
    run(rows, whole, late)
    run(changed, other, late)
    until = int(rows["time"][cut]) + 4 * MS  # when the first of the others is told
    told = sum(now < until for now, *_ in whole.seen)
    assert 1000 < told < len(whole.seen)
    assert whole.things[:told] == other.things[:told]
    assert whole.things[told:] != other.things[told:]


def test_a_signal_is_known_with_news_of_what_it_was_made_of() -> None:
    class Reader(Watcher):
        def look(self, book: Book, event: Event, orders: Orders) -> None:
            self.things.append((event.time // MS, book.signals[0]))

    strategy = Reader()
    signals = Signals(("value",), np.array([2, 3, 3, 9]), np.array([[1.0], [2.0], [3.0], [4.0]]))
    run(quotes((10, PRICE), (12, PRICE - 1), (40, PRICE)), strategy, Latency(*[constant(0)] * 3), signals)
    assert strategy.things[1:] == [(10, 1.0), (12, 3.0), (40, 3.0)]
    assert np.isnan(strategy.things[0][1])


def test_trades_are_told_one_a_price(made: Data) -> None:
    strategy, commands = Watcher(), next(made.commands.parts())
    run(commands, strategy, Latency(*[constant(0)] * 3))
    exchange = Exchange([LISTING])
    fills = [row for row in exchange.carry_out(commands) if row["kind"] == 3]
    prices = {(int(row["order"]), int(row["price"])) for row in fills}
    assert sum(kind == TRADE for _, _, kind, _, _ in strategy.seen) == len(prices)


@pytest.mark.parametrize("levels", [0, 1, 10])
def test_levels_are_those_of_the_book(made: Data, levels: int) -> None:
    class Deep(Watcher):
        def look(self, book: Book, event: Event, orders: Orders) -> None:
            self.things = [[tuple(row) for row in book.bids], [tuple(row) for row in book.asks], book.bid, book.ask]

    strategy = Deep()
    strategy.levels = levels
    commands = next(made.commands.parts())[:2000]
    run(commands, strategy, Latency(*[constant(0)] * 3))
    bids, asks, bid, ask = strategy.things
    assert bids[levels:] == [(0, 0)] * (10 - levels)
    if levels:
        assert (bids[0][0], asks[0][0]) == (bid, ask)
    shown = [price for price, size in bids[:levels] if size]
    assert shown == sorted(set(shown), reverse=True)
