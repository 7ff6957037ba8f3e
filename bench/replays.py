"""Replays: a recorded market with a strategy in it, against hftbacktest and nautilus_trader."""

import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from atom.events import Events
from bench.peer import Peer, in_turn
from bench.rows import Row
from node.exchange.core.command import Kind, Queue
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import Latency, constant
from node.exchange.replay.tape import Model, Tape
from node.exchange.tester.book import FILL, TRADE, Book, Event
from node.exchange.tester.orders import BUY, SELL, Orders
from node.exchange.tester.run import Form, Record, Run, Terms
from node.exchange.tester.strategy import Strategy

LATENCY: Final = Latency(*(constant(1_000_000) for _ in range(3)))
_CASH, _INVENTORY = Decimal(10_000_000), Decimal(100)
_OFF: Final = 0.01  # share of the orders: they do not begin at the same moment
_TURN: Final = 1000  # events between two orders of the strategy
_ALIKE: Final = 3  # times as many fills as the other: the models are not the same (docs/performance.md)


class Quoting(Strategy):
    """Quotes at the best prices, a lot each, anew every second."""

    every = 10**9
    levels = 0

    def __init__(self) -> None:
        self.buys, self.sells = 0, 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if self.buys and orders.left(self.buys):
            orders.cancel(self.buys)
        if self.sells and orders.left(self.sells):
            orders.cancel(self.sells)
        if book.bid_size and book.ask_size:
            self.buys = orders.buy(book.bid, 1)
            self.sells = orders.sell(book.ask, 1)


class Average(Strategy):
    """Keeps an average of the middle price, and turns round once a thousand events of the market."""

    def __init__(self) -> None:
        self.count, self.mean = 0, 0.0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if event.kind > TRADE or not (book.bid_size and book.ask_size):
            return
        self.count += 1
        self.mean += 0.01 * (book.mid - self.mean)
        if self.count % _TURN == 0:
            if self.count // _TURN % 2:
                orders.market(BUY, 10)
            else:
                orders.market(SELL, 10)


class Quotes(Strategy):
    """Writes down the best prices after each event."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int]] = []

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if book.bid_size and book.ask_size:
            self.rows.append((book.time, book.bid, book.ask, book.bid_size))


def _listing(events: Events) -> Listing:
    tick, lot = events.instrument.tick, events.instrument.lot
    return Listing("BTC-USDT", Asset("BTC"), Asset("USDT"), tick, lot, lot, Decimal(10**6), Decimal(0))


def _commands(events: Events, model: Model | None = None) -> Commands:
    blocks = [block.copy() for block in Tape(_listing(events), 0, [events], model=model).blocks()]
    commands: Commands = np.concatenate(blocks)
    commands["time"][0] = commands["time"][1]
    return commands


def _run(events: Events, commands: Commands, strategy: Strategy, form: Form) -> tuple[float, Record]:
    """Seconds that a backtest takes, and what was written down of it."""
    exchange = Exchange([_listing(events)])
    run = Run(exchange, strategy, Terms(_CASH, _INVENTORY, latency=LATENCY), form)
    run.fund(int(commands["time"][0]), int(events.book["price"][0]))
    began = time.perf_counter()
    record = run.go(commands)
    return time.perf_counter() - began, record


def _top(events: Events, commands: Commands) -> list[float]:
    """Best bid and ask at the end."""
    exchange = Exchange([_listing(events)])
    exchange.carry_out(commands)
    market, tick = exchange.markets[0], float(events.instrument.tick)
    return [abs(int(market.base[side] + market.top[side])) * tick for side in (0, 1)]


def replay(name: str, events: Events, rows: Any, folder: Path, times: int) -> Row:
    """A recorded market, and one who quotes in it with latency and a place in the queue.

    An event is a row of the recorded book, or a trade where the book is by price. Ours keeps one book, with the user's
    orders in it, and tells the strategy the best prices; the peer keeps a second one for its trader.
    """
    data = folder / f"{name}.npz"
    np.savez(data, data=rows)
    peer = Peer("hft_replay", name, data, str(events.instrument.tick), str(events.instrument.lot))
    commands = _commands(events, None if name == "l3" else Model(Queue.POWER, 3))
    _agree(name, peer, _top(events, commands), _run(events, commands, Quoting(), Form.COMPILED)[1])
    ours, theirs = in_turn(lambda: _run(events, commands, Quoting(), Form.COMPILED)[0], peer, times)
    count = len(events.book) + (len(events.trade) if name == "l2" else 0)
    return Row(f"{name.upper()} replay", count / ours, "events/s", f"hftbacktest {name.upper()}", count / theirs)


def _agree(name: str, peer: Peer, top: list[float], record: Record) -> None:
    """Ends the run where the two did not do the same work."""
    theirs, fills = peer.facts["top"], int(np.count_nonzero(record.answers["kind"] == FILL))
    if not isinstance(theirs, list) or [round(each, 6) for each in theirs] != [round(each, 6) for each in top]:
        raise SystemExit(f"{name}: hftbacktest ends with another book: {theirs} and not {top}")
    orders, filled = int(str(peer.facts["orders"])), int(str(peer.facts["fills"]))
    given = int(np.count_nonzero(record.arrived["kind"] == Kind.NEW))
    said = f"{name}: of {orders} orders hftbacktest filled {filled}; ours {fills} of {given}"
    print(said, file=sys.stderr)
    if abs(given - orders) > _OFF * orders or not filled <= _ALIKE * fills <= _ALIKE**2 * filled:
        raise SystemExit(f"not the same work; {said}")


def strategy(events: Events, folder: Path, times: int) -> Row:
    """A strategy in Python that is woken on every event; ours is told of its own orders too."""
    commands, quotes, average = _commands(events), Quotes(), Average()
    _run(events, commands, quotes, Form.PYTHON)
    np.save(folder / "quotes.npy", np.array(quotes.rows))
    peer = Peer("lone_events", folder / "quotes.npy")
    _run(events, commands, average, Form.PYTHON)
    mean = float(str(peer.facts["mean"])) / float(events.instrument.tick)
    if abs(average.mean - mean) > 1e-3 * mean:
        raise SystemExit(f"nautilus_trader's strategy ends with another average: {mean} and not {average.mean} ticks")
    ours, theirs = in_turn(lambda: _run(events, commands, Average(), Form.PYTHON)[0], peer, times)
    return Row("strategy", average.count / ours, "events/s", "nautilus_trader", len(quotes.rows) / theirs)
